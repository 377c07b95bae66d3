"""Erasures that were asked for and wait until they can no longer be taken back."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from vault.storage.raw import migration

ID = "2026-11-24T03:02:00:000001"
VERSION = "1.38.0"
DESCRIPTION = "erasures that wait"

FORWARDS = (
    """create table erasure_request (
        id uuid primary key,
        subject uuid not null,
        state text not null check (state in ('pending', 'cancelled', 'carried_out')),
        asked_at timestamptz not null,
        due_at timestamptz not null,
        month date not null,
        sealed bytea not null,
        receipt uuid
    )""",
    "create index erasure_request_due on erasure_request (due_at) where state = 'pending'",
    "create index erasure_request_subject on erasure_request (subject)",
    "grant select, insert, update on erasure_request to hvelv_app",
    "grant select, update, delete on erasure_request to hvelv_sweeper",
)
BACKWARDS = ("drop table erasure_request",)


async def forwards() -> MigrationManager:
    """Create the table and its grants."""
    return migration(
        app_name="hvelv_control", migration_id=ID, description=DESCRIPTION, forwards=FORWARDS, backwards=BACKWARDS
    )
