"""Makes the pinned vectors of the sealed forms. `python tests/support/vector_maker.py` writes those that are missing.

A file that exists is never written again: it stands for bytes that lie in somebody's database. Everything but the boxes
(HPKE draws its own ephemeral key) comes out of a fixed seed, so a test can make the same bytes again.
"""

from __future__ import annotations

import hashlib
import json
import struct
import tempfile
from asyncio import run
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import cbor2

from policies.model import RecordId, SubjectId
from vault.address import Address, Label, associated
from vault.crypto.aead import Sealer
from vault.crypto.blind_index import BlindIndex, encrypt_tokens
from vault.crypto.derive import derive_key
from vault.crypto.documents import seal_document
from vault.crypto.inbox_box import generate_pair, seal_to
from vault.crypto.padding import pad
from vault.crypto.sealed import seal_group
from vault.crypto.wrap import wrap
from vault.keys.local_keyring import LocalKeyring
from vault.request import Secret, Value

VECTORS = Path(__file__).parent.parent / "vectors"
Case = dict[str, object]


class Seeded:
    """Bytes that are the same on every run: SHA-256 in counter mode over a name. Not random at all."""

    def __init__(self, name: str) -> None:
        self._name = name.encode()
        self._count = 0

    def __call__(self, size: int) -> bytes:
        out = b""
        while len(out) < size:
            out += hashlib.sha256(self._name + struct.pack(">Q", self._count)).digest()
            self._count += 1
        return out[:size]


def address_of(seed: Seeded, *, below: bool = True) -> Address:
    """Some address."""
    return Address(
        subject=SubjectId(UUID(bytes=seed(16))),
        record=RecordId(UUID(bytes=seed(16))),
        parent=RecordId(UUID(bytes=seed(16))) if below else None,
        category=1 + seed(1)[0],
        version=1 + seed(1)[0],
        fields=1,
        key=UUID(bytes=seed(16)),
    )


def write_address(address: Address) -> dict[str, object]:
    """As the vector files have it."""
    return {
        "subject": address.subject.hex,
        "record": address.record.hex,
        "parent": address.parent.hex if address.parent else None,
        "category": address.category,
        "version": address.version,
        "fields": address.fields,
        "key": address.key.hex,
    }


def write_value(value: Value) -> object:
    """As the vector files have it: bytes as hex, integers beyond 53 bits as they are."""
    return {"hex": value.hex()} if isinstance(value, bytes) else value


