"""Requests that may come twice: a key named by the client has one effect, kept as keyed hashes only."""

from __future__ import annotations

import hmac
from dataclasses import dataclass

from policies.model import Principal
from vault.address import Label
from vault.crypto.derive import keyed_hash
from vault.errors import Conflict
from vault.house import House
from vault.request import RequestKey
from vault.storage.writing import request_outcome


@dataclass(frozen=True, slots=True)
class Hashed:
    """A request key as it is stored."""

    key: bytes
    body: bytes


def hashed(house: House, who: Principal, request: RequestKey | None) -> Hashed | None:
    """The key as it is stored; it is the account's own."""
    if request is None:
        return None
    key = house.keys.system("idempotency")
    mine = who.account.bytes, request.key.encode("utf-8", "surrogatepass")
    return Hashed(keyed_hash(key, Label.REQUEST_KEY, *mine), keyed_hash(key, Label.REQUEST_BODY, *mine, request.body))


async def earlier_outcome(house: House, request: Hashed | None) -> bytes | None:
    """What the key stands for, if it was used.

    Raises:
        Conflict: it was used for another request.
    """
    if request is None:
        return None
    async with house.control.connection() as connection:
        found = await request_outcome(connection, request.key)
    if found is None:
        return None
    if not hmac.compare_digest(found[0], request.body):
        msg = "the idempotency key was used for another request"
        raise Conflict(msg)
    return found[1]
