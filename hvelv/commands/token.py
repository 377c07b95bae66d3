"""`hvelv token`: hands out, lists and takes back the tokens of staff, officers, partners and services.

In development whoever sits here may; otherwise two officers give their own tokens, typed without echo or read from
files, never from the command line, where every process of the machine could read them. The new secret is the only line
on standard output.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Final
from uuid import UUID

import typer

from hvelv.commands.exits import CommandRefused
from hvelv.commands.token_rules import mending
from hvelv.settings import Settings
from identity.errors import IdentityError
from identity.issuing import Authority, InsecureDevelopment, Issued, TwoPersons, issue_token
from identity.specs import LONGEST
from policies.model import PolicySet, RoleKind, SubjectId, TokenId
from vault.request import Secret
from vault.tokens import TokenRow, TokenSpec

commands: Final = typer.Typer(no_args_is_help=True, help="Hand out, list and revoke tokens.")

UNITS: Final = {"m": 60, "h": 3600, "d": 86400}
AsJson = Annotated[bool, typer.Option("--json", help="For scripts: JSON on standard output.")]


def span(text: str) -> timedelta:
    """`10m`, `8h`, `30d`."""
    number, unit = text[:-1], text[-1:]
    if unit not in UNITS or not (number.isascii() and number.isdecimal()) or len(number) > len("99999"):
        raise typer.BadParameter("write a number and m, h or d, such as 10m, 8h or 30d")
    return timedelta(seconds=int(number) * UNITS[unit])


@commands.command()
def issue(  # noqa: PLR0913  (each is an option of the command)
    roles: Annotated[list[str], typer.Argument(help="One or more roles of the policy, all of one kind.")],
    account: Annotated[UUID, typer.Option(help="The random id of the person or service it is for.")],
    recipient: Annotated[str | None, typer.Option(help="For a partner: whom it speaks for.")] = None,
    purpose: Annotated[str | None, typer.Option(help="For a partner: the one purpose.")] = None,
    subject: Annotated[UUID | None, typer.Option(help="For role `self`: the subject.")] = None,
    lifetime: Annotated[
        timedelta | None, typer.Option(parser=span, metavar="SPAN", help="Such as 10m or 8h; the longest if left out.")
    ] = None,
    officer_files: Annotated[
        list[Path] | None, typer.Option("--officer", help="A file with an officer's token; give two.")
    ] = None,
    *,
    second_factor: Annotated[bool, typer.Option(help="The bearer was proven with a second factor.")] = False,
    as_json: AsJson = False,
) -> None:
    """Hand out a token. Its secret is printed once, here, and is kept nowhere."""
    settings = Settings.load()
    authority = _authority(settings, officer_files or [])
    spec = TokenSpec(
        account=account,
        roles=frozenset(roles),
        lifetime=timedelta(0),
        subject=None if subject is None else SubjectId(subject),
        recipient=recipient,
        purpose=purpose,
        second_factor=second_factor,
    )
    issued = asyncio.run(_issue(settings, spec, lifetime, authority))
    shown = {"id": str(issued.token), "secret": issued.secret.reveal()}
    typer.echo(json.dumps(shown) if as_json else shown["secret"])


@commands.command("list")
def list_tokens(
    account: Annotated[UUID | None, typer.Option(help="Only those of this account.")] = None,
    *,
    live: Annotated[bool, typer.Option("--live", help="Only those that are accepted now.")] = False,
    as_json: AsJson = False,
) -> None:
    """All tokens, newest first, without their secrets."""
    rows = asyncio.run(_listed(Settings.load(), account, live=live))
    if as_json:
        typer.echo(json.dumps([_plain(row) for row in rows], indent=2))
    else:
        _print(rows)


@commands.command()
def revoke(
    token: Annotated[UUID | None, typer.Argument(help="The id of one token.")] = None,
    account: Annotated[UUID | None, typer.Option(help="Every token of this account.")] = None,
    subject: Annotated[UUID | None, typer.Option(help="Every token bound to this subject.")] = None,
) -> None:
    """Refuse tokens from now on. The doors look at each token when they record, so this holds at once."""
    if sum(each is not None for each in (token, account, subject)) != 1:
        raise typer.BadParameter("name one token, or --account, or --subject")
    count = asyncio.run(_revoke(Settings.load(), token, account, subject))
    typer.echo(f"{count} revoked")


def _authority(settings: Settings, files: list[Path]) -> Authority:
    if settings.mode == "development" and not files:
        typer.echo("development mode: the token is handed out on nobody's authority", err=True)
        return InsecureDevelopment()
    if len(files) not in {0, 2}:
        raise typer.BadParameter("two officers are needed: give --officer twice, or not at all to be asked")
    if files:
        first, second = (_read(file) for file in files)
    else:
        first, second = (_asked(f"Token of the {which} officer") for which in ("first", "second"))
    return TwoPersons(first, second)


def _read(file: Path) -> Secret[str]:
    try:
        return Secret(file.read_text(encoding="ascii").strip())
    except (OSError, UnicodeDecodeError):
        raise CommandRefused(f"`{file}`: no token can be read there") from None


def _asked(prompt: str) -> Secret[str]:
    return Secret(str(typer.prompt(prompt, hide_input=True, err=True)).strip())


def longest(policy: PolicySet, roles: frozenset[str]) -> timedelta:
    """How long a token of these roles may live; the shortest bound where they do not go together."""
    kinds = {policy.roles[name].kind for name in roles if name in policy.roles}
    return min((LONGEST[kind] for kind in kinds), default=LONGEST[RoleKind.PARTNER])


async def _issue(settings: Settings, spec: TokenSpec, lifetime: timedelta | None, authority: Authority) -> Issued:
    from hvelv.house import open_vault

    async with open_vault(settings) as vault:
        chosen = longest(vault.policy, spec.roles) if lifetime is None else lifetime
        try:
            return await issue_token(vault, replace(spec, lifetime=chosen), authority)
        except IdentityError as refused:
            raise CommandRefused(mending(refused)) from refused


async def _listed(settings: Settings, account: UUID | None, *, live: bool) -> list[TokenRow]:
    from hvelv.house import open_vault

    rows: list[TokenRow] = []
    async with open_vault(settings) as vault:
        page = await vault.tokens.list(account=account, live=live)
        rows += page.rows
        while page.more:
            page = await vault.tokens.list(account=account, live=live, after=page.rows[-1].id)
            rows += page.rows
    return rows


async def _revoke(settings: Settings, token: UUID | None, account: UUID | None, subject: UUID | None) -> int:
    from hvelv.house import open_vault

    async with open_vault(settings) as vault:
        if token is not None:
            await vault.tokens.revoke(TokenId(token))
            return 1
        if account is not None:
            return await vault.tokens.revoke_account(account)
        return 0 if subject is None else await vault.tokens.revoke_subject(SubjectId(subject))


def _plain(row: TokenRow) -> dict[str, object]:
    return {
        "id": str(row.id),
        "account": str(row.account),
        "roles": sorted(row.roles),
        "subject": row.subject and str(row.subject),
        "recipient": row.recipient,
        "purpose": row.purpose,
        "second_factor": row.second_factor,
        "issued_at": row.issued_at.isoformat(),
        "expires_at": row.expires_at.isoformat(),
        "revoked_at": row.revoked_at and row.revoked_at.isoformat(),
        "issued_by": row.issued_by and str(row.issued_by),
        "approved_by": row.approved_by and str(row.approved_by),
    }


def _print(rows: list[TokenRow]) -> None:
    for row in rows:
        bound = [str(part) for part in (row.subject, row.recipient, row.purpose) if part]
        times = [f"issued {_short(row.issued_at)}", f"expires {_short(row.expires_at)}"]
        if row.revoked_at:
            times.append(f"revoked {_short(row.revoked_at)}")
        typer.echo("  ".join([str(row.id), " ".join(sorted(row.roles)), *bound, ", ".join(times)]))


def _short(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%MZ}"
