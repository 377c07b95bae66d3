"""The policy as anybody may read it: which field, why, on what basis, for whom, how long (GEN-01). No login.

Everything here is the reviewed text of the policy file.
"""

from __future__ import annotations

from datetime import date

import strawberry

from schema.directives import ungoverned

_PUBLIC = "the published policy"


@strawberry.type(description="Who answers for the data.")
class ControllerInfo:
    """The controller (behandlingsansvarlig)."""

    name: str = ungoverned(because=_PUBLIC, description="The company.")
    contact: str = ungoverned(because=_PUBLIC, description="How to reach it.")
    data_protection_officer: str = ungoverned(because=_PUBLIC, description="The officer (personvernombud).")
    supervisory_authority: str = ungoverned(because=_PUBLIC, description="Where to complain.")


@strawberry.type(description="One use of a field: for which purpose, on what basis, to whom, seen how.")
class FieldUse:
    """One use of a field."""

    purpose: str = ungoverned(because=_PUBLIC, description="The purpose.")
    basis: str = ungoverned(because=_PUBLIC, description="The legal basis.")
    article: str = ungoverned(because=_PUBLIC, description="Of the GDPR.")
    recipient: str = ungoverned(because=_PUBLIC, description="To whom: `self`, a role inside, or a recipient.")
    sees: str = ungoverned(because=_PUBLIC, description="How much of the value is shown.")


@strawberry.type(description="How long, by one rule; the longest lawful rule of a field keeps it.")
class RetentionInfo:
    """A retention rule."""

    name: str = ungoverned(because=_PUBLIC, description="The rule.")
    keep: str | None = ungoverned(because=_PUBLIC, description="ISO 8601 duration from its anchor, where it has one.")
    since: list[str] = ungoverned(because=_PUBLIC, description="The events its clock starts at.")
    until: str | None = ungoverned(because=_PUBLIC, description="The event that ends it, where it has no clock.")
    sequel: str = ungoverned(because=_PUBLIC, description="What happens then.")
    stated_in_notice: bool = ungoverned(because=_PUBLIC, description="The notice gives this rule itself.")
    clauses: list[str] = ungoverned(because=_PUBLIC, description="Clauses of the notice it serves.")


@strawberry.type(description="A field of the policy.")
class FieldInfo:
    """A field: why, for whom, how long."""

    name: str = ungoverned(because=_PUBLIC, description="Its name.")
    category: str = ungoverned(because=_PUBLIC, description="The category it dies with.")
    special: bool = ungoverned(because=_PUBLIC, description="Of the sensitive class.")
    source: str = ungoverned(because=_PUBLIC, description="Where it comes from: `subject`, or who gives it.")
    uses: list[FieldUse] = ungoverned(because=_PUBLIC, description="Every use; there is no other.")
    retention: list[RetentionInfo] = ungoverned(because=_PUBLIC, description="How long it is kept.")
    clauses: list[str] = ungoverned(because=_PUBLIC, description="Clauses of the notice it serves.")


@strawberry.type(description="Somebody outside the company who may receive data.")
class RecipientInfo:
    """A recipient."""

    name: str = ungoverned(because=_PUBLIC, description="Its name in the policy.")
    title: str = ungoverned(because=_PUBLIC, description="Who it is.")
    kind: str = ungoverned(because=_PUBLIC, description="Controller, processor, ...")
    country: str = ungoverned(because=_PUBLIC, description="ISO 3166 code.")
    transfer: str = ungoverned(because=_PUBLIC, description="The ground of a transfer out of the EEA.")


@strawberry.type(description="One version of the policy.")
class PolicyInfo:
    """The policy in force."""

    version: date = ungoverned(because=_PUBLIC, description="Date of the notice it implements.")
    digest: str = ungoverned(because=_PUBLIC, description="SHA-256 of the file, in hexadecimal; identifies it.")
    controller: ControllerInfo = ungoverned(because=_PUBLIC, description="Who answers for the data.")
    fields: list[FieldInfo] = ungoverned(because=_PUBLIC, description="Every field there is.")
    recipients: list[RecipientInfo] = ungoverned(because=_PUBLIC, description="Every recipient outside the company.")
