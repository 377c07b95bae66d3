"""The newsletter: who may be written to, and how somebody stops it or begins again (COM-05 to COM-08).

The readers are the people who consented minus the suppressed addresses. Nothing else selects: a person without consent
is not among them because the vault did not open the address, and no list of addresses from anywhere makes a reader.
Each page of the population is one opening, on record, for this purpose and this processor.

To unsubscribe suppresses the address first and records the fact second; killed in between, the address is suppressed
and the next try finishes. Only a confirmation sent to the address itself lifts it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from policies.event import Event, Fact
from policies.model import SELF, Access, FieldType, Principal, RecordId, SubjectId
from policies.oslo import oslo_date
from policies.values import BadValue, NationalIds, ValueRules, parse
from vault.errors import Refused, Unknown
from vault.request import (
    MAX_PAGE,
    Change,
    Everyone,
    FieldMask,
    Lookup,
    Opened,
    OpenedRecord,
    RecordFilter,
    RequestKey,
    Sealed,
    Secret,
    Value,
)
from vault.slips import For, Slip, Slips

ADDRESS: Final = "person.email"
PRODUCT: Final = "subscription.product_interest"
REGION: Final = "subscription.region"
ACCESS: Final = Access(purpose="newsletter", reason=None, recipient="mailchimp")
OWN: Final = Access(purpose="self_service", reason=None, recipient=SELF)
ENDED: Final = "newsletter.unsubscribed"


class Opening(Protocol):
    """The vault's door out: decided, and on record before anything is opened."""

    async def open(
        self,
        who: Principal,
        access: Access,
        subjects: Sequence[SubjectId] | Lookup,
        fields: FieldMask,
        records: RecordFilter | None = None,
    ) -> Opened:
        """What the policy opens of these fields."""
        ...


class Doors(Opening, Protocol):
    """The same with the door in: decided and on record as a whole."""

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


class Suppressed(Protocol):
    """The suppression list: `vault.suppression.Suppression`."""

    def entry(self, address: Secret[str]) -> bytes:
        """The keyed hash of an address, whatever its case and spaces."""
        ...

    async def add(self, entries: Sequence[bytes]) -> None:
        """Durable when it returns."""
        ...

    async def among(self, entries: Sequence[bytes]) -> frozenset[bytes]:
        """Which of these are suppressed."""
        ...

    async def lift(self, entry: bytes) -> None:
        """Take one off."""
        ...


@dataclass(frozen=True, slots=True)
class Reader:
    """Somebody who wants the newsletter, and exactly what its processor may know of them (COM-06)."""

    subject: SubjectId
    record: RecordId | None
    email: Secret[Value]
    product: str
    region: str


@dataclass(frozen=True, slots=True)
class Invitation:
    """A confirmation to send: to whose mailbox, and the slip that its link carries."""

    subject: SubjectId
    slip: Secret[str]


@dataclass(frozen=True, slots=True)
class Screened:
    """What became of a list of addresses: who might be asked, and how many were not addresses, repeated, suppressed."""

    may_be_asked: Sequence[Secret[str]]
    invalid: int
    repeated: int
    suppressed: int


