"""What `docs/architecture.md` says of doors, tables, roles and states is what the code has."""

from __future__ import annotations

import inspect
import re
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Final

import pytest

from resolvers import cost, documents
from vault import Vault
from vault.house import ROUNDS
from vault.keys import cache, roll
from vault.ledger import committer
from vault.ledger.book import Kind
from vault.storage import epochs, rolling

ROOT: Final = Path(__file__).parents[2]
TEXT: Final = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
STEPS: Final = {"3. Control": "control", "4. Contents": "contents"}


def chapter(title: str) -> str:
    return TEXT.partition(f"## {title}\n")[2].partition("\n## ")[0]


def statements(database: str) -> Sequence[str]:
    """What the migrations of a database run."""
    folder = ROOT / "vault" / "storage" / database / "migrations"
    names = sorted(path.stem for path in folder.glob(f"{database}_*.py"))
    return [line for name in names for line in import_module(f"vault.storage.{database}.migrations.{name}").FORWARDS]


def test_the_doors_have_the_signatures_that_are_written_down() -> None:
    written = set(re.findall(r"^async def (.*)$", TEXT, re.MULTILINE))
    doors = {name: door for name, door in inspect.getmembers(Vault, inspect.iscoroutinefunction) if name[0] != "_"}
    coded = {
        f"{name}{re.sub(r'^.self(, )?', '(', str(inspect.signature(door)))}".replace("'", "")
        for name, door in doors.items()
    }
    assert written == coded


@pytest.mark.parametrize("title", STEPS)
def test_every_table_is_written_down_and_no_other(title: str) -> None:
    written = re.findall(r"^\| `([a-z_]+)` \|", chapter(title), re.MULTILINE)
    created = [
        found[1]
        for statement in statements(STEPS[title])
        if "partition of" not in statement and (found := re.match(r"create table (\w+)", statement))
    ]
    assert sorted(written) == sorted(created)


def test_every_role_that_is_granted_something_is_written_down() -> None:
    granted = {role for name in STEPS.values() for line in statements(name) for role in re.findall(r"hvelv_\w+", line)}
    written = set(re.findall(r"^\| `(hvelv_\w+)` \|", chapter("5. Roles and grants"), re.MULTILINE))
    assert written == granted


def test_every_state_of_an_epoch_and_kind_of_entry_is_written_down() -> None:
    states = {epochs.CURRENT, epochs.RETIRING, epochs.MOVED, epochs.DESTROYED}
    assert states <= set(re.findall(r"`(\w+)`", chapter("6. Keys")))
    assert {kind.value for kind in Kind} <= set(re.findall(r"`(\w+)`", chapter("8. The ledger")))


def test_the_layers_are_those_of_the_contract() -> None:
    layers = re.search(r"^layers = \[\n(.*?)^\]", (ROOT / "pyproject.toml").read_text(), re.MULTILINE | re.DOTALL)
    assert layers is not None
    assert "".join(f"    {line}\n" for line in re.findall(r'"(.*)"', layers[1])) in TEXT


def test_every_bound_that_is_written_down_is_the_one_of_the_code() -> None:
    text = " ".join(TEXT.split())
    for words in (
        f"depth {cost.MAX_DEPTH}, cost {cost.MAX_COST:,}, {cost.MAX_ALIASES} aliases",
        f"at most {documents.MAX_TOKENS:,} tokens",
        f"JSON of at most {documents.MAX_BYTES // 1024} KiB",
        f"at most {cache.LIFETIME.total_seconds():.0f} seconds and {cache.MAX_SUBJECTS:,} subjects",
        f"at most {committer.MAX_SUBJECTS} subjects",
        f"takes {committer.MAX_WAITING:,} entries",
        f"at most {ROUNDS} rounds",
        f"by {rolling.CHUNK:,} subjects",
        f"at most {roll.WAIT_SECONDS:.0f} seconds until",
        f"`{epochs.DROPPED}` tells",
        f"`{epochs.CHANGED}` to read",
    ):
        assert words in text


def test_it_stays_short_enough_to_be_read() -> None:
    assert len(TEXT.splitlines()) <= 300
