"""The clock of the retention run. What is destroyed too early is gone, so a clock that jumps is not believed.

Each run remembers the time. When the next finds the clock more than a day further on, or behind, it stops before
anything dies, remembers the jump, and so does every run after it until an operator says that the clock is right. A
company that lets no run happen for more than a day is asked the same question.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from policies.model import Access, Principal
from policies.oslo import oslo_date
from vault.errors import ClockJumped, Invalid
from vault.house import House
from vault.ledger.book import Act, Kind
from vault.storage.expiring import last_tick, write_tick

LONGEST_STEP: Final = timedelta(days=1)
PURPOSE: Final = "erasure"


@dataclass(frozen=True, slots=True)
class Alarm:
    """The clock went from `before` to `after` between two runs."""

    before: datetime
    after: datetime


async def tick(house: House) -> datetime:
    """The time, if the clock can be believed; remembered when this returns.

    Raises:
        ClockJumped: it went more than a day since the last tick, or did before and nobody has acknowledged it.
    """
    now = house.clock()
    async with house.control.transaction() as connection:
        found = await last_tick(connection, lock=True)
        before, jumped = (now, None) if found is None else found
        if jumped is None and abs(now - before) <= LONGEST_STEP:
            await write_tick(connection, now, None)
            return now
        await write_tick(connection, before, jumped or now)
    raise ClockJumped(said(Alarm(before, jumped or now)))


async def alarm(house: House) -> Alarm | None:
    """The jump that nobody has acknowledged, if there is one."""
    async with house.control.connection() as connection:
        found = await last_tick(connection)
    return None if found is None or found[1] is None else Alarm(found[0], found[1])


async def acknowledge(house: House, who: Principal | None, day: date) -> None:
    """Go on from what the clock says, on record. `day` is the date it really is, as somebody read it elsewhere.

    Raises:
        Invalid: the clock says another date; mend the clock.
    """
    now = house.clock()
    if oslo_date(now) != day:
        raise Invalid("date", f"the clock says it is {oslo_date(now)} in Oslo; if that is wrong, mend the clock")
    act = Act(Kind.ADMINISTERED, who, Access(PURPOSE, "the clock is right", "retention"), {}, (), frozenset())
    await house.committer.record(await house.book.entry(act))
    async with house.control.transaction() as connection:
        await last_tick(connection, lock=True)
        await write_tick(connection, now, None)


def said(found: Alarm) -> str:
    """What to tell an operator."""
    return (
        f"the clock went from {found.before:%Y-%m-%d %H:%MZ} to {found.after:%Y-%m-%d %H:%MZ} between two runs; nothing"
        " is destroyed until `hvelv retention acknowledge DATE` says what day it is"
    )
