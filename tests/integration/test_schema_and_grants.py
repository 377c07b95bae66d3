"""What the migrations leave in the two databases: who may do what, which columns there are, which partitions."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from typing import Final

import pytest
from behind import execute, fetch, value
from databases import Databases
from people import CALCULATION, People, address
from vault_house import Home, home

from vault.request import Change
from vault.storage.epochs import SLOT_COUNT

pytestmark = pytest.mark.slow

ALL: Final = "DELETE INSERT SELECT UPDATE"
ADDING: Final = "INSERT SELECT"
SLOTS: Final = [f"{table}_{n}" for table in ("index_token", "subject_key") for n in range(SLOT_COUNT)]
CHANGED: Final = [
    "audit_key", "data_key", "epoch", "event", "head", "idempotency", "inbox", "index_token", "series_head",
    "standing", "subject",
    "subject_key", "system_key",
]  # fmt: skip
APPENDED: Final = [
    "ledger_checkpoint", "ledger_entry", "ledger_leaf", "ledger_log", "ledger_node", "ledger_subject", "tombstone",
]  # fmt: skip
QUEUE: Final = ["pgqueuer", "pgqueuer_log", "pgqueuer_schedules", "pgqueuer_statistics"]
RUN: Final = dict.fromkeys(QUEUE, ALL) | {"detached": "DELETE INSERT SELECT", "expiry_tick": "INSERT SELECT UPDATE"}
CONTROL: Final[Mapping[str, Mapping[str, str]]] = {
    "hvelv_app": dict.fromkeys([*CHANGED, "device_key", "task", "token"], ALL)
    | dict.fromkeys(APPENDED, ADDING)
    | RUN
    | {"erasure_request": "INSERT SELECT UPDATE"}
    | {"suppression": "DELETE INSERT SELECT"},
    "hvelv_sweeper": dict.fromkeys(CHANGED, ALL)
    | RUN
    | dict.fromkeys(APPENDED, ADDING)
    | dict.fromkeys(SLOTS, "DELETE INSERT SELECT TRUNCATE UPDATE")
    | {"token": "SELECT", "task": "DELETE SELECT", "erasure_request": "DELETE SELECT UPDATE"},
    "hvelv_gateway": {"device_key": "SELECT", "inbox": "INSERT"},
}
CONTENTS: Final = {
    "hvelv_app": dict.fromkeys(["blob", "segment"], ADDING),
    "hvelv_sweeper": dict.fromkeys(["blob", "segment"], "DELETE INSERT SELECT"),
}
COLUMNS: Final = {
    ("hvelv_gateway", "epoch"): "inbox_public number state",
    ("hvelv_gateway", "device_key"): "high_water",
    ("hvelv_sweeper", "token"): "revoked_at",
}
# what may stand in clear beside sealed bytes: ids, numbers, times, and the words of these columns
WORDS: Final = {
    "epoch.state", "system_key.name", "index_token.field", "token.roles", "token.recipient", "token.purpose",
    "ledger_entry.kind", "ledger_entry.roles", "ledger_entry.purpose", "ledger_entry.recipient",
    "ledger_log.origin",
    "pgqueuer.entrypoint", "pgqueuer.dedupe_key", "pgqueuer.headers", "pgqueuer_log.entrypoint",
    "pgqueuer_log.traceback", "pgqueuer_schedules.entrypoint", "pgqueuer_schedules.expression",
    "pgqueuer_statistics.entrypoint",
    "task.act", "task.system", "task.state", "task.failure",
    "tombstone.keys",  # a list of random ids
    "erasure_request.state",
}  # fmt: skip
DATES: Final = {
    "subject.next_due", "audit_key.month", "tombstone.month", "ledger_entry.month", "ledger_subject.month", "task.due",
    "erasure_request.month",
}  # fmt: skip


@pytest.fixture(scope="module")
async def house(module_databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Home, None]:
    async with home(module_databases, tmp_path_factory.mktemp("home") / "keys", seed="schema") as at_home:
        yield at_home


async def granted(databases: Databases, kind: str) -> dict[str, dict[str, str]]:
    """What each role may do with whole tables, but those of Piccolo."""
    rows = await fetch(
        databases,
        "select grantee, table_name, string_agg(privilege_type, ' ' order by privilege_type)"
        " from information_schema.role_table_grants where grantee like 'hvelv!_%' escape '!'"
        " and grantee <> 'hvelv_owner' and table_schema = 'public' and table_name <> 'migration' group by 1, 2",
        kind=kind,
    )
    found: dict[str, dict[str, str]] = {}
    for role, table, privileges in rows:
        found.setdefault(role, {})[table] = privileges
    return found


async def test_each_role_may_do_with_each_table_what_is_written_here_and_nothing_else(
    module_databases: Databases,
) -> None:
    assert await granted(module_databases, "control") == CONTROL
    assert await granted(module_databases, "contents") == CONTENTS


async def test_beyond_whole_tables_a_role_reaches_these_columns_only(module_databases: Databases) -> None:
    rows = await fetch(
        module_databases,
        "select c.relname, a.attname, a.attacl::text from pg_attribute a join pg_class c on c.oid = a.attrelid"
        " where a.attacl is not null and c.relnamespace = 'public'::regnamespace order by 1, 2",
    )
    found: dict[tuple[str, str], list[str]] = {}
    for table, column, grants in rows:
        for grant in grants.strip("{}").split(","):
            found.setdefault((grant.partition("=")[0], table), []).append(column)
    assert {key: " ".join(columns) for key, columns in found.items()} == COLUMNS


@pytest.mark.parametrize("table", ["subject_key", "index_token"])
async def test_keys_and_tokens_lie_in_four_slots_and_only_the_sweeper_empties_one(
    module_databases: Databases, table: str
) -> None:
    slots = await fetch(
        module_databases,
        "select inhrelid::regclass::text from pg_inherits where inhparent = $1::text::regclass order by 1",
        table,
    )
    assert [name for (name,) in slots] == [f"{table}_{n}" for n in range(4)]
    for role in ("hvelv_app", "hvelv_gateway"):
        assert not any(
            [
                await value(module_databases, "select has_table_privilege($1::text, $2::text, 'truncate')", role, name)
                for (name,) in slots
            ]
        )


async def test_no_column_but_those_named_here_holds_a_word_or_a_date(module_databases: Databases) -> None:
    rows = await fetch(
        module_databases,
        "select table_name || '.' || column_name, data_type from information_schema.columns"
        " where table_schema = 'public' and table_name <> 'migration' and table_name !~ '_[0-9]$'",
    )
    rows += await fetch(
        module_databases,
        "select table_name || '.' || column_name, data_type from information_schema.columns"
        " where table_schema = 'public' and table_name <> 'migration'",
        kind="contents",
    )
    assert {name for name, kind in rows if kind in {"text", "ARRAY", "jsonb", "character varying"}} == WORDS
    assert {name for name, kind in rows if kind == "date"} == DATES


async def test_when_something_becomes_due_is_known_by_the_month_only(house: Home) -> None:
    person = await People(house).lead()
    due = await value(house.databases, "select next_due from subject where subject = $1", person.subject)
    assert due is not None
    assert due.day == 1


async def test_each_sealing_raises_the_version_and_seals_the_standing_anew(house: Home) -> None:
    people = People(house)
    person = await people.lead()

    async def found() -> tuple[int, bytes, int]:
        (row,) = await fetch(
            house.databases,
            "select s.version, t.sealed, t.events from subject s join standing t using (subject) where subject = $1",
            person.subject,
        )
        version, sealed, events = row
        return int(version), bytes(sealed), int(events)

    before = await found()
    moved = Change(
        subject=person.subject,
        record=person.project,
        parent=person.root,
        entity="project",
        values={"project.address": address(person.number + 1)},
    )
    await house.vault.seal(person.me, CALCULATION, [moved])
    after = await found()
    assert (after[0], after[2]) == (before[0] + 1, before[2])
    assert after[1] != before[1]


async def test_a_state_an_epoch_cannot_have_is_refused_by_the_database(house: Home) -> None:
    with pytest.raises(Exception, match="epoch_state_check"):
        await execute(house.databases, "update epoch set state = 'gone'")
