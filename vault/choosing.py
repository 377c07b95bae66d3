"""Whose data is asked for: ids given, an indexed value, or the next page of those a role reaches.

Choosing reveals nothing by itself: it yields candidates, the decision weighs each of them, and a candidate refused is a
candidate that was never there.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from typing import Final
from uuid import UUID

from policies.model import Access, Index, Principal, Reach, SubjectId
from policies.values import BadValue, index_form, parse
from vault.errors import Invalid
from vault.house import House
from vault.request import ByValue, Everyone, Lookup
from vault.storage.epochs import slot

PAGE: Final = 500
FEW: Final = 20
ASSIGNED_FIELD: Final = "@assigned"
"""The pseudo-field under which an assignee's subjects are indexed; no field of a policy begins with `@`."""


def assignee(account: UUID | None, recipient: str | None) -> str:
    """The indexed value of an assignment."""
    return f"account {account}" if account else f"recipient {recipient}"


async def candidates(
    house: House, who: Principal, access: Access, chosen: Sequence[SubjectId] | Lookup
) -> AsyncGenerator[list[SubjectId], None]:
    """Pages of candidate subjects, in the order they will be answered, none twice."""
    match chosen:
        case ByValue():
            yield await _by_value(house, who, _reaches(house, who, access), chosen)
        case Everyone():
            async for page in _everyone(house, who, access, chosen):
                yield page
        case _:
            yield list(dict.fromkeys(chosen))


def indexed_value(house: House, wanted: ByValue) -> str:
    """The value looked up, in the spelling the index is made of.

    Raises:
        Invalid: the field is not indexed, or the value is none of its type.
    """
    field = house.policy.fields.get(wanted.field)
    if field is None or field.index is not Index.EXACT:
        raise Invalid(wanted.field, "is not indexed")
    value = parse(field.type, wanted.value.reveal(), house.value_rules())
    if isinstance(value, BadValue):
        raise Invalid(wanted.field, value.rule)
    return index_form(field.type, str(value))


async def _by_value(house: House, who: Principal, reaches: set[Reach], wanted: ByValue) -> list[SubjectId]:
    value = indexed_value(house, wanted)
    if reaches == {Reach.SELF}:  # nobody else is looked at: neither an answer nor its time may tell of them
        before = None if who.subject is None or not who.subject.int else SubjectId(UUID(int=who.subject.int - 1))
        hits = await _stored(house, wanted.field, value, after=before, limit=1)
        return [subject for subject in hits if subject == who.subject]
    return await _stored(house, wanted.field, value, after=None, limit=PAGE)


async def _everyone(
    house: House, who: Principal, access: Access, wanted: Everyone
) -> AsyncGenerator[list[SubjectId], None]:
    reaches, recipient = _reaches(house, who, access), _speaks_for(who, access)
    # one more than wanted tells whether a page follows; a few at least, because some candidates will be refused
    after, size = wanted.after, min(max(wanted.first + 1, FEW), PAGE)
    while page := await _page(house, who, reaches, recipient, after, size):
        yield page
        after = page[-1]


def _speaks_for(who: Principal, access: Access) -> str | None:
    """Whose assignments are also the asker's: those of the partner it speaks for, or of the role it asks in."""
    return access.recipient if who.recipient is None and access.recipient in who.roles else who.recipient


def _reaches(house: House, who: Principal, access: Access) -> set[Reach]:
    purpose = house.policy.purposes.get(access.purpose)
    return {purpose.roles[role] for role in who.roles if role in purpose.roles} if purpose else set()


async def _page(
    house: House, who: Principal, reaches: set[Reach], recipient: str | None, after: SubjectId | None, size: int
) -> list[SubjectId]:
    if Reach.POPULATION in reaches:
        rows = await house.control.fetch(
            "select subject from subject where state = 1 and ($1::uuid is null or subject > $1)"
            " order by subject limit $2",
            after, size,
        )  # fmt: skip
        return [SubjectId(row[0]) for row in rows]
    if Reach.ASSIGNED in reaches:
        mine = await _stored(house, ASSIGNED_FIELD, assignee(who.account, None), after=after, limit=size)
        theirs: list[SubjectId] = []
        if recipient is not None:
            theirs = await _stored(house, ASSIGNED_FIELD, assignee(None, recipient), after=after, limit=size)
        return sorted({*mine, *theirs})[:size]
    own = who.subject if Reach.SELF in reaches else None
    return [own] if own is not None and (after is None or own > after) else []


async def _stored(house: House, field: str, normalised: str, *, after: SubjectId | None, limit: int) -> list[SubjectId]:
    await house.keep_step()
    stored = house.keys.stored_tokens(field, normalised)
    rows = await house.control.fetch(
        "select distinct i.subject from index_token i join unnest($1::smallint[], $2::bytea[]) as w(slot, token)"
        " on i.slot = w.slot and i.token = w.token where i.field = $3 and ($4::uuid is null or i.subject > $4)"
        " order by i.subject limit $5",
        [slot(epoch) for epoch in stored], list(stored.values()), field, after, limit,
    )  # fmt: skip
    return [SubjectId(row[0]) for row in rows]
