"""The body of a request as a stream that a reader takes from its thread, a little at a time.

Nothing is spooled to a file: what waits in memory is one chunk, because the next one is asked of the client only when
the reader wants it. That is the back-pressure; the limits below are the rest.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Final

SLOWEST_SECONDS: Final = 30.0
"""How long a client may take for its next bytes."""


class BodyError(Exception):
    """The body cannot be read to its end. What was handed over before stays; the client sends the delivery again."""


class BodyTooLong(BodyError):
    """More bytes than a delivery may have."""


class BodyTooSlow(BodyError):
    """The next bytes did not come in time."""


class BodyGone(BodyError):
    """The client went away in the middle: its delivery has no end, and the rest is not taken for one."""


class Body:
    """A `Readable` over the chunks of a request. `read` is called in a thread; the chunks come in the loop."""

    def __init__(
        self, chunks: AsyncIterator[bytes], *, longest: int, loop: asyncio.AbstractEventLoop, seconds: float
    ) -> None:
        self._chunks = chunks
        self._left = longest
        self._loop = loop
        self._seconds = seconds
        self._held = b""
        self._ended = False

    def read(self, size: int, /) -> bytes:
        """At most `size` bytes; none only at the end.

        Raises:
            BodyError: it does not come to its end.
        """
        while not self._held and not self._ended:
            chunk = asyncio.run_coroutine_threadsafe(self._next(), self._loop).result()
            self._ended = chunk is None
            self._held = chunk or b""
            self._left -= len(self._held)
            if self._left < 0:
                raise BodyTooLong
        part, self._held = self._held[:size], self._held[size:]
        return part

    async def _next(self) -> bytes | None:
        try:
            return await asyncio.wait_for(anext(self._chunks, None), self._seconds)
        except TimeoutError:
            raise BodyTooSlow from None
