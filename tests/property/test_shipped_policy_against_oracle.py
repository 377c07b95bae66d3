"""`decide` and the evaluator written from the rules answer alike under the shipped `policies.yaml`.

Which dimensions are crossed, and why that is enough:

* Rules 1 to 7 read the policy, the principal, the access and the day. The fields, purposes and recipients are crossed
  whole, each with one role in turn; where a `uses` row fits, with every role. Where none fits, rule 3 has spoken before
  any role is looked at, and rule 2 reads only the token: its cases are crossed in the small policy. The cross with
  every role, of one field for each different list of uses, is marked `slow`.
* Rules 8 to 12 read the relation, the gate facts (`while` and the purpose's state), the consent of the purpose,
  objections to the purpose and the restriction; rule 13 comes after them and adds no answer to a question they refuse.
  They are crossed whole for every row and role.
* Rule 13 reads the category, the record and the history; of the question only the purpose's name, where consents keep,
  and whether its basis is a legal obligation. It is crossed for every record kind and category with one row for each
  of these, all other rules satisfied: every subset of up to seven facts (of more: all that have or lack at most two)
  in two orders, four states of the consents, an explicit hold or none, four instants.

The product of the last two is sampled in a test marked `slow`.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice, product

import pytest
from oracle_comparison import Comparison, Question
from oracle_policy import principal
from oracle_real import (
    INSTANTS,
    Row,
    Story,
    gate_stories,
    holder_of,
    keeping_stories,
    opening,
    reached,
    records,
    rows,
    shipped,
)

from policies.model import Access, Basis

ROOT = "person"


def recipients() -> tuple[str, ...]:
    policy = shipped()
    return tuple(dict.fromkeys([*policy.roles, *policy.recipients, "nobody"]))


def test_every_field_for_every_purpose_to_every_recipient(capsys: pytest.CaptureFixture[str]) -> None:
    policy, comparison = shipped(), Comparison(shipped())
    roles = sorted(policy.roles)
    questions = (
        (holder_of(roles[number % len(roles)], purpose), Access(purpose, "she called", to), name,
         records()[name.split(".", maxsplit=1)[0]])
        for number, (name, purpose, to) in enumerate(
            product((*policy.fields, "person.shoe_size"), (*policy.purposes, "snoop"), recipients())
        )
    )  # fmt: skip
    comparison.ask(Story().state(), questions)
    comparison.report(capsys, "every field, purpose and recipient of the shipped policy")


def test_every_use_by_every_role(capsys: pytest.CaptureFixture[str]) -> None:
    policy, comparison = shipped(), Comparison(shipped())
    for row in rows():
        whoever = [
            replace(holder_of(role, row.purpose.name), second_factor=factor)
            for role, factor in product(policy.roles, (True, False))
        ] + [principal(*policy.roles), principal()]
        accesses = [replace(row.access, reason=reason) for reason in (None, " \t", "she called")]
        _, story = reached(row)
        comparison.ask(
            replace(story, facts=opening(row.purpose)).state(),
            product(whoever, accesses, (row.field.name,), (row.record,)),
        )
    comparison.report(capsys, "every use of the shipped policy by every role")


def test_every_use_through_every_state_of_its_gates(capsys: pytest.CaptureFixture[str]) -> None:
    comparison = Comparison(shipped())
    alike: dict[tuple[str, str, str, str], list[Row]] = {}
    for row in rows():
        alike.setdefault((row.field.record, row.purpose.name, row.to, row.role), []).append(row)
    for group in alike.values():
        for who, story in gate_stories(group[0]):
            comparison.ask(story.state(), [(who, row.access, row.field.name, row.record) for row in group])
    comparison.report(capsys, "every use of the shipped policy in every state of its gates")


def tellers() -> Iterator[Row]:
    """For each kind and category one use for each thing rule 13 reads of a purpose."""
    carried = {purpose for consent in shipped().consents.values() for purpose in consent.purposes}
    seen: set[tuple[str, str, bool, str | None]] = set()
    for row in sorted(rows(), key=lambda row: len(opening(row.purpose))):
        name = row.purpose.name
        told = (row.field.record, row.field.category, row.purpose.basis is Basis.LEGAL_OBLIGATION,
                name if name in carried else None)  # fmt: skip
        if told not in seen:
            seen.add(told)
            yield row


def test_every_category_through_every_state_of_its_retention(capsys: pytest.CaptureFixture[str]) -> None:
    comparison = Comparison(shipped())
    for row in tellers():
        who, _ = reached(row)
        question: Question = (who, row.access, row.field.name, row.record)
        for story in keeping_stories(row):
            comparison.ask(story.state(INSTANTS), [question])
    comparison.report(capsys, "every category of the shipped policy in every state of its retention")


@pytest.mark.slow
def test_every_use_list_for_every_purpose_to_every_recipient_by_every_role(
    capsys: pytest.CaptureFixture[str],
) -> None:
    policy, comparison = shipped(), Comparison(shipped())
    different = {field.uses: field for field in policy.fields.values()}
    for purpose in policy.purposes:
        questions = (
            (who, access, field.name, records()[field.record])
            for who in [holder_of(role, purpose) for role in policy.roles]
            for access in [Access(purpose, "she called", to) for to in recipients()]
            for field in different.values()
        )
        comparison.ask(Story().state(), questions)
    comparison.report(capsys, "the full cross on paper of the shipped policy")


@pytest.mark.slow
def test_a_sample_of_gates_crossed_with_retention(capsys: pytest.CaptureFixture[str]) -> None:
    comparison = Comparison(shipped())
    chance = random.Random(20180528)
    for row in rows():
        gates = list(islice(gate_stories(row), 2000))
        keeping = list(keeping_stories(row))
        for _ in range(150):
            who, gate = chance.choice(gates)
            kept = chance.choice(keeping)
            facts = tuple(dict.fromkeys(chance.sample((*gate.facts, *kept.facts), len(gate.facts) + len(kept.facts))))
            story = replace(gate, facts=facts, consents=chance.choice((gate.consents, kept.consents)), held=kept.held)
            comparison.ask(story.state(INSTANTS), [(who, row.access, row.field.name, row.record)])
    comparison.report(capsys, "a sample of the full cross of the shipped policy")
