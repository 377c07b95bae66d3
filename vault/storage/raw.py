"""A migration of SQL statements: what Piccolo cannot declare (partitions, grants, composite keys), in its own runner.

Piccolo wraps the run in one transaction: either every statement of a migration took effect or none.
"""

from __future__ import annotations

from collections.abc import Sequence

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.table import Table


class _Statement(Table):
    """Only a handle for `raw`."""


def migration(
    *, app_name: str, migration_id: str, description: str, forwards: Sequence[str], backwards: Sequence[str]
) -> MigrationManager:
    """Build the manager that runs `forwards`, and `backwards` to undo it."""
    manager = MigrationManager(migration_id=migration_id, app_name=app_name, description=description)

    async def run(statements: Sequence[str]) -> None:
        for statement in statements:
            await _Statement.raw(statement)

    async def there() -> None:
        await run(forwards)

    async def back() -> None:
        await run(backwards)

    manager.add_raw(there)
    manager.add_raw_backwards(back)
    return manager
