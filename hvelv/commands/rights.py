"""`hvelv rights`: requests of data subjects, from the letter to the answer, for whoever holds a token of its own.

Every command acts as the bearer of that token, typed without echo or read from a file: customer service, the data
protection officer, or a person itself. What they may do and see is the policy's to say.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final
from uuid import UUID, uuid4

import typer

from hvelv.commands.exits import CommandRefused
from hvelv.commands.private_file import written
from hvelv.commands.rights_view import plain, printed
from hvelv.settings import Settings
from policies.model import Principal, RecordId, SubjectId
from policies.oslo import oslo_date
from products.request import keyed
from rights import correcting, exporting, listing, registering, stopping
from rights import request as asked
from rights.doors import Desk
from rights.package.parts import Language, What
from rights.request import By, Done
from vault.request import ByValue, Secret

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

commands: Final = typer.Typer(no_args_is_help=True, help="Requests of data subjects: list, register, verify, answer.")

TokenFile = Annotated[
    Path | None, typer.Option("--token", help="A file with your token; you are asked for it if left out.")
]
AsJson = Annotated[bool, typer.Option("--json", help="For scripts: JSON on standard output.")]
Why = Annotated[str, typer.Option("--reason", help="Why you do it; goes on record.")]
Key = Annotated[str | None, typer.Option("--key", help="Makes it safe to send again: the same key has one effect.")]
Of = Annotated[UUID, typer.Option("--subject", help="The person.")]
Request = Annotated[UUID, typer.Argument(help="The request.")]
PAGE: Final = 100

Act = Callable[[Desk, By, Any], Awaitable[Done]]


@dataclass(frozen=True, slots=True)
class At:
    """The desk, and who stands at it."""

    desk: Desk
    who: Principal


@commands.command("list")
def list_requests(token: TokenFile = None, *, as_json: AsJson = False) -> None:
    """Requests still to be answered, the most urgent first; with a person's own token all of that person's."""
    _print(*asyncio.run(_listed(_bearer(token), overdue=False)), as_json=as_json)


@commands.command()
def overdue(token: TokenFile = None, *, as_json: AsJson = False) -> None:
    """Requests whose last day has passed without an answer. Ends with code 1 if there is one."""
    found, today = asyncio.run(_listed(_bearer(token), overdue=True))
    _print(found, today, as_json=as_json)
    if found:
        raise typer.Exit(1)


@commands.command()
def register(  # noqa: PLR0913  (each is an option of the command)
    kind: Annotated[asked.Kind, typer.Argument(help="What the person asks for.")],
    received_on: Annotated[str, typer.Option("--received", help="The day it came, YYYY-MM-DD.")],
    reason: Why,
    subject: Annotated[UUID | None, typer.Option(help="The person; you are asked for the address if left out.")] = None,
    concerns: Annotated[str | None, typer.Option(help="The field, purpose or consent it is about.")] = None,
    token: TokenFile = None,
    key: Key = None,
    *,
    email: Annotated[bool, typer.Option("--email", help="It came by e-mail, not by letter.")] = False,
    as_json: AsJson = False,
) -> None:
    """Put down a request that came by letter or e-mail. The clock runs from the day it came.

    Without --subject you are asked for the person's e-mail address. Several persons may share one: then name one of
    them with --subject, after looking who wrote.
    """
    day, channel = _day(received_on), asked.Channel.EMAIL if email else asked.Channel.LETTER
    address = "" if subject else str(typer.prompt("The person's e-mail address", err=True))

    async def put_down(at: At) -> Done:
        person = SubjectId(subject) if subject else await _by_email(at, address, reason)
        letter = asked.Register(
            subject=person, kind=kind.value, channel=channel.value, received_on=day, concerns=concerns, text=None
        )
        return await registering.register(at.desk, _by(at, letter, key, reason), letter)

    _say(asyncio.run(_at_desk(_bearer(token), put_down)), "registered", as_json=as_json)


@commands.command()
def verify(
    request: Request, subject: Of, identity: Annotated[asked.Identity, typer.Option("--proof", help="How.")],
    reason: Why, token: TokenFile = None, key: Key = None, *, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Put down how it was made sure whose request it is, or that it could not be."""
    wish = asked.Verify(subject=SubjectId(subject), request=RecordId(request), identity=identity.value)
    _act(registering.verify, wish, token, key, reason, "verified", as_json=as_json)


