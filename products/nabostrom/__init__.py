"""Nabostrøm: from an order of electricity to the subscription and the meter it is for (NAB-01 … NAB-12, NAB-18).

Each step is one function: it says for which purpose it writes, which facts it records and which values it hands over,
and takes all of it through `seal` once. Two steps also ask a register outside the house, by a port (`register.py`).
"""

from products.nabostrom.company import ContactReplaced, end_company_supply, order_for_company, replace_contact
from products.nabostrom.inputs import (
    CancelOrder,
    EndCompanySupply,
    EndSupply,
    FetchIdentity,
    GivePowerOfAttorney,
    LookUp,
    OrderForCompany,
    OrderPower,
    ReplaceContact,
    SettleSupply,
    StartSupply,
    WithdrawPowerOfAttorney,
)
from products.nabostrom.lookup import (
    BirthDateDiffers,
    Identification,
    Identified,
    KeysMissing,
    LookedUp,
    NotFound,
    PointFound,
    Several,
    fetch_identity,
    look_up,
)
from products.nabostrom.order import (
    PowerOrder,
    cancel_order,
    give_power_of_attorney,
    order_power,
    withdraw_power_of_attorney,
)
from products.nabostrom.supply import end_supply, settle_supply, start_supply

__all__ = [
    "BirthDateDiffers",
    "CancelOrder",
    "ContactReplaced",
    "EndCompanySupply",
    "EndSupply",
    "FetchIdentity",
    "GivePowerOfAttorney",
    "Identification",
    "Identified",
    "KeysMissing",
    "LookUp",
    "LookedUp",
    "NotFound",
    "OrderForCompany",
    "OrderPower",
    "PointFound",
    "PowerOrder",
    "ReplaceContact",
    "SettleSupply",
    "Several",
    "StartSupply",
    "WithdrawPowerOfAttorney",
    "cancel_order",
    "end_company_supply",
    "end_supply",
    "fetch_identity",
    "give_power_of_attorney",
    "look_up",
    "order_for_company",
    "order_power",
    "replace_contact",
    "settle_supply",
    "start_supply",
    "withdraw_power_of_attorney",
]
