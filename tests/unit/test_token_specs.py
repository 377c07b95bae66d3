"""Which tokens may exist."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from identity_house import policy_of_roles, staff

from identity.specs import LONGEST, Faulty, Sound, check
from policies.model import RoleKind, SubjectId
from vault.tokens import TokenSpec

POLICY = policy_of_roles()
ACCOUNT = UUID(int=1)
SUBJECT = SubjectId(UUID(int=2))

CUSTOMER = TokenSpec(account=ACCOUNT, roles=frozenset({"self"}), lifetime=timedelta(days=30), subject=SUBJECT)
ADVISOR = staff("advisor")
OFFICER = staff("dpo")
BANK = TokenSpec(
    account=ACCOUNT,
    roles=frozenset({"bank"}),
    lifetime=timedelta(minutes=10),
    recipient="bank",
    purpose="loan_application",
)
VISITOR = TokenSpec(account=ACCOUNT, roles=frozenset({"visitor"}), lifetime=timedelta(hours=24))
ENGINE = TokenSpec(account=ACCOUNT, roles=frozenset({"solar_engine"}), lifetime=timedelta(hours=24))


@pytest.mark.parametrize(
    ("spec", "kind"),
    [
        (CUSTOMER, RoleKind.SUBJECT),
        (VISITOR, RoleKind.VISITOR),
        (ADVISOR, RoleKind.STAFF),
        (replace(ADVISOR, roles=frozenset({"advisor", "customer_service"})), RoleKind.STAFF),
        (OFFICER, RoleKind.OFFICER),
        (BANK, RoleKind.PARTNER),
        (ENGINE, RoleKind.SERVICE),
    ],
)
def test_each_kind_has_a_sound_token(spec: TokenSpec, kind: RoleKind) -> None:
    assert check(spec, POLICY) == Sound(kind)


@pytest.mark.parametrize(
    ("spec", "rule"),
    [
        (replace(ADVISOR, roles=frozenset()), "roles.none"),
        (replace(ADVISOR, roles=frozenset({"advisor", "king"})), "roles.unknown"),
        (replace(BANK, roles=frozenset({"bank", "advisor"}), second_factor=True), "roles.mixed"),
        (replace(OFFICER, roles=frozenset({"dpo", "advisor"})), "roles.mixed"),
        (replace(CUSTOMER, roles=frozenset({"self", "advisor"}), second_factor=True), "roles.mixed"),
        (replace(CUSTOMER, subject=None), "subject.missing"),
        (replace(ADVISOR, subject=SUBJECT), "subject.unexpected"),
        (replace(BANK, subject=SUBJECT), "subject.unexpected"),
        (replace(BANK, recipient=None), "recipient.missing"),
        (replace(BANK, recipient="installer"), "recipient.foreign"),
        (replace(BANK, roles=frozenset({"bank", "installer"})), "recipient.foreign"),
        (replace(ADVISOR, recipient="bank"), "recipient.unexpected"),
        (replace(CUSTOMER, recipient="bank"), "recipient.unexpected"),
        (replace(BANK, purpose=None), "purpose.missing"),
        (replace(BANK, purpose="amusement"), "purpose.unknown"),
        (replace(BANK, purpose="installation"), "purpose.foreign"),
        (replace(ENGINE, purpose="installation"), "purpose.unexpected"),
        (replace(ADVISOR, second_factor=False), "second_factor.missing"),
        (replace(OFFICER, second_factor=False), "second_factor.missing"),
        (replace(ADVISOR, lifetime=timedelta(0)), "lifetime.not_positive"),
        (replace(ADVISOR, lifetime=timedelta(seconds=-1)), "lifetime.not_positive"),
    ],
)
def test_a_faulty_token_is_refused_by_the_rule_it_breaks(spec: TokenSpec, rule: str) -> None:
    assert check(spec, POLICY) == Faulty(rule)


@pytest.mark.parametrize("spec", [CUSTOMER, VISITOR, ADVISOR, OFFICER, BANK, ENGINE])
def test_no_token_outlives_the_bound_of_its_kind(spec: TokenSpec) -> None:
    sound = check(spec, POLICY)
    assert isinstance(sound, Sound)
    longest = LONGEST[sound.kind]
    assert check(replace(spec, lifetime=longest), POLICY) == sound
    assert check(replace(spec, lifetime=longest + timedelta(seconds=1)), POLICY) == Faulty("lifetime.too_long")


def test_a_partner_has_ten_minutes_and_staff_a_working_day() -> None:
    assert LONGEST[RoleKind.PARTNER] == timedelta(minutes=10)
    assert LONGEST[RoleKind.STAFF] == timedelta(hours=8)
    assert LONGEST[RoleKind.SUBJECT] == timedelta(days=30)
