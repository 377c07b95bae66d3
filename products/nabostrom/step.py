"""The steps of Nabostrøm and the records they write on. The names stand in the policy; a test holds them to it."""

from __future__ import annotations

from typing import Final

from products.step import JourneyStep

POWER_CONTRACT: Final = "power_contract"
METERING_POINT: Final = "metering_point"
COMPANY_CONTRACT: Final = "company_contract"


class Step(JourneyStep):
    """Every step and the purpose it writes for."""

    ORDER_POWER = "order_power", "power_supply"
    CANCEL_ORDER = "cancel_order", "power_supply"
    GIVE_POWER_OF_ATTORNEY = "give_power_of_attorney", "metering_lookup_by_attorney"
    WITHDRAW_POWER_OF_ATTORNEY = "withdraw_power_of_attorney", "metering_lookup_by_attorney"
    ORDER_FOR_COMPANY = "order_for_company", "company_supply"
    REPLACE_CONTACT = "replace_contact", "company_supply"
    END_COMPANY_SUPPLY = "end_company_supply", "company_supply"
    FETCH_IDENTITY = "fetch_identity", "end_user_identity"
    LOOK_UP = "look_up", "metering_lookup"
    LOOK_UP_BY_ATTORNEY = "look_up", "metering_lookup_by_attorney"
    START_SUPPLY = "start_supply", "metering"
    END_SUPPLY = "end_supply", "metering"
    SETTLE_SUPPLY = "settle_supply", "billing"
