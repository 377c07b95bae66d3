"""Sealed blobs: written once, never updated; only the sweeper deletes."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from vault.storage.raw import migration

ID = "2026-11-22T09:00:00:000001"
VERSION = "1.38.0"
DESCRIPTION = "sealed blobs"

FORWARDS = (
    """create table blob (
        subject uuid not null,
        id uuid not null,
        sealed bytea not null,
        stored_at timestamptz not null default now(),
        primary key (subject, id)
    )""",
    "alter table blob alter column sealed set storage external",  # ciphertext does not compress
    "grant select on migration to hvelv_app, hvelv_sweeper",
    "create index blob_stored on blob (stored_at)",  # where the sweeper looks for blobs that no head names
    "grant select, insert on blob to hvelv_app",
    "grant select, insert, delete on blob to hvelv_sweeper",
)
BACKWARDS = ("drop table blob",)


async def forwards() -> MigrationManager:
    """Create the table and its grants."""
    return migration(
        app_name="hvelv_contents", migration_id=ID, description=DESCRIPTION, forwards=FORWARDS, backwards=BACKWARDS
    )
