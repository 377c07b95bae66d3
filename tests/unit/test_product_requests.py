"""What a wish is in bytes, what a refusal is called, and that every name a step uses stands in the policy."""

from __future__ import annotations

import ast
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from uuid import UUID

import pytest
from shipped_policy import shipped

from policies.model import RecordId, SubjectId
from products import nabostrom, solstrom
from products.errors import ContractRequires, StepRefused
from products.nabostrom.step import COMPANY_CONTRACT, METERING_POINT, POWER_CONTRACT
from products.nabostrom.step import Step as PowerStep
from products.request import keyed
from products.solstrom import inputs
from products.solstrom.lead import consents_of
from products.solstrom.step import LOAN, PERSON, PROJECT, ROOF, Step, taking
from vault.errors import Refused
from vault.request import Withheld

SOURCES = [file for product in (solstrom, nabostrom) for file in sorted(Path(*product.__path__).glob("*.py"))]
ROOF_GIVEN = inputs.RecordRoof(
    subject=SubjectId(UUID(int=1)),
    project=RecordId(UUID(int=2)),
    roof=None,
    azimuth_deg=180,
    tilt_deg=30,
    area_dm2=4000,
    height_cm=650,
    source="public building register",
    fetched_on=date(2018, 5, 28),
)
LOAN_GIVEN = inputs.ApplyForLoan(
    project=RecordId(UUID(int=2)),
    national_id="17912099997",
    household_income_nok=1,
    household_loans_nok=2,
)
OFFER = inputs.MakeOffer(subject=SubjectId(UUID(int=1)), project=RecordId(UUID(int=2)), amount_nok=1, document=b"x" * 9)


def test_a_body_is_canonical_json_and_pinned() -> None:
    assert keyed("k", inputs.AcceptOffer(project=RecordId(UUID(int=2)))).body == (
        b'{"given":{"project":"00000000-0000-0000-0000-000000000002"},"step":"AcceptOffer"}'
    )
    assert b'"fetched_on":"2018-05-28"' in keyed("k", ROOF_GIVEN).body
    assert b'"roof":null' in keyed("k", ROOF_GIVEN).body


def test_a_document_makes_a_short_body_that_still_depends_on_it() -> None:
    large = replace(OFFER, document=b"y" * 10_000_000)
    assert len(keyed("k", large).body) == len(keyed("k", OFFER).body) < 300
    assert keyed("k", large).body != keyed("k", OFFER).body


def test_the_same_words_for_another_step_are_another_request() -> None:
    project = RecordId(UUID(int=2))
    accept, decline = inputs.AcceptOffer(project=project), inputs.DeclineOffer(project=project)
    assert keyed("k", accept).body != keyed("k", decline).body


@pytest.mark.parametrize(
    "other",
    [
        replace(LOAN_GIVEN, project=RecordId(UUID(int=3))),
        replace(LOAN_GIVEN, national_id="57912075186"),
        replace(LOAN_GIVEN, household_income_nok=3),
        replace(LOAN_GIVEN, household_loans_nok=3),
    ],
)
def test_every_part_of_a_wish_is_in_its_body(other: inputs.ApplyForLoan) -> None:
    assert keyed("k", other).body != keyed("k", LOAN_GIVEN).body


def test_what_has_no_canonical_form_is_no_request() -> None:
    @dataclass(frozen=True)
    class Odd:
        amount: float

    with pytest.raises(TypeError, match="float"):
        keyed("k", Odd(1.5))


def test_an_input_prints_nothing_of_what_it_holds() -> None:
    given = inputs.Proceed(project=RecordId(UUID(int=2)), name="Kari Prøve", phone="68050001")
    assert "Kari" not in repr(given)
    assert "68050001" not in f"{given!s} {keyed('k', given).key}"


def test_a_refusal_names_the_step_and_a_missing_field_what_the_contract_needs() -> None:
    late = Withheld("offer.accepted", "after:offer.made", personal=False)
    missing = Withheld("offer.requested", "required:person.phone", personal=False)
    with (
        pytest.raises(StepRefused, match=r"`accept_offer`: `offer\.accepted`: `after:offer\.made`") as caught,
        taking("accept_offer"),
    ):
        raise Refused([late])
    assert caught.value.rules == (late,)
    with pytest.raises(ContractRequires) as required, taking("proceed"):
        raise Refused([missing])
    assert (required.value.field, required.value.step) == ("person.phone", "proceed")
    with pytest.raises(StepRefused) as both, taking("proceed"):
        raise Refused([missing, late])
    assert not isinstance(both.value, ContractRequires)


def test_every_name_a_step_uses_stands_in_the_policy() -> None:
    policy = shipped()
    assert {step.purpose for step in (*Step, *PowerStep)} <= policy.purposes.keys()
    assert {PERSON, PROJECT, ROOF, LOAN} <= policy.records.keys()
    assert {POWER_CONTRACT, METERING_POINT, COMPANY_CONTRACT} <= policy.records.keys()
    dotted = {
        node.value
        for source in SOURCES
        for node in ast.walk(ast.parse(source.read_text("utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        if node.value.count(".") == 1 and " " not in node.value and node.value.replace(".", "").isidentifier()
    }
    assert dotted
    assert dotted <= policy.facts.keys() | policy.fields.keys()


def test_each_option_of_the_form_gives_its_consents_and_nothing_else_is_one() -> None:
    assert consents_of(shipped(), 1) == ("calculation",)
    assert set(consents_of(shipped(), 2)) == {"calculation", "marketing"}
