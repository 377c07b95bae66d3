"""Heads of series: the key of each period, and which segments of it count."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from vault.storage.raw import migration

ID = "2026-11-24T05:01:00:000001"
VERSION = "1.38.0"
DESCRIPTION = "heads of series"

FORWARDS = (
    """create table series_head (
        subject uuid not null,
        series uuid not null,
        period integer not null,
        version integer not null,
        width smallint not null,
        loose boolean not null,
        key uuid not null,
        generation integer not null,
        wrapped bytea not null,
        accepted bytea not null,
        proof bytea not null,
        primary key (subject, series, period)
    ) with (fillfactor = 90)""",
    "create index series_head_loose on series_head (period, subject) where loose",  # where compaction looks
    "grant select, insert, update, delete on series_head to hvelv_app, hvelv_sweeper",
)
BACKWARDS = ("drop table series_head",)


async def forwards() -> MigrationManager:
    """Create the table and its grants."""
    return migration(
        app_name="hvelv_control", migration_id=ID, description=DESCRIPTION, forwards=FORWARDS, backwards=BACKWARDS
    )
