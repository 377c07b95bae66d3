"""The register of processors and other recipients, and the tasks that a request leaves at their systems.

The register is the reviewed text of the policy file; no login. A task says which system, which act and how it stands:
nothing of the person it is about.
"""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

import strawberry

from schema.directives import ungoverned

_PUBLIC = "the published policy"
_WORK = "work at a system; says nothing of anybody"


@strawberry.type(description="A processor, joint controller or other recipient outside the company.")
class Processor:
    """An entry of the register."""

    name: str = ungoverned(because=_PUBLIC, description="Its name in the policy.")
    title: str = ungoverned(because=_PUBLIC, description="Who it is.")
    kind: str = ungoverned(because=_PUBLIC, description="`processor`, `joint_controller`, `controller` or `public`.")
    country: str = ungoverned(because=_PUBLIC, description="Where data are worked on, ISO 3166.")
    regions: list[str] = ungoverned(because=_PUBLIC, description="Countries where what it keeps lies, ISO 3166.")
    transfer: str = ungoverned(because=_PUBLIC, description="The ground of a transfer out of the EEA.")
    abroad: str | None = ungoverned(because=_PUBLIC, description="Why data leave the EEA, where they do.")
    agreed_on: date | None = ungoverned(because=_PUBLIC, description="Day of the agreement (databehandleravtale).")
    requests: str | None = ungoverned(because=_PUBLIC, description="How access and erasure reach what it keeps.")
    sub_processors: list[str] = ungoverned(because=_PUBLIC, description="Whom it works on, nearest first.")
    purposes: list[str] = ungoverned(because=_PUBLIC, description="What it gets data for.")
    fields: list[str] = ungoverned(because=_PUBLIC, description="What it may get; nothing else.")
    clauses: list[str] = ungoverned(because=_PUBLIC, description="Clauses of the notice it serves.")


@strawberry.type(description="What a request still wants of one system: done by program, or by a person.")
class SystemTask:
    """A task."""

    id: UUID = ungoverned(because=_WORK, description="The task.")
    request: UUID = ungoverned(because=_WORK, description="The request that made it.")
    act: str = ungoverned(because=_WORK, description="`access` or `erase`.")
    system: str = ungoverned(because=_WORK, description="The recipient, as the policy names it.")
    state: str = ungoverned(because=_WORK, description="`open`, `failed` or `done`.")
    responsible: UUID = ungoverned(because=_WORK, description="The account that answers for it.")
    manual: bool = ungoverned(because=_WORK, description="Done by hand and ticked; else by program.")
    due: date = ungoverned(because=_WORK, description="To be done by this day.")
    attempts: int = ungoverned(because=_WORK, description="How often the program tried.")
    failure: str | None = ungoverned(because=_WORK, description="Why the last attempt failed, in one word.")
    changed_at: datetime = ungoverned(because=_WORK, description="When it last changed.")
