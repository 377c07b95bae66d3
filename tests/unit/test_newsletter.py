"""Who gets a newsletter is what the vault opened, on every page of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

import pytest
from identity_house import principal

from outreach.newsletter import newsletter_audience
from policies.model import Access, Principal, RecordId, SubjectId
from vault.request import MAX_PAGE, Everyone, FieldMask, Lookup, Opened, OpenedRecord, RecordFilter, Secret


@dataclass
class Pages:
    """A population that answers in pages of two."""

    people: int
    asked: list[tuple[Access, SubjectId | None, int]] = field(default_factory=list)

    async def open(
        self,
        who: Principal,
        access: Access,
        subjects: Sequence[SubjectId] | Lookup,
        fields: FieldMask,
        records: RecordFilter | None = None,
    ) -> Opened:
        assert isinstance(subjects, Everyone)
        assert (who.roles, records) == (frozenset({"newsletter"}), None)
        assert fields == {"person.email", "subscription.product_interest", "subscription.region"}
        self.asked.append((access, subjects.after, subjects.first))
        start = subjects.after.int if subjects.after else 0
        found = [SubjectId(UUID(int=number)) for number in range(start + 1, min(start + 2, self.people) + 1)]
        records_found = [
            OpenedRecord(each, RecordId(each), None, "person", {"person.email": Secret(f"{each.int}@example.no")})
            for each in found
        ]
        more = start + 2 < self.people
        return Opened(records_found, {}, {}, found, more=more, entry=UUID(int=0))


@pytest.mark.parametrize("people", [0, 1, 2, 3, 7])
async def test_everybody_who_opens_is_written_to_once(people: int) -> None:
    vault = Pages(people)
    found = await newsletter_audience(vault, principal("newsletter"))
    assert [reader.email.reveal() for reader in found] == [f"{number}@example.no" for number in range(1, people + 1)]


async def test_every_page_states_purpose_and_recipient_and_stays_within_the_bound() -> None:
    vault = Pages(5)
    await newsletter_audience(vault, principal("newsletter"))
    assert {access for access, _, _ in vault.asked} == {Access("newsletter", None, "mailchimp")}
    assert all(first <= MAX_PAGE for _, _, first in vault.asked)
    assert len(vault.asked) == 3
