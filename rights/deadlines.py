"""When a request must be answered: Article 12(3) GDPR, counted as Regulation 1182/71 Article 3(2)(c) counts months.

The period ends with the day that bears the number of the day of receipt, or with the last day of a month that has no
such day: received on 31 January, due on 28 or 29 February; extended, on 30 April. That day is still in time. A due day
that is a holiday is not moved: early is allowed, late is not. Days are Oslo's.
"""

from __future__ import annotations

from datetime import date
from typing import Final

from policies.model import Period
from policies.oslo import midnight, oslo_date, over

FIRST: Final = Period(months=1, days=0)
EXTENDED: Final = Period(months=3, days=0)
"""The month, and the two further months that complex or numerous requests may take."""


def due_on(received_on: date, *, extended: bool) -> date:
    """The last day on which the answer is in time."""
    return oslo_date(over(midnight(received_on), EXTENDED if extended else FIRST))


def may_be_extended(received_on: date, today: date) -> bool:
    """Whether the person can still be told in time that it takes longer: within the first month."""
    return today <= due_on(received_on, extended=False)
