"""Checks proofs from the ledger, offline: nothing of Hvelv is needed, only Python and `cryptography`.

    python verify_ledger.py --key KEY [--earlier CHECKPOINT.txt]… ANSWER.json…

ANSWER is what GraphQL answered, as it came: every `proof`, `signed` receipt and consistency proof in it is found and
checked. KEY is the ledger's public key, `name+hash+base64`, as you got it from somewhere else than the answer; without
it, the key in the answer is used, and that only shows that the answer agrees with itself. CHECKPOINT is one you kept:
the ledger must still begin with it, so ask for `consistencyProof` from it. The formats are in `formats/ledger.md`.

Exit code 0: everything fits. 1: something does not. 2: there was nothing to check.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import hmac
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, cast

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


class Wrong(Exception):
    """What does not fit."""


def public_key(text: str) -> bytes:
    """The 32 bytes of a key `name+hash+base64`."""
    raw = base64.b64decode(text.strip().split("+", 2)[2])
    if len(raw) != 33 or raw[0] != 1:
        raise Wrong("the key is not an Ed25519 key")
    return raw[1:]


def signed_text(note: str, name: str, public: bytes) -> str:
    """The text of a signed note (c2sp.org/signed-note), if `name` signed it with this key."""
    text, _, lines = note.rpartition("\n\n")
    text += "\n"
    hint = hashlib.sha256(name.encode() + b"\n\x01" + public).digest()[:4]
    for line in lines.splitlines():
        if line.startswith(f"— {name} "):
            raw = base64.b64decode(line.rpartition(" ")[2])
            if raw[:4] == hint:
                try:
                    Ed25519PublicKey.from_public_bytes(public).verify(raw[4:], text.encode())
                except InvalidSignature:
                    raise Wrong(f"the signature of {name} is not by this key") from None
                return text
    raise Wrong(f"there is no signature of {name} by this key")


def checkpoint(note: str, public: bytes) -> tuple[str, int, bytes]:
    """(origin, size, root) of a checkpoint (c2sp.org/tlog-checkpoint)."""
    origin, size, root = signed_text(note, note.split("\n", 1)[0], public).split("\n")[:3]
    return origin, int(size), base64.b64decode(root)


def node(left: bytes, right: bytes) -> bytes:
    """RFC 9162, section 2.1.1."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def check_inclusion(  # noqa: C901  (the steps of the RFC, as they stand there)
    leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes
) -> None:
    """RFC 9162, section 2.1.3.2."""
    if not 0 <= index < size:
        raise Wrong("the leaf is outside the tree")
    fn, sn, r = index, size - 1, leaf
    for p in path:
        if sn == 0:
            raise Wrong("the path is too long")
        if fn & 1 or fn == sn:
            r = node(p, r)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            r = node(r, p)
        fn, sn = fn >> 1, sn >> 1
    if sn or r != root:
        raise Wrong("the path does not lead to the root")


def check_consistency(  # noqa: C901  (the steps of the RFC, as they stand there)
    first: int, old: bytes, second: int, new: bytes, path: Sequence[bytes]
) -> None:
    """RFC 9162, section 2.1.4.2."""
    if first == second and old == new and not path:
        return
    if not 0 < first < second or not path:
        raise Wrong("the ledger does not go on from this checkpoint")
    path = [old, *path] if not first & (first - 1) else path
    fn, sn = first - 1, second - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    fr = sr = path[0]
    for c in path[1:]:
        if sn == 0:
            raise Wrong("the path is too long")
        if fn & 1 or fn == sn:
            fr, sr = node(c, fr), node(c, sr)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            sr = node(sr, c)
        fn, sn = fn >> 1, sn >> 1
    if sn or (fr, sr) != (old, new):
        raise Wrong("the ledger does not go on from this checkpoint")


def check_proof(proof: dict[str, Any], public: bytes) -> dict[str, Any]:
    """What a leaf says, once it is shown to be in the tree that was signed."""
    commitment = hmac.digest(bytes.fromhex(proof["salt"]), proof["content"].encode(), "sha256")
    leaf = hashlib.sha256(b"\x00" + proof["month"].encode() + commitment).digest()
    _, size, root = checkpoint(proof["checkpoint"], public)
    check_inclusion(leaf, int(proof["index"]), size, [bytes.fromhex(each) for each in proof["path"]], root)
    said: dict[str, Any] = json.loads(proof["content"])
    return said


