"""An event as a browser sends it, read by a closed grammar: what leaves, or the rule that dropped it.

    { "purposes": ["analytics"], "name": "page_viewed", "url": "https://…", "referrer": "https://…", "city": "Oslo" }

`purposes` and `name` must be there; `faq` belongs to `faq_opened` alone. Of the URL the route template is kept, of the
referrer the host. Any other key drops the event, and so does anything that names a person, wherever it stands and
however it is wrapped: the text of the whole body is looked through before a part of it is used.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, cast
from urllib.parse import urlsplit

from outreach.analytics.vocabulary import EVENTS, FAQ_EVENT, QUESTIONS, TOWNS, template
from outreach.scanner import finding

LONGEST: Final = 8_192
"""Bytes of a body; nothing honest comes near."""
PURPOSES: Final = frozenset({"analytics", "targeting"})
KEYS: Final = frozenset({"purposes", "name", "url", "referrer", "city", "faq"})
CLICK_IDS: Final = re.compile(r"\b(?:fbclid|gclid|dclid|gbraid|wbraid|msclkid|mc_eid|_gl)=[^&#\s]*")
"""What other services hang on the links to us. Of a query nothing leaves, so these need not drop the event."""
HOST: Final = re.compile(r"(?=.{1,100}$)[a-z0-9-]+(\.[a-z0-9-]+)+")


@dataclass(frozen=True, slots=True)
class Event:
    """What may leave, in the words of the policy's `traffic_event`. Empty where the browser said nothing of it."""

    purposes: frozenset[str]
    event_name: str
    route: str
    referrer_host: str
    city: str


@dataclass(frozen=True, slots=True)
class Dropped:
    """An event that does not leave, and why: a rule of this module or of the scanner, never a value."""

    rule: str


def read(body: bytes) -> Event | Dropped:
    """The event in a body, or the rule that drops it."""
    if len(body) > LONGEST:
        return Dropped("size")
    try:
        found: object = json.loads(body.decode("utf-8"))
    except (ValueError, RecursionError):
        return Dropped("syntax")
    if not isinstance(found, dict):
        return Dropped("syntax")
    document = cast("Mapping[str, object]", found)
    personal = next((rule for text in _texts(document) if (rule := finding(CLICK_IDS.sub("", text)))), None)
    return Dropped(personal) if personal else _event(document)


def _texts(node: object) -> Iterator[str]:
    """Every text and number in a document, keys too. Its depth is bounded by the size of a body and by the parser."""
    waiting = [node]
    while waiting:
        found = waiting.pop()
        if isinstance(found, dict):
            entries = cast("dict[str, object]", found)
            yield from entries
            waiting.extend(entries.values())
        elif isinstance(found, list):
            waiting.extend(cast("list[object]", found))
        else:
            yield str(found)


def _event(document: Mapping[str, object]) -> Event | Dropped:
    broken = next((rule for rule, fits in _rules(document) if not fits), None)
    if broken is not None:
        return Dropped(broken)
    name, faq = str(document["name"]), document.get("faq")
    return Event(
        purposes=frozenset(cast("list[str]", document["purposes"])),
        event_name=f"{name}_{faq}" if faq else name,
        route=template(urlsplit(str(document.get("url", "/"))).path),
        referrer_host=_host(document.get("referrer", "")) or "",
        city=str(document.get("city", "")),
    )


def _rules(document: Mapping[str, object]) -> Iterator[tuple[str, bool]]:
    """Each rule and whether the document keeps it, in the order in which they are told."""
    yield "vocabulary", document.keys() <= KEYS
    purposes = document.get("purposes")
    listed = cast("list[object]", purposes) if isinstance(purposes, list) else []
    yield "purpose", bool(listed) and all(_among(each, PURPOSES) for each in listed)
    yield "event", _among(document.get("name"), EVENTS)
    faq = document.get("faq")
    yield "faq", _among(faq, QUESTIONS) if document.get("name") == FAQ_EVENT else faq is None
    yield "url", _splits(document.get("url", "/"))
    yield "referrer", _host(document.get("referrer", "")) is not None
    yield "city", _among(document.get("city", ""), TOWNS | {""})


def _among(value: object, words: Collection[str]) -> bool:
    return isinstance(value, str) and value in words


def _splits(url: object) -> bool:
    try:
        return isinstance(url, str) and bool(urlsplit(url).path or True)
    except ValueError:
        return False


def _host(referrer: object) -> str | None:
    """The host of a referrer, empty for an empty one, None for what is no web address."""
    if not isinstance(referrer, str):
        return None
    try:
        parts = urlsplit(referrer)
        host = (parts.hostname or "").lower()
    except ValueError:
        return None
    if not referrer:
        return ""
    return host if parts.scheme in {"http", "https"} and HOST.fullmatch(host) else None
