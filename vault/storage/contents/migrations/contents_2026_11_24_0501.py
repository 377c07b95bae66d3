"""Sealed segments of series: written once, never updated; only the sweeper deletes."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from vault.storage.raw import migration

ID = "2026-11-24T05:01:00:000001"
VERSION = "1.38.0"
DESCRIPTION = "sealed segments of series"

FORWARDS = (
    # a block of hours stays in its row: moved out it costs a second table, a second index and a second look-up
    """create table segment (
        subject uuid not null,
        series uuid not null,
        period integer not null,
        delivery bigint not null,
        stored_at timestamptz not null default now(),
        sealed bytea not null,
        primary key (subject, series, period, delivery)
    ) with (toast_tuple_target = 8160)""",
    "alter table segment alter column sealed set storage external",  # ciphertext does not compress
    "grant select, insert on segment to hvelv_app",
    "grant select, insert, delete on segment to hvelv_sweeper",
)
BACKWARDS = ("drop table segment",)


async def forwards() -> MigrationManager:
    """Create the table and its grants."""
    return migration(
        app_name="hvelv_contents", migration_id=ID, description=DESCRIPTION, forwards=FORWARDS, backwards=BACKWARDS
    )
