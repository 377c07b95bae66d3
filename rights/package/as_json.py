"""A package as one JSON document, a chunk a part: `access-package` and `copy-package.schema.json` in `docs/formats`.

UTF-8, one item of a list a line. Instants are ISO 8601 in UTC. A document (bytes) is `{"media_type", "base64"}`; a view
of the standing is the JSON it is.
"""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from typing import Final

from policies.model import FieldPolicy, FieldType, PolicySet, Purpose
from rights.package.gathering import portable
from rights.package.parts import (
    AccessPart,
    ConsentPart,
    Head,
    Part,
    RecipientPart,
    RecordPart,
    SeriesPart,
    What,
    WithheldPart,
)
from rights.package.words import all_words
from vault.request import LedgerProof, Secret, Value

FORMATS: Final = {What.ACCESS: "hvelv/access/1", What.COPY: "hvelv/copy/1"}
COPY_LISTS: Final = ("records", "series", "withheld")
ACCESS_LISTS: Final = (*COPY_LISTS, "consents", "accesses", "recipients")
PDF: Final = "application/pdf"

Item = RecordPart | SeriesPart | ConsentPart | AccessPart | RecipientPart


async def as_json(policy: PolicySet, parts: AsyncIterator[Part]) -> AsyncIterator[bytes]:
    """The document, in UTF-8."""
    writer = _Writer(policy)
    async for part in parts:
        yield writer.write(part).encode()
    yield writer.end().encode()


class _Writer:
    """Knows which list is open and which have been."""

    def __init__(self, policy: PolicySet) -> None:
        self._policy = policy
        self._lists: list[str] = []
        self._open: str | None = None

    def write(self, part: Part) -> str:
        """The text of one part."""
        if isinstance(part, Head):
            self._lists = list(ACCESS_LISTS if part.what is What.ACCESS else COPY_LISTS)
            return _head(self._policy, part)
        if isinstance(part, WithheldPart):
            return self._items("withheld", [{"field": name, "rule": rule} for name, rule in part.rules])
        name, item = _listed(self._policy, part)
        return self._items(name, [item])

    def end(self) -> str:
        """Close what is open. A list that got nothing is there, and empty."""
        empty = "".join(f',\n"{name}":[]' for name in self._lists)
        return ("]" if self._open else "") + empty + "\n}\n"

    def _items(self, name: str, items: Sequence[object]) -> str:
        if self._open == name:
            return "".join(f",\n{_text(item)}" for item in items)
        begin = ("]" if self._open else "") + f',\n"{name}":['
        self._open = name
        self._lists.remove(name)
        return begin + ",\n".join(map(_text, items))


def _listed(policy: PolicySet, part: Item) -> tuple[str, dict[str, object]]:
    """In which list a part goes, and as what."""
    match part:
        case RecordPart():
            return "records", _record(policy, part)
        case SeriesPart():
            return "series", _series(part)
        case ConsentPart():
            return "consents", _consent(part)
        case AccessPart():
            return "accesses", _access(part)
        case RecipientPart():
            return "recipients", _recipient(policy, part)


def _head(policy: PolicySet, head: Head) -> str:
    fields: dict[str, object] = {
        "format": FORMATS[head.what],
        "made_at": _instant(head.made_at),
        "subject": str(head.subject),
        "controller": {
            "name": policy.controller.name,
            "contact": policy.controller.contact,
            "data_protection_officer": policy.controller.data_protection_officer,
            "supervisory_authority": policy.controller.supervisory_authority,
            "complaint": all_words()["phrases"]["complaint"],
        },
        "notice": {"version": policy.version.isoformat(), "digest": policy.digest.hex()},
    }
    if head.what is What.ACCESS:
        fields |= {
            "purposes": [_purpose(policy, each) for each in policy.purposes.values()],
            "rights": all_words()["rights"],
            "automated_decisions": "none",
        }
    return "{\n" + ",\n".join(f"{_text(name)}:{_text(value)}" for name, value in fields.items())


