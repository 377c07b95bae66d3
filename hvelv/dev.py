"""`hvelv dev`: everything on this machine, with 500 invented people, tokens to try and GraphiQL. Never for production.

The data directory is kept: a second start finds the people there. Tokens are new at each start and printed once.
"""

from __future__ import annotations

import asyncio
import json
import uuid
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

from rich.console import Console
from rich.progress import Progress

from hvelv.app import AppSettings, create_app, deliveries_into
from hvelv.deputy import Deputy
from hvelv.embedded import EmbeddedPostgres
from hvelv.errors import SettingsRefused
from hvelv.house import addresses, house, now, read_policy
from hvelv.installing import install
from hvelv.metered import Staff, delivered, hours, metering_point, supplied
from hvelv.population import Cast, people, settle
from hvelv.reports import watching
from hvelv.serving import served, until_stopped
from hvelv.settings import Settings
from hvelv.tending import tended
from identity.issuing import InsecureDevelopment, issue_token
from identity.specs import LONGEST
from policies.model import Access, Principal, RoleKind, SubjectId
from policies.oslo import oslo_date
from vault import Vault
from vault.request import ByValue, Secret
from vault.tokens import TokenSpec

POPULATION: Final = 500
METERED: Final = 3
PAGES: Final = 100
ADVISOR: Final = UUID("00000000-0000-4000-8000-00000000ad01")
"""The advisor's account: the same at every start, so that yesterday's assignments still hold."""

CASES: Final = "customers(first: 3) { edges { node { name phone projects { address } } } }"
ENTRIES: Final = "ledger(first: 5) { edges { node { at kind purpose roles subjects opened withheld } } }"
YEARS: Final = 'series(kind: CONSUMPTION, from: "2025-01-01", to: "2029-01-01", resolution: MONTH)'
SAMPLES: Final = (
    ("CUSTOMER", "{ me { name email projects { address roof { areaDm2 } } } }"),
    ("CUSTOMER", "{ me { accesses(first: 5) { edges { node { at kind roles purpose fields } } } } }"),
    ("ADVISOR", f'query @access(purpose: OFFER, reason: "case 7") {{ {CASES} }}'),
    ("ADVISOR", f"query @access(purpose: OFFER) {{ {CASES} }}"),
    ("DPO", f"query @access(purpose: AUDIT) {{ {ENTRIES} }}"),
    ("METERED", f"{{ me {{ powerContracts {{ meteringPoints {{ meterNumber {YEARS} {{ energyWh }} }} }} }} }}"),
)
"""Operations to begin with, and whose token they want. The fourth states no reason: see what it answers."""


@dataclass(frozen=True, slots=True)
class Desk:
    """Hands out development tokens."""

    vault: Vault

    async def token(  # one keyword per column of a token
        self,
        *roles: str,
        subject: SubjectId | None = None,
        recipient: str | None = None,
        purpose: str | None = None,
        account: UUID | None = None,
    ) -> Secret[str]:
        """A token of these roles with the longest life its kind may have, on record."""
        kind = self.vault.policy.roles[roles[0]].kind
        spec = TokenSpec(
            account=account or uuid.uuid4(), roles=frozenset(roles), lifetime=LONGEST[kind], subject=subject,
            recipient=recipient, purpose=purpose, second_factor=kind is not RoleKind.SUBJECT,
        )  # fmt: skip
        return (await issue_token(self.vault, spec, InsecureDevelopment())).secret

    async def principal(self, *roles: str) -> Principal:
        """Who bears such a token."""
        return await self.vault.tokens.resolve(await self.token(*roles))


async def seed(vault: Vault, count: int, progress: Progress, at: datetime) -> SubjectId:
    """Put `count` invented people in; gives one who asked for an offer."""
    desk, everybody = Desk(vault), list(people(count, uuid.uuid4))
    engine, lead = await desk.principal("solar_engine"), await desk.principal("sales_lead")
    customers: dict[SubjectId, Principal] = {}
    for person in everybody:
        if person.wants_offer:
            spec = TokenSpec(
                account=uuid.uuid4(), roles=frozenset({"self"}), lifetime=timedelta(minutes=30), subject=person.subject
            )
            _, secret = await vault.tokens.issue(spec)
            customers[person.subject] = await vault.tokens.resolve(secret)
    cast = Cast(await desk.principal("visitor"), engine, lead, ADVISOR, customers.__getitem__)
    task = progress.add_task(f"inventing {count} people", total=count)
    await settle(vault, cast, everybody, at, lambda done: progress.advance(task, done))
    return everybody[0].subject


