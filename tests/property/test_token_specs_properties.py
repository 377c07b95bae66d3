"""Over every specification of a token there can be."""

from datetime import timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st
from identity_house import ROLES, policy_of_roles

from identity.specs import LONGEST, Sound, check
from policies.model import RoleKind, SubjectId
from vault.tokens import TokenSpec

POLICY = policy_of_roles()
specs = st.builds(
    TokenSpec,
    account=st.uuids(),
    roles=st.frozensets(st.sampled_from([*sorted(ROLES), "king"]), max_size=4),
    lifetime=st.timedeltas(min_value=timedelta(days=-1), max_value=timedelta(days=60)),
    subject=st.none() | st.just(SubjectId(UUID(int=1))),
    recipient=st.sampled_from([None, "bank", "installer", "nobody"]),
    purpose=st.sampled_from([None, "loan_application", "installation", "amusement"]),
    second_factor=st.booleans(),
)


@given(specs)
def test_no_sound_token_mixes_kinds_or_carries_what_its_kind_does_not(spec: TokenSpec) -> None:
    checked = check(spec, POLICY)
    if not isinstance(checked, Sound):
        return
    assert {ROLES[name].kind for name in spec.roles} == {checked.kind}
    assert (spec.subject is not None) == (checked.kind is RoleKind.SUBJECT)
    assert (spec.recipient is not None) == (spec.purpose is not None) == (checked.kind is RoleKind.PARTNER)
    assert timedelta(0) < spec.lifetime <= LONGEST[checked.kind]
    assert spec.second_factor or not any(ROLES[name].second_factor for name in spec.roles)


@given(specs)
def test_a_partner_token_speaks_for_one_recipient_and_one_purpose_of_its_role(spec: TokenSpec) -> None:
    checked = check(spec, POLICY)
    if isinstance(checked, Sound) and checked.kind is RoleKind.PARTNER:
        assert {ROLES[name].recipient for name in spec.roles} == {spec.recipient}
        assert spec.purpose is not None
        assert POLICY.purposes[spec.purpose].roles.keys() & spec.roles