def _purpose(policy: PolicySet, purpose: Purpose) -> dict[str, object]:
    return {
        "purpose": purpose.name,
        "title": all_words()["purposes"].get(purpose.name),
        "basis": purpose.basis.value,
        "article": purpose.article,
        "law": purpose.law,
        "balancing": purpose.balancing,
        "consent": purpose.consent,
        "objection": purpose.objection.value,
        "recipients": sorted(
            {
                use.to
                for field in policy.fields.values()
                for use in field.uses
                if use.purpose == purpose.name and use.to in policy.recipients
            }
        ),
    }


def _record(policy: PolicySet, part: RecordPart) -> dict[str, object]:
    kept = [
        {
            "category": each.category,
            "why": each.why,
            "rule": each.rule,
            "law": each.law,
            "until": None if each.until is None else _instant(each.until),
        }
        for each in part.held
    ]
    return {
        "record": str(part.record),
        "kind": part.kind,
        "parent": None if part.parent is None else str(part.parent),
        "values": [_value(policy, declared, secret) for declared, secret in part.values],
        "kept": kept,
    }


def _value(policy: PolicySet, declared: FieldPolicy, secret: Secret[Value]) -> dict[str, object]:
    return {
        "field": declared.name,
        "title": all_words()["fields"].get(declared.name),
        "category": declared.category,
        "value": plain(declared, secret.reveal()),
        "source": declared.source,
        "purposes": sorted({use.purpose for use in declared.uses}),
        "portable": portable(policy, declared),
    }


def plain(declared: FieldPolicy, value: Value) -> object:
    """A value as JSON has it."""
    if isinstance(value, bytes):
        return {"media_type": PDF, "base64": base64.b64encode(value).decode("ascii")}
    if declared.type is FieldType.STANDING and isinstance(value, str):
        found: object = json.loads(value)
        return found
    return value


def _series(part: SeriesPart) -> dict[str, object]:
    readings = [[_instant(each.start), each.value_wh, each.quality] for each in part.readings]
    return {"record": str(part.record), "field": part.field, "readings": readings}


def _consent(part: ConsentPart) -> dict[str, object]:
    entry = part.entry
    return {
        "consent": entry.consent,
        "event": "given" if entry.given else "withdrawn",
        "at": _instant(entry.at),
        "notice": entry.notice.hex(),
        "receipt": entry.receipt,
        "key": part.key,
    }


def _access(part: AccessPart) -> dict[str, object]:
    entry = part.entry
    return {
        "entry": str(entry.id),
        "at": _instant(entry.at),
        "kind": entry.kind,
        "actor": None if entry.actor is None else str(entry.actor),
        "roles": list(entry.roles),
        "purpose": entry.purpose,
        "recipient": entry.recipient,
        "fields": list(entry.fields),
        "withheld": [{"field": name, "rule": rule} for name, rule in entry.withheld],
        "reason": entry.reason or None,
        "proof": None if entry.proof is None else _proof(entry.proof),
    }


def _proof(proof: LedgerProof) -> dict[str, object]:
    """As `docs/verify_ledger.py` finds and checks it."""
    return {
        "content": proof.content,
        "salt": proof.salt.hex(),
        "month": proof.month,
        "index": proof.index,
        "path": [each.hex() for each in proof.path],
        "checkpoint": proof.checkpoint,
        "key": proof.key,
    }


def _recipient(policy: PolicySet, part: RecipientPart) -> dict[str, object]:
    found = policy.recipients[part.recipient]
    return {
        "recipient": part.recipient,
        "name": found.title,
        "kind": found.kind.value,
        "country": found.country,
        "transfer": found.transfer,
        "fields": [
            {"field": name, "first": _instant(first), "last": _instant(last)} for name, first, last in part.fields
        ],
    }


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat()


def _text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
