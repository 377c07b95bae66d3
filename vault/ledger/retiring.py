"""A month's audit key dies when the audit retention is over: reasons, names of fields and salts of that month with it.

The tree goes on verifying; what a leaf of that month said, and of whom, is told by nothing any more. As with every key
the row alone erases nothing for somebody with an old copy: that takes the next roll.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import Final

from policies.model import Period, PolicySet
from policies.oslo import over
from vault.house import House
from vault.ledger.book import OSLO
from vault.storage.epochs import CHANGED

RETENTION: Final = "audit"


def ends(policy: PolicySet, month: date) -> datetime | None:
    """When the audit key of a month dies: its end in Oslo and the audit retention. None: the policy declares none."""
    rule = policy.retention.get(RETENTION)
    if rule is None or rule.keep is None:
        return None
    after = date(month.year + month.month // 12, month.month % 12 + 1, 1)
    return over(datetime.combine(after, time(), OSLO).astimezone(UTC), Period(rule.keep.months, rule.keep.days))


def is_over(policy: PolicySet, month: date, now: datetime) -> bool:
    """Whether a month's audit key ought to be dead."""
    end = ends(policy, month)
    return end is not None and end <= now


async def retire(house: House) -> list[date]:
    """Destroy the audit keys whose time is over, in every epoch; the months whose key died now.

    Repeating it changes nothing. Other processes are told to let go of them.
    """
    now = house.clock()
    async with house.control.transaction() as connection:
        rows = await connection.fetch("select distinct month from audit_key order by month")
        dead = [row[0] for row in rows if is_over(house.policy, row[0], now)]
        if dead:
            await connection.execute("delete from audit_key where month = any($1::date[])", dead)
            await connection.execute("select pg_notify($1, '')", CHANGED)
    if dead:
        await house.reload()
    return dead
