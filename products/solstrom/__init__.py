"""Solstrøm: from the wish for a calculation of a roof to the outcome of a solar loan (SOL-01 … SOL-24).

Each step is one function: it says for which purpose it writes, which facts it records and which values it hands over,
and takes all of it through `seal` once. What must have happened before, which fields a step needs and who may take it
stands in the policy and is decided by the vault; a step only gives that refusal its name.
"""

from products.solstrom.consents import give_consent, withdraw_consent
from products.solstrom.delivery import assign, complete_design, end_assignment
from products.solstrom.inputs import (
    AcceptOffer,
    ApplyForLoan,
    Assign,
    ChooseFinancing,
    CloseLoan,
    CompleteDesign,
    DeclineOffer,
    EndAssignment,
    GiveConsent,
    MakeOffer,
    Proceed,
    RecordRoof,
    RequestCalculation,
    SignContract,
    WithdrawConsent,
)
from products.solstrom.lead import Lead, proceed, record_roof, request_calculation
from products.solstrom.loan import LoanApplication, apply_for_loan, close_loan
from products.solstrom.offer import accept_offer, choose_financing, decline_offer, make_offer, sign_contract

__all__ = [
    "AcceptOffer",
    "ApplyForLoan",
    "Assign",
    "ChooseFinancing",
    "CloseLoan",
    "CompleteDesign",
    "DeclineOffer",
    "EndAssignment",
    "GiveConsent",
    "Lead",
    "LoanApplication",
    "MakeOffer",
    "Proceed",
    "RecordRoof",
    "RequestCalculation",
    "SignContract",
    "WithdrawConsent",
    "accept_offer",
    "apply_for_loan",
    "assign",
    "choose_financing",
    "close_loan",
    "complete_design",
    "decline_offer",
    "end_assignment",
    "give_consent",
    "make_offer",
    "proceed",
    "record_roof",
    "request_calculation",
    "sign_contract",
    "withdraw_consent",
]
