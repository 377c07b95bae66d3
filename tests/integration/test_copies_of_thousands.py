"""Two thousand people, a dump and a physical copy with its log of changes from before; a thousand are erased.

Whoever holds both copies, and every key and row the living system has after the roll, opens the other thousand and none
of these. People are added by the doors, a hundred at a time: every one of them is really sealed.
"""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import AsyncGenerator, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from backing_up import archive, owned, silent
from behind import another_vault, execute, fetch, roll, transplant
from databases import Databases, connect, private_server
from people import SELF_SERVICE, People, Person, address, email, values
from vault_house import Home, home

from hvelv import cluster
from hvelv.embedded import EmbeddedPostgres
from vault import Vault
from vault.backups.returning import return_contents
from vault.backups.shelf import CONTENTS, CONTROL, Backup, Manifest, digest_of
from vault.crypto.aead import Sealer
from vault.crypto.blind_index import encrypt_tokens
from vault.crypto.wrap import unwrap_many
from vault.errors import BrokenSeal, Misconfigured, TokenRefused
from vault.keys.tree import subject_key_place
from vault.request import Secret
from vault.storage.migrate import migrate

pytestmark = pytest.mark.slow

THOUSAND = 1_000
BATCH = 100
FIELDS = frozenset({"person.email", "project.address"})
LIVE_KEYS = ("epoch", "system_key", "audit_key", "subject_key")
FAILURES = (BrokenSeal, Misconfigured, TokenRefused)


@dataclass(slots=True)
class Robbery:
    """The living home, and what was copied of it before `gone` were erased."""

    home: Home
    gone: Sequence[Person]
    left: Sequence[Person]
    dumped: Databases
    physical: Databases
    dumps: Mapping[str, Path]


@contextmanager
def copied(server: EmbeddedPostgres) -> Generator[EmbeddedPostgres, None, None]:
    """A server over the files of one that was stopped without a checkpoint: it recovers from the log of changes."""
    data, place = (path.with_name(f"{path.name}-copy") for path in (server.data, server.home))
    for folder in {data, place}:
        folder.mkdir(mode=0o711)
    if place != data:
        (data / "elsewhere").write_text(f"{place}\n", encoding="utf-8")
    subprocess.run(["cp", "-a", str(server.cluster), str(place / "cluster")], check=True)
    for left in (place / "cluster").glob("postmaster.*"):
        left.unlink()
    made = EmbeddedPostgres(data, settings={"fsync": "off"})
    try:
        made.start()
        yield made
    finally:
        made.discard()


async def loaded(databases: Databases, dumps: Mapping[str, Path]) -> Databases:
    """Two dumps in databases of their own, beside the living ones."""
    made = Databases(databases.server, "dumped_control", "dumped_contents")
    admin = await connect(databases.server.dsn(cluster.OWNER, "postgres"))
    for kind, name in ((CONTROL, made.control_name), (CONTENTS, made.contents_name)):
        await admin.execute(f"create database {name}")
        for statement in cluster.admission(name, cluster.DATABASES[f"hvelv_{kind}"]):
            await admin.execute(statement)
        await archive(made).load(kind, dumps[kind])
    await admin.close()
    return made


