"""Who states which purpose, and in which role."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import pytest
from shipped_policy import shipped

from policies.model import Access, Principal, SubjectId, TokenId
from resolvers.access import Stated, access_of
from resolvers.translation import Declined
from schema.errors import Code


def who(*roles: str, subject: int | None = None, recipient: str | None = None, purpose: str | None = None) -> Principal:
    return Principal(
        token=TokenId(UUID(int=1)),
        account=UUID(int=2),
        roles=frozenset(roles),
        subject=None if subject is None else SubjectId(UUID(int=subject)),
        recipient=recipient,
        purpose=purpose,
        expires=datetime(2030, 1, 1, tzinfo=UTC),
        second_factor=True,
    )


def declined(said: Stated, principal: Principal) -> Code:
    with pytest.raises(Declined) as caught:
        access_of(said, principal, shipped())
    return caught.value.problem.code


def test_a_customers_token_implies_its_own_view() -> None:
    assert access_of(Stated(), who("self", subject=3), shipped()) == Access("self_service", None, "self")


def test_a_partners_token_carries_purpose_and_recipient() -> None:
    bank = who("bank", recipient="bank", purpose="loan_application")
    assert access_of(Stated(), bank, shipped()) == Access("loan_application", None, "bank")


def test_what_a_partner_states_is_passed_on_for_the_vault_to_refuse() -> None:
    bank = who("bank", recipient="bank", purpose="loan_application")
    assert access_of(Stated(purpose="delivery"), bank, shipped()) == Access("delivery", None, "bank")


@pytest.mark.parametrize("role", ["advisor", "dpo", "solar_engine", "visitor"])
def test_everybody_else_states_one(role: str) -> None:
    assert declined(Stated(reason="because"), who(role)) is Code.PURPOSE_REQUIRED


def test_staff_ask_in_the_role_the_purpose_lists() -> None:
    said = Stated(purpose="offer", reason="because")
    assert access_of(said, who("advisor", "developer"), shipped()) == Access("offer", "because", "advisor")


def test_staff_with_two_roles_that_may_ask_state_one() -> None:
    both = who("advisor", "sales_lead", "customer_service", "project_engineer")
    listed = both.roles & shipped().purposes["customer_service"].roles.keys()
    if len(listed) > 1:
        assert declined(Stated(purpose="customer_service"), both) is Code.RECIPIENT_REQUIRED
    assert declined(Stated(purpose="newsletter"), both) is Code.RECIPIENT_REQUIRED
    chosen = access_of(Stated(purpose="newsletter", recipient="advisor"), both, shipped())
    assert chosen.recipient == "advisor"
