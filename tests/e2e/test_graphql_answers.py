"""What comes back for whom, over HTTP: on a vault in memory, and on the real one over PostgreSQL."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Union

import pytest
from graphql_world import World, key
from solstrom_world import ADDRESS, EMAIL, NAME, NATIONAL_ID, PHONE, REASON

from policies.model import SubjectId
from vault.request import Secret

OFFER = """query Case($s: UUID!, $why: String) @access(purpose: OFFER, reason: $why) {
  customer(id: $s) { email name phone projects { address offerAmountNok } } }"""
BANK = """query Cases { customers(first: 10) { edges { node { id name projects {
  loans { id nationalId householdIncomeNok householdLoansNok applied result } } } } pageInfo { hasNextPage } } }"""
ALL_OF_ME = """{ me { id email name phone
  consents { consent givenAt withdrawnAt notice } objections { purpose since }
  projects { id address offerAmountNok contractDocument details journey { fact first last }
    roof { id azimuthDeg tiltDeg areaDm2 heightCm source fetchedOn }
    loans { id nationalId householdIncomeNok householdLoansNok applied result journey { fact first last } } } } }"""
NOWHERE = "00000000-0000-4000-8000-00000000dead"


async def stranger(world: World) -> SubjectId:
    """Somebody else's case, in another name."""
    mine, project, me = world.case.subject, world.case.project, world.case.customer
    lead = await world.case.ask(email="ola@example.no", address="Skyggeveien 2, 5003 Bergen")
    world.case.subject, world.case.project, world.case.customer = mine, project, me
    return lead.subject


# -- the customer's own view ------------------------------------------------------------------------------------------


async def test_a_customer_sees_her_own_data_as_the_policy_shows_them(world: World) -> None:
    await world.case.until_loan()
    await world.case.roof()
    answer = await world.me(ALL_OF_ME)
    me = answer.data["me"]
    assert (me["id"], me["email"], me["name"]) == (str(world.case.subject), EMAIL, NAME)
    (project,) = me["projects"]
    assert (project["address"], project["offerAmountNok"]) == (ADDRESS, 149_000)
    assert (project["roof"]["tiltDeg"], project["roof"]["fetchedOn"]) == (30, "2018-05-28")
    (loan,) = project["loans"]
    assert loan["applied"] is True
    assert loan["nationalId"].startswith(NATIONAL_ID[:6])
    assert NATIONAL_ID not in answer.text
    assert [step["fact"] for step in loan["journey"]] == ["loan.submitted"]
    assert {step["fact"] for step in project["journey"]} >= {"offer.requested", "contract.signed"}
    assert all(step["first"].endswith("+00:00") for step in project["journey"])
    assert {consent["consent"] for consent in me["consents"]} == {"calculation"}


async def test_a_customer_finds_nobody_else_and_cannot_tell_who_there_is(world: World) -> None:
    await world.case.ask()
    other = await stranger(world)
    document = "query ($s: UUID!) { customer(id: $s) { email projects { address } } }"
    forbidden = await world.me(document, s=other)
    unknown = await world.me(document, s=NOWHERE)
    assert forbidden.text == unknown.text
    assert forbidden.codes == ["NOT_FOUND"]


async def test_a_customer_reads_who_opened_her_data_refusals_included(world: World) -> None:
    await world.case.until_offer()
    world.clock.advance(timedelta(milliseconds=5))
    advisor = await world.bearer("advisor")
    for why in (REASON, None):  # entries sort by the millisecond
        await world.ask(OFFER, advisor, s=world.case.subject, why=why)
        world.clock.advance(timedelta(milliseconds=5))
    document = """query ($n: Int!, $after: String) { me { accesses(first: $n, after: $after) {
      edges { cursor node { at kind roles purpose reason recipient fields withheld { field rule } } }
      pageInfo { hasNextPage endCursor } } } }"""
    rows = (await world.me(document, n=50)).data["me"]["accesses"]["edges"]  # reading it is on record as well
    refused, opened = [e["node"] for e in rows if e["node"]["purpose"] == "offer" and e["node"]["kind"] != "sealed"]
    assert (refused["kind"], refused["purpose"], refused["reason"]) == ("refused", "offer", None)
    assert {each["rule"] for each in refused["withheld"]} == {"reason"}
    assert (opened["kind"], opened["roles"], opened["reason"]) == ("opened", ["advisor"], REASON)
    assert {"person.email", "project.offer_amount_nok"} <= set(opened["fields"])
    page = (await world.me(document, n=2)).data["me"]["accesses"]
    following = (await world.me(document, n=2, after=page["pageInfo"]["endCursor"])).data["me"]["accesses"]
    assert not {e["cursor"] for e in page["edges"]} & {e["cursor"] for e in following["edges"]}