@commands.command()
def extend(
    request: Request, subject: Of,
    reason: Annotated[str, typer.Option(help="Why it takes longer; the person reads it.")],
    token: TokenFile = None, key: Key = None, *, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Take up to three months instead of one. Only within the first month, and only once."""
    wish = asked.Extend(subject=SubjectId(subject), request=RecordId(request), why=reason)
    _act(registering.extend, wish, token, key, reason, "extended", as_json=as_json)


@commands.command()
def complete(
    request: Request, subject: Of, outcome: Annotated[asked.Outcome, typer.Option(help="How it ended.")],
    reason: Why, answer: Annotated[str | None, typer.Option(help="What the person was told.")] = None,
    token: TokenFile = None, key: Key = None, *, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Answer a request. It is granted only where it was made sure whose it is."""
    wish = asked.Answer(subject=SubjectId(subject), request=RecordId(request), outcome=outcome.value, answer=answer)
    _act(registering.answer, wish, token, key, reason, "answered", as_json=as_json)


@commands.command()
def rectify(
    request: Request, subject: Of, field: Annotated[str, typer.Option(help="The field, as the policy names it.")],
    reason: Why, record: Annotated[UUID | None, typer.Option(help="The record, where it is not the person.")] = None,
    token: TokenFile = None, key: Key = None, *, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Correct one field. The new value is asked for, not given on the command line, where every process reads it."""
    value = str(typer.prompt("The new value", hide_input=True, err=True))
    wish = asked.Rectify(
        subject=SubjectId(subject), record=None if record is None else RecordId(record), request=RecordId(request),
        field=field, value=value,
    )  # fmt: skip
    _act(correcting.rectify, wish, token, key, reason, "corrected", as_json=as_json)


@commands.command()
def restrict(
    request: Request, subject: Of, reason: Why, token: TokenFile = None, key: Key = None, *, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Keep everything of the person and use nothing (Article 18). It holds for every process at its next read."""
    wish = asked.Restrict(subject=SubjectId(subject), request=RecordId(request))
    _act(stopping.restrict, wish, token, key, reason, "restricted", as_json=as_json)


@commands.command("object")
def object_to(
    request: Request, subject: Of, purpose: Annotated[str, typer.Option(help="The purpose objected to.")],
    reason: Why, token: TokenFile = None, key: Key = None, *, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Put down an objection to a purpose (Article 21). It holds at once."""
    wish = asked.Object(subject=SubjectId(subject), purpose=purpose, request=RecordId(request))
    _act(stopping.object_to, wish, token, key, reason, "put down", as_json=as_json)


@commands.command()
def assess(
    request: Request, subject: Of, purpose: Annotated[str, typer.Option(help="The purpose objected to.")],
    reason: Annotated[str, typer.Option(help="The grounds; the person reads them.")],
    token: TokenFile = None, key: Key = None, *,
    holds: Annotated[bool, typer.Option("--holds/--overridden", help="Whether the objection stands.")],
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Say how an objection was weighed. One to direct marketing is not weighed."""
    wish = asked.Assess(
        subject=SubjectId(subject), request=RecordId(request), purpose=purpose, holds=holds, assessment=reason
    )
    _act(stopping.assess, wish, token, key, reason, "weighed", as_json=as_json)


@commands.command()
def withdraw(
    request: Request, subject: Of, consent: Annotated[str, typer.Option(help="The consent withdrawn.")],
    reason: Why, token: TokenFile = None, key: Key = None, *, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Carry out the withdrawal of a consent that came by letter."""
    wish = asked.Withdraw(subject=SubjectId(subject), request=RecordId(request), consent=consent)
    _act(stopping.withdraw_for, wish, token, key, reason, "withdrawn", as_json=as_json)


@commands.command("announce-lift")
def announce_lift(
    request: Request, subject: Of, reason: Annotated[str, typer.Option(help="Why; the person reads it.")],
    token: TokenFile = None, key: Key = None, *, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Tell the person that the restriction will be lifted (Article 18(3))."""
    wish = asked.Lift(subject=SubjectId(subject), request=RecordId(request))
    _act(stopping.announce_lift, wish, token, key, reason, "announced", as_json=as_json)


@commands.command()
def lift(
    request: Request, subject: Of, reason: Why, token: TokenFile = None, key: Key = None, *, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Lift a restriction whose end was announced."""
    wish = asked.Lift(subject=SubjectId(subject), request=RecordId(request))
    _act(stopping.lift, wish, token, key, reason, "lifted", as_json=as_json)


@commands.command()
def consents(token: TokenFile = None) -> None:
    """Every consent given and withdrawn by the person whose token this is, with receipts, as JSON."""
    typer.echo(json.dumps(asyncio.run(_consents(_bearer(token))), ensure_ascii=False, indent=2))


@commands.command("approve-export")
def approve_export(
    request: Request, subject: Of, reason: Why,
    second: Annotated[Path, typer.Option(help="A file with the second officer's token.")],
    token: TokenFile = None, key: Key = None, *, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Let the person of a verified letter fetch its package, once. Neither of the two officers sees it."""
    wish = asked.Export(subject=SubjectId(subject), request=RecordId(request))

    async def approved(at: At) -> Done:
        return await exporting.approve(at.desk, _by(at, wish, key, reason), wish, _bearer(second))

    _say(asyncio.run(_at_desk(_bearer(token), approved)), "approved", as_json=as_json)


@commands.command()
def export(
    output: Annotated[Path, typer.Argument(help="Where to write; it must not be there yet, and only you can read it.")],
    what: Annotated[What, typer.Option(help="Everything held and why, or a copy of what you gave.")] = What.ACCESS,
    form: Annotated[str, typer.Option("--format", help="json or pdf of access, json or csv of copy.")] = "json",
    language: Annotated[Language, typer.Option(help="Of a PDF.")] = Language.NB,
    token: TokenFile = None,
) -> None:
    """Write the package of the person whose token this is. Nothing is written anywhere else."""
    if form not in exporting.FORMS[what]:
        raise typer.BadParameter(f"{what.value} comes as {' or '.join(exporting.FORMS[what])}", param_hint="--format")
    length = asyncio.run(_exported(_bearer(token), output, what, form, language))
    typer.echo(f"{length:,} bytes in `{output}`", err=True)


# -- standing at the desk ----------------------------------------------------------------------------------------------


def _act(
    act: Act, wish: DataclassInstance, token: Path | None, key: str | None, reason: str, word: str, *, as_json: bool
) -> None:
    async def done(at: At) -> Done:
        return await act(at.desk, _by(at, wish, key, reason), wish)

    _say(asyncio.run(_at_desk(_bearer(token), done)), word, as_json=as_json)


def _by(at: At, wish: DataclassInstance, key: str | None, reason: str) -> By:
    return By(who=at.who, key=keyed(key or str(uuid4()), wish), reason=reason)


def _bearer(file: Path | None) -> Secret[str]:
    if file is None:
        return Secret(str(typer.prompt("Your token", hide_input=True, err=True)).strip())
    try:
        return Secret(file.read_text(encoding="ascii").strip())
    except (OSError, UnicodeDecodeError):
        raise CommandRefused(f"`{file}`: no token can be read there") from None


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter("write the day as YYYY-MM-DD", param_hint="--received") from None


@asynccontextmanager
async def _desk(bearer: Secret[str]) -> AsyncGenerator[At]:
    from hvelv.house import now, open_vault

    async with open_vault(Settings.load()) as vault:
        yield At(Desk(vault, now, uuid4), await vault.tokens.resolve(bearer))


async def _at_desk(bearer: Secret[str], act: Callable[[At], Awaitable[Done]]) -> Done:
    async with _desk(bearer) as at:
        return await act(at)


async def _consents(bearer: Secret[str]) -> dict[str, object]:
    async with _desk(bearer) as at:
        found = await at.desk.vault.consents(at.who, registering.own_subject(at.who))
    entries = [
        {"consent": each.consent, "given": each.given, "at": each.at.isoformat(), "notice": each.notice.hex(),
         "receipt": each.receipt}
        for each in found.entries
    ]  # fmt: skip
    return {"key": found.key, "events": entries}


async def _exported(bearer: Secret[str], output: Path, what: What, form: str, language: Language) -> int:
    async with _desk(bearer) as at:
        chunks = exporting.export(at.desk, at.who, what, form, language=language)
        return await written(chunks, output)


async def _listed(bearer: Secret[str], *, overdue: bool) -> tuple[list[asked.Request], date]:
    async with _desk(bearer) as at:
        today = oslo_date(at.desk.clock())
        if at.who.subject is not None:
            found = list(await listing.mine(at.desk.vault, at.who))
        else:
            found = [request async for request in _everybodys(at)]
        wanted = [request for request in found if not overdue or request.overdue(today)]
    return sorted(wanted, key=lambda request: (request.due_on, str(request.id))), today


async def _everybodys(at: At) -> AsyncGenerator[asked.Request]:
    page = await listing.open_requests(at.desk.vault, at.who, None, PAGE)
    while True:
        for request in page.requests:
            yield request
        if page.after is None:
            return
        page = await listing.open_requests(at.desk.vault, at.who, page.after, PAGE)


async def _by_email(at: At, email: str, reason: str) -> SubjectId:
    """The one person with this address; looking is an opening like any other."""
    access = listing.customer_service(at.who, reason)
    opened = await at.desk.vault.open(
        at.who, access, ByValue("person.email", Secret(email)), frozenset({"person.email"})
    )
    match opened.found:
        case [one]:
            return one
        case []:
            raise CommandRefused("nobody with that address, or nobody you may look up")
        case several:
            raise CommandRefused(f"{len(several)} persons share that address; name one with --subject")


def _say(done: Done, word: str, *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps({"request": str(done.request), "replayed": done.replayed}))
    else:
        typer.echo(f"{done.request} {'was ' if done.replayed else ''}{word}")


def _print(found: Sequence[asked.Request], today: date, *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps([plain(request, today) for request in found], ensure_ascii=False, indent=2))
        return
    for request in found:
        typer.echo(printed(request, today))
    typer.echo(f"{len(found)} requests", err=True)
