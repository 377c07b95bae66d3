"""From the bytes of a delivery to sealed series: read, find whose it is, check the subscription, hand over, report.

 1. a reader takes the bytes as they come and names what it cannot take (`formats`)
 2. each metering point is looked up once: whose subscriptions it has, and their days (`sites.py`)
 3. readings outside those days, and of points nobody ordered, are refused by line
 4. the rest goes to the series door in groups; each group is stored whole or not at all, durable when the door returns
 5. the report counts what the door said

Nothing is remembered between deliveries. A crash anywhere leaves whole groups; the same delivery again finds those
known and stores the rest, so nothing acknowledged is lost and nothing counts twice. Late is normal: a reading of a day
within the subscription is taken on day 3 as on day 40, until the final bill (NAB-12, NAB-15).

Where a delivery does not tell when a value was registered, the time of receipt stands for it, and the same values again
are the first receipt's: the request key of such a group is a digest of what it says.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ingest.columns import arrivals_of, is_unregistered, register_arrivals, volume_arrivals
from ingest.doors import Doors
from ingest.formats import Item, Options, Readable, read
from ingest.problems import Problem
from ingest.readings import Batch, Direction, MeteringPoint, PeriodVolume, Quality, RegisterReading, seconds
from ingest.report import Placed, Refusal, Report
from ingest.sites import ACCESS, Deliverer, Site, sites_of
from policies.model import Principal
from vault.request import RequestKey
from vault.series.request import Arrival

GROUP: Final = 200_000
"""Readings handed over at once."""

ARRIVALS: Final = 1_000
"""Arrivals handed over at once."""

AHEAD: Final = 100_000
"""Readings read ahead, so that metering points new among them are looked up side by side."""

LOOK_UPS: Final = 16
"""Look-ups at once: they share the commits of the ledger."""

SITES: Final = 4096
"""Metering points remembered within one delivery."""

ITEMS: Final = 1024
"""Items taken from a reader at a time."""


@dataclass(frozen=True, slots=True)
class Pipeline:
    """One way in for meter readings. Safe to use for several deliveries at once.

    `who` is the service that stores them. `deliverer` is the grid company that sent them, where one did: only points of
    contracts assigned to it are taken.
    """

    vault: Doors
    who: Principal
    deliverer: Deliverer | None = None

    async def take(
        self, stream: Readable, options: Options, *, progress: Callable[[int], None] = lambda _: None
    ) -> Report:
        """Take a delivery in; `progress` is told how many readings were looked at.

        `stream` is read in a thread, a little at a time. `options.now` is the time of receipt.

        Raises:
            Unavailable, Contended: groups handed over so far stay; send the delivery again.
            TokenRefused: the service's or the deliverer's token is no longer live.
            OSError: the stream cannot be read any further.
        """
        taking = _Taking(self, options.now)
        async for some in items_of(stream, options):
            await taking.meet(
                [
                    item.point if not isinstance(item, Batch) else item.series.point
                    for item in some
                    if not isinstance(item, Problem)
                ]
            )
            for item in some:
                await taking.add(item)
                progress(len(item) if isinstance(item, Batch) else 1)
        await taking.hand_over()
        return taking.report


async def items_of(stream: Readable, options: Options) -> AsyncIterator[Sequence[Item]]:
    """What a delivery holds, some at a time, read in a thread."""
    iterator = read(stream, options)
    while some := await asyncio.to_thread(_some, iterator):
        yield some


def _some(iterator: Iterator[Item]) -> Sequence[Item]:
    """The next items, bounded in readings and in number: one change of threads for many."""
    some: list[Item] = []
    readings = 0
    for item in iterator:
        some.append(item)
        readings += len(item) if isinstance(item, Batch) else 0
        if readings >= AHEAD or len(some) >= ITEMS:
            break
    return some


@dataclass(slots=True)
class _Taking:
    """One delivery on its way in."""

    pipeline: Pipeline
    received_at: datetime
    report: Report = field(default_factory=Report)
    sites: dict[MeteringPoint, Sequence[Site]] = field(default_factory=dict)
    waiting: list[tuple[Arrival, int]] = field(default_factory=list)
    readings: int = 0

    async def add(self, item: Item) -> None:
        """Take one item: note it, or check it and put it in the group that is handed over next."""
        match item:
            case Problem():
                self.report.note(item)
            case Batch():
                await self._intervals(item)
            case PeriodVolume() | RegisterReading():
                await self._manual(item)

    # -- check ---------------------------------------------------------------------------------------------------------

    async def _intervals(self, batch: Batch) -> None:
        keyed = is_unregistered(batch)
        batch = batch.registered_by(self.received_at)
        sites = self.sites[batch.series.point]
        if batch.series.direction is Direction.EXPORT:
            fed = [site for site in sites if site.feeds_in]
            if sites and not fed:
                self._refuse(Refusal.EXPORT, batch.line)
                return
            sites = fed
        left = np.ones(len(batch), np.bool_)
        for site in sites:
            mine = left & site.holds(batch.start, batch.end)
            left &= ~mine
            await self._hold(batch.select(mine), site, keyed=keyed)
        self._refuse(Refusal.OUTSIDE if sites else Refusal.NOBODY, batch.line[left])

    async def _hold(self, batch: Batch, site: Site, *, keyed: bool) -> None:
        self.report.missing += int((batch.quality == Quality.MISSING).sum())
        for arrival in arrivals_of(batch, site):
            await self._wait(arrival, int(batch.line[0]), key=_content_key(arrival) if keyed else None)

    async def _manual(self, item: PeriodVolume | RegisterReading) -> None:
        sites = self.sites[item.point]
        start, end = (item.start, item.end) if isinstance(item, PeriodVolume) else (item.at, item.at)
        at = np.array([seconds(start)], np.int64), np.array([seconds(end)], np.int64)
        site = next((each for each in sites if each.holds(*at).all()), None)
        if site is None or not site.manual or item.direction is Direction.EXPORT:
            rule = Refusal.FORM if site else Refusal.OUTSIDE if sites else Refusal.NOBODY
            self._refuse(rule, np.array([item.line], np.int64))
            return
        received = seconds(self.received_at)
        made = (
            volume_arrivals(item, site, received)
            if isinstance(item, PeriodVolume)
            else register_arrivals(item, site, received)
        )
        for arrival in made:
            key = _content_key(arrival) if item.registered_at is None else None
            await self._wait(arrival, item.line, key=key)

    async def meet(self, points: Sequence[MeteringPoint]) -> None:
        """Look up the points that were not met before, a few side by side."""
        unknown = [point for point in dict.fromkeys(points) if point not in self.sites]
        if len(self.sites) + len(unknown) > SITES:
            self.sites.clear()
            unknown = list(dict.fromkeys(points))
        for begin in range(0, len(unknown), LOOK_UPS):
            some = unknown[begin : begin + LOOK_UPS]
            self.sites.update(zip(some, await asyncio.gather(*map(self._sites_of, some)), strict=True))

    async def _sites_of(self, point: MeteringPoint) -> Sequence[Site]:
        pipeline = self.pipeline
        return await sites_of(pipeline.vault, pipeline.who, pipeline.deliverer, point)

    def _refuse(self, rule: Refusal, lines: NDArray[np.int64]) -> None:
        if len(lines):
            self.report.note(Placed(rule, int(lines[0]), len(lines)))

    # -- hand over -----------------------------------------------------------------------------------------------------

    async def _wait(self, arrival: Arrival, line: int, *, key: RequestKey | None) -> None:
        if key is not None:
            await self._append([(arrival, line)], key)
            return
        self.waiting.append((arrival, line))
        self.readings += len(arrival.readings.wh)
        if self.readings >= GROUP or len(self.waiting) >= ARRIVALS:
            await self.hand_over()

    async def hand_over(self) -> None:
        """Hand the group over. A crash before it leaves nothing of the group, after it all."""
        if self.waiting:
            group, self.waiting, self.readings = self.waiting, [], 0
            await self._append(group, None)

    async def _append(self, group: Sequence[tuple[Arrival, int]], key: RequestKey | None) -> None:
        pipeline = self.pipeline
        done = await pipeline.vault.append(pipeline.who, ACCESS, [arrival for arrival, _ in group], key)
        for taken, (arrival, line) in zip(done.taken, group, strict=True):
            count = int(np.count_nonzero(arrival.readings.quality))
            if taken.rule is not None:
                self.report.note(Placed(Refusal.POLICY, line, count, detail=taken.rule))
            elif done.replayed:
                self.report.duplicate += count
            else:
                self.report.count(taken)


def _content_key(arrival: Arrival) -> RequestKey:
    """A key that the same values of the same intervals have, whenever they are received."""
    readings = arrival.readings
    said = sha256()
    for part in (
        arrival.subject.bytes, arrival.record.bytes, arrival.field.encode(), bytes([readings.resolution]),
        readings.first.to_bytes(8, "big", signed=True), readings.wh.tobytes(), readings.quality.tobytes(),
    ):  # fmt: skip
        said.update(len(part).to_bytes(8, "big"))
        said.update(part)
    return RequestKey(key=f"meter readings {said.hexdigest()}", body=b"")
