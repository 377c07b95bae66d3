"""Runs the story from nothing to the end and gives the exit code: 0 only if every step did what the policy says."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import time
from pathlib import Path
from uuid import UUID

from hvelv.demo import aftermath
from hvelv.demo.power import POWER_CANARIES, PowerStory
from hvelv.demo.stage import Stage, stage
from hvelv.demo.story import CANARIES, Story
from hvelv.demo.telling import Teller
from hvelv.embedded import EmbeddedPostgres
from hvelv.logs import configure
from hvelv.settings import Settings
from vault.keys.roll import Roll
from vault.storage.engine import Database
from vault.sweeping import sweep

KNOWN = "index_token_subject"
"""Something that is in clear: the name of an index."""


def run(*, keep: bool = False) -> int:
    """Tell the story; 0 if every promise was kept."""
    import logging

    configure(level=logging.ERROR)
    home = Path(tempfile.mkdtemp(prefix="hvelv-demo-"))
    settings = Settings(data_dir=home)
    server = EmbeddedPostgres(settings.database_dir)
    teller = Teller()
    began = time.monotonic()
    teller.console.print(f"[dim]a fresh data directory `{home}`; starting PostgreSQL on a private socket …[/]")
    try:
        server.start()
        asyncio.run(_tell(settings, server, teller))
    finally:
        if keep:
            server.stop()
        else:
            server.discard()
            shutil.rmtree(home, ignore_errors=True)
    seconds = time.monotonic() - began
    if teller.wrong:
        teller.console.print(f"\n[bold red]{len(teller.wrong)} promises broken[/] in {seconds:.0f} s")
        return 1
    teller.console.print(
        f"\n[bold green]every step did what the policy says[/] ({teller.steps} chapters, {seconds:.0f} s)"
    )
    return 0


async def _tell(settings: Settings, server: EmbeddedPostgres, teller: Teller) -> None:
    async with stage(settings, server) as running:
        policy = running.policy
        teller.console.print(
            f"[dim]policy {policy.version} · {len(policy.fields)} fields · {len(policy.purposes)} purposes ·"
            f" sha-256 {policy.digest.hex()[:16]} · {running.url}/graphql[/]"
        )
        story = Story(running, teller)
        await story.cast()
        await story.lead()
        await story.newsletter()
        await story.too_early()
        await story.contract()
        await story.loan()
        await story.paid_out()
        await PowerStory(story).tell()
        await _scan(running, teller)
        await story.marketing()
        await story.accesses()
        await _ending(running, story, teller)


async def _ending(running: Stage, story: Story, teller: Teller) -> None:
    teller.chapter("A thief copies both databases")
    copied = await aftermath.copy_everything(running)
    before = await aftermath.opens(running, story.subject)
    teller.note(f"{copied:,} bytes copied; with today's keyring the copy opens {before} of her values")
    teller.check("the thief, with copy and keyring, opens them: that is what the roll is for", before > 0)
    teller.check(
        "her telephone number can be guessed from the index today",
        await aftermath.guessed_phones(running, "then_control"),
    )
    receipt = await story.erased()
    teller.chapter("The epoch rolls")
    await sweep(running.sweeper)
    report = await Roll(running.sweeper).run()
    teller.note(f"epoch {report.old} → {report.new}; {report.moved} subject keys moved; the old root key is destroyed")
    teller.check("the receipt says erased", await story.status(receipt) == "erased")
    await _thief_again(running, story, teller)


async def _thief_again(running: Stage, story: Story, teller: Teller) -> None:
    teller.chapter("The thief comes back with the old copies and every key the live system holds")
    guessed = await aftermath.guessed_phones(running, "then_control")
    teller.check("the dictionary attack on her index tokens finds nothing", not guessed)
    await aftermath.steal_keys(running)
    teller.check("not one of her fields opens", await aftermath.opens(running, story.subject) == 0)
    neighbour = story.neighbour
    if neighbour is not None:
        other = (await running.vault.tokens.resolve(neighbour.bearer)).subject
        teller.check("everybody else still opens, even there", await aftermath.opens(running, UUID(str(other))) > 0)
        mine = await neighbour.ask("query { me { email } }")
        teller.check("and in the live system", mine.data["me"]["email"] == "ola.hansen@example.no")
    await _scan(running, teller)


async def _scan(running: Stage, teller: Teller) -> None:
    await _checkpoint(running)
    found = await asyncio.to_thread(aftermath.plaintext_in_files, running, (*CANARIES, *POWER_CANARIES, KNOWN))
    teller.check("a scan of every file of both databases, log included, finds what is in clear", KNOWN in found)
    teller.check("and nothing of hers, or of her neighbour's", found == {KNOWN})


async def _checkpoint(running: Stage) -> None:
    """Write every page of the cluster to its file, so that the scan reads what is there."""
    owner = Database("control", running.owner("hvelv_control"))
    connection = await owner.dedicated()
    try:
        await connection.execute("checkpoint")
    finally:
        await connection.close()
