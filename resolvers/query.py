"""The root fields of queries. Each docstring is its description in the schema."""

from __future__ import annotations

from uuid import UUID

from policies.decision import Permit, Refusal
from policies.model import Access, SubjectId
from resolvers.asking import Ask, page_asked
from resolvers.notice import policy_info
from resolvers.opening import Counts, customers, missing, shell
from resolvers.proofs import proofs_wanted
from resolvers.report import ledger_entry, receipt_shown
from resolvers.selection import Selection
from resolvers.shortfall import Shortfall, summed
from resolvers.translation import REACH, Declined
from schema.customer import Customer
from schema.errors import Code
from schema.names import FieldName, PurposeName, RecipientName
from schema.notice import PolicyInfo
from schema.paging import Connection, cursor, page
from schema.power import MeteringPoint
from schema.record import Explanation, LedgerEntry, Receipt
from vault.request import ByValue, Everyone, Secret, Withheld


async def me(info: Ask) -> Customer | None:
    """The customer who asks, from the token."""
    subject = info.context.who.subject
    if subject is None:
        raise Declined(Code.NOT_FOUND)
    if not info.selection().mask:
        return shell(subject)
    return await one_customer(info, subject)


async def customer(info: Ask, id: UUID) -> Customer | None:
    """One customer by id. An unknown one and one the policy keeps from you answer alike."""
    selection = info.selection()
    if not selection.mask and selection.doors:
        return shell(id)
    return await one_customer(info, SubjectId(id))


async def customers_by_email(info: Ask, email: str) -> list[Customer] | None:
    """Customers by exact e-mail address: an opening like any other. Several leads may share an address."""
    return await _by_value(info, ByValue("person.email", Secret(email)))


async def customers_by_phone(info: Ask, phone: str) -> list[Customer] | None:
    """Customers by exact telephone number: an opening like any other."""
    return await _by_value(info, ByValue("person.phone", Secret(phone)))


async def customers_page(info: Ask, first: int, after: str | None = None) -> Connection[Customer] | None:
    """The customers this purpose lets you see, in a fixed order; `first` is at most 100."""
    size, key = page_asked(first, after)
    selection = _something(info)
    asking = info.context
    everyone = Everyone(after=None if key is None else SubjectId(key), first=size)
    opened = await asking.house.vault.open(asking.who, asking.access(), everyone, selection.mask)
    trees = customers(opened)
    counts = summed([opened.by_subject.get(subject, {}) for subject in trees]) if trees else missing(opened, None)
    asking.shortfalls.append(Shortfall(info.place, selection, counts))
    return page([(cursor(subject), tree) for subject, tree in trees.items()], more=opened.more, after=after)


async def metering_point(info: Ask, subject: UUID, id: UUID) -> MeteringPoint | None:
    """One metering point by its record, for its readings and what is billed. Unknown and forbidden answer alike."""
    selection = info.selection()
    if not selection.mask:
        return MeteringPoint(opened={}, subject=subject, id=id)
    customer = await one_customer(info, SubjectId(subject))
    if customer is None and selection.doors:  # all of the meter itself is withheld: its readings decide for themselves
        return MeteringPoint(opened={}, subject=subject, id=id)
    contracts = [] if customer is None else customer.power_contracts
    found = next((point for each in contracts for point in each.metering_points if point.id == id), None)
    if customer is not None and found is None:
        raise Declined(Code.NOT_FOUND)
    return found


async def policy(info: Ask) -> PolicyInfo:
    """The policy in force, field by field: why, on what basis, for whom, how long. Needs no token."""
    return policy_info(info.context.house.vault.policy)


async def explain_access(
    info: Ask,
    subject: UUID,
    field: FieldName,
    purpose: PurposeName,
    recipient: RecipientName,
    reason: str | None = None,
) -> Explanation | None:
    """What would be decided if you opened this field now. Opens nothing, and is on record."""
    asking = info.context
    access = Access(purpose.text, reason, recipient.text)
    decisions = await asking.house.vault.explain(asking.who, access, SubjectId(subject), frozenset({field.text}))
    match decisions.get(field.text):
        case Permit(sees=mask):
            return Explanation(permitted=True, sees=mask.value, rule=None)
        case Refusal(rule=rule, personal=personal):
            if not asking.reader.told(Withheld(field.text, rule, personal or rule == REACH)):
                raise Declined(Code.NOT_FOUND)
            return Explanation(permitted=False, sees=None, rule=rule)
        case None:  # no record of the subject could hold it
            raise Declined(Code.NOT_FOUND)


async def ledger(info: Ask, first: int, after: str | None = None) -> Connection[LedgerEntry] | None:
    """The ledger's entries, newest first, for the data protection officer."""
    size, key = page_asked(first, after)
    asking = info.context
    found = await asking.house.vault.entries(asking.who, key, size, proofs=proofs_wanted(info))
    return page([(cursor(row.id), ledger_entry(row)) for row in found.entries], more=found.more, after=after)


async def receipt(info: Ask, id: UUID) -> Receipt | None:
    """The receipt of an erasure, with its status as of now."""
    asking = info.context
    return receipt_shown(await asking.house.vault.receipt(asking.who, id))


def _something(info: Ask) -> Selection:
    selection = info.selection()
    if not selection.mask:
        raise Declined(Code.NOTHING_SELECTED)
    return selection


async def one_customer(info: Ask, subject: SubjectId) -> Customer | None:
    """The customer as far as it opens; what was withheld is put down."""
    selection = _something(info)
    found = await info.context.loader.load((subject, selection.mask))
    if found.customer is None:
        _absent(info, selection, found.withheld)
        return None
    info.context.shortfalls.append(Shortfall(info.place, selection, found.withheld))
    return found.customer


async def _by_value(info: Ask, wanted: ByValue) -> list[Customer] | None:
    selection, asking = _something(info), info.context
    opened = await asking.house.vault.open(asking.who, asking.access(), wanted, selection.mask)
    trees = customers(opened)
    if not trees:
        _absent(info, selection, missing(opened, None))
        return None
    counts = summed([opened.by_subject.get(subject, {}) for subject in trees])
    asking.shortfalls.append(Shortfall(info.place, selection, counts))
    return list(trees.values())


def _absent(info: Ask, selection: Selection, withheld: Counts) -> None:
    """Nobody answered: the rules that may be told, or else nothing but that."""
    reader = info.context.reader
    told = {each: count for each, count in withheld.items() if reader.told(each)}
    if not told:
        raise Declined(Code.NOT_FOUND)
    info.context.shortfalls.append(Shortfall(info.place, selection, told))