# -- staff and partners ------------------------------------------------------------------------------------------------


async def test_staff_state_a_purpose_and_a_reason(world: World) -> None:
    await world.case.until_offer()
    advisor = await world.bearer("advisor")
    bare = await world.ask("query ($s: UUID!) { customer(id: $s) { email } }", advisor, s=world.case.subject)
    assert bare.codes == ["PURPOSE_REQUIRED"]
    silent = await world.ask(OFFER, advisor, s=world.case.subject, why=None)
    assert silent.data == {"customer": None}
    assert {rule for _, rule in silent.rules} == {"reason"}
    stated = await world.ask(OFFER, advisor, s=world.case.subject, why=REASON)
    assert stated.errors == []
    assert stated.data["customer"]["projects"][0]["offerAmountNok"] == 149_000


async def test_the_reason_missing_is_named_alike_for_a_subject_that_does_not_exist(world: World) -> None:
    await world.case.until_offer()
    advisor = await world.bearer("advisor")
    known = await world.ask(OFFER, advisor, s=world.case.subject, why=None)
    unknown = await world.ask(OFFER, advisor, s=NOWHERE, why=None)
    assert known.text == unknown.text


async def test_somebody_elses_case_and_no_case_at_all_answer_alike(world: World) -> None:
    await world.case.until_offer()
    other = await stranger(world)
    advisor = await world.bearer("advisor")
    answers = [await world.ask(OFFER, advisor, s=subject, why=REASON) for subject in (other, NOWHERE)]
    assert answers[0].text == answers[1].text
    assert answers[0].codes == ["NOT_FOUND"]


async def test_a_purpose_before_its_time_is_refused_and_the_rule_named_to_staff_in_scope(world: World) -> None:
    await world.case.ask()
    await world.case.assign("advisor", "offer")
    answer = await world.ask(OFFER, await world.bearer("advisor"), s=world.case.subject, why=REASON)
    assert answer.data == {"customer": None}
    assert ("person.email", "while:offer.requested") in answer.rules


@pytest.mark.clause("SOL-21")
async def test_the_bank_reads_the_application_and_nothing_when_it_is_closed(world: World) -> None:
    loan = await world.case.until_loan()
    bank = await world.bearer("bank", purpose="loan_application")
    answer = await world.ask(BANK, bank)
    ((project,),) = [edge["node"]["projects"] for edge in answer.data["customers"]["edges"]]
    (seen,) = project["loans"]
    assert seen["nationalId"] == NATIONAL_ID
    assert ("loan.result", "use") in answer.rules
    await world.case.close(loan, by=await world.vault.tokens.resolve(Secret(bank)))
    assert (await world.ask(BANK, bank)).data["customers"]["edges"] == []


async def test_a_partner_cannot_state_another_purpose_than_its_token(world: World) -> None:
    await world.case.until_loan()
    bank = await world.bearer("bank", purpose="loan_application")
    document = """query ($s: UUID!) @access(purpose: DELIVERY) { customer(id: $s) { name } }"""
    answer = await world.ask(document, bank, s=world.case.subject)
    assert answer.data == {"customer": None}
    assert {rule for _, rule in answer.rules} == {"token.purpose"}


async def test_a_partner_cannot_tell_a_customer_it_does_not_serve_from_none(world: World) -> None:
    await world.case.until_signed()
    bank = await world.bearer("bank", purpose="loan_application")
    document = "query ($s: UUID!) { customer(id: $s) { name projects { loans { nationalId result } } } }"
    answers = [await world.ask(document, bank, s=subject) for subject in (world.case.subject, NOWHERE)]
    assert answers[0].text == answers[1].text


async def test_what_withholds_one_customer_says_nothing_of_another_asked_for_beside_it(world: World) -> None:
    await world.case.ask()
    await world.case.assign("advisor", "offer")
    document = """query ($s: UUID!, $o: UUID!) @access(purpose: OFFER, reason: "r") {
      one: customer(id: $s) { name } other: customer(id: $o) { name } }"""
    answer = await world.ask(document, await world.bearer("advisor"), s=world.case.subject, o=NOWHERE)
    assert {(error["path"][0], error["extensions"]["code"]) for error in answer.errors} == {
        ("one", "WITHHELD"),
        ("other", "NOT_FOUND"),
    }


async def test_a_withheld_field_is_one_error_however_many_rows_it_has(world: World) -> None:
    await world.case.until_loan()
    await world.case.apply()
    bank = await world.bearer("bank", purpose="loan_application")
    errors = [e for e in (await world.ask(BANK, bank)).errors if e["extensions"]["field"] == "loan.result"]
    assert [(e["extensions"]["rule"], e["extensions"]["count"] >= 1) for e in errors] == [("use", True)]
    assert errors[0]["path"] == ["customers", "edges"]


