"""A body is asked for a chunk at a time and is never taken for ended; and when a missing reading is late."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import date, timedelta

import pytest

from ingest.arrival import Lateness, lateness, overdue_before
from ingest.receiving import Body, BodyGone, BodyTooLong, BodyTooSlow
from policies.oslo import midnight


def body_of(chunks: AsyncIterator[bytes], *, longest: int = 100, seconds: float = 1) -> Body:
    return Body(chunks, longest=longest, loop=asyncio.get_running_loop(), seconds=seconds)


async def test_the_next_chunk_is_asked_for_only_when_the_one_before_is_used_up() -> None:
    asked: list[int] = []

    async def chunks() -> AsyncIterator[bytes]:
        for number in range(3):
            asked.append(number)
            yield b"abcd"

    body = body_of(chunks())
    assert await asyncio.to_thread(body.read, 3) == b"abc"
    assert await asyncio.to_thread(body.read, 3) == b"d"
    assert asked == [0]
    assert [await asyncio.to_thread(body.read, 9) for _ in range(4)] == [b"abcd", b"abcd", b"", b""]


async def test_a_body_that_is_too_long_too_slow_or_cut_off_is_no_end_of_one() -> None:
    async def long() -> AsyncIterator[bytes]:
        yield b"x" * 60
        yield b"x" * 60

    async def slow() -> AsyncIterator[bytes]:
        await asyncio.sleep(5)
        yield b""

    async def cut() -> AsyncIterator[bytes]:
        yield b"x"
        raise BodyGone

    for chunks, seconds, why in ((long(), 1, BodyTooLong), (slow(), 0.05, BodyTooSlow), (cut(), 1, BodyGone)):
        with pytest.raises(why):
            await asyncio.to_thread(_whole, body_of(chunks, seconds=seconds))


@pytest.mark.clause("NAB-15")
@pytest.mark.parametrize("days", [1, 3, 10, 11, 40])
@pytest.mark.parametrize("day", [date(2026, 3, 28), date(2026, 6, 15), date(2026, 10, 24)])
def test_the_instant_before_which_hours_are_overdue_agrees_with_the_lateness_of_days(day: date, days: int) -> None:
    first, last = midnight(day), midnight(day + timedelta(days=1)) - timedelta(hours=1)
    for now in (midnight(day + timedelta(days=days)), midnight(day + timedelta(days=days + 1)) - timedelta(seconds=1)):
        is_overdue = lateness(day, now) is Lateness.OVERDUE
        assert is_overdue == (days > 10)
        assert {first < overdue_before(now), last < overdue_before(now)} == {is_overdue}


def _whole(body: Body) -> None:
    while body.read(1000):
        pass