def check_receipt(note: str, proof: dict[str, Any] | None, public: bytes) -> dict[str, Any]:
    """What a receipt says; with a proof, also that the ledger has it."""
    receipt: dict[str, Any] = json.loads(signed_text(note, "hvelv/receipts", public))
    if proof:
        whose = check_proof(proof, public)["subject"]
        if (whose["id"], whose["receipt"]) != (receipt["subject"], receipt["id"]):
            raise Wrong("the proof is of something else than the receipt")
    return receipt


def objects(value: Any) -> Iterator[dict[str, Any]]:
    """Every object in a JSON value."""
    match value:
        case dict():
            found = cast("dict[str, Any]", value)
            yield found
            for each in found.values():
                yield from objects(each)
        case list():
            for each in cast("Sequence[Any]", value):
                yield from objects(each)
        case _:
            pass


def receipt_line(found: dict[str, Any], public: bytes) -> str:
    """A receipt, put in words."""
    receipt = check_receipt(found["signed"], found.get("proof"), public)
    fates = [each["fate"] for each in receipt["fields"]]
    where = "in the ledger" if found.get("proof") else "WITHOUT a proof of the ledger"
    counts = f"{fates.count('erased')} fields erased, {fates.count('kept')} kept"
    return f"receipt {receipt['id']} of {receipt['at']}: {receipt['status']}, {counts}, {where}"


def entry_line(found: dict[str, Any], public: bytes) -> str:
    """An entry of the ledger, put in words."""
    said = check_proof(found, public)
    act, whose = said["act"], said.get("subject")
    of = f" of {whose['id']}" if whose else ""
    return f"entry {act['entry']}{of}: {act['at']} {act['kind']} for {act['purpose']} by {act['roles']} {act['fields']}"


def consistency_line(found: dict[str, Any], public: bytes, earlier: dict[tuple[str, int], bytes]) -> str:
    """Which kept checkpoint the ledger still begins with; it is taken off the list."""
    origin, size, root = checkpoint(found["newest"]["note"], public)
    first = int(found["old"])
    old = earlier.pop((origin, first), None)
    if old is None:
        return f"a proof from {first} leaves, of which no checkpoint was given with --earlier: nothing to compare"
    check_consistency(first, old, size, root, [bytes.fromhex(each) for each in found["path"]])
    return f"the ledger of {size} leaves begins with your checkpoint of {first}"


def check(answers: Any, public: bytes, earlier: dict[tuple[str, int], bytes]) -> Iterator[str]:
    """A line for everything that fits; raises at the first thing that does not."""
    for found in objects(answers):
        if isinstance(found.get("signed"), str):
            yield receipt_line(found, public)
        if {"content", "salt", "path"} <= found.keys():
            yield entry_line(found, public)
        if {"old", "path", "newest"} <= found.keys():
            yield consistency_line(found, public, earlier)
    if earlier:
        raise Wrong("there is no consistency proof from " + ", ".join(f"{size} of {log}" for log, size in earlier))


def main(arguments: Sequence[str] | None = None) -> int:
    """Check what the command line names."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("answers", nargs="+", type=Path, metavar="ANSWER.json")
    parser.add_argument("--key", help="the ledger's public key, from another source than the answer")
    parser.add_argument("--earlier", action="append", default=[], type=Path, metavar="CHECKPOINT.txt")
    asked = parser.parse_args(arguments)
    answers = [json.loads(path.read_text(encoding="utf-8")) for path in asked.answers]
    key = asked.key or next((o["key"] for o in objects(answers) if isinstance(o.get("key"), str)), None)
    if key is None:
        parser.error("no key is in the answer: give --key, or ask again for a proof (a new entry has one in seconds)")
    if not asked.key:
        print("NOTE: this key is the answer's own; compare it with one from elsewhere:", key)
    said = 0
    try:
        public = public_key(key)
        kept = [checkpoint(path.read_text(encoding="utf-8"), public) for path in asked.earlier]
        for line in check(answers, public, {(origin, size): root for origin, size, root in kept}):
            print("OK    ", line)
            said += 1
    except (Wrong, ValueError, LookupError, TypeError, AttributeError) as wrong:
        print("WRONG ", wrong if isinstance(wrong, Wrong) else f"the answer is malformed: {wrong!r}")
        return 1
    print(said, "checked")
    return 0 if said else 2


if __name__ == "__main__":
    sys.exit(main())