async def test_each_alias_that_selects_a_withheld_field_gets_its_error_at_its_own_path(world: World) -> None:
    await world.case.until_offer()
    document = """query ($s: UUID!, $why: String) @access(purpose: OFFER, reason: $why) {
      one: customer(id: $s) { a: email b: email } other: customer(id: $s) { name } }"""
    answer = await world.ask(document, await world.bearer("advisor"), s=world.case.subject, why=None)
    paths = {tuple(error["path"]) for error in answer.errors}
    assert paths == {("one", "a"), ("one", "b"), ("other", "name")}


async def test_a_customer_is_found_by_address_and_phone_where_the_purpose_allows_it(world: World) -> None:
    await world.case.until_offer()
    advisor = await world.bearer("advisor")
    document = """query ($e: String!, $p: String!, $why: String) @access(purpose: OFFER, reason: $why) {
      a: customersByEmail(email: $e) { id name } b: customersByPhone(phone: $p) { email } }"""
    found = await world.ask(document, advisor, e="  KARI@example.no ", p="+47 68 05 00 01", why=REASON)
    assert found.data == {"a": [{"id": str(world.case.subject), "name": NAME}], "b": [{"email": EMAIL}]}
    missing = await world.ask(document, advisor, e="nobody@example.no", p="68050099", why=REASON)
    assert (missing.data, missing.codes) == ({"a": None, "b": None}, ["NOT_FOUND", "NOT_FOUND"])


async def test_a_lookup_finds_nobody_the_purpose_does_not_reach(world: World) -> None:
    await world.case.until_offer()
    await stranger(world)
    document = """query ($e: String!, $why: String) @access(purpose: OFFER, reason: $why) {
      customersByEmail(email: $e) { email } }"""
    advisor = await world.bearer("advisor")
    answers = [await world.ask(document, advisor, e=e, why=REASON) for e in ("ola@example.no", "nobody@example.no")]
    assert answers[0].text == answers[1].text


