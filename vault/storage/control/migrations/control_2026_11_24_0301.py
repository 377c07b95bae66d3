"""Which data keys an erasure of a part took: a restored older control is pruned by it."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from vault.storage.raw import migration

ID = "2026-11-24T03:01:00:000001"
VERSION = "1.38.0"
DESCRIPTION = "the keys that died with a tombstone"

FORWARDS = ("alter table tombstone add column keys uuid[] not null default array[]::uuid[]",)
BACKWARDS = ("alter table tombstone drop column keys",)


async def forwards() -> MigrationManager:
    """Add the column."""
    return migration(
        app_name="hvelv_control", migration_id=ID, description=DESCRIPTION, forwards=FORWARDS, backwards=BACKWARDS
    )
