"""Who hands out tokens, and what is on record of it."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from identity_house import House, staff

from identity.bearer import authenticate, bearer
from identity.errors import NotIssued, Unsound
from identity.issuing import InsecureDevelopment, TwoPersons, first_token, issue_token
from policies.model import Access, SubjectId
from vault.errors import TokenRefused
from vault.request import Sealed, Secret

SUBJECT = SubjectId(UUID(int=5))
BORN = Sealed(subjects=(SUBJECT,), records=(), born=(SUBJECT,), receipts=(), entry=UUID(int=6), replayed=False)
ADVISOR = staff("advisor")


async def both(house: House, *, first: str = "dpo", second: str = "privacy_approver") -> TwoPersons:
    return TwoPersons(await house.bearer(first, account=1), await house.bearer(second, account=2))


async def test_a_development_installation_issues_on_record() -> None:
    house = House()
    issued = await issue_token(house, ADVISOR, InsecureDevelopment())
    assert (await authenticate(house.tokens, issued.secret)).roles == {"advisor"}
    assert house.entries == [(None, Access("token_issue", f"issued {issued.token}", "advisor"))]


async def test_two_persons_issue_and_both_stand_in_the_row() -> None:
    house = House()
    issued = await issue_token(house, ADVISOR, await both(house))
    spec = house.tokens.specs[issued.token]
    assert (spec.issued_by, spec.approved_by) == (UUID(int=1), UUID(int=2))
    assert house.entries == [(UUID(int=1), Access("token_issue", f"issued {issued.token}", "advisor"))]


async def test_an_officer_and_an_advisor_issue_nothing_and_that_is_on_record() -> None:
    house = House()
    authority = await both(house, second="advisor")
    with pytest.raises(NotIssued, match=r"two_persons\.second_office"):
        await issue_token(house, ADVISOR, authority)
    refused = Access("token_issue", "refused by two_persons.second_office", "advisor")
    assert house.entries == [(UUID(int=1), refused)]
    assert len(house.tokens.specs) == 2


async def test_one_officer_twice_issues_nothing() -> None:
    house = House()
    one = await house.bearer("dpo", account=1)
    with pytest.raises(NotIssued, match="same_account"):
        await issue_token(house, ADVISOR, TwoPersons(one, one))


async def test_a_revoked_officer_issues_nothing() -> None:
    house = House()
    authority = await both(house)
    await house.tokens.revoke_account(UUID(int=2))
    with pytest.raises(TokenRefused):
        await issue_token(house, ADVISOR, authority)
    assert len(house.tokens.specs) == 2


async def test_an_unsound_token_is_issued_by_nobody() -> None:
    house = House()
    with pytest.raises(Unsound, match=r"lifetime\.too_long"):
        await issue_token(house, replace(ADVISOR, lifetime=timedelta(days=2)), InsecureDevelopment())
    assert not house.tokens.specs
    assert not house.entries


async def test_what_the_caller_says_about_the_issuers_is_not_believed() -> None:
    house = House()
    issued = await issue_token(house, replace(ADVISOR, issued_by=UUID(int=9)), InsecureDevelopment())
    assert house.tokens.specs[issued.token].issued_by is None


async def test_a_newborn_subject_gets_a_token_that_reaches_only_itself() -> None:
    house = House()
    secret = await first_token(house, BORN, account=UUID(int=8))
    assert secret is not None
    who = await authenticate(house.tokens, secret)
    assert (who.subject, who.roles, who.recipient, who.purpose) == (SUBJECT, frozenset({"self"}), None, None)


@pytest.mark.parametrize("sealed", [replace(BORN, replayed=True), replace(BORN, born=())])
async def test_nobody_gets_a_token_for_a_subject_that_was_there_before(sealed: Sealed) -> None:
    house = House()
    assert await first_token(house, sealed, account=UUID(int=8)) is None
    assert not house.tokens.specs


@pytest.mark.parametrize("header", ["Bearer hv_x", "bearer hv_x", "BEARER  hv_x "])
def test_the_scheme_is_read_in_any_letter_case(header: str) -> None:
    assert bearer(header).reveal() == "hv_x"


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer ", "Basic aHY6aHY=", "hv_x", "Bearer " + "x" * 10_000])
def test_a_request_without_a_bearer_is_refused_like_one_with_a_bad_one(header: str | None) -> None:
    with pytest.raises(TokenRefused):
        bearer(header)


@pytest.mark.parametrize("text", ["", "hv_", "hv_x", "Bearer", "hv_" + "A" * 42, "\udcff", "hv_" + "0" * 42 + "\x00"])
async def test_unknown_truncated_and_malformed_bearers_are_refused_alike(text: str) -> None:
    house = House()
    await house.bearer("advisor", account=1)
    with pytest.raises(TokenRefused, match="the token is not accepted"):
        await authenticate(house.tokens, Secret(text))
