"""How much each benchmark does: what is reported, and a quick pass that only shows that everything runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """Counts of things and of runs."""

    runs: int
    page: int  # subjects of one page; each has ten fields
    few_groups: int
    many_groups: int
    erasures: int  # subjects erased of each sort
    rolled: int  # subjects that a roll moves
    rolls: int  # rolls of each sort
    stained: int  # subjects erased or made dirty before a roll
    started: int  # subjects whose keys a cold start opens
    openers: int
    openings: int  # by each opener
    meters: int  # of one turn; each has a year of hours
    feed_meters: int  # of one grid company
    feed_days: int  # that each of them delivers, one by one
    expired: int  # half the people whose time is over
    crowd: int  # people beside them whose time is not
    delivered_days: int  # of hourly readings in one delivery
    metered: int  # customers whose year is delivered in one file


FULL: Final = Sizes(
    expired=50, crowd=1_000_000,
    runs=40, page=100, few_groups=10, many_groups=10_000, erasures=15, rolled=100_000, rolls=3, stained=100,
    started=10_000, openers=16, openings=25, meters=100, feed_meters=400, feed_days=31, delivered_days=1_800,
    metered=40,
)  # fmt: skip
QUICK: Final = Sizes(
    expired=6, crowd=5_000,
    runs=3, page=100, few_groups=10, many_groups=1_000, erasures=3, rolled=2_000, rolls=1, stained=5,
    started=500, openers=16, openings=4, meters=8, feed_meters=20, feed_days=12, delivered_days=60, metered=2,
)  # fmt: skip
