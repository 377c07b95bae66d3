"""A value as a person reads it: dates and numbers in its language, documents and secrets by what they are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any, Final, cast

from policies.model import FieldPolicy, FieldType
from rights.package.as_json import plain
from rights.package.words import Words
from rights.request import Notice, notices_in
from vault.request import Value

CHARACTERS: Final = 2_000
KIB: Final = 1_024
NOTICES: Final = "rights_request.notices"


def shown(words: Words, declared: FieldPolicy, value: Value) -> str:
    """The text of one value."""
    if isinstance(value, bool):
        return words.phrase("yes" if value else "no")
    if isinstance(value, bytes):
        return words.phrase("document", size=max(1, len(value) // KIB))
    if isinstance(value, int):
        unit = "\u00a0kr" if declared.type is FieldType.AMOUNT_NOK else ""
        return f"{words.number(value)}{unit}"
    if declared.name == NOTICES:
        return "\n".join(_notice(words, each) for each in notices_in(value)) or words.phrase("empty")
    return _TEXTS.get(declared.type, _text)(words, declared, value)


def _notice(words: Words, notice: Notice) -> str:
    return f"{words.of('recipients', notice.recipient)}: {words.of('fields', notice.field)}"


def _choice(words: Words, _declared: FieldPolicy, value: str) -> str:
    return words.of("choices", value)


def _text(_words: Words, _declared: FieldPolicy, value: str) -> str:
    return value if len(value) <= CHARACTERS else f"{value[:CHARACTERS]} …"


def _day(words: Words, _declared: FieldPolicy, value: str) -> str:
    return words.day(date.fromisoformat(value))


def _instant(words: Words, _declared: FieldPolicy, value: str) -> str:
    return words.instant(datetime.fromisoformat(value))


def _view(words: Words, declared: FieldPolicy, value: str) -> str:
    """A view of the standing: its names with their times."""
    view = plain(declared, value)
    if not view:
        return words.phrase("empty")
    if isinstance(view, str):
        return _instant(words, declared, view)
    if isinstance(view, dict):
        happened = sorted((_at(times), name) for name, times in cast("dict[str, Any]", view).items())
        return "\n".join(f"{_named(words, name)}: {words.instant(at)}" for at, name in happened)
    return "\n".join(_consent(words, each) for each in cast("list[dict[str, Any]]", view))


def _named(words: Words, name: str) -> str:
    """A fact of a journey, or a purpose objected to."""
    return words.of("facts" if "." in name else "purposes", name)


def _at(times: Any) -> datetime:
    return datetime.fromisoformat(cast("dict[str, str]", times)["first"] if isinstance(times, dict) else times)


def _consent(words: Words, each: dict[str, Any]) -> str:
    given, ended = (
        each[name] and words.instant(datetime.fromisoformat(each[name])) for name in ("given_at", "withdrawn_at")
    )
    return f"{words.of('consents', each['consent'])}: {given}" + (f" – {ended}" if ended else "")


_TEXTS: Final[Mapping[FieldType, Callable[[Words, FieldPolicy, str], str]]] = {
    FieldType.CHOICE: _choice,
    FieldType.DATE: _day,
    FieldType.INSTANT: _instant,
    FieldType.STANDING: _view,
}
