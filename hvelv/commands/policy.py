"""`hvelv policy`: reads the policy file as the vault does, and shows what it says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Final

import typer

from hvelv.commands.exits import CommandRefused
from hvelv.commands.records_view import Format, Language, recipients_text, records_text
from hvelv.settings import POLICY
from policies.model import PolicySet

commands: Final = typer.Typer(no_args_is_help=True, help="Check the policy file and show what it allows.")

File = Annotated[
    Path,
    typer.Argument(help="The policy file.", envvar="HVELV_POLICY", show_default=True, metavar="[FILE]"),
]
AsJson = Annotated[bool, typer.Option("--json", help="For scripts: one JSON document.")]


@commands.command()
def check(file: File = POLICY) -> None:
    """Read it strictly: every mistake with file, line and column; exit code 1 if there is one."""
    policy = read(file)
    typer.echo(
        f"{file}: version {policy.version.isoformat()}, sha-256 {policy.digest.hex()}: {len(policy.fields)} fields, "
        f"{len(policy.purposes)} purposes, {len(policy.recipients)} recipients, {len(policy.retention)} retention rules"
    )


@commands.command()
def show(file: File = POLICY, *, as_json: AsJson = False) -> None:
    """Every field: its category, how long it is kept, and who may see it for what."""
    from hvelv.commands.policy_view import field_view, print_fields

    policy = read(file)
    if as_json:
        views = {name: field_view(policy, name) for name in sorted(policy.fields)}
        identity = {"version": policy.version.isoformat(), "digest": policy.digest.hex()}
        typer.echo(json.dumps({**identity, "fields": views}, ensure_ascii=False, indent=2))
    else:
        print_fields(policy)


@commands.command()
def explain(
    field: Annotated[str, typer.Argument(help="A field of the policy, such as `person.email`.")],
    file: File = POLICY,
    *,
    as_json: AsJson = False,
) -> None:
    """One field in full: who gives it, who sees how much of it for which purpose on which basis, and until when."""
    from hvelv.commands.policy_view import field_view, print_field

    policy = read(file)
    if field not in policy.fields:
        raise CommandRefused(f"the policy declares no field of that name; `hvelv policy show {file}` lists them")
    if as_json:
        typer.echo(json.dumps(field_view(policy, field), ensure_ascii=False, indent=2))
    else:
        print_field(policy, field)


Form = Annotated[Format, typer.Option("--format", help="A document, a spreadsheet, or data for scripts.")]
Tongue = Annotated[Language, typer.Option("--language", help="Of the headings; `json` has English keys.")]


@commands.command()
def records(file: File = POLICY, form: Form = Format.MD, language: Tongue = Language.NB) -> None:
    """The record of processing activities (protokoll, Article 30) with the register of recipients.

    `--format csv > protokoll.csv` opens in a spreadsheet: one row a purpose, in the columns Datatilsynet lists.
    """
    typer.echo(records_text(read(file), form, language))


@commands.command()
def recipients(file: File = POLICY, form: Form = Format.MD, language: Tongue = Language.NB) -> None:
    """The register of processors and other recipients: role, country, region, agreement, sub-processors."""
    typer.echo(recipients_text(read(file), form, language))


@commands.command()
def schema() -> None:
    """The JSON Schema of the file, for editors."""
    from policies.document import schema as document_schema

    typer.echo(json.dumps(document_schema(), ensure_ascii=False, indent=2))


def read(file: Path) -> PolicySet:
    """The policy in a file.

    Raises:
        CommandRefused: it cannot be read.
        PolicyErrors: it says something wrong; carries every place.
    """
    from policies.document import load

    try:
        source = file.read_bytes()
    except OSError as error:
        reason = (error.strerror or "unreadable").lower()
        raise CommandRefused(f"`{file}`: {reason}; name the policy file or set `HVELV_POLICY`") from error
    return load(source, file.name)
