"""Puts a vault together from the settings: here clock, chance, databases and key service meet the doors."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, Generator, Mapping
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Final

from hvelv.embedded import EmbeddedPostgres
from hvelv.errors import NotRunning, SettingsRefused
from hvelv.settings import Addresses, Role, Settings
from policies.document import load
from policies.model import PolicySet
from policies.values import NationalIds
from vault import House, Vault
from vault.keys.local_keyring import LocalKeyring
from vault.keys.service import KeyService
from vault.keys.transit import Transit, TransitSettings
from vault.request import Secret
from vault.storage.engine import Database

SUMS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "metering_point.consumption_hourly": "metering_point.consumption_monthly",
        "metering_point.export_hourly": "metering_point.export_monthly",
    }
)
"""Which field takes the monthly sums of which, when hours have had their time (G-06)."""
EMBEDDED_DATABASES: Final = {"control": "hvelv_control", "contents": "hvelv_contents"}


def now() -> datetime:
    """The time, in UTC."""
    return datetime.now(UTC)


def read_policy(settings: Settings) -> PolicySet:
    """The policy of the settings.

    Raises:
        PolicyErrors: the file is not a whole policy; every problem with its place.
        SettingsRefused: there is no such file.
    """
    try:
        text = settings.policy.read_bytes()
    except OSError:
        raise SettingsRefused("the file of `HVELV_POLICY` cannot be read") from None
    return load(text, settings.policy.name)


def national_ids(settings: Settings) -> NationalIds:
    """Production takes numbers of people, development those of test persons; neither takes the other's."""
    return NationalIds.REAL if settings.mode == "production" else NationalIds.SYNTHETIC


def key_service(settings: Settings) -> KeyService:
    """The key service of the settings."""
    if settings.key_service == "local":
        return LocalKeyring(settings.keyring, os.urandom)
    return Transit(
        TransitSettings(
            address=settings.transit_address or "",
            token=Secret(settings.transit_token.get_secret_value() if settings.transit_token else ""),
            mount=settings.transit_mount,
            key=settings.transit_key,
            namespace=settings.transit_namespace,
            certificates=str(settings.transit_certificates) if settings.transit_certificates else None,
            timeout_seconds=settings.transit_timeout_seconds,
        )
    )


@contextmanager
def running_database(settings: Settings) -> Generator[EmbeddedPostgres | None, None, None]:
    """The embedded server, attached to or started for as long as this lasts; None with servers of one's own."""
    if not settings.embedded:
        yield None
        return
    server = EmbeddedPostgres(settings.database_dir, user=settings.embedded_user)
    try:
        server.attach()
    except NotRunning:
        server.start()
    try:
        yield server
    finally:
        server.stop()


def addresses(settings: Settings, server: EmbeddedPostgres | None, role: Role) -> Addresses:
    """Where a role finds both databases."""
    if server is None:
        return settings.addresses(role)
    return Addresses(*(server.dsn(f"hvelv_{role}", name) for name in EMBEDDED_DATABASES.values()))


def house(settings: Settings, policy: PolicySet, where: Addresses) -> House:
    """A house over these databases, not started."""
    return House(
        policy=policy,
        control=Database("control", where.control),
        contents=Database("contents", where.contents or ""),
        key_service=key_service(settings),
        clock=now,
        entropy=os.urandom,
        national_ids=national_ids(settings),
        sums=SUMS,
    )


@asynccontextmanager
async def started(settings: Settings, server: EmbeddedPostgres | None, role: Role) -> AsyncGenerator[House, None]:
    """A started house with a role of the databases, for what operators do.

    Raises:
        SettingsRefused, PolicyErrors, Misconfigured, Unavailable: saying what to mend.
    """
    opened = house(settings, read_policy(settings), addresses(settings, server, role))
    await opened.start()
    try:
        yield opened
    finally:
        await opened.stop()


@asynccontextmanager
async def open_house(settings: Settings, role: Role) -> AsyncGenerator[House, None]:
    """`started`, with the embedded server for as long as this lasts.

    Raises:
        SettingsRefused, PolicyErrors, DatabaseFailure, Misconfigured, Unavailable: saying what to mend.
    """
    with running_database(settings) as server:
        async with started(settings, server, role) as opened:
            yield opened


@asynccontextmanager
async def open_vault(settings: Settings) -> AsyncGenerator[Vault, None]:
    """A started vault over the databases of the settings.

    Raises:
        SettingsRefused, PolicyErrors, DatabaseFailure, Misconfigured, Unavailable: saying what to mend.
    """
    with running_database(settings) as server:
        async with Vault(house(settings, read_policy(settings), addresses(settings, server, "app"))) as vault:
            yield vault
