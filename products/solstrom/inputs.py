"""What each step takes. Frozen, and without a `repr`: they hold what a person typed.

Texts are as the client sent them; the vault parses each as its field's type and answers `Invalid(field, rule)`.
A customer's step names no subject, it is the customer's own. `None` means the client left it out.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from policies.model import RecordId, SubjectId


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class RequestCalculation:
    """SOL-03, SOL-06: an address, an e-mail address and one of the two choices of the form, none of them preset."""

    address: str
    email: str
    consent_option: int


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class RecordRoof:
    """SOL-11: four attributes from a public register. `roof` names the record to correct; `None` adds one."""

    subject: SubjectId
    project: RecordId
    roof: RecordId | None
    azimuth_deg: int
    tilt_deg: int
    area_dm2: int
    height_cm: int
    source: str
    fetched_on: date


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Proceed:
    """SOL-14: what is asked for when the person wants an offer."""

    project: RecordId
    name: str | None
    phone: str | None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class MakeOffer:
    """SOL-15: the formal offer, and the contract document that may be signed later (SOL-17)."""

    subject: SubjectId
    project: RecordId
    amount_nok: int
    document: bytes | None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class AcceptOffer:
    """The customer says yes."""

    project: RecordId


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class DeclineOffer:
    """The customer says no."""

    project: RecordId


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class SignContract:
    """SOL-02: the purchase contract is signed. `document` is the signed copy; the one of the offer serves as well."""

    project: RecordId
    document: bytes | None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ChooseFinancing:
    """SOL-18: a solar loan, or cash."""

    project: RecordId
    solar_loan: bool


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ApplyForLoan:
    """SOL-20: totals of the household as a whole; nobody else in it is named."""

    project: RecordId
    national_id: str
    household_income_nok: int
    household_loans_nok: int


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class CloseLoan:
    """SOL-22 … SOL-24: `outcome` is one of the choices of `loan.result`."""

    subject: SubjectId
    loan: RecordId
    outcome: str


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class CompleteDesign:
    """SOL-27: the detailed design is done; the installer may see the case from now on."""

    subject: SubjectId
    project: RecordId


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class GiveConsent:
    """A consent of the policy, by its name."""

    consent: str


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class WithdrawConsent:
    """A consent of the policy, by its name."""

    consent: str


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Assign:
    """A record handed to one member of staff, for one purpose."""

    subject: SubjectId
    record: RecordId
    account: UUID
    purpose: str


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class EndAssignment:
    """The same handed back."""

    subject: SubjectId
    record: RecordId
    account: UUID
    purpose: str
