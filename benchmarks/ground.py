"""What every benchmark stands on: PostgreSQL of its own with `fsync` on, fresh databases, houses, people, tokens."""

from __future__ import annotations

import itertools
import os
import tempfile
import uuid
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any, Final, TypeAlias, cast
from uuid import UUID

import asyncpg

from benchmarks.sizes import Sizes
from hvelv import cluster
from hvelv.embedded import EmbeddedPostgres
from hvelv.house import now
from hvelv.population import Cast, Person, people, settle
from policies.document import load
from policies.model import PolicySet, Principal, SubjectId
from policies.values import NationalIds
from vault import House, Vault
from vault.keys.local_keyring import LocalKeyring
from vault.keys.service import KeyService
from vault.request import Secret
from vault.storage.engine import Database
from vault.storage.migrate import migrate
from vault.tokens import Tokens, TokenSpec

POLICY: Final = Path(__file__).parents[1] / "policies.yaml"
KINDS: Final = ("control", "contents")
SERVER: Final = {"fsync": "on", "synchronous_commit": "on", "shared_buffers": "256MB", "max_connections": "100"}
LIFETIME: Final = timedelta(hours=6)
MakeDatabase: TypeAlias = Callable[[str, str], Database]


@dataclass(frozen=True, slots=True)
class Pair:
    """A migrated control and contents database, and the folder of their keyring."""

    server: EmbeddedPostgres
    control: str
    contents: str
    keyring: Path

    def house(
        self,
        *,
        role: str = "hvelv_app",
        group: bool = True,
        keys: KeyService | None = None,
        database: MakeDatabase = Database,
    ) -> House:
        """A house over these databases, not started."""
        return made_house(
            self.server.dsn(role, self.control), self.server.dsn(role, self.contents), self.keyring,
            group=group, keys=keys, database=database,
        )  # fmt: skip

    def owner(self, kind: str) -> str:
        """The owner's address of `control` or `contents`: for what is put there in bulk."""
        return self.server.dsn(cluster.OWNER, self.control if kind == "control" else self.contents)


def made_house(
    control: str,
    contents: str,
    keyring: Path,
    *,
    group: bool = True,
    keys: KeyService | None = None,
    database: MakeDatabase = Database,
) -> House:
    """A house like the one that serves, over these addresses."""
    return House(
        policy=policy(),
        control=database("control", control),
        contents=database("contents", contents),
        key_service=keys or LocalKeyring(keyring, os.urandom),
        clock=now,
        entropy=os.urandom,
        national_ids=NationalIds.SYNTHETIC,
        group=group,
    )


@cache
def policy() -> PolicySet:
    """The policy in the tree, read once in each process."""
    return load(POLICY.read_bytes())


@dataclass(frozen=True, slots=True)
class Ground:
    """The server of one run, and where things are put."""

    server: EmbeddedPostgres
    place: Path
    sizes: Sizes
    _numbers: itertools.count[int] = field(default_factory=itertools.count)

    @asynccontextmanager
    async def pair(self) -> AsyncGenerator[Pair, None]:
        """A founded pair of databases, dropped afterwards."""
        number = next(self._numbers)
        names = {kind: f"b_{kind}_{number}" for kind in KINDS}
        admin = await connect(self.server.dsn(cluster.OWNER, "postgres"))
        try:
            for kind, name in names.items():
                await admin.execute(f"create database {name} template template_{kind} strategy file_copy")
                for statement in cluster.admission(name, cluster.DATABASES[f"hvelv_{kind}"]):
                    await admin.execute(statement)
            keyring = self.place / f"keyring-{number}"
            keyring.mkdir(mode=0o700)
            pair = Pair(self.server, names["control"], names["contents"], keyring)
            await pair.house().found()
            yield pair
        finally:
            for name in names.values():
                await admin.execute(f"drop database if exists {name} with (force)")
            await admin.close()

    @asynccontextmanager
    async def plain(self) -> AsyncGenerator[str, None]:
        """The address of an empty database for the plain twin, dropped afterwards."""
        name = f"b_plain_{next(self._numbers)}"
        admin = await connect(self.server.dsn(cluster.OWNER, "postgres"))
        try:
            await admin.execute(f"create database {name}")
            yield self.server.dsn(cluster.OWNER, name)
        finally:
            await admin.execute(f"drop database if exists {name} with (force)")
            await admin.close()


@asynccontextmanager
async def ground(sizes: Sizes) -> AsyncGenerator[Ground, None]:
    """A server in a temporary directory, with migrated templates; nothing of it is left afterwards."""
    with tempfile.TemporaryDirectory(prefix="hvelv-bench-") as folder:
        server = EmbeddedPostgres(Path(folder) / "postgres", settings=SERVER)
        try:
            server.start()
            admin = await connect(server.dsn(cluster.OWNER, "postgres"))
            for kind in KINDS:
                await admin.execute(f"create database template_{kind}")
            await migrate(*(server.dsn(cluster.OWNER, f"template_{kind}") for kind in KINDS))
            await admin.close()
            yield Ground(server, Path(folder), sizes)
        finally:
            server.discard()


async def connect(address: str) -> Any:
    """A connection outside every pool."""
    return cast("Any", await asyncpg.connect(address))


async def pool(address: str, size: int) -> Any:
    """A pool of plain connections, all of them open."""
    return cast("Any", await asyncpg.create_pool(address, min_size=size, max_size=size))


# -- people ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Town:
    """People in a vault, and the advisor who may open those that want an offer."""

    everybody: Sequence[Person]
    advisor: Principal
    bearer: Secret[str]

    @property
    def customers(self) -> list[Person]:
        """Those who want an offer, by subject: the order in which a page lists them."""
        return sorted((person for person in self.everybody if person.wants_offer), key=lambda person: person.subject)


async def bearer(
    tokens: Tokens, *roles: str, subject: SubjectId | None = None, account: UUID | None = None
) -> Secret[str]:
    """A token of these roles."""
    spec = TokenSpec(
        account=account or uuid.uuid4(), roles=frozenset(roles), lifetime=LIFETIME, subject=subject, second_factor=True
    )
    _, secret = await tokens.issue(spec)
    return secret


async def principal(tokens: Tokens, *roles: str, subject: SubjectId | None = None) -> Principal:
    """Who bears such a token."""
    return await tokens.resolve(await bearer(tokens, *roles, subject=subject))


async def settled(vault: Vault, customers: int) -> Town:
    """Twice as many people as `customers`, put in through the doors; every second one wants an offer."""
    everybody = list(people(2 * customers, uuid.uuid4))
    advisor = await bearer(vault.tokens, "advisor")
    who = await vault.tokens.resolve(advisor)
    wanting = [person for person in everybody if person.wants_offer]
    own = {p.subject: await principal(vault.tokens, "self", subject=p.subject) for p in wanting}
    visitor, engine, lead = [await principal(vault.tokens, role) for role in ("visitor", "solar_engine", "sales_lead")]
    cast_ = Cast(visitor, engine, lead, who.account, own.__getitem__)
    await settle(vault, cast_, everybody, now(), lambda _done: None)
    return Town(everybody, who, advisor)
