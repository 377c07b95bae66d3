"""Who outside the company may receive anything, and what a processor is bound by. Part of `policies.model`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import Enum, unique


@unique
class RecipientKind(Enum):
    """What a recipient is towards the controller."""

    CONTROLLER = "controller"
    JOINT_CONTROLLER = "joint_controller"
    PROCESSOR = "processor"
    PUBLIC = "public"


@unique
class RequestPath(Enum):
    """How a request of a data subject reaches what a processor keeps."""

    API = "api"  # we ask, by program
    KEYS = "keys"  # what lies there are sealed bytes: destroying the keys here erases them there
    MANUAL = "manual"  # a person does it by hand, and says so
    EXPIRES = "expires"  # it cannot be asked for and goes by itself, within the retention declared here
    NOT_LINKABLE = "not_linkable"  # nothing there says whom it is of (Article 11)


@dataclass(frozen=True, slots=True)
class Agreement:
    """The contract of a processor (Article 28(3)), or the arrangement of a joint controller (Article 26).

    `regions` are the countries where what they keep lies; `abroad` is why it leaves the EEA, exactly where it does.
    """

    signed: date
    regions: tuple[str, ...]
    requests: RequestPath
    abroad: str | None


@dataclass(frozen=True, slots=True)
class Recipient:
    """Somebody outside the company. `transfer` is the Chapter V mechanism; `none_needed` only inside the EEA."""

    name: str
    title: str
    kind: RecipientKind
    country: str
    transfer: str
    parent: str | None  # the processor this one is a sub-processor of, e.g. Heroku on AWS
    valid_from: date
    valid_to: date | None
    clauses: tuple[str, ...]
    agreement: Agreement | None = None  # exactly processors and joint controllers have one; the loader insists
