"""Service mail, SMS and internal notices: sealed until they go, opened for whom they go to, put down when they went.

A message is prepared and delivered. Prepared, it is a sealed record below its person; what carries it further
(`Outgoing`) holds ids and the name of a template, never a word of it. To deliver it the address is opened for the
template's own purpose and the words for `message_delivery`: whom the policy no longer lets us write to is written to no
more, also between the two. When the provider took it, status and time are sealed and the fact recorded; the words of a
mail die in that same transaction, its metadata after fourteen days (MLG-02, MLG-03).

At least once: killed after the provider took a message and before that was put down, delivering again sends it again.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol
from uuid import UUID

from outreach.errors import MessageRefused
from outreach.limits import check, check_number
from outreach.providers import Provider
from outreach.templates import Channel, Language, Rendered, Template, Templates, Value
from outreach.wording import CUSTOMER_EVENT, NOTICED
from policies.event import Event, Fact
from policies.model import Access, Principal, RecordId, SubjectId
from vault.request import Change, FieldMask, Lookup, Opened, RecordFilter, RequestKey, Sealed, Secret

DELIVERY: Final = "message_delivery"


class Doors(Protocol):
    """The vault's doors: decided, and on record before anything is opened or stored."""

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


@dataclass(frozen=True, slots=True)
class Kind:
    """How a channel is kept: its record, the field of its words, that of its address, and the fact that it went."""

    record: str
    words: str
    address: str
    fact: str


KINDS: Final[Mapping[Channel, Kind]] = {
    Channel.MAIL: Kind("mail", "mail.template_variables", "person.email", "mail.sent"),
    Channel.SMS: Kind("sms", "sms.text", "person.phone", "sms.sent"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """A message that waits, as an outbox may keep it: ids and names, nothing of anybody."""

    subject: SubjectId
    record: RecordId
    template: str
    language: Language


@dataclass(frozen=True, slots=True)
class Sent:
    """The provider took it; `name` is its own."""

    name: str


@dataclass(frozen=True, slots=True)
class Withheld:
    """Nothing was sent: the policy opens no address, or no words, for this message now."""

    field: str


class Sending:
    """Prepares and delivers. `foreign_sms` lets an SMS leave Norway."""

    def __init__(
        self,
        vault: Doors,
        templates: Templates,
        providers: Mapping[Channel, Provider],
        *,
        clock: Callable[[], datetime],
        ids: Callable[[], UUID],
        alias: Callable[[SubjectId, str], UUID],
        foreign_sms: bool = False,
    ) -> None:
        self._vault = vault
        self._templates = templates
        self._providers = providers
        self._clock = clock
        self._ids = ids
        self._alias = alias
        self._foreign = foreign_sms

    async def prepare(
        self, who: Principal, subject: SubjectId, template: str, language: Language, values: Mapping[str, Value]
    ) -> Outgoing:
        """Seal a mail or an SMS below its person; durable when it returns. Nothing has been sent.

        Raises:
            MessageRefused: a value does not fit its variable, or the text carries what its channel may not.
        """
        chosen = self._templates.named(template)
        kind = KINDS[chosen.channel]
        said = self._templates.written(template, language, values)
        check(chosen.channel, self._templates.rendered(template, language, said))
        record = RecordId(self._ids())
        change = Change(
            subject=subject,
            record=record,
            parent=RecordId(subject),
            entity=kind.record,
            values={kind.words: json.dumps(said, ensure_ascii=False, sort_keys=True)},
        )
        await self._vault.seal(who, Access(DELIVERY, None, chosen.channel.value), (change,))
        return Outgoing(subject=subject, record=record, template=template, language=language)

    async def deliver(self, who: Principal, waiting: Outgoing) -> Sent | Withheld:
        """Send a message and put down that it went.

        Raises:
            SystemFailed: the provider did not take it; deliver it again where `again` says so.
            MessageRefused: it may not go by this channel, or not to this number.
        """
        template = self._templates.named(waiting.template)
        kind = KINDS[template.channel]
        address = await self._opened(who, template.purpose, template, waiting.subject, kind.address, None)
        words = await self._opened(who, DELIVERY, template, waiting.subject, kind.words, waiting.record)
        if address is None or words is None:
            return Withheld(kind.address if address is None else kind.words)
        message = self._checked(template, waiting.language, words, address)
        accepted = await self._providers[template.channel].send(waiting.record, address, message)
        now = self._clock()
        change = Change(
            subject=waiting.subject,
            record=waiting.record,
            parent=RecordId(waiting.subject),
            entity=kind.record,
            values={
                f"{kind.record}.status": f"{accepted.status} {accepted.name}",
                f"{kind.record}.sent_at": now.isoformat(),
            },
        )
        fact = Fact(subject=waiting.subject, record=waiting.record, name=kind.fact, at=now)
        await self._vault.seal(who, Access(DELIVERY, None, template.channel.value), (change,), (fact,))
        return Sent(accepted.name)

    def _checked(self, template: Template, language: Language, words: Secret[str], address: Secret[str]) -> Rendered:
        said: dict[str, str] = json.loads(words.reveal())
        message = self._templates.rendered(template.name, language, said)
        check(template.channel, message)
        if template.channel is Channel.SMS:
            check_number(address.reveal(), foreign=self._foreign)
        return message

    async def _opened(
        self,
        who: Principal,
        purpose: str,
        template: Template,
        subject: SubjectId,
        field: str,
        record: RecordId | None,
    ) -> Secret[str] | None:
        only = None if record is None else RecordFilter(records=frozenset({record}))
        access = Access(purpose, None, template.channel.value)
        opened = await self._vault.open(who, access, [subject], frozenset({field}), only)
        found = (each.values[field] for each in opened.records if field in each.values)
        return next((Secret(str(value.reveal())) for value in found), None)

    async def notify(self, who: Principal, subject: SubjectId, event: str, room: Secret[str]) -> Sent:
        """Tell colleagues of an event: its name, and the reference by which the case is found here. No content.

        Raises:
            MessageRefused: the event is not one that is told of.
            SystemFailed: the provider did not take it.
        """
        if event not in NOTICED:
            raise MessageRefused("event")
        reference = str(self._alias(subject, Channel.NOTICE.value))
        said = {"event": event, "reference": reference}
        message = self._templates.rendered(CUSTOMER_EVENT.name, Language.NB, said)
        accepted = await self._providers[Channel.NOTICE].send(self._ids(), room, message)
        record = RecordId(self._ids())
        change = Change(
            subject=subject,
            record=record,
            parent=RecordId(subject),
            entity="slack_message",
            values={"slack_message.reference": accepted.name},
        )
        fact = Fact(subject=subject, record=record, name="slack_message.posted", at=self._clock())
        await self._vault.seal(who, Access(CUSTOMER_EVENT.purpose, None, Channel.NOTICE.value), (change,), (fact,))
        return Sent(accepted.name)
