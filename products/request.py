"""What one wish of a client is, in bytes: the body an idempotency key is bound to.

    body = canonical JSON of {"step": <name of the input type>, "given": {<field>: <value>, …}}

Keys sorted, no white space, UTF-8, numbers integers only. Ids and dates are their text; bytes are the SHA-256 of
themselves, so a document of ten megabytes makes a body of a hundred bytes. Absent is `null`. The vault keeps a keyed
hash of it, nothing else.
"""

from __future__ import annotations

import json
from dataclasses import fields
from datetime import date
from hashlib import sha256
from typing import TYPE_CHECKING
from uuid import UUID

from vault.request import RequestKey

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


def keyed(key: str, given: DataclassInstance) -> RequestKey:
    """The request key of a wish: what the client called it, bound to everything it says."""
    body = {"step": type(given).__name__, "given": {f.name: _plain(getattr(given, f.name)) for f in fields(given)}}
    text = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return RequestKey(key=key, body=text.encode("utf-8", "surrogatepass"))


def _plain(value: object) -> str | int | bool | None:
    match value:
        case None | bool() | int() | str():
            return value
        case bytes():
            return sha256(value).hexdigest()
        case UUID():
            return str(value)
        case date():
            return value.isoformat()
        case _:
            raise TypeError(f"a request holds no `{type(value).__name__}`")
