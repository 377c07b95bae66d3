"""What each step takes. Frozen, and without a `repr`: they hold what a person typed.

Texts are as the client sent them; the vault parses each as its field's type and answers `Invalid(field, rule)`. `None`
means the client left it out. No input has room for a national id: that is fetched, never typed (NAB-09).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from policies.model import RecordId, SubjectId


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class OrderPower:
    """NAB-02: the six of a private customer. `contract` is the record of an earlier power of attorney, if there is."""

    contract: RecordId | None
    address: str | None
    first_name: str | None
    last_name: str | None
    birth_date: str | None
    mobile: str | None
    email: str | None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class CancelOrder:
    """The order is off before supply began. `subject` is left out by the customer."""

    subject: SubjectId | None
    contract: RecordId


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class GivePowerOfAttorney:
    """G-20: look my meter up, though I have not ordered."""

    address: str | None
    email: str | None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class WithdrawPowerOfAttorney:
    """And no longer. `subject` is left out by the customer."""

    subject: SubjectId | None
    contract: RecordId


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Company:
    """NAB-03, NAB-04: the site and the organisation, and a contact person who is a data subject of its own."""

    site_address: str | None
    organisation_name: str | None
    organisation_number: str | None
    contact_first_name: str | None
    contact_last_name: str | None
    contact_mobile: str | None
    contact_email: str | None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class OrderForCompany(Company):
    """A company's order. The owner of a sole proprietorship orders as a private person (NAB-03)."""

    sole_proprietorship: bool


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ReplaceContact(Company):
    """Another person speaks for the company from now on: what was kept of the one before is erased at once."""

    subject: SubjectId
    contract: RecordId


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class EndCompanySupply:
    """The company's contract has ended. `subject` is left out by the contact person."""

    subject: SubjectId | None
    contract: RecordId


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class FetchIdentity:
    """NAB-09: whose national id to fetch."""

    subject: SubjectId
    contract: RecordId


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class LookUp:
    """NAB-05: which meter to find. `meter_number` is what the customer read off the meter, where several were found."""

    subject: SubjectId
    contract: RecordId
    meter_number: str | None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class StartSupply:
    """Supply began at the midnight in Oslo that opens this day."""

    subject: SubjectId
    contract: RecordId
    supply_from: date


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class EndSupply:
    """Supply ended at the midnight in Oslo that opens this day. `subject` is left out by the customer."""

    subject: SubjectId | None
    contract: RecordId
    supply_until: date


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class SettleSupply:
    """The final bill is out: no reading is taken from now on."""

    subject: SubjectId
    contract: RecordId
