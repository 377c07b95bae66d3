"""Keys, subjects, heads, tokens, tombstones, idempotency and the ledger.

Every table carries `subject` first in its key where it speaks of one; there are no sequences and no foreign keys
across subjects. `subject_key` and `index_token` are partitioned by `slot`, the epoch number modulo four: a roll fills
an empty slot by COPY and truncates the slot of an epoch that is gone, so that no epoch ever needs DDL.
"""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from vault.storage.raw import migration

ID = "2026-11-22T09:00:00:000001"
VERSION = "1.38.0"
DESCRIPTION = "keys, subjects, heads, tokens, tombstones, ledger"
SLOTS = range(4)

KEYS = (
    """create table epoch (
        number integer primary key,
        state text not null check (state in ('current', 'retiring', 'moved', 'destroyed')),
        root_version integer not null,
        wrapped bytea,
        inbox_public bytea not null,
        started_at timestamptz not null,
        destroyed_at timestamptz
    )""",
    "create unique index epoch_one_current on epoch ((true)) where state = 'current'",
    """create table system_key (
        epoch integer not null,
        name text not null,
        wrapped bytea not null,
        primary key (epoch, name)
    )""",
    """create table audit_key (
        month date not null,
        epoch integer not null,
        wrapped bytea not null,
        primary key (month, epoch)
    )""",
    """create table subject_key (
        slot smallint not null,
        subject uuid not null,
        epoch integer not null,
        generation integer not null,
        wrapped bytea not null,
        primary key (slot, subject)
    ) partition by list (slot)""",
    *(f"create table subject_key_{n} partition of subject_key for values in ({n})" for n in SLOTS),
    """create table index_token (
        slot smallint not null,
        token bytea not null,
        subject uuid not null,
        record uuid not null,
        field text not null,
        epoch integer not null,
        primary key (slot, token, subject, record, field)
    ) partition by list (slot)""",
    *(f"create table index_token_{n} partition of index_token for values in ({n})" for n in SLOTS),
    "create index index_token_subject on index_token (slot, subject)",
    """create table data_key (
        subject uuid not null,
        id uuid not null,
        category smallint not null,
        instance uuid not null,
        generation integer not null,
        wrapped bytea not null,
        primary key (subject, id)
    )""",
    "create unique index data_key_instance on data_key (subject, category, instance)",
)

SUBJECTS = (
    """create table subject (
        subject uuid primary key,
        version bigint not null,
        state smallint not null check (state in (1, 2)),
        generation integer not null,
        dirty_since integer,
        next_due date
    ) with (fillfactor = 70)""",
    "create index subject_due on subject (next_due) where next_due is not null",
    "create index subject_dirty on subject (subject) where dirty_since is not null",
    """create table standing (
        subject uuid primary key,
        key uuid not null,
        sealed bytea not null,
        events integer not null
    )""",
    """create table event (
        subject uuid not null,
        number integer not null,
        key uuid not null,
        sealed bytea not null,
        primary key (subject, number)
    )""",
    """create table head (
        subject uuid not null,
        record uuid not null,
        category smallint not null,
        version integer not null,
        field_set smallint not null,
        key uuid not null,
        blob uuid not null,
        tag bytea not null,
        primary key (subject, record, category)
    )""",
    """create table tombstone (
        id uuid primary key,
        subject uuid not null,
        whole boolean not null,
        epoch integer not null,
        at timestamptz not null,
        month date not null,
        sealed bytea not null
    )""",
    "create index tombstone_subject on tombstone (subject)",
)

REQUESTS = (
    """create table token (
        id uuid primary key,
        secret_hash bytea not null unique,
        account uuid not null,
        roles text[] not null,
        subject uuid,
        recipient text,
        purpose text,
        second_factor boolean not null,
        issued_at timestamptz not null,
        expires_at timestamptz not null,
        revoked_at timestamptz,
        issued_by uuid,
        approved_by uuid
    ) with (fillfactor = 90)""",
    "create index token_account on token (account)",
    "create index token_subject on token (subject) where subject is not null",
    """create table idempotency (
        key bytea primary key,
        body bytea not null,
        outcome bytea not null,
        at timestamptz not null
    )""",
)

LEDGER = (
    """create table ledger_entry (
        id uuid primary key,
        at timestamptz not null,
        month date not null,
        kind text not null,
        actor uuid,
        token uuid,
        roles text[] not null,
        purpose text,
        recipient text,
        policy bytea not null,
        subjects integer not null,
        opened integer not null,
        withheld integer not null,
        sealed bytea not null
    )""",
    """create table ledger_subject (
        entry uuid not null,
        subject bytea not null,
        month date not null,
        sealed bytea not null,
        primary key (subject, entry)
    )""",
)

GATEWAY = (
    """create table device_key (
        device uuid primary key,
        public bytea not null,
        high_water bigint not null,
        revoked_at timestamptz
    )""",
    """create table inbox (
        id uuid primary key,
        epoch integer not null,
        device uuid not null,
        sealed bytea not null,
        at timestamptz not null
    )""",
)

CHANGED_BY_ALL = "epoch, system_key, audit_key, subject_key, index_token, data_key, subject, standing, event, head"
APPEND_ONLY = "tombstone, ledger_entry, ledger_subject"
GRANTS = (
    "grant select on migration to hvelv_app, hvelv_sweeper, hvelv_gateway",
    f"grant select, insert, update, delete on {CHANGED_BY_ALL}, token, idempotency, device_key, inbox to hvelv_app",
    f"grant select, insert on {APPEND_ONLY} to hvelv_app",
    f"grant select, insert, update, delete on {CHANGED_BY_ALL}, idempotency, inbox to hvelv_sweeper",
    "grant select, update (revoked_at) on token to hvelv_sweeper",  # locking a row needs update on one of its columns
    f"grant select, insert on {APPEND_ONLY} to hvelv_sweeper",
    *(
        f"grant truncate, select, insert, update, delete on subject_key_{n}, index_token_{n} to hvelv_sweeper"
        for n in SLOTS
    ),
    "grant select, update (high_water) on device_key to hvelv_gateway",
    "grant select (number, state, inbox_public) on epoch to hvelv_gateway",
    "grant insert on inbox to hvelv_gateway",
)

FORWARDS = (*KEYS, *SUBJECTS, *REQUESTS, *LEDGER, *GATEWAY, *GRANTS)
BACKWARDS = tuple(
    f"drop table {name}"
    for name in (
        "inbox", "device_key", "ledger_subject", "ledger_entry", "idempotency", "token", "tombstone", "head", "event",
        "standing", "subject", "data_key", "index_token", "subject_key", "audit_key", "system_key", "epoch",
    )
)  # fmt: skip


async def forwards() -> MigrationManager:
    """Create the tables, partitions and grants."""
    return migration(
        app_name="hvelv_control", migration_id=ID, description=DESCRIPTION, forwards=FORWARDS, backwards=BACKWARDS
    )
