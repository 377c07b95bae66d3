"""Which requests there are: a person's own, one of a person for who works on it, and all that are still open."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from policies.model import Access, PolicySet, Principal, RecordId, RoleKind, SubjectId
from rights.doors import Doors
from rights.errors import RequestRefused
from rights.request import DEADLINES, OVERSIGHT, OWN, RECORD, RIGHTS, Request, requests_in
from vault.errors import Refused
from vault.request import Everyone, FieldMask, RecordFilter

JOURNEY: Final = f"{RECORD}.journey"
LISTED: Final = frozenset({JOURNEY, f"{RECORD}.kind", f"{RECORD}.channel", f"{RECORD}.received_on"})


@dataclass(frozen=True, slots=True)
class Page:
    """Open requests, by person. `after` continues behind the last person, if there are more."""

    requests: tuple[Request, ...]
    after: SubjectId | None


def fields_of(policy: PolicySet) -> FieldMask:
    """Every field of a request."""
    return frozenset(name for name, field in policy.fields.items() if field.record == RECORD)


def as_staff(who: Principal, reason: str | None) -> Access:
    """What whoever works on requests states: its own role."""
    return Access(RIGHTS, reason, min(who.roles, default=""))


def customer_service(who: Principal, reason: str | None) -> Access:
    """What staff state who look up a person that wrote to us."""
    return Access("customer_service", reason, min(who.roles, default=""))


async def mine(vault: Doors, who: Principal) -> tuple[Request, ...]:
    """All requests of the person who asks, the latest first; nobody's where the principal is no person."""
    if who.subject is None:
        return ()
    opened = await vault.open(who, OWN, [who.subject], fields_of(vault.policy))
    found = requests_in(opened.records)
    return tuple(sorted(found, key=lambda request: (request.received_on, str(request.id)), reverse=True))


async def one(vault: Doors, who: Principal, access: Access, subject: SubjectId, request: RecordId) -> Request:
    """One request of a person, as far as this principal may see it.

    Raises:
        RequestRefused: there is none of this person that it may know of.
    """
    officer = any(vault.policy.roles[name].kind is RoleKind.OFFICER for name in who.roles)
    asked = Access(OVERSIGHT, access.reason, access.recipient) if officer else access
    fields = frozenset({JOURNEY}) if officer else fields_of(vault.policy)
    opened = await vault.open(who, asked, [subject], fields, RecordFilter(records=frozenset({request})))
    found = next(requests_in(opened.records), None)
    if found is None:
        raise RequestRefused("request")
    return found


async def open_requests(vault: Doors, who: Principal, after: SubjectId | None, first: int) -> Page:
    """Requests not answered yet, of the next `first` persons who have one; the most urgent first within the page.

    Customer service sees what is asked for and by when, an officer by when alone.

    Raises:
        Refused: the list is not for this principal.
    """
    access = Access(DEADLINES, None, min(who.roles, default=""))
    opened = await vault.open(who, access, Everyone(after, first), LISTED)
    closed = [each for each in opened.withheld if each.field == JOURNEY]
    if closed and not opened.found:
        raise Refused(closed)
    found = sorted(requests_in(opened.records), key=lambda request: (request.due_on, str(request.id)))
    return Page(tuple(found), opened.found[-1] if opened.more and opened.found else None)
