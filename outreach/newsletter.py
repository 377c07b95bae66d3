"""Whom a newsletter may be written to: the population opened for that purpose, page by page, each page on record.

Nothing is selected here. A person without consent is not in the answer because the vault did not open the address.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from policies.model import Access, Principal, SubjectId
from vault.request import MAX_PAGE, Everyone, FieldMask, Lookup, Opened, RecordFilter, Secret, Value

ADDRESS: Final = "person.email"
ACCESS: Final = Access(purpose="newsletter", reason=None, recipient="mailchimp")


class Opening(Protocol):
    """The vault's door out: what the policy opens of these fields, on record before anything is opened."""

    async def open(
        self,
        who: Principal,
        access: Access,
        subjects: Sequence[SubjectId] | Lookup,
        fields: FieldMask,
        records: RecordFilter | None = None,
    ) -> Opened:
        """Decide, record, open."""
        ...


@dataclass(frozen=True, slots=True)
class Reader:
    """Somebody who wants the newsletter."""

    subject: SubjectId
    email: Secret[Value]


async def newsletter_audience(vault: Opening, who: Principal) -> list[Reader]:
    """Everybody who may be written to now.

    A page is decided as a whole; somebody who withdraws while the pages run is in the answer only if their page was
    opened before. The sender opens each address again when it sends.
    """
    readers: list[Reader] = []
    page: Everyone | None = Everyone(after=None, first=MAX_PAGE)
    while page is not None:
        opened = await vault.open(who, ACCESS, page, frozenset({ADDRESS}))
        readers.extend(Reader(r.subject, r.values[ADDRESS]) for r in opened.records if ADDRESS in r.values)
        page = Everyone(after=opened.found[-1], first=MAX_PAGE) if opened.more and opened.found else None
    return readers
