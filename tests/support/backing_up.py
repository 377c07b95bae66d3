"""Backups of a test's databases with PostgreSQL's own programs, and people who come back to a restored vault."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from behind import Addresses
from databases import Databases
from people import Person
from vault_house import Home, build_house

from hvelv.dumping import PgArchive
from vault import House, Vault
from vault.backups.control import Backups
from vault.backups.restoring import Restored, Restoring
from vault.backups.returning import Returned, return_contents
from vault.backups.shelf import CONTROL, Backup, Shelf
from vault.tokens import TokenSpec


def silent(_step: str, _done: int) -> None:
    """No progress."""


def owners(databases: Databases) -> Any:
    return Addresses(databases.owner_control, databases.owner_contents)


def archive(databases: Databases) -> PgArchive:
    return PgArchive(owners(databases))


@asynccontextmanager
async def owned(home: Home, seed: str) -> AsyncGenerator[House, None]:
    """A started house of the owner's."""
    house = build_house(owners(home.databases), home.keyring, home.clock, seed=seed)
    await house.start()
    try:
        yield house
    finally:
        await house.stop()


@asynccontextmanager
async def backing_up(home: Home, shelf: Shelf, seed: str = "backup") -> AsyncGenerator[Backups, None]:
    async with owned(home, f"{seed} {home.clock()}") as house:
        yield Backups(house, archive(home.databases), shelf, silent)


async def backed_up(home: Home, shelf: Shelf, seed: str = "backup") -> Backup:
    """A backup of control."""
    async with backing_up(home, shelf, seed) as backups:
        return await backups.control()


async def restored(home: Home, shelf: Shelf, backup: Backup | None = None, **more: Any) -> Restored:
    """Control put back, by a process of its own."""
    house = build_house(owners(home.databases), home.keyring, home.clock, seed=f"restore {home.clock()}")
    restoring = Restoring(house, archive(home.databases), shelf, silent, **more)
    return await restoring.control(backup or shelf.named(CONTROL, None))


async def returned(home: Home, backup: Backup) -> Returned:
    async with owned(home, f"return {home.clock()}") as house:
        return await return_contents(house, archive(home.databases), backup, silent)


async def back(vault: Vault, person: Person) -> Person:
    """The person with a fresh token, since a restore refuses all."""
    spec = TokenSpec(
        account=person.me.account, roles=frozenset({"self"}), lifetime=timedelta(hours=1), subject=person.subject
    )
    _, secret = await vault.tokens.issue(spec)
    return replace(person, me=await vault.tokens.resolve(secret))


def shelf_in(place: Path) -> Shelf:
    return Shelf(place / "backups")
