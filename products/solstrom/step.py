"""The steps of Solstrøm and the records they write on. The names are entries of the policy; a test holds them to it."""

from __future__ import annotations

from typing import Final

from products.step import PERSON, JourneyStep, access, facts, given, own_access, own_subject, taking

__all__ = [
    "LOAN",
    "PERSON",
    "PROJECT",
    "ROOF",
    "Step",
    "access",
    "facts",
    "given",
    "own_access",
    "own_subject",
    "taking",
]

PROJECT: Final = "project"
ROOF: Final = "roof"
LOAN: Final = "loan"


class Step(JourneyStep):
    """Every step and the purpose it writes for."""

    REQUEST_CALCULATION = "request_calculation", "roof_calculation"
    RECORD_ROOF = "record_roof", "roof_calculation"
    PROCEED = "proceed", "offer"
    MAKE_OFFER = "make_offer", "offer"
    ACCEPT_OFFER = "accept_offer", "offer"
    DECLINE_OFFER = "decline_offer", "offer"
    SIGN_CONTRACT = "sign_contract", "contract"
    CHOOSE_FINANCING = "choose_financing", "contract"
    APPLY_FOR_LOAN = "apply_for_loan", "loan_application"
    CLOSE_LOAN = "close_loan", "loan_administration"
    GIVE_CONSENT = "give_consent", "self_service"
    WITHDRAW_CONSENT = "withdraw_consent", "self_service"
    COMPLETE_DESIGN = "complete_design", "delivery"
