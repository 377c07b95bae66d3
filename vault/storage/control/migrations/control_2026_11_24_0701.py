"""What requests of data subjects leave to be done at other systems.

A row says which system, which act, who answers for it and by when; of the person only the random id. It outlives the
person's erasure, because erasing goes on at other systems after the keys here are destroyed.
"""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from vault.storage.raw import migration

ID = "2026-11-24T07:01:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "tasks at other systems"

FORWARDS = (
    """create table task (
        id uuid primary key,
        request uuid not null,
        subject uuid not null,
        act text not null check (act in ('access', 'erase')),
        system text not null,
        manual boolean not null,
        state text not null check (state in ('open', 'failed', 'done')),
        responsible uuid not null,
        due date not null,
        attempts integer not null,
        failure text,
        changed_at timestamptz not null,
        unique (request, act, system)
    )""",
    "create index task_waiting on task (id) where state <> 'done'",
    "grant select, insert, update, delete on task to hvelv_app",
    "grant select, delete on task to hvelv_sweeper",
)
BACKWARDS = ("drop table task",)


async def forwards() -> MigrationManager:
    """The manager Piccolo asks for."""
    return migration(
        app_name="hvelv_control", migration_id=ID, description=DESCRIPTION, forwards=FORWARDS, backwards=BACKWARDS
    )
