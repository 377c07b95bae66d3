"""One opening per mask and tick; what it gives becomes customers.

Masks are never united: who asked for one person's name and another's e-mail address opens two fields, not four.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from policies.model import Access, Principal, SubjectId
from resolvers.house import Vault
from resolvers.placing import place_power
from resolvers.placing_outreach import place_outreach
from resolvers.translation import SUBJECT_FREE
from schema.customer import Customer, Loan, Project, Roof
from vault.request import FieldMask, Opened, OpenedRecord, Withheld

Key = tuple[SubjectId, FieldMask]
Counts = Mapping[Withheld, int]


@dataclass(frozen=True, slots=True)
class Found:
    """One subject's answer. No customer: unknown, or everything refused, which is the same to the asker."""

    customer: Customer | None
    withheld: Counts


async def open_each(vault: Vault, who: Principal, access: Access, keys: Sequence[Key]) -> list[Found | BaseException]:
    """Answer each key, with one opening for all subjects of one mask. A failed opening fails its own keys only."""
    wanted: defaultdict[FieldMask, list[SubjectId]] = defaultdict(list)
    for subject, mask in keys:
        wanted[mask].append(subject)
    openings = (vault.open(who, access, subjects, mask) for mask, subjects in wanted.items())
    answers = dict(zip(wanted, await asyncio.gather(*openings, return_exceptions=True), strict=True))
    trees = {mask: customers(answer) for mask, answer in answers.items() if isinstance(answer, Opened)}
    return [_found(answers[mask], trees.get(mask, {}), subject) for subject, mask in keys]


def _found(
    answer: Opened | BaseException, trees: Mapping[SubjectId, Customer], subject: SubjectId
) -> Found | BaseException:
    if isinstance(answer, BaseException):
        return answer
    if subject in trees:
        return Found(trees[subject], answer.by_subject.get(subject, {}))
    return Found(None, missing(answer, subject))


def missing(answer: Opened, subject: SubjectId | None) -> Counts:
    """What withheld a subject that did not answer. One each, whatever it has: counts would tell what is there."""
    of_subject: Counts = answer.by_subject.get(subject, {}) if subject is not None else {}
    return dict.fromkeys([*of_subject, *(w for w in answer.withheld if w.rule in SUBJECT_FREE)], 1)


def shell(subject: UUID) -> Customer:
    """A customer of whom nothing was opened."""
    return Customer(opened={}, id=subject, projects=[])


def customers(opened: Opened) -> Mapping[SubjectId, Customer]:
    """The subjects that answered, each with its records below it, in the order asked for."""
    trees = {subject: shell(subject) for subject in opened.found}
    projects: dict[UUID, Project] = {}
    for record in opened.records:
        owner = trees.get(record.subject)
        if owner is not None:
            _place(record, owner, projects)
    place_power(opened.records, trees)
    place_outreach(opened.records, trees)
    return trees


def _place(record: OpenedRecord, owner: Customer, projects: dict[UUID, Project]) -> None:
    """Hang one record where it belongs. A project of which only something below opened has no values of its own."""
    match record.kind:
        case "person":
            owner.opened = record.values
        case "project":
            _project(record.record, owner, projects).opened = record.values
        case "roof" if record.parent is not None:
            roof = Roof(opened=record.values, id=record.record)
            project = _project(record.parent, owner, projects)
            project.roof = roof
            project.roofs.append(roof)
        case "loan" if record.parent is not None:
            _project(record.parent, owner, projects).loans.append(Loan(opened=record.values, id=record.record))
        case _:
            pass  # placed elsewhere, or a kind this schema does not show


def _project(record: UUID, owner: Customer, projects: dict[UUID, Project]) -> Project:
    project = projects.get(record)
    if project is None:
        project = projects[record] = Project(opened={}, id=record, roof=None, loans=[])
        owner.projects.append(project)
    return project