class Newsletter:
    """Who may be written to, and the ways out and in again. Safe to share; keeps nothing."""

    def __init__(self, vault: Doors, suppression: Suppressed, slips: Slips, *, clock: Callable[[], datetime]) -> None:
        self._vault = vault
        self._suppression = suppression
        self._slips = slips
        self._clock = clock

    async def readers(self, who: Principal) -> list[Reader]:
        """Everybody who may be written to now: the consent set minus the suppression set.

        A page is decided as a whole; somebody who withdraws while the pages run is in the answer only if their page was
        opened before, and is gone at the next synchronisation.
        """
        return await self._unsuppressed(await newsletter_audience(self._vault, who))

    async def _unsuppressed(self, readers: Sequence[Reader]) -> list[Reader]:
        entries = [self._suppression.entry(_text(reader.email)) for reader in readers]
        stopped = await self._suppression.among(entries)
        # somebody with two cases has two subjects and one mailbox: written to once
        mailboxes = {entry: reader for entry, reader in zip(entries, readers, strict=True) if entry not in stopped}
        return list(mailboxes.values())

    def link(self, reader: Reader) -> Secret[str]:
        """The slip by which this reader unsubscribes with one click (RFC 8058)."""
        record = reader.record or RecordId(reader.subject)
        return self._slips.make(
            For.UNSUBSCRIBE, Slip(reader.subject, record, self._suppression.entry(_text(reader.email)))
        )

    async def unsubscribe(self, who: Principal, slip: Secret[str]) -> None:
        """Stop writing to the address the slip was sent to; product and region die at once. Safe to repeat.

        Raises:
            Unknown: the slip is not one of ours.
        """
        found = self._slips.read(For.UNSUBSCRIBE, slip)
        await self._suppression.add([found.address])
        await self._end(who, found.subject, found.record)

    async def stop(self, who: Principal, addresses: Sequence[Secret[str]]) -> None:
        """Stop writing to these addresses, and end their subscriptions: they unsubscribed at the processor."""
        entries = {self._suppression.entry(address) for address in addresses}
        await self._suppression.add(sorted(entries))
        for reader in await newsletter_audience(self._vault, who) if entries else ():
            if reader.record and self._suppression.entry(_text(reader.email)) in entries:
                await self._end(who, reader.subject, reader.record)

    async def _end(self, who: Principal, subject: SubjectId, record: RecordId) -> None:
        fact = Fact(subject=subject, record=record, name=ENDED, at=self._clock())
        try:
            await self._vault.seal(who, ACCESS, (), (fact,))
        except (Refused, Unknown):
            # it ended before, or the person is erased, or a consent of the form had no record of its own: the address
            # is suppressed in each case, and nothing else is left to end
            return

    async def invitation(self, who: Principal, subscription: RecordId) -> Invitation | None:
        """What to send to the mailbox of a person who has just subscribed, where their address is suppressed.

        Whoever subscribes may have typed another's address: only the mailbox itself lifts the suppression. Whether
        there is an invitation is told to the mailbox alone: it says of an address that it unsubscribed once.
        """
        if who.subject is None:
            return None
        opened = await self._vault.open(who, OWN, [who.subject], frozenset({ADDRESS}))
        for reader in _readers(opened.records):
            entry = self._suppression.entry(_text(reader.email))
            if await self._suppression.among([entry]):
                slip = self._slips.make(For.CONFIRM, Slip(who.subject, subscription, entry))
                return Invitation(who.subject, slip)
        return None

    async def stop_own(self, who: Principal) -> None:
        """Suppress the address of the person who asks, before their subscriptions end."""
        if who.subject is not None:
            opened = await self._vault.open(who, OWN, [who.subject], frozenset({ADDRESS}))
            entries = [self._suppression.entry(_text(reader.email)) for reader in _readers(opened.records)]
            await self._suppression.add(entries)

    async def confirm(self, slip: Secret[str]) -> None:
        """The mailbox answered: it may be written to again, if its person consents. Doing it again changes nothing.

        Raises:
            Unknown: the slip is not one of ours.
        """
        await self._suppression.lift(self._slips.read(For.CONFIRM, slip).address)

    async def screened(self, addresses: Iterable[str]) -> Screened:
        """Look through a list of addresses from elsewhere. It subscribes nobody: consent is a person's own act.

        Repetitions in any case or spacing count once; what is suppressed is not among those who might be asked.
        """
        rules = ValueRules(NationalIds.SYNTHETIC, oslo_date(self._clock()))
        known: dict[bytes, Secret[str]] = {}
        invalid = repeated = 0
        for address in addresses:
            parsed = parse(FieldType.EMAIL, address, rules)
            if isinstance(parsed, BadValue) or not isinstance(parsed, str):
                invalid += 1
                continue
            entry = self._suppression.entry(Secret(parsed))
            repeated += entry in known
            known.setdefault(entry, Secret(parsed))
        stopped = await self._suppression.among(list(known))
        free = [address for entry, address in known.items() if entry not in stopped]
        return Screened(free, invalid, repeated, len(stopped))


async def newsletter_audience(vault: Opening, who: Principal) -> list[Reader]:
    """The consent set: everybody whose address the vault opens for this purpose, page by page."""
    found: list[Reader] = []
    page: Everyone | None = Everyone(after=None, first=MAX_PAGE)
    while page is not None:
        opened = await vault.open(who, ACCESS, page, frozenset({ADDRESS, PRODUCT, REGION}))
        found.extend(_readers(opened.records))
        page = Everyone(after=opened.found[-1], first=MAX_PAGE) if opened.more and opened.found else None
    return found


def _readers(records: Sequence[OpenedRecord]) -> list[Reader]:
    """One reader a subject: its address with the last of its live subscriptions."""
    addresses = {record.subject: record.values[ADDRESS] for record in records if ADDRESS in record.values}
    wanted = {record.subject: record for record in records if {PRODUCT, REGION} & record.values.keys()}
    found: list[Reader] = []
    for subject, email in addresses.items():
        record = wanted.get(subject)
        product, region = (_said(record, name) for name in (PRODUCT, REGION))
        found.append(Reader(subject, None if record is None else record.record, email, product, region))
    return found


def _said(record: OpenedRecord | None, name: str) -> str:
    value = None if record is None else record.values.get(name)
    return "" if value is None else str(value.reveal())


def _text(email: Secret[Value]) -> Secret[str]:
    return Secret(str(email.reveal()))
