"""The ledger's tree: logs, leaves, inner nodes, checkpoints; and what rows of the ledger need to get into it.

Rows of `ledger_entry` name the transaction that wrote them, so that whoever puts them in order reads only what every
running transaction is behind. Rows from before have no commitment and stay outside the tree. Nothing of the tree is
ever changed or removed: the grants say so.
"""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from vault.storage.raw import migration

ID = "2026-11-24T01:01:00:000001"
VERSION = "1.38.0"
DESCRIPTION = "the ledger's tree and its checkpoints"

ROWS = (
    "alter table ledger_entry add column commitment bytea not null default ''",
    "alter table ledger_entry alter column commitment drop default",
    "alter table ledger_entry add column xact xid8 not null default pg_current_xact_id()",
    "create index ledger_entry_xact on ledger_entry (xact)",
    "alter table ledger_subject add column commitment bytea not null default ''",
    "alter table ledger_subject alter column commitment drop default",
    "create index ledger_subject_entry on ledger_subject (entry)",
)

TREE = (
    """create table ledger_log (
        number smallint primary key,
        origin text not null unique,
        began_at timestamptz not null,
        begins bytea not null
    )""",
    """create table ledger_leaf (
        log smallint not null,
        position bigint not null,
        entry uuid,
        subject bytea,
        hash bytea not null,
        primary key (log, position)
    )""",
    "create unique index ledger_leaf_row on ledger_leaf (entry, subject) nulls not distinct where entry is not null",
    """create table ledger_node (
        log smallint not null,
        level smallint not null,
        position bigint not null,
        hash bytea not null,
        primary key (log, level, position)
    )""",
    """create table ledger_checkpoint (
        log smallint not null,
        size bigint not null,
        root bytea not null,
        note bytea not null,
        at timestamptz not null,
        horizon xid8 not null,
        primary key (log, size)
    )""",
)

TABLES = "ledger_log, ledger_leaf, ledger_node, ledger_checkpoint"
GRANTS = (f"grant select, insert on {TABLES} to hvelv_app, hvelv_sweeper",)

FORWARDS = (*ROWS, *TREE, *GRANTS)
BACKWARDS = (
    f"drop table {TABLES}",
    "drop index ledger_subject_entry",
    "drop index ledger_entry_xact",
    "alter table ledger_subject drop column commitment",
    "alter table ledger_entry drop column commitment, drop column xact",
)


async def forwards() -> MigrationManager:
    """Create the tables of the tree and the columns of the rows."""
    return migration(
        app_name="hvelv_control", migration_id=ID, description=DESCRIPTION, forwards=FORWARDS, backwards=BACKWARDS
    )
