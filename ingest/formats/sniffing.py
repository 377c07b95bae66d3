"""Which format some bytes begin with. Names and content types are not asked: they are often wrong."""

from __future__ import annotations

import codecs
import re
from typing import Final

from ingest.formats.delivery import Format
from ingest.problems import Problem, Rule

ENOUGH: Final = 64
"""Bytes of a beginning, blanks before it not counted, that decide."""

MOST_BLANKS: Final = 4096
"""Bytes after which a beginning that is blank is looked at as it is."""

_BEGINNINGS: Final = (
    (re.compile(rb"(?:UNA[^\w\s]{3}[^\w][^\w]?[^\w])?[\s]*UNB[^\w\s]"), Format.MSCONS),
    (re.compile(rb"<(?:\?xml|!|[A-Za-z_])"), Format.ELHUB_XML),
    (re.compile(rb"\{"), Format.PARTNER_JSONL),
    (re.compile(rb'"?Fra"?[;,]"?Til"?[;,]', re.IGNORECASE), Format.ELHUB_CSV),
)
_OTHER_ENCODINGS: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def sniff(beginning: bytes) -> Format | Problem:
    """The format of a delivery that begins with these bytes (`ENOUGH` of them, or all there are)."""
    if beginning.startswith(_OTHER_ENCODINGS) or beginning[1:2] == b"\0" or beginning[:1] == b"\0":
        return Problem(Rule.ENCODING, line=1)
    text = beginning.removeprefix(codecs.BOM_UTF8).lstrip()
    if not text:
        return Problem(Rule.EMPTY)
    named = (kind for pattern, kind in _BEGINNINGS if pattern.match(text))
    return next(named, Problem(Rule.UNKNOWN_FORMAT, line=1))
