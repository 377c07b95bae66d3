"""Addresses that are not to be written to: keyed hashes, of nobody's.

A row has no subject and no key of one, so it outlives the erasure of the person; the receipt of an erasure does not
speak of it. Without the index key nobody can test an address against it.
"""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from vault.storage.raw import migration

ID = "2026-11-24T07:02:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "suppressed addresses"

FORWARDS = (
    """create table suppression (
        address bytea primary key
    )""",
    "grant select, insert, delete on suppression to hvelv_app",
)
BACKWARDS = ("drop table suppression",)


async def forwards() -> MigrationManager:
    """The manager Piccolo asks for."""
    return migration(
        app_name="hvelv_control", migration_id=ID, description=DESCRIPTION, forwards=FORWARDS, backwards=BACKWARDS
    )
