"""PostgreSQL's programs: what they are told, and what is said of what they say."""

from __future__ import annotations

from pathlib import Path

import pytest

from hvelv import dumping
from hvelv.dumping import PgArchive, libpq
from hvelv.errors import NoPrograms
from hvelv.settings import Addresses
from vault.errors import Misconfigured, Unavailable


def test_an_address_travels_in_the_environment_whole() -> None:
    address = "postgresql://hvelv%5Fowner:p%40ss@db1:6432/hvelv_control?sslmode=verify-full&sslrootcert=/ca.pem"
    assert libpq(address) == {
        "PGHOST": "db1", "PGPORT": "6432", "PGUSER": "hvelv_owner", "PGPASSWORD": "p@ss", "PGDATABASE": "hvelv_control",
        "PGSSLMODE": "verify-full", "PGSSLROOTCERT": "/ca.pem",
    }  # fmt: skip
    assert libpq("postgresql://hvelv_owner@/hvelv_control?host=/run/hvelv") == {
        "PGHOST": "/run/hvelv", "PGUSER": "hvelv_owner", "PGDATABASE": "hvelv_control",
    }  # fmt: skip


def test_programs_are_those_of_the_embedded_server_else_of_the_path_else_named_as_missing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert (dumping.programs() / "pg_restore").exists()

    def none(_: object) -> None:
        raise NoPrograms

    def on_path(_: str) -> str:
        return str(tmp_path / "pg_dump")

    def nowhere(_: str) -> None:
        return None

    monkeypatch.setattr(dumping, "find", none)
    monkeypatch.setattr("shutil.which", on_path)
    assert dumping.programs() == tmp_path
    monkeypatch.setattr("shutil.which", nowhere)
    with pytest.raises(NoPrograms, match="client programs"):
        dumping.programs()


async def test_a_database_that_is_away_is_unavailable_and_a_file_that_is_no_dump_is_named(tmp_path: Path) -> None:
    archive = PgArchive(Addresses("postgresql://nobody:hunter2@127.0.0.1:1/none", None))
    with pytest.raises(Unavailable, match="does not reach") as away:
        await archive.dump("control", tmp_path / "rows.dump", ["subject_key_1"])
    assert "hunter2" not in str(away.value)
    nonsense = tmp_path / "nonsense"
    nonsense.write_bytes(b"no dump")
    with pytest.raises(Misconfigured, match="`pg_restore` refused: error: input file"):
        [line async for line in archive.lines(nonsense, "blob")]
    with pytest.raises((Misconfigured, Unavailable)):
        await archive.load("control", nonsense)
