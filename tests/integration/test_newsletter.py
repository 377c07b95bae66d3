"""The newsletter over a vault on PostgreSQL and a processor that speaks TLS: who gets it, and who does not."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx2
import pytest
from behind import fetch, value
from databases import Databases
from graphql_world import World, world_over
from https_standin import Reply, StandIn, standin, trust
from mailchimp_standin import AUDIENCE, KEY, MailChimpStandIn, named
from provider_standins import MailgunStandIn
from vault_house import Home, home

from hvelv.app import AppSettings
from outreach.confirming import Confirming
from outreach.errors import SystemFailed
from outreach.https import Https
from outreach.mailchimp import MailChimp, Synchronised, member_id, synchronise
from outreach.newsletter import Newsletter, newsletter_audience
from outreach.one_click import OneClick, headers
from outreach.providers import Mailgun
from outreach.templates import Templates
from outreach.wording import ALL
from policies.model import Principal, SubjectId
from vault.request import Secret

pytestmark = pytest.mark.slow

REQUEST = """mutation ($k: String!, $e: String!, $o: Int!) {
  requestCalculation(idempotencyKey: $k, address: "Prøveveien 1, 0170 Oslo", email: $e, consentOption: $o) {
    subject token } }"""
SUBSCRIBE = """mutation ($k: String!, $p: String!, $r: String!) {
  subscribeNewsletter(idempotencyKey: $k, product: $p, region: $r) { record replayed } }"""
UNSUBSCRIBE = "mutation ($k: String!) { unsubscribeNewsletter(idempotencyKey: $k) { receipts } }"
ERASE = "mutation ($k: String!, $s: UUID!) { erase(idempotencyKey: $k, subject: $s) { id } }"
MINE = "{ me { subscriptions { product region } } }"


@dataclass
class Letters:
    """Mail that was asked for."""

    sent: list[tuple[SubjectId, Secret[str]]] = field(default_factory=list)

    async def invite(self, subject: SubjectId, slip: Secret[str]) -> None:
        self.sent.append((subject, slip))


@dataclass
class Reader:
    """A customer, by their token."""

    subject: SubjectId
    token: str


@dataclass
class Post:
    """The newsletter with everything around it."""

    at: Home
    graphql: World
    newsletter: Newsletter
    processor: MailChimp
    audience: MailChimpStandIn
    server: StandIn
    letters: Letters
    links: httpx2.AsyncClient
    who: Principal
    keys: int = 0

    def key(self) -> str:
        self.keys += 1
        return f"newsletter-{self.keys:04}"

    async def lead(self, email: str, option: int = 1) -> Reader:
        visitor = await self.graphql.bearer("visitor")
        answer = await self.graphql.ask(REQUEST, visitor, k=self.key(), e=email, o=option)
        made = answer.data["requestCalculation"]
        return Reader(SubjectId(UUID(made["subject"])), made["token"])

    async def reader(self, email: str, product: str = "hub", region: str = "Oslo") -> Reader:
        reader = await self.lead(email)
        assert (await self.act(reader, SUBSCRIBE, p=product, r=region)).errors == []
        return reader

    async def act(self, reader: Reader, document: str, **variables: Any) -> Any:
        if "$k" in document:
            variables["k"] = self.key()
        return await self.graphql.ask(document, reader.token, **variables)

    async def mine(self, reader: Reader) -> list[Any]:
        """What the reader sees of their own subscriptions."""
        me = (await self.act(reader, MINE)).data["me"]
        return me["subscriptions"] if me else []

    async def synchronise(self) -> Synchronised:
        return await synchronise(self.newsletter, self.processor, self.who)

    async def slip(self, reader: Reader) -> Secret[str]:
        found = await newsletter_audience(self.at.vault, self.who)
        return self.newsletter.link(next(each for each in found if each.subject == reader.subject))

    async def click(self, slip: Secret[str], name: str = "unsubscribe") -> httpx2.Response:
        return await self.links.post(f"/newsletter/{name}/{slip.reveal()}", content="List-Unsubscribe=One-Click")


@pytest.fixture
async def post(databases: Databases, tmp_path: Path) -> AsyncGenerator[Post]:
    async with AsyncExitStack() as stack:
        at = await stack.enter_async_context(home(databases, tmp_path / "keys"))
        audience, letters = MailChimpStandIn(), Letters()
        server = stack.enter_context(standin(audience))
        client = Https("mailchimp", server.address, login=("hvelv", Secret(KEY)), trust=trust())
        stack.push_async_callback(client.close)
        newsletter = Newsletter(at.vault, at.vault.suppression, at.vault.slips, clock=at.clock)
        who = await at.principal("newsletter", lifetime=timedelta(hours=1))

        async def service() -> Principal:
            return who

        routes = OneClick(newsletter, service).routes()
        graphql = world_over(at.vault, at.clock, AppSettings(letters=letters, beside=routes))
        stack.push_async_callback(graphql.client.aclose)
        yield Post(
            at,
            graphql,
            newsletter,
            MailChimp(client, audience=AUDIENCE),
            audience,
            server,
            letters,
            graphql.client,
            who,
        )


@pytest.mark.clause("COM-05", "COM-06")
async def test_the_processor_gets_exactly_those_who_consented_with_address_product_and_region(post: Post) -> None:
    await post.lead("one@example.no")
    await post.lead("two@example.no", option=2)
    await post.reader("three@example.no", "solstrom", "Rogaland")
    assert await post.synchronise() == Synchronised(told=2, silenced=0, refused=0)
    assert post.audience.reached() == {
        "two@example.no": {"PRODUCT": "", "REGION": ""},
        "three@example.no": {"PRODUCT": "solstrom", "REGION": "Rogaland"},
    }
    for asked in post.server.asked:
        if asked.method == "POST":
            for member in asked.json["members"]:
                assert member.keys() == {"email_address", "status", "merge_fields"}
                assert member["merge_fields"].keys() == {"PRODUCT", "REGION"}
    assert "Prøveveien" not in post.server.received.decode()


@pytest.mark.clause("COM-06")
@pytest.mark.parametrize(("product", "region"), [("a car", "Oslo"), ("hub", "0170"), ("hub", "Prøveveien 1")])
async def test_product_and_region_are_of_closed_lists(post: Post, product: str, region: str) -> None:
    reader = await post.lead("one@example.no")
    answer = await post.act(reader, SUBSCRIBE, p=product, r=region)
    assert answer.codes == ["INVALID"]
    assert await post.newsletter.readers(post.who) == []


@pytest.mark.clause("COM-07", "COM-08", "SOL-10")
async def test_one_click_without_signing_in_stops_it_and_what_was_known_dies_at_once(post: Post) -> None:
    reader = await post.reader("ola@example.no", "hub", "Oslo")
    await post.synchronise()
    assert await post.mine(reader) == [{"product": "hub", "region": "Oslo"}]
    slip = await post.slip(reader)
    assert (await post.click(slip)).status_code == 200
    assert await post.newsletter.readers(post.who) == []
    assert await post.mine(reader) == []
    heads = "select count(*) from head where category = 80 and subject = $1"
    keys = "select count(*) from data_key where category = 80 and subject = $1"
    assert await value(post.at.databases, keys, reader.subject) == 0
    assert await value(post.at.databases, heads, reader.subject) == 0
    assert await post.synchronise() == Synchronised(told=0, silenced=1, refused=0)
    member = post.audience.members[named("ola@example.no")]
    assert (member["status"], member["merge_fields"]) == ("unsubscribed", {"PRODUCT": "", "REGION": ""})


async def test_clicking_again_and_looking_change_nothing(post: Post) -> None:
    reader = await post.reader("ola@example.no")
    slip = await post.slip(reader)
    page = await post.links.get(f"/newsletter/unsubscribe/{slip.reveal()}")
    assert "Meld meg av" in page.text
    assert "form-action 'self'" in page.headers["content-security-policy"]
    assert len(await post.newsletter.readers(post.who)) == 1, "a program that fetches links unsubscribes nobody"
    answers = [(await post.click(slip)).text for _ in range(3)]
    assert len(set(answers)) == 1
    assert await value(post.at.databases, "select count(*) from suppression") == 1


async def test_a_slip_that_is_not_ours_gets_one_answer_and_stops_nobody(post: Post) -> None:
    reader = await post.reader("ola@example.no")
    slip = (await post.slip(reader)).reveal()
    for other in (slip[:-4] + "AAAA", slip[::-1], "x", str(reader.subject)):
        answer = await post.click(Secret(other))
        assert (answer.status_code, "ikke vår" in answer.text) == (404, True)
    assert (await post.click(Secret(slip), "confirm")).status_code == 404
    assert len(await post.newsletter.readers(post.who)) == 1


def test_the_headers_of_a_mail_are_those_of_rfc_8058() -> None:
    assert headers("https://otovo.no", Secret("slip")) == {
        "List-Unsubscribe": "<https://otovo.no/newsletter/unsubscribe/slip>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }


@pytest.mark.clause("COM-07")
async def test_the_suppression_outlives_the_person_and_is_nobodys(post: Post) -> None:
    reader = await post.reader("ola@example.no")
    slip = await post.slip(reader)
    await post.click(slip)
    assert (await post.act(reader, ERASE, s=reader.subject)).errors == []
    rows = await fetch(post.at.databases, "select * from suppression")
    assert [[len(cell) for cell in row] for row in rows] == [[32]]
    assert (await post.click(slip)).status_code == 200, "the link still works, and says nothing else"
    await post.lead("OLA@example.no", option=2)
    assert await post.newsletter.readers(post.who) == []
    assert (await post.synchronise()).told == 0


@pytest.mark.clause("COM-07")
async def test_only_the_mailbox_itself_subscribes_again(post: Post) -> None:
    first = await post.reader("ola@example.no")
    await post.click(await post.slip(first))
    second = await post.reader("Ola@Example.no", "solstrom", "Agder")
    assert await post.newsletter.readers(post.who) == [], "whoever typed the address may not be its owner"
    ((asked, slip),) = post.letters.sent
    assert asked == second.subject
    for _ in range(2):
        assert (await post.click(slip, "confirm")).status_code == 200
    (again,) = await post.newsletter.readers(post.who)
    assert (again.subject, again.product, again.region) == (second.subject, "solstrom", "Agder")


@pytest.mark.clause("COM-07")
async def test_the_confirmation_goes_to_the_mailbox_by_mail_and_its_link_works(post: Post) -> None:
    first = await post.reader("ola@example.no")
    await post.click(await post.slip(first))
    second = await post.reader("ola@example.no")
    ((_, slip),) = post.letters.sent
    failures: list[SystemFailed] = []

    async def service() -> Principal:
        return post.who

    mailgun = MailgunStandIn()
    with standin(mailgun) as server:
        client = Https("mailgun", server.address, login=("api", Secret("mailgun-key")), trust=trust())
        mail = Mailgun(client, domain="mail.otovo.no", sender="post@mail.otovo.no")
        confirming = Confirming(
            post.at.vault, Templates(post.at.vault.policy, ALL), mail, service, site="https://otovo.no",
            ids=post.at.ids, failed=failures.append,
        )  # fmt: skip
        await confirming.invite(second.subject, slip)
        server.replies = [Reply(500)]
        await confirming.invite(second.subject, slip)
        await client.close()
    (form,) = mailgun.kept.values()
    assert form["to"] == "ola@example.no"
    assert [failed.why for failed in failures] == ["broken"], "the step that asked for it is not undone"
    link = next(word for word in form["text"].split() if word.startswith("https://otovo.no/"))
    assert (await post.links.post(link.removeprefix("https://otovo.no"))).status_code == 200
    assert len(await post.newsletter.readers(post.who)) == 1


async def test_who_never_said_no_is_asked_for_no_confirmation(post: Post) -> None:
    await post.reader("ola@example.no")
    assert post.letters.sent == []
    assert len(await post.newsletter.readers(post.who)) == 1


@pytest.mark.clause("COM-08", "SOL-10")
async def test_a_signed_in_person_stops_it_too_and_the_consent_is_withdrawn(post: Post) -> None:
    reader = await post.reader("ola@example.no")
    answer = await post.act(reader, UNSUBSCRIBE)
    assert answer.errors == []
    assert await newsletter_audience(post.at.vault, post.who) == []
    assert await post.mine(reader) == []
    assert await value(post.at.databases, "select count(*) from suppression") == 1


@pytest.mark.clause("COM-07")
async def test_who_unsubscribed_at_the_processor_is_suppressed_here_before_anything_is_sent(post: Post) -> None:
    reader = await post.reader("ola@example.no")
    await post.reader("kari@example.no")
    await post.synchronise()
    post.audience.unsubscribe("ola@example.no")
    assert await post.synchronise() == Synchronised(told=1, silenced=0, refused=0)
    assert post.audience.reached().keys() == {"kari@example.no"}
    assert await post.mine(reader) == []
    again = await post.synchronise()
    assert (again.told, again.silenced) == (1, 0)


async def test_whom_we_silenced_there_may_come_back_by_consent_alone(post: Post) -> None:
    reader = await post.lead("ola@example.no", option=2)
    await post.synchronise()
    consent = "mutation ($k: String!) { %s(idempotencyKey: $k, consent: MARKETING) { record } }"
    await post.act(reader, consent % "withdrawConsent")
    assert (await post.synchronise()).silenced == 1
    await post.act(reader, consent % "giveConsent")
    assert (await post.synchronise()).told == 1
    assert post.audience.reached().keys() == {"ola@example.no"}


@pytest.mark.parametrize(("reply", "why"), [(Reply(429), "throttled"), (Reply(500), "broken"), (Reply(401), "refused")])
async def test_a_processor_that_fails_fails_the_run_and_the_next_one_makes_it_right(
    post: Post, reply: Reply, why: str
) -> None:
    await post.reader("ola@example.no")
    post.server.replies = [reply]
    with pytest.raises(SystemFailed, match=why):
        await post.synchronise()
    assert (await post.synchronise()).told == 1


async def test_half_a_batch_is_counted_and_the_other_half_taken(post: Post) -> None:
    for number in range(4):
        await post.reader(f"reader-{number}@example.no")
    post.audience.refusing = {"reader-1@example.no", "reader-2@example.no"}
    assert await post.synchronise() == Synchronised(told=2, silenced=0, refused=2)
    assert post.audience.reached().keys() == {"reader-0@example.no", "reader-3@example.no"}


async def test_two_subjects_with_one_mailbox_are_written_to_once(post: Post) -> None:
    await post.reader("ola@example.no")
    await post.reader("OLA@example.no")
    assert (await post.synchronise()).told == 1


@pytest.mark.clause("COM-07")
async def test_an_import_of_a_hundred_thousand_addresses_subscribes_nobody_who_said_no(post: Post) -> None:
    stopped = [f"reader-{number}@example.no" for number in range(0, 30_000, 3)]
    await post.at.vault.suppression.add([post.at.vault.suppression.entry(Secret(each)) for each in stopped])
    lines = [f"{' ' * (n % 3)}{'Reader' if n % 2 else 'reader'}-{n % 30_000}@Example.no " for n in range(99_000)]
    lines += ["not an address", "", "kari@", "@example.no"] * 250
    found = await post.newsletter.screened(lines)
    assert len(lines) == 100_000
    assert (found.invalid, found.repeated, found.suppressed) == (1_000, 69_000, 10_000)
    asked = {address.reveal().lower() for address in found.may_be_asked}
    assert len(found.may_be_asked) == 20_000
    assert not asked & set(stopped)
    assert await post.newsletter.readers(post.who) == [], "looking through a list subscribes nobody"


async def test_an_opening_a_page_is_on_record_for_this_purpose_and_this_processor(post: Post) -> None:
    await post.reader("ola@example.no")
    before = await value(post.at.databases, "select count(*) from ledger_entry where purpose = 'newsletter'")
    await post.newsletter.readers(post.who)
    rows = await fetch(
        post.at.databases, "select kind, recipient from ledger_entry where purpose = 'newsletter' order by id desc"
    )
    assert len(rows) == before + 1
    assert tuple(rows[0]) == ("opened", "mailchimp")


def test_how_a_member_is_named_is_the_processors_way() -> None:
    assert member_id(Secret("Ola@Example.no")) == named("ola@example.no")
