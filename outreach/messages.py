"""What a person writes to the house by chat and e-mail: masked, sealed, and linked to who proved to have written it.

An address in a mail proves nothing, so whoever calls this has the sender sign in first. What comes from somebody
unknown is not taken in here: the policy gives nobody a person of their own for a message. Tickets die as the policy
says (COM-01, COM-02).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, unique
from typing import Final, Protocol
from uuid import UUID

from outreach.masking import masked
from policies.event import Event, Fact
from policies.model import Access, Principal, RecordId, SubjectId
from policies.oslo import oslo_date
from vault.request import Change, RequestKey, Sealed, Secret

ACCESS: Final = Access(purpose="customer_service", reason=None, recipient="customer_service")
TICKET: Final = "ticket"
MESSAGE: Final = "message"


@unique
class Channel(Enum):
    """By which way it came."""

    CHAT = "chat"
    EMAIL = "email"


class Doors(Protocol):
    """The vault's door in: decided, and on record, as a whole."""

    async def seal(
        self,
        who: Principal,
        access: Access,
        changes: Sequence[Change],
        events: Sequence[Event] = (),
        idempotency: RequestKey | None = None,
    ) -> Sealed:
        """All of it or nothing."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """A message as it came. `subject` is who proved to have written it; `ticket` one it answers.

    `number` is the channel's own name of it: the same number twice is the same message.
    """

    channel: Channel
    number: str
    text: Secret[str]
    sent_at: datetime
    subject: SubjectId
    ticket: RecordId | None = None


@dataclass(frozen=True, slots=True)
class Kept:
    """Where a message is, and how many national ids were masked in it. A replay tells no ticket: it made none."""

    subject: SubjectId
    ticket: RecordId | None
    message: RecordId
    masked: int
    replayed: bool


async def receive(
    vault: Doors, who: Principal, found: Received, *, clock: Callable[[], datetime], ids: Callable[[], UUID]
) -> Kept:
    """Seal a message; durable when it returns. A message that came before is the one that is kept.

    Raises:
        Refused: the policy does not let this principal take messages in, or the ticket is not that person's.
        Invalid: the text is too long, or holds control characters.
    """
    text = masked(found.text.reveal(), oslo_date(clock()))
    subject = found.subject
    ticket, message = found.ticket or RecordId(ids()), RecordId(ids())
    root = RecordId(subject)
    values = {
        "message.text": text.text,
        "message.channel": found.channel.value,
        "message.sent_at": found.sent_at.isoformat(),
    }
    changes = [Change(subject=subject, record=message, parent=ticket, entity=MESSAGE, values=values)]
    opened: list[Event] = []
    if found.ticket is None:
        changes.insert(0, Change(subject=subject, record=ticket, parent=root, entity=TICKET, values={}))
        opened.append(Fact(subject=subject, record=ticket, name="ticket.opened", at=clock()))
    key = RequestKey(f"{found.channel.value} {found.number}", str(subject).encode())
    sealed = await vault.seal(who, ACCESS, changes, opened, key)
    return Kept(subject, None if sealed.replayed else ticket, sealed.records[-1], text.numbers, sealed.replayed)
