"""Fields as bytes, in one way only: the deterministic encoding of RFC 8949 § 4.2.1, of a map with no more than this.

    a map of one or more pairs, keys in bytewise order of their encodings, none twice
    keys        text of 1 to 255 ASCII characters
    values      text | integer from −2^64 to 2^64 − 1 | byte string | true | false

Heads have the shortest form, lengths are definite, nothing follows. A general decoder accepts more than this, so
`decode` encodes again what it read and compares.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Final, cast

from cbor2 import CBORDecodeError, dumps, loads

from vault.crypto.aead import BROKEN
from vault.errors import BrokenSeal, Invalid
from vault.request import Value

MAX_NAME: Final = 255
_TYPES: Final[frozenset[type]] = frozenset({str, int, bool, bytes})
_NAME_TYPES: Final[frozenset[type]] = frozenset({str})
_INT_MIN: Final = -(1 << 64)
_INT_MAX: Final = (1 << 64) - 1


def encode(values: Mapping[str, Value]) -> bytes:
    """The bytes of `values`.

    Raises:
        Invalid: a value is not one of these (its field is named, the value is not).
        ValueError: no field, or a name that is not one: a caller's mistake.
    """
    _check(values)
    try:
        return dumps(dict(values), canonical=True)
    except UnicodeEncodeError:
        culprit = next(name for name, value in values.items() if isinstance(value, str) and not _is_unicode(value))
    # raised here and not above: the codec's error holds the text, and must not stay behind as this one's context
    raise Invalid(culprit, "is not valid Unicode")


def _check(values: Mapping[str, Value]) -> None:
    if not _are_names(tuple(sorted(values, key=_order))):
        raise ValueError("a group has at least one field, and a field name 1 to 255 ASCII characters")
    for name, value in values.items():
        if type(value) not in _TYPES:
            raise Invalid(name, "is neither text, integer, truth nor bytes")
        if type(value) is int and not _INT_MIN <= value <= _INT_MAX:
            raise Invalid(name, "does not fit 64 bits")


def decode(data: bytes) -> dict[str, Value]:
    """The fields that `encode` gave `data` for.

    Raises:
        BrokenSeal: nothing gives these bytes.
    """
    try:
        # no tags, no nesting: within depth 1 there is only a map of plain values
        found: object = loads(data, allow_indefinite=False, allow_duplicate_keys=False, max_depth=1)
    except CBORDecodeError:
        found = None
    # raised here and not above: the codec's error may hold a piece of what it stumbled over
    if not _is_group(found, data):
        raise BrokenSeal(BROKEN)
    return cast("dict[str, Value]", found)


def _is_group(found: object, data: bytes) -> bool:
    """Whether `data` is what `encode` gives for `found`. Written for speed: every opening of a group passes here."""
    if type(found) is not dict:
        return False
    group = cast("dict[str, Value]", found)
    if not _NAME_TYPES.issuperset(map(type, group)) or not _TYPES.issuperset(map(type, group.values())):
        return False
    # A dict keeps its order and the codec writes shortest heads, so the same bytes come back only if these were
    # deterministic and nothing followed them. Cheaper than asking the codec for its own sorting.
    return _are_names(tuple(group)) and dumps(group) == data


@lru_cache(maxsize=1_024)
def _are_names(names: tuple[str, ...]) -> bool:
    """Whether there are any, all have 1 to 255 ASCII characters, shorter ones first, then alphabetical.

    For ASCII that is the bytewise order of the encodings. Names come from the policy, so few answers are remembered.
    """
    ordered = sorted(names, key=_order)
    if ordered != list(names):
        return False
    return bool(ordered) and bool(ordered[0]) and len(ordered[-1]) <= MAX_NAME and "".join(ordered).isascii()


def _is_unicode(text: str) -> bool:
    return not any("\ud800" <= letter <= "\udfff" for letter in text)


def _order(name: str) -> tuple[int, str]:
    return len(name), name