async def populated(databases: Databases, keyring: Path) -> list[Person]:
    async with home(databases, keyring, seed="thousands") as at_home:
        people = People(at_home)
        return [person for _ in range(2 * THOUSAND // BATCH) for person in await people.leads(BATCH)]


@pytest.fixture(scope="module")
async def robbery(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Robbery, None]:
    place = tmp_path_factory.mktemp("thousands")
    with private_server({"fsync": "off"}) as server:
        databases = Databases(server, "hvelv_control", "hvelv_contents")
        await migrate(databases.owner_control, databases.owner_contents)
        everybody = await populated(databases, place / "keys")
        dumps = {kind: place / f"{kind}.dump" for kind in (CONTROL, CONTENTS)}
        for kind, file in dumps.items():
            await archive(databases).dump(kind, file, ())
        server.stop(immediate=True)
        with copied(server) as beside:
            server.start()
            physical = Databases(beside, "hvelv_control", "hvelv_contents")
            async with home(databases, place / "keys", seed="later") as at_home:
                gone, left = everybody[::2], everybody[1::2]
                people = People(at_home)
                for start in range(0, len(gone), 8):
                    await asyncio.gather(*(people.erase(person) for person in gone[start : start + 8]))
                assert not (await roll(at_home)).damaged
                yield Robbery(at_home, gone, left, await loaded(databases, dumps), physical, dumps)


async def opened(vault: Vault, persons: Sequence[Person]) -> int:
    """Of how many of these the vault opens both values, and they are that person's."""
    count = 0
    for person in persons:
        try:
            seen = values(await vault.open(person.me, SELF_SERVICE, [person.subject], FIELDS))
        except FAILURES:
            continue
        count += seen == {"person.email": email(person.number), "project.address": address(person.number)}
    return count


async def opened_from(robbery: Robbery, copy: Databases, seed: str) -> tuple[int, int]:
    """The same for the erased and the others, over a copy and the living keyring."""
    try:
        async with another_vault(copy, robbery.home.keyring, robbery.home, seed) as vault:
            return await opened(vault, robbery.gone), await opened(vault, robbery.left)
    except FAILURES:
        return 0, 0


async def live_keys(robbery: Robbery) -> list[Secret[bytes]]:
    """Every key the living system has: of its epoch, of the house, of every person."""
    house = robbery.home.house
    keys = [key for epoch in house.keys.loaded for key in (*epoch.system.values(), *epoch.audit.values())]
    rows = await house.subjects([person.subject for person in (*robbery.left, *robbery.gone)])
    return keys + [house.keys.open_subject_key(row.subject, row.generation, row.subject_keys) for row in rows.values()]


def copies_of(robbery: Robbery) -> Mapping[str, Databases]:
    return {"dump": robbery.dumped, "physical copy": robbery.physical}


@pytest.mark.clause("RGT-05")
async def test_the_living_system_opens_the_thousand_that_were_kept_and_none_that_were_erased(robbery: Robbery) -> None:
    assert await opened(robbery.home.vault, robbery.gone) == 0
    assert await opened(robbery.home.vault, robbery.left) == THOUSAND


@pytest.mark.clause("RGT-05")
@pytest.mark.parametrize("which", ["dump", "physical copy"])
async def test_a_copy_and_the_living_keyring_open_nobody(robbery: Robbery, which: str) -> None:
    copy = copies_of(robbery)[which]
    assert await fetch(copy, "select count(*) from subject_key") == [(2 * THOUSAND,)]
    assert await opened_from(robbery, copy, f"as it was: {which}") == (0, 0)


@pytest.mark.clause("RGT-05")
@pytest.mark.parametrize("which", ["dump", "physical copy"])
async def test_no_living_key_unwraps_a_key_of_the_erased_from_a_copy(robbery: Robbery, which: str) -> None:
    query = "select subject, epoch, generation, wrapped from subject_key where subject = any($1)"
    rows = await fetch(copies_of(robbery)[which], query, [person.subject for person in robbery.gone])
    assert len(rows) == THOUSAND
    epochs = robbery.home.house.keys.loaded
    numbers = {*(epoch.number for epoch in epochs), *(epoch for _, epoch, _, _ in rows)}
    wrapped = [
        (wrapped, subject_key_place(subject, number, generation))
        for subject, _, generation, wrapped in rows
        for number in numbers
    ]
    sealers = [epoch.sealer for epoch in epochs] + [Sealer(key) for key in await live_keys(robbery)]
    assert len(sealers) > THOUSAND
    for sealer in sealers:
        assert not any(unwrap_many(sealer, wrapped))


@pytest.mark.clause("RGT-05")
@pytest.mark.parametrize("which", ["dump", "physical copy"])
async def test_no_dictionary_confirms_an_address_of_the_erased_from_the_index_of_a_copy(
    robbery: Robbery, which: str
) -> None:
    keys = robbery.home.house.keys
    index = keys._index  # pyright: ignore[reportPrivateUsage]  (a thief would have it)
    assert index is not None
    old = {token for (token,) in await fetch(copies_of(robbery)[which], "select token from index_token")}
    new = {token for (token,) in await fetch(robbery.home.databases, "select token from index_token")}
    assert len(old) == 2 * len(new) == 2 * THOUSAND
    system = [secret for epoch in keys.loaded for secret in (*epoch.system.values(), *epoch.audit.values())]
    hits = 0
    for person in (*robbery.gone, *robbery.left):
        token = index.token("person.email", email(person.number))
        tried = {token, *keys.stored_tokens("person.email", email(person.number)).values()}
        tried.update(encrypt_tokens(secret, [token])[0] for secret in system)
        assert not tried & old
        hits += bool(tried & new)
    assert hits == THOUSAND


@pytest.mark.clause("RGT-05")
async def test_an_old_dump_of_contents_joined_with_the_newest_control_has_none_of_the_erased(
    robbery: Robbery, tmp_path: Path
) -> None:
    folder = tmp_path / "old"
    folder.mkdir()
    rows = folder / "rows.dump"
    rows.write_bytes(robbery.dumps[CONTENTS].read_bytes())
    manifest = Manifest(
        database=CONTENTS, taken_at=robbery.home.clock(), epoch=1, root_version=1, migrations=(),
        size=rows.stat().st_size, digest=digest_of(rows), keys=0,
    )  # fmt: skip
    databases = robbery.home.databases
    await execute(databases, "delete from blob", kind="contents")
    assert await opened(robbery.home.vault, robbery.left[:10]) == 0
    async with owned(robbery.home, "return") as house:
        done = await return_contents(house, archive(databases), Backup(folder, manifest), silent)
    assert done.missing == 0
    there = {subject for (subject,) in await fetch(databases, "select distinct subject from blob", kind="contents")}
    assert there == {person.subject for person in robbery.left}
    assert await opened(robbery.home.vault, robbery.left) == THOUSAND


@pytest.mark.clause("RGT-05")
@pytest.mark.parametrize("which", ["dump", "physical copy"])
async def test_a_copy_with_every_living_key_row_opens_the_kept_and_still_none_of_the_erased(
    robbery: Robbery, which: str
) -> None:
    copy = copies_of(robbery)[which]
    erased = [person.subject for person in robbery.gone]
    old = await fetch(copy, "select * from subject_key where subject = any($1)", erased)
    assert len(old) == THOUSAND
    await transplant(robbery.home.databases, copy, *LIVE_KEYS)
    assert await opened_from(robbery, copy, f"with living keys: {which}") == (0, THOUSAND)
    current = "(select max(number) from epoch)"
    for row in old:  # the thief puts the old wrapped keys back, under the number of the epoch that lives
        await execute(copy, f"insert into subject_key select 0, $1, {current}, $2, $3", row[1], row[3], row[4])
    await execute(copy, f"update subject_key set slot = {current} % 4 where subject = any($1)", erased)
    assert await opened_from(robbery, copy, f"with their own: {which}") == (0, THOUSAND)