def flipped(blob: bytes, bit: int) -> bytes:
    """One bit turned."""
    return bytes(byte ^ (1 << (7 - bit % 8) if at == bit // 8 else 0) for at, byte in enumerate(blob))


def damaged(blob: bytes) -> dict[str, bytes]:
    """Representatives of every way in which bytes go wrong by themselves."""
    spread = {f"bit {bit} flipped": flipped(blob, bit) for bit in range(0, len(blob) * 8, 37)}
    ends = {"empty": b"", "one byte": blob[:1], "last byte missing": blob[:-1], "a byte follows": blob + b"\0"}
    middle = {"a block missing": blob[:29] + blob[45:], "tag only": blob[-16:], "half": blob[: len(blob) // 2]}
    return spread | ends | middle | {f"version {version}": bytes([version]) + blob[1:] for version in (0, 2, 255)}


def groups() -> list[Case]:
    """Good groups, and one of them damaged, moved, and sealed around bad plaintexts."""
    seed = Seeded("groups")
    good: list[tuple[str, Address, Mapping[str, Value]]] = [
        ("one text", address_of(seed), {"person.name": "Kari Nordmann"}),
        (
            "root record",
            address_of(seed, below=False),
            {"person.email": "kari@example.no", "person.name": "Kari Nordmann"},
        ),
        (
            "all types",
            address_of(seed),
            {"a.text": "blåbærsyltetøy ☀", "a.yes": True, "a.no": False, "a.raw": b"\x00\xff"},
        ),
        ("integers", address_of(seed), {f"n.{n}": i for n, i in enumerate(INTEGERS)}),
        ("empty text and bytes", address_of(seed), {"e.text": "", "e.raw": b""}),
        ("plaintext of 31 bytes", address_of(seed), {"p.x": "x" * 24}),
        ("plaintext of 32 bytes", address_of(seed), {"p.x": "x" * 25}),
        ("long document", address_of(seed), {"d.contract": bytes(range(256)) * 4}),
        ("many fields", address_of(seed), {f"m.field_{n:02}": n for n in range(30)}),
    ]
    cases: list[Case] = []
    for name, address, values in good:
        key = Secret(seed(32))
        blob = seal_group(Sealer(key), address, values, seed(12))
        cases.append(
            _group(name, "opens", key, address, blob) | {"values": {n: write_value(v) for n, v in values.items()}}
        )
    key, address = Secret(seed(32)), address_of(seed)
    blob = seal_group(Sealer(key), address, {"loan.national_id": "01810012345", "loan.applied": True}, seed(12))
    cases += [_group(name, "broken", key, address, bad) for name, bad in damaged(blob).items()]
    cases += [_group(f"moved: {name}", "broken", key, other, blob) for name, other in moved(address, seed).items()]
    cases.append(_group("another key", "broken", Secret(seed(32)), address, blob))
    for name, padded in bad_plaintexts().items():
        nonce = seed(12)
        body = Sealer(key).seal(nonce, padded, address.encode())
        cases.append(
            _group(f"sealed plaintext: {name}", "broken", key, address, b"\x01" + address.key.bytes + nonce + body)
        )
    return cases


INTEGERS = (0, 23, 24, 255, 256, 65535, 65536, 2**32 - 1, 2**32, 2**64 - 1, -1, -24, -25, -256, -257, -(2**64))


def moved(address: Address, seed: Seeded) -> dict[str, Address]:
    """The same address, one thing about it another."""
    other = UUID(bytes=seed(16))
    parent = address.parent or RecordId(other)
    return {
        "another subject": replace(address, subject=SubjectId(other)),
        "another record": replace(address, record=RecordId(other)),
        "another parent": replace(address, parent=RecordId(other)),
        "no parent": replace(address, parent=None),
        "record and parent exchanged": replace(address, record=parent, parent=address.record),
        "another category": replace(address, category=address.category + 1),
        "an older version": replace(address, version=address.version - 1),
        "another set of fields": replace(address, fields=address.fields + 1),
        "category and version exchanged": replace(address, category=address.version, version=address.category),
        "another key id": replace(address, key=other),
    }


def bad_plaintexts() -> dict[str, bytes]:
    """Padded plaintexts that `seal_group` never makes, as they would come out if somebody sealed them nevertheless."""
    good = cbor2.dumps({"a.b": "text"}, canonical=True)
    encodings = {
        "map head of two bytes": bytes.fromhex("b80161610a"),
        "map of unknown length": bytes.fromhex("bf61610aff"),
        "integer not in its shortest form": bytes.fromhex("a16161180a"),
        "text length not in its shortest form": bytes.fromhex("a1616178016b"),
        "text of unknown length": bytes.fromhex("a161617f616bff"),
        "names out of order": bytes.fromhex("a2616201616101"),
        "longer name first": bytes.fromhex("a262616101616201"),
        "a name twice": bytes.fromhex("a2616101616102"),
        "no field": bytes.fromhex("a0"),
        "a list": bytes.fromhex("8101"),
        "nothing": b"",
        "null": bytes.fromhex("a16161f6"),
        "undefined": bytes.fromhex("a16161f7"),
        "another simple value": bytes.fromhex("a16161e0"),
        "a float": bytes.fromhex("a16161f93e00"),
        "a nested list": bytes.fromhex("a161618101"),
        "an empty nested list": bytes.fromhex("a1616180"),
        "an empty nested map": bytes.fromhex("a16161a0"),
        "a tagged date": bytes.fromhex("a16161c074323031382d30352d32385430303a30303a30305a"),
        "a big integer": bytes.fromhex("a16161c249010000000000000000"),
        "a self-describing tag": bytes.fromhex("d9d9f7a161610a"),
        "a name of bytes": bytes.fromhex("a141610a"),
        "a name that is a number": bytes.fromhex("a1010a"),
        "an empty name": bytes.fromhex("a1600a"),
        "a name outside ASCII": bytes.fromhex("a162c3b80a"),
        "a name of 256 characters": bytes.fromhex("a1790100") + b"a" * 256 + b"\x0a",
        "text that is not UTF-8": bytes.fromhex("a1616162c328"),
        "text with a surrogate": bytes.fromhex("a1616163eda080"),
        "bytes follow the map": good + b"\x00\x01",
        "map cut short": good[:-1],
        "more pairs announced than there are": bytes.fromhex("a261610a"),
        "fewer pairs announced than there are": bytes.fromhex("a161610a61620b"),
        "a reserved head": bytes.fromhex("a161611c"),
    }
    paddings = {
        "no mark": bytes(32),
        "nothing but a mark too early": b"\x80" + bytes(63),
        "a whole block of padding too much": pad(good, 32) + bytes(32),
        "another mark": good + b"\x81" + bytes(31 - len(good)),
        "not a multiple of 32": pad(good, 16)[:16],
        "no padding": good.ljust(32, b"x"),
    }
    return {name: pad(encoding, 32) for name, encoding in encodings.items()} | paddings


def _group(name: str, outcome: str, key: Secret[bytes], address: Address, blob: bytes) -> Case:
    return {
        "name": name,
        "outcome": outcome,
        "key": key.reveal().hex(),
        "address": write_address(address),
        "blob": blob.hex(),
    }


def wrapped_keys() -> list[Case]:
    """Keys under keys."""
    seed = Seeded("wrapped keys")
    cases: list[Case] = []
    for label in (Label.SUBJECT_KEY, Label.DATA_KEY, Label.AUDIT_KEY):
        above, key, parts = Secret(seed(32)), Secret(seed(32)), [seed(16), seed(4)]
        blob = wrap(Sealer(above), key, seed(12), label, *parts)
        cases.append(_placed(f"a {label}", "opens", above, label, parts, blob) | {"plain": key.reveal().hex()})
    above, parts = Secret(seed(32)), [seed(16), seed(4)]
    blob = wrap(Sealer(above), Secret(seed(32)), seed(12), Label.SUBJECT_KEY, *parts)
    short = seed(12)
    cases += _placed_badly(above, Label.SUBJECT_KEY, parts, blob, seed)
    sealed = Sealer(above).seal(short, bytes(31), associated(Label.SUBJECT_KEY, *parts))
    cases.append(_placed("a key of 31 bytes", "broken", above, Label.SUBJECT_KEY, parts, b"\x01" + short + sealed))
    document = seal_document(Sealer(above), Label.STANDING, parts, bytes(20), seed(12))
    cases.append(_placed("a document", "broken", above, Label.SUBJECT_KEY, parts, document))
    return cases


def documents() -> list[Case]:
    """Sealed documents."""
    seed = Seeded("documents")
    cases: list[Case] = []
    for size in (0, 1, 62, 63, 64, 1000):
        key, parts, plain = Secret(seed(32)), [seed(16), seed(8)], seed(size)
        blob = seal_document(Sealer(key), Label.STANDING, parts, plain, seed(12))
        cases.append(_placed(f"{size} bytes", "opens", key, Label.STANDING, parts, blob) | {"plain": plain.hex()})
    key, parts = Secret(seed(32)), [seed(16), seed(8)]
    blob = seal_document(Sealer(key), Label.EVENT, parts, seed(100), seed(12))
    cases += _placed_badly(key, Label.EVENT, parts, blob, seed)
    for name, padded in {"no mark": bytes(64), "block too much": b"\x80" + bytes(127), "nothing": b""}.items():
        nonce = seed(12)
        sealed = Sealer(key).seal(nonce, padded, associated(Label.EVENT, *parts))
        cases.append(_placed(f"sealed plaintext: {name}", "broken", key, Label.EVENT, parts, b"\x01" + nonce + sealed))
    return cases


def _placed(name: str, outcome: str, key: Secret[bytes], label: Label, parts: list[bytes], blob: bytes) -> Case:
    place = {"key": key.reveal().hex(), "label": str(label), "parts": [part.hex() for part in parts]}
    return {"name": name, "outcome": outcome, **place, "blob": blob.hex()}


def _placed_badly(key: Secret[bytes], label: Label, parts: list[bytes], blob: bytes, seed: Seeded) -> list[Case]:
    cases = [_placed(name, "broken", key, label, parts, bad) for name, bad in damaged(blob).items()]
    places = {
        "another label": (Label.LEDGER_ENTRY, parts),
        "another part": (label, [seed(16), parts[1]]),
        "parts exchanged": (label, parts[::-1]),
        "parts joined": (label, [b"".join(parts)]),
        "a part more": (label, [*parts, b""]),
        "a part less": (label, parts[:1]),
        "the boundary moved": (label, [parts[0] + parts[1][:1], parts[1][1:]]),
    }
    cases += [_placed(f"moved: {name}", "broken", key, *place, blob) for name, place in places.items()]
    return [*cases, _placed("another key", "broken", Secret(seed(32)), label, parts, blob)]


def index_tokens() -> list[Case]:
    """Blind index tokens, bare and as stored. They have no outcome but equality."""
    seed = Seeded("index tokens")
    cases: list[Case] = []
    for field, value in (("person.email", "kari@example.no"), ("person.phone", "+4790000000"), ("person.phone", "")):
        index_key, epoch_key = Secret(seed(32)), Secret(seed(32))
        plain = BlindIndex(index_key).token(field, value)
        tokens_key = derive_key(epoch_key, Label.INDEX_TOKENS)
        keys = {"index_key": index_key.reveal().hex(), "tokens_key": tokens_key.reveal().hex()}
        stored = encrypt_tokens(tokens_key, [plain])[0]
        cases.append({"field": field, "value": value, **keys, "token": plain.hex(), "stored": stored.hex()})
    return cases


def rooted() -> list[Case]:
    """What the local keyring wraps, with the root's file."""
    seed = Seeded("rooted")

    async def make(directory: Path) -> list[Case]:
        directory.chmod(0o700)
        keyring = LocalKeyring(directory, seed)
        version = await keyring.create_root()
        root = (directory / f"root-{version:010}.key").read_bytes()
        context, plain = b"hvelv/epoch/1", seed(32)
        blob = (await keyring.wrap(version, [(context, Secret(plain))]))[0]
        cases = [_rooted("an epoch key", "opens", root, context, blob) | {"plain": plain.hex()}]
        cases += [_rooted(name, "broken", root, context, bad) for name, bad in damaged(blob).items()]
        return [*cases, _rooted("another context", "broken", root, b"hvelv/epoch/2", blob)]

    with tempfile.TemporaryDirectory() as directory:
        return run(make(Path(directory)))


def _rooted(name: str, outcome: str, root: bytes, context: bytes, blob: bytes) -> Case:
    return {"name": name, "outcome": outcome, "root": root.hex(), "context": context.hex(), "blob": blob.hex()}


def inbox_boxes() -> list[Case]:
    """Boxes. The only vectors that come out differently each time."""
    seed = Seeded("inbox boxes")
    pair, other = generate_pair(seed), generate_pair(seed)
    cases: list[Case] = []
    for size in (0, 1, 500):
        info, plain = seed(24), seed(size)
        blob = seal_to(pair.public, info, plain)
        cases.append(_box(f"{size} bytes", "opens", pair.private, info, blob) | {"plain": plain.hex()})
    info = seed(24)
    blob = seal_to(pair.public, info, b"readings of a day")
    cases += [_box(name, "broken", pair.private, info, bad) for name, bad in damaged(blob).items()]
    zero = b"\x01" + bytes(32) + blob[33:]
    bad = {"another address": (pair.private, seed(24), blob), "another key": (other.private, info, blob)}
    cases += [
        _box(name, "broken", *case) for name, case in (bad | {"the point zero": (pair.private, info, zero)}).items()
    ]
    return cases


def _box(name: str, outcome: str, private: Secret[bytes], info: bytes, blob: bytes) -> Case:
    return {"name": name, "outcome": outcome, "private": private.reveal().hex(), "info": info.hex(), "blob": blob.hex()}


MAKERS = {
    "groups": groups,
    "wrapped_keys": wrapped_keys,
    "documents": documents,
    "index_tokens": index_tokens,
    "rooted": rooted,
    "inbox_boxes": inbox_boxes,
}

if __name__ == "__main__":
    for form, maker in MAKERS.items():
        path = VECTORS / f"{form}.json"
        if not path.exists():
            text = json.dumps(
                {"form": form, "outcomes": ["opens", "broken"], "cases": maker()}, ensure_ascii=False, indent=1
            )
            path.write_text(text + "\n", encoding="utf-8")