async def _someone(vault: Vault) -> SubjectId | None:
    """A customer of an earlier start, as the advisor's list has it."""
    from policies.model import Access
    from vault.request import Everyone

    desk = Desk(vault)
    advisor = await vault.tokens.resolve(await desk.token("advisor", account=ADVISOR))
    access = Access("offer", "starting the development server", "advisor")
    found = await vault.open(advisor, access, Everyone(after=None, first=1), frozenset({"person.name"}))
    return found.found[0] if found.found else None


async def _metered(vault: Vault, console: Console) -> SubjectId:
    """The first of a few power customers, with hours from the beginning of last year to yesterday."""
    desk = Desk(vault)
    staff = await Staff.of(desk.principal)
    wanted = ByValue("metering_point.id", Secret(metering_point(0)))
    found = await vault.open(staff.service, Access("metering", None, "meter_ingest"), wanted, frozenset({wanted.field}))
    if found.found:
        return found.found[0]
    console.print("[dim]a few power customers with their hours …[/]")
    today = oslo_date(now())
    first = date(today.year - 1, 1, 1)
    customers = [await supplied(vault, staff, number, first, now) for number in range(METERED)]
    for customer in customers:
        await delivered(vault, staff, hours(customer.metering_point, first, today), now)
    return customers[0].subject


async def _tokens(vault: Vault, customer: SubjectId, metered: SubjectId, console: Console) -> None:
    desk = Desk(vault)
    for name, secret in {
        "CUSTOMER": await desk.token("self", subject=customer),
        "METERED": await desk.token("self", subject=metered),
        "GRID": await desk.token("grid_company", recipient="grid_company", purpose="meter_delivery"),
        "ADVISOR": await desk.token("advisor", account=ADVISOR),
        "INSTALLER": await desk.token("installer", recipient="installer", purpose="installation"),
        "DPO": await desk.token("dpo"),
        "SECOND_PERSON": await desk.token("privacy_approver"),
        "WEBSITE": await desk.token("visitor"),
    }.items():
        console.print(f"  export {name}={secret.reveal()}", style="green", markup=False)


async def _develop(settings: Settings, server: EmbeddedPostgres, console: Console) -> None:
    await install(settings)
    async with Vault(house(settings, read_policy(settings), addresses(settings, server, "app"))) as vault:
        customer = await _someone(vault)
        if customer is None:
            with Progress(console=console) as progress:
                customer = await seed(vault, POPULATION, progress, now())
        console.print("[bold]development tokens[/] (insecure: handed to whoever starts this command)")
        await _tokens(vault, customer, await _metered(vault, console), console)
        app = create_app(
            vault,
            AppSettings(development=True, graphiql=settings.data_dir / "graphiql"),
            ready=vault.ready,
            deliveries=deliveries_into(vault, Deputy(vault, settings), now),
        )
        async with tended(vault, settings), served(app, settings.host, settings.port) as url:
            console.print(f"\nGraphQL at {url}/graphql, GraphiQL at {url}/graphiql; end with Ctrl-C")
            for name, query in SAMPLES:
                body = json.dumps({"query": query})
                console.print(f"\n  curl -s {url}/graphql -H 'content-type: application/json' \\", markup=False)
                console.print(f"    -H \"authorization: Bearer ${name}\" -d '{body}'", markup=False)
            await until_stopped()


def run(settings: Settings) -> None:
    """Serve until interrupted.

    Raises:
        SettingsRefused: in production, or with databases of one's own.
    """
    if settings.mode != "development" or not settings.embedded:
        raise SettingsRefused(
            "`hvelv dev` hands out tokens to anybody: it runs in development mode on the embedded database only"
        )
    console = Console(highlight=False, soft_wrap=True)
    server = EmbeddedPostgres(settings.database_dir, user=settings.embedded_user)
    console.print(f"[dim]starting PostgreSQL in `{settings.database_dir}` …[/]")
    server.start()
    try:
        with watching(settings):
            asyncio.run(_develop(settings, server, console))
    finally:
        server.stop()
