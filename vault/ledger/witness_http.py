"""A witness of somebody else, over HTTP: the protocol c2sp.org/tlog-witness.

    POST <address>/add-checkpoint      old <size> ↵ proof hashes in base64, a line each ↵ empty line ↵ checkpoint
    200 taken · 409 holds another size, which the answer says · 422 not a continuation · 403, 404 log or key unknown

The protocol has no question for what a witness holds. Cosignatures in its answer are not kept.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Final, final

import httpx2

from vault.errors import Misconfigured, Tampered, Unavailable
from vault.ledger.notes import Checkpoint, Verifier
from vault.ledger.witnessing import Accepted, Holds

TIMEOUT_SECONDS: Final = 5.0


@final
class HttpWitness:
    """`Witness` over HTTP. Redirects and proxies of the environment are not followed."""

    def __init__(self, address: str, *, timeout_seconds: float = TIMEOUT_SECONDS) -> None:
        self._address = address.rstrip("/")
        self._timeout = timeout_seconds
        self.name = f"the witness at `{self._address}`"

    async def add(self, shown: Checkpoint, by: Verifier, old: int, proof: Sequence[bytes]) -> Accepted | Holds:
        """See `Witness.add`. The witness is told beforehand, by its operator, which key signs the log."""
        lines = "".join(f"{base64.b64encode(each).decode()}\n" for each in proof)
        status, text = await self._post(f"old {old}\n{lines}\n{shown.note}")
        match status:
            case 200:
                return Accepted()
            case 409 if (size := _number(text)) is not None and (size, size) != (old, shown.size):
                return Holds(size)
            case 409 | 422:
                raise Tampered(f"{self.name} refuses checkpoint {shown.size}: it does not continue what it holds")
            case 403 | 404:
                raise Misconfigured(f"{self.name} does not know this log; give its operator the key `{by}`")
            case _:
                raise Unavailable(f"{self.name} answers {status}")

    async def heads(self) -> Sequence[str]:
        """Nothing: this protocol does not tell."""
        return ()

    async def _post(self, body: str) -> tuple[int, str]:
        try:
            async with httpx2.AsyncClient(timeout=self._timeout, trust_env=False) as client:
                answer = await client.post(f"{self._address}/add-checkpoint", content=body.encode())
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            raise Unavailable(f"{self.name} does not answer: {type(error).__name__}") from None
        return answer.status_code, answer.text


def _number(text: str) -> int | None:
    plain = text.strip()
    return int(plain) if plain.isascii() and plain.isdecimal() and len(plain) < len(str(1 << 63)) else None
