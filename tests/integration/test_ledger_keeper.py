"""While a process serves, what is recorded gets into the tree within a second and witnesses are told, whoever fails."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path

import pytest
from behind import execute, value
from databases import Databases
from in_order import caught_up
from people import People
from vault_house import Home, home
from witness_standin import standing_in

from hvelv.settings import Settings
from hvelv.tending import report, tended, witnesses
from vault.errors import Contended, Tampered, VaultError
from vault.ledger import keeping
from vault.ledger.keeping import LEDGER, Keeper
from vault.ledger.notes import Checkpoint, Verifier, read_checkpoint
from vault.ledger.sequencing import Sequencer, verifier
from vault.ledger.witness_file import FileWitness
from vault.ledger.witness_http import HttpWitness
from vault.ledger.witnessing import Holds, tell

pytestmark = pytest.mark.slow


class Heard:
    """What a keeper reported."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, type[VaultError]]] = []

    def __call__(self, who: str, error: VaultError) -> None:
        self.lines.append((who, type(error)))


@pytest.fixture
async def at_home(databases: Databases, tmp_path: Path) -> AsyncGenerator[Home]:
    async with home(databases, tmp_path / "keys") as made:
        (tmp_path / "witness").mkdir()
        yield made


async def until_held(witness: FileWitness, size: int) -> None:
    for _ in range(200):
        heads = await witness.heads()
        if heads and read_checkpoint(heads[0]).size >= size:
            return
        await asyncio.sleep(0.05)
    pytest.fail("the witness was not told in ten seconds")


async def test_what_is_recorded_is_put_in_order_and_witnessed_while_it_serves(at_home: Home, tmp_path: Path) -> None:
    witness, heard = FileWitness(tmp_path / "witness"), Heard()
    away = FileWitness(tmp_path / "away")
    await caught_up(Sequencer(at_home.house))
    keeper = Keeper(at_home.house, [witness, away], heard)
    await keeper.compare()
    async with keeper.running():
        await People(at_home).leads(3)
        rows = "select (select count(*) from ledger_entry) + (select count(*) from ledger_subject)"
        await until_held(witness, await value(at_home.databases, rows) + 1)
    assert {who for who, _ in heard.lines} == {away.name}


async def test_a_stop_leaves_nothing_waiting(at_home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "PAUSE_SECONDS", 60)
    witness = FileWitness(tmp_path / "witness")
    async with Keeper(at_home.house, [witness], Heard()).running():
        await asyncio.sleep(0.1)
        await People(at_home).lead()
    newest = await value(at_home.databases, "select max(size) from ledger_checkpoint")
    assert [read_checkpoint(note).size for note in await witness.heads()] == [newest]
    assert newest >= 3


async def test_a_database_that_fails_is_reported_and_tried_again(at_home: Home) -> None:
    heard = Heard()
    await execute(at_home.databases, "alter table ledger_leaf rename to elsewhere")
    keeper = Keeper(at_home.house, [], heard)
    await People(at_home).lead()
    await keeper.once()
    assert heard.lines[0][0] == LEDGER
    await execute(at_home.databases, "alter table elsewhere rename to ledger_leaf")
    await keeper.once()
    assert len(heard.lines) == 1


async def test_a_witness_of_somebody_else_is_told_over_http(at_home: Home) -> None:
    people, sequencer = People(at_home), Sequencer(at_home.house)
    await people.lead()
    made = await caught_up(sequencer)
    assert made is not None
    with standing_in() as stand_in:
        stand_in.keys[made.origin] = verifier(at_home.house, made.origin).public
        witness = HttpWitness(stand_in.address)
        told = await tell(at_home.house, witness)
        assert stand_in.held[made.origin] == (made.size, made.root)
        await people.leads(2)
        later = await caught_up(sequencer)
        asked = stand_in.requests
        assert await tell(at_home.house, witness, told) == later
        assert await tell(at_home.house, witness, later) == later
        assert stand_in.requests == asked + 1
        assert await tell(at_home.house, witness) == later  # knows nothing, asks, proves
        again = await sequencer.begin_again(None)
        stand_in.keys[again.origin] = verifier(at_home.house, again.origin).public
        assert await tell(at_home.house, witness, later) == again
        stand_in.held[again.origin] = (9_999, again.root)
        with pytest.raises(Tampered):
            await tell(at_home.house, witness)


class Restless:
    """A witness that is always somewhere else."""

    name = "a restless witness"

    async def add(self, shown: Checkpoint, by: Verifier, old: int, proof: Sequence[bytes]) -> Holds:
        assert bool(proof) == (0 < old < shown.size)
        assert by.name == shown.origin
        return Holds(shown.size - 1 if old != shown.size - 1 else 1)

    async def heads(self) -> Sequence[str]:
        return ()


async def test_a_witness_that_never_stands_still_is_given_up_for_now(at_home: Home) -> None:
    assert await tell(at_home.house, Restless()) is None
    await People(at_home).lead()
    await caught_up(Sequencer(at_home.house))
    with pytest.raises(Contended):
        await tell(at_home.house, Restless())


def settings(**more: str) -> Settings:
    return Settings.model_validate(more)


def test_witnesses_are_folders_and_addresses_and_nothing_else() -> None:
    made = witnesses(settings(witnesses="/mnt/witness, https://witness.example/hvelv"))
    assert [type(each) for each in made] == [FileWitness, HttpWitness]
    assert witnesses(settings()) == []
    for wrong in ("relative/folder", "http://witness.example", "/mnt/one,", "ftp://x"):
        with pytest.raises(ValueError, match="witnesses"):
            settings(witnesses=wrong)


async def test_nothing_is_served_on_a_database_that_was_put_back(
    at_home: Home, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    chosen = settings(witnesses=f"{tmp_path / 'witness'},{tmp_path / 'away'}")
    people = People(at_home)
    await people.lead()
    async with tended(at_home.vault, chosen):
        await people.lead()
    await execute(at_home.databases, "update ledger_entry set actor = gen_random_uuid()")
    with pytest.raises(Tampered, match="hvelv ledger verify"):
        async with tended(at_home.vault, chosen):
            pytest.fail("it serves")
    await execute(
        at_home.databases,
        "delete from ledger_checkpoint where size = (select max(size) from ledger_checkpoint);"
        " delete from ledger_leaf where position >= (select max(size) from ledger_checkpoint)",
    )
    with pytest.raises(Tampered, match="holds"):
        async with tended(at_home.vault, chosen):
            pytest.fail("it serves")


def test_an_alarm_is_an_error_in_the_log_and_an_absence_a_warning(capsys: pytest.CaptureFixture[str]) -> None:
    report("a witness", Tampered("it shrinks"))
    report("a witness", Contended("later"))
    assert "it shrinks" in capsys.readouterr().out
