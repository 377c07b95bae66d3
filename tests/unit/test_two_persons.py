"""What it takes to be two persons."""

import pytest
from identity_house import policy_of_roles, principal

from policies.model import Principal
from policies.persons import NotTogether, Together, two_persons

POLICY = policy_of_roles()
DPO = principal("dpo", account=1)
APPROVER = principal("privacy_approver", account=2)


def test_two_officers_of_different_offices_may_act_together() -> None:
    assert two_persons(DPO, APPROVER, POLICY) == Together(DPO, APPROVER)
    assert two_persons(APPROVER, DPO, POLICY) == Together(APPROVER, DPO)


@pytest.mark.parametrize(
    ("first", "second", "rule"),
    [
        (DPO, DPO, "two_persons.same_account"),
        (DPO, principal("privacy_approver", account=1), "two_persons.same_account"),
        (principal("advisor", account=3), APPROVER, "two_persons.first_office"),
        (DPO, principal("advisor", account=3), "two_persons.second_office"),
        (DPO, principal("dpo", account=3), "two_persons.same_office"),
        (principal("dpo", account=1, second_factor=False), APPROVER, "two_persons.second_factor"),
        (DPO, principal("privacy_approver", account=2, second_factor=False), "two_persons.second_factor"),
    ],
)
def test_one_person_is_never_two(first: Principal, second: Principal, rule: str) -> None:
    assert two_persons(first, second, POLICY) == NotTogether(rule)
