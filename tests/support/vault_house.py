"""A real vault for tests: real PostgreSQL, real keyring, the shipped policy, a clock that stands still until moved."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from uuid import UUID

from databases import Databases
from determinism import SeededEntropy, SeededIds, VirtualClock

from hvelv.house import SUMS
from policies.document import load
from policies.model import PolicySet, Principal, SubjectId
from policies.values import NationalIds
from vault import House, Vault
from vault.keys.local_keyring import LocalKeyring
from vault.request import Secret
from vault.storage.engine import Database
from vault.tokens import TokenSpec

ROOT = Path(__file__).parents[2]
NOON = datetime.fromisoformat("2026-03-02T11:00:00+00:00")
LIFETIME = timedelta(hours=8)


@cache
def shipped_policy() -> PolicySet:
    """`policies.yaml` as it is in the tree."""
    return load((ROOT / "policies.yaml").read_bytes())


@dataclass(frozen=True, slots=True)
class Home:
    """A started vault and everything a test may want to reach behind it."""

    vault: Vault
    house: House
    databases: Databases
    keyring: Path
    clock: VirtualClock
    ids: SeededIds

    async def principal(  # one keyword per column of a token
        self,
        *roles: str,
        subject: SubjectId | None = None,
        recipient: str | None = None,
        purpose: str | None = None,
        account: UUID | None = None,
        lifetime: timedelta = LIFETIME,
    ) -> Principal:
        """A principal with a live token of these roles."""
        return await self.vault.tokens.resolve(
            await self.bearer(
                *roles, subject=subject, recipient=recipient, purpose=purpose, account=account, lifetime=lifetime
            )
        )

    async def bearer(
        self,
        *roles: str,
        subject: SubjectId | None = None,
        recipient: str | None = None,
        purpose: str | None = None,
        account: UUID | None = None,
        lifetime: timedelta = LIFETIME,
    ) -> Secret[str]:
        """The bearer token itself."""
        spec = TokenSpec(
            account=account or self.ids(),
            roles=frozenset(roles),
            lifetime=lifetime,
            subject=subject,
            recipient=recipient,
            purpose=purpose,
            second_factor=True,
        )
        _, secret = await self.vault.tokens.issue(spec)
        return secret


def build_house(
    databases: Databases,
    keyring: Path,
    clock: Callable[[], datetime],
    *,
    seed: int | str = 0,
    policy: PolicySet | None = None,
    group: bool = True,
) -> House:
    """A house over these databases, not started. Two with different seeds are two processes as far as keys go."""
    return House(
        policy=policy or shipped_policy(),
        control=Database("control", databases.control),
        contents=Database("contents", databases.contents),
        key_service=LocalKeyring(keyring, SeededEntropy(f"keyring {seed}")),
        clock=clock,
        entropy=SeededEntropy(f"house {seed}"),
        national_ids=NationalIds.SYNTHETIC,
        sums=SUMS,
        group=group,
    )


@asynccontextmanager
async def home(databases: Databases, keyring: Path, *, seed: int | str = 0) -> AsyncGenerator[Home, None]:
    """A founded and started vault."""
    clock = VirtualClock(NOON)
    keyring.mkdir(mode=0o700, exist_ok=True)
    house = build_house(databases, keyring, clock, seed=seed)
    await house.found()
    async with Vault(house) as vault:
        yield Home(vault, house, databases, keyring, clock, SeededIds(f"ids {seed}"))
