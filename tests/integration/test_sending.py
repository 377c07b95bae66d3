"""Mail, SMS and notices over a vault on PostgreSQL and providers that speak TLS: what goes, and what is left of it."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from behind import value
from databases import Databases
from https_standin import Reply, StandIn, standin, trust
from people import People, Person
from people import email as email_of
from provider_standins import MailgunStandIn, SlackStandIn, TwilioStandIn
from vault_house import Home, home

from outreach.errors import MessageRefused, SystemFailed
from outreach.https import Https
from outreach.providers import Mailgun, Provider, Slack, Twilio
from outreach.sending import Outgoing, Sending, Sent, Withheld
from outreach.templates import Channel, Language, Templates
from outreach.wording import ALL
from policies.model import SELF, Access, Principal, RecordId
from vault.errors import Refused
from vault.request import FieldMask, RecordFilter, Secret

pytestmark = pytest.mark.slow

LINK = "https://otovo.no/me"
TRACING = Access("delivery_tracing", "where is my mail", "operator")
OWN = Access("self_service", None, SELF)
METADATA = frozenset({"mail.status", "mail.sent_at"})


@dataclass
class Post:
    at: Home
    people: People
    sending: Sending
    mailgun: MailgunStandIn
    twilio: TwilioStandIn
    slack: SlackStandIn
    servers: dict[Channel, StandIn]
    who: Principal

    async def mail(self, person: Person, language: Language = Language.NB) -> Outgoing:
        values = {"details": "ny dato for monteringen", "link": LINK}
        return await self.sending.prepare(self.who, person.subject, "installation_changed", language, values)

    async def opened(
        self, who: Principal, access: Access, person: Person, record: RecordId, fields: FieldMask
    ) -> dict[str, object]:
        only = RecordFilter(records=frozenset({record}))
        found = await self.at.vault.open(who, access, [person.subject], fields, only)
        return {name: secret.reveal() for each in found.records for name, secret in each.values.items()}


@pytest.fixture
async def post(databases: Databases, tmp_path: Path) -> AsyncGenerator[Post]:
    async with AsyncExitStack() as stack:
        at = await stack.enter_async_context(home(databases, tmp_path / "keys"))
        mailgun, twilio, slack = MailgunStandIn(), TwilioStandIn(), SlackStandIn()
        servers = {
            Channel.MAIL: stack.enter_context(standin(mailgun)),
            Channel.SMS: stack.enter_context(standin(twilio)),
            Channel.NOTICE: stack.enter_context(standin(slack)),
        }

        def client(channel: Channel, login: tuple[str, str] | None) -> Https:
            headers = {"authorization": Secret("Bearer slack-token")} if login is None else None
            secret = None if login is None else (login[0], Secret(login[1]))
            return Https(channel.value, servers[channel].address, headers=headers, login=secret, trust=trust())

        providers: dict[Channel, Provider] = {
            Channel.MAIL: Mailgun(
                client(Channel.MAIL, ("api", "mailgun-key")), domain="mail.otovo.no", sender="post@mail.otovo.no"
            ),
            Channel.SMS: Twilio(client(Channel.SMS, ("AC1", "twilio-token")), account="AC1", sender="Otovo"),
            Channel.NOTICE: Slack(client(Channel.NOTICE, None)),
        }
        sending = Sending(
            at.vault,
            Templates(at.vault.policy, ALL),
            providers,
            clock=at.clock,
            ids=at.ids,
            alias=at.vault.aliases.of,
            foreign_sms=True,
        )
        who = await at.principal("disclosure", lifetime=timedelta(days=40))
        yield Post(at, People(at), sending, mailgun, twilio, slack, servers, who)


async def ordered(post: Post) -> Person:
    person = await post.people.lead()
    await post.people.proceeds(person)
    return person


@pytest.mark.clause("MLG-01")
@pytest.mark.parametrize(("language", "word"), [(Language.NB, "Endring"), (Language.EN, "change")])
async def test_service_mail_reaches_its_reader_in_their_language(post: Post, language: Language, word: str) -> None:
    person = await ordered(post)
    sent = await post.sending.deliver(post.who, await post.mail(person, language))
    assert isinstance(sent, Sent)
    (form,) = post.mailgun.kept.values()
    assert form["to"] == email_of(person.number)
    assert word in form["subject"]
    assert "ny dato for monteringen" in form["text"]
    assert LINK in form["text"]


@pytest.mark.clause("MLG-01")
async def test_who_wants_no_newsletter_gets_service_mail_all_the_same(post: Post) -> None:
    person = await ordered(post)
    suppression = post.at.vault.suppression
    await suppression.add([suppression.entry(Secret(email_of(person.number)))])
    assert isinstance(await post.sending.deliver(post.who, await post.mail(person)), Sent)


@pytest.mark.clause("MLG-02")
async def test_what_is_left_of_a_mail_has_neither_subject_nor_body_nor_address(post: Post) -> None:
    person = await ordered(post)
    waiting = await post.mail(person)
    keys = "select count(*) from data_key where category = 82 and subject = $1"
    assert await value(post.at.databases, keys, person.subject) == 1
    await post.sending.deliver(post.who, waiting)
    assert await value(post.at.databases, keys, person.subject) == 0, "the words died with the fact that they went"
    operator = await post.at.principal("operator")
    left = await post.opened(operator, TRACING, person, waiting.record, METADATA | {"mail.template_variables"})
    assert left.keys() == METADATA
    assert str(left["mail.status"]).startswith("queued <")
    assert email_of(person.number) not in str(left)


@pytest.mark.clause("MLG-03")
async def test_metadata_are_there_until_the_instant_fourteen_days_later_and_not_at_it(post: Post) -> None:
    person = await ordered(post)
    waiting = await post.mail(person)
    await post.sending.deliver(post.who, waiting)
    operator = await post.at.principal("operator", lifetime=timedelta(days=40))
    post.at.clock.advance(timedelta(days=14) - timedelta(seconds=1))
    assert (await post.opened(operator, TRACING, person, waiting.record, METADATA)).keys() == METADATA
    post.at.clock.advance(timedelta(seconds=1))
    assert await post.opened(operator, TRACING, person, waiting.record, METADATA) == {}


async def test_a_message_that_waits_is_ids_and_the_name_of_a_template(post: Post) -> None:
    person = await ordered(post)
    waiting = await post.mail(person)
    assert "monteringen" not in repr(waiting)
    assert email_of(person.number) not in repr(waiting)


async def test_whose_order_ended_between_preparing_and_delivering_is_written_to_no_more(post: Post) -> None:
    person = await ordered(post)
    waiting = await post.mail(person)
    post.at.clock.advance(timedelta(seconds=1))
    await post.people.says(person, "offer", "offer.declined")
    assert await post.sending.deliver(post.who, waiting) == Withheld("person.email")
    assert post.mailgun.kept == {}


async def test_who_was_erased_meanwhile_is_written_to_no_more(post: Post) -> None:
    person = await ordered(post)
    waiting = await post.mail(person)
    post.at.clock.advance(timedelta(seconds=1))
    await post.people.says(person, "offer", "offer.declined")
    await post.people.leave(person)
    assert isinstance(await post.sending.deliver(post.who, waiting), Withheld)
    assert post.mailgun.kept == {}


@pytest.mark.parametrize("reply", [Reply(500), Reply(429)])
async def test_a_provider_that_fails_leaves_the_message_waiting_and_a_later_try_sends_it(
    post: Post, reply: Reply
) -> None:
    person = await ordered(post)
    waiting = await post.mail(person)
    post.servers[Channel.MAIL].replies = [reply]
    with pytest.raises(SystemFailed) as failed:
        await post.sending.deliver(post.who, waiting)
    assert failed.value.again
    assert isinstance(await post.sending.deliver(post.who, waiting), Sent)
    assert len(post.mailgun.kept) == 1


async def test_a_mail_that_went_does_not_go_again(post: Post) -> None:
    person = await ordered(post)
    waiting = await post.mail(person)
    await post.sending.deliver(post.who, waiting)
    assert await post.sending.deliver(post.who, waiting) == Withheld("mail.template_variables")
    assert len(post.servers[Channel.MAIL].asked) == 1


@pytest.mark.clause("SMS-01")
async def test_an_sms_to_a_number_that_is_no_mobile_is_refused_before_it_goes(post: Post) -> None:
    person = await ordered(post)  # people of tests have numbers of the fixed net reserved for fiction
    waiting = await post.sending.prepare(post.who, person.subject, "document_waiting", Language.NB, {"link": LINK})
    with pytest.raises(MessageRefused, match="number"):
        await post.sending.deliver(post.who, waiting)
    assert post.servers[Channel.SMS].asked == []


@pytest.mark.clause("SMS-01")
async def test_an_sms_with_a_national_id_is_not_even_sealed(post: Post) -> None:
    person = await ordered(post)
    with pytest.raises(MessageRefused, match="national_id"):
        await post.sending.prepare(
            post.who, person.subject, "document_waiting", Language.NB, {"link": "https://otovo.no/15898695088"}
        )
    assert await value(post.at.databases, "select count(*) from head where category = 84") == 0


@pytest.mark.clause("SMS-02")
async def test_a_person_sees_what_an_sms_to_them_says(post: Post) -> None:
    person = await ordered(post)
    waiting = await post.sending.prepare(post.who, person.subject, "document_waiting", Language.NB, {"link": LINK})
    found = await post.opened(person.me, OWN, person, waiting.record, frozenset({"sms.text"}))
    assert LINK in str(found["sms.text"])


@pytest.mark.clause("INT-02", "INT-03")
async def test_colleagues_are_told_of_an_event_by_a_reference_and_of_no_other_event(post: Post) -> None:
    person = await post.people.borrower()
    room = Secret("C012AB3CD")
    await post.sending.notify(post.who, person.subject, "offer.requested", room)
    (posted,) = post.slack.kept.values()
    assert posted["text"] == f"offer.requested: {post.at.vault.aliases.of(person.subject, 'slack')}"
    assert str(person.subject) not in posted["text"]
    for event in ("loan.submitted", "offer.looked_at", "Kari"):
        with pytest.raises(MessageRefused, match="event"):
            await post.sending.notify(post.who, person.subject, event, room)
    assert len(post.slack.kept) == 1


async def test_nobody_but_the_service_of_disclosure_prepares_or_delivers(post: Post) -> None:
    person = await ordered(post)
    waiting = await post.mail(person)
    advisor = await post.at.principal("advisor")
    with pytest.raises(Refused):
        await post.sending.prepare(advisor, person.subject, "document_waiting", Language.NB, {"link": LINK})
    assert isinstance(await post.sending.deliver(advisor, waiting), Withheld)
    assert post.mailgun.kept == {}