async def test_pages_follow_each_other_without_gaps(world: World) -> None:
    for number in range(5):
        await world.case.ask(email=f"kunde{number}@example.no")
    document = """query ($n: Int!, $after: String, $why: String) @access(purpose: CUSTOMER_SERVICE, reason: $why) {
      customers(first: $n, after: $after) { edges { cursor node { id email } } pageInfo { hasNextPage endCursor } } }"""
    bearer = await world.bearer("customer_service")
    seen: list[str] = []
    after: str | None = None
    for _ in range(4):
        page = (await world.ask(document, bearer, n=2, after=after, why=REASON)).data["customers"]
        seen += [edge["node"]["id"] for edge in page["edges"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert len(seen) == len(set(seen)) == 5
    assert seen == sorted(seen)


@pytest.mark.parametrize(
    "variables", [{"n": 0}, {"n": 101}, {"n": -1}, {"n": 5, "after": "zz"}, {"n": 5, "after": "YWJj"}]
)
async def test_a_page_that_cannot_be_is_refused(world: World, variables: dict[str, Any]) -> None:
    document = """query ($n: Int!, $after: String) @access(purpose: CUSTOMER_SERVICE, reason: "r") {
      customers(first: $n, after: $after) { edges { node { email } } } }"""
    answer = await world.ask(document, await world.bearer("customer_service"), **variables)
    assert answer.codes == ["INVALID"]


async def test_a_selection_without_a_governed_field_opens_nothing(world: World) -> None:
    await world.case.ask()
    document = 'query ($s: UUID!) @access(purpose: OFFER, reason: "r") { customer(id: $s) { id projects { id } } }'
    assert (await world.ask(document, await world.bearer("advisor"), s=world.case.subject)).codes == [
        "NOTHING_SELECTED"
    ]
    assert (await world.me("{ me { id } }")).data == {"me": {"id": str(world.case.subject)}}


# -- officers ----------------------------------------------------------------------------------------------------------


async def test_the_ledger_is_the_officers_alone(world: World) -> None:
    await world.case.until_offer()
    await world.me("{ me { email } }")
    document = "{ ledger(first: 3) { edges { node { at kind purpose roles subjects fields rules { rule } } } } }"
    seen = await world.ask(document, await world.bearer("dpo"))
    assert len(seen.data["ledger"]["edges"]) >= 1
    for text in (EMAIL, NAME, PHONE, str(world.case.subject)):
        assert text not in seen.text
    refused = await world.ask(document, await world.bearer("advisor"))
    assert (refused.data, refused.codes) == ({"ledger": None}, ["REFUSED"])


async def test_an_officer_erases_with_a_second_person_and_not_alone(world: World) -> None:
    await world.case.until_offer()
    document = """mutation ($k: String!, $s: UUID!, $t: String) {
      erase(idempotencyKey: $k, subject: $s, secondToken: $t) {
        id status subject fields { field fate rule law until } } }"""
    dpo, approver = await world.bearer("dpo"), await world.bearer("privacy_approver")
    alone = await world.ask(document, dpo, k=key(), s=world.case.subject)
    assert alone.codes == ["REFUSED"]
    assert alone.errors[0]["extensions"]["rules"] == [{"field": "erasure", "rule": "two_persons"}]
    together = await world.ask(document, dpo, k=key(), s=world.case.subject, t=approver)
    receipt = together.data["erase"]
    assert receipt["status"] == "PENDING"
    assert {"person.email", "project.address"} <= {f["field"] for f in receipt["fields"] if f["fate"] == "ERASED"}
    again = await world.ask("query ($r: UUID!) { receipt(id: $r) { id status } }", dpo, r=receipt["id"])
    assert again.data["receipt"]["id"] == receipt["id"]
    other = await world.ask(
        "query ($r: UUID!) { receipt(id: $r) { id } }", await world.bearer("advisor"), r=receipt["id"]
    )
    assert other.codes == ["NOT_FOUND"]


async def test_an_officer_opens_no_contents(world: World) -> None:
    await world.case.until_offer()
    for purpose in ("AUDIT", "OFFER", "CUSTOMER_SERVICE", "SELF_SERVICE"):
        document = f'query ($s: UUID!) @access(purpose: {purpose}, reason: "r") {{ customer(id: $s) {{ email }} }}'
        answer = await world.ask(document, await world.bearer("dpo"), s=world.case.subject)
        assert answer.data == {"customer": None}, purpose


async def test_a_decision_is_explained_without_opening_anything(world: World) -> None:
    await world.case.until_offer()
    document = """query ($s: UUID!, $f: PolicyField!, $why: String) {
      explainAccess(subject: $s, field: $f, purpose: OFFER, recipient: ADVISOR, reason: $why) {
        permitted sees rule } }"""
    advisor = await world.bearer("advisor")
    yes = await world.ask(document, advisor, s=world.case.subject, f="PERSON_EMAIL", why=REASON)
    assert yes.data["explainAccess"] == {"permitted": True, "sees": "plain", "rule": None}
    other = await stranger(world)
    answers = [await world.ask(document, advisor, s=s, f="PERSON_EMAIL", why=REASON) for s in (other, NOWHERE)]
    assert answers[0].text == answers[1].text
    assert answers[0].codes == ["NOT_FOUND"]


# -- canaries ----------------------------------------------------------------------------------------------------------


Json = Union[Mapping[str, "Json"], list["Json"], str, int, bool, None]  # noqa: UP007  (a forward reference)


def leaves(value: Json, path: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], Json]]:
    """Every leaf of an answer with its path, indices of lists left out."""
    if isinstance(value, Mapping):
        return [found for name, item in value.items() for found in leaves(item, (*path, name))]
    if isinstance(value, list):
        return [found for item in value for found in leaves(item, path)]
    return [(path, value)]


async def test_each_canary_comes_out_at_its_own_path_and_nowhere_else(world: World) -> None:
    canaries: dict[tuple[str, ...], Any] = {
        ("email",): "kanari1@example.no",
        ("name",): "Kanari To",
        ("phone",): "+4768050003",
        ("projects", "address"): "Kanariveien 4, 0170 Oslo",
        ("projects", "offerAmountNok"): 1_005_005,
        ("projects", "contractDocument"): "JVBERi0xLjcga2FuYXJp",
        ("projects", "roof", "azimuthDeg"): 107,
        ("projects", "roof", "tiltDeg"): 28,
        ("projects", "roof", "areaDm2"): 9_009,
        ("projects", "roof", "heightCm"): 610,
        ("projects", "loans", "householdIncomeNok"): 1_110_011,
        ("projects", "loans", "householdLoansNok"): 1_212_012,
    }
    case = world.case
    await case.ask(email=canaries["email",], address=canaries["projects", "address"])
    await case.proceed(name=canaries["name",], phone="68050003")
    await case.assign("advisor", "offer")
    await case.offer(amount_nok=1_005_005, document=b"%PDF-1.7 kanari")
    await case.accept()
    await case.sign()
    await case.finance()
    await case.apply(income_nok=1_110_011, loans_nok=1_212_012)
    await case.roof(azimuth_deg=107, tilt_deg=28, area_dm2=9_009, height_cm=610)
    found = leaves((await world.me(ALL_OF_ME)).data["me"])
    for place, canary in canaries.items():
        assert [path for path, value in found if value == canary] == [place]
