"""Signed notes and checkpoints, as C2SP has them (c2sp.org/signed-note, c2sp.org/tlog-checkpoint), with Ed25519.

    text        lines of UTF-8, each ending in a newline, the last of them not empty
    signature   an empty line, then `— <name> <base64 of 4 bytes of key hash ‖ 64 bytes>`
    key hash    first 4 bytes of SHA-256(name ‖ 0x0a ‖ 0x01 ‖ public key)
    key         `<name>+<key hash in hexadecimal>+<base64 of 0x01 ‖ public key>`, to be handed around

The text of a checkpoint is the origin of its log, the size of the tree and the base64 of its root, a line each. The
text of a receipt begins with `{`, which no origin does: one signature never passes for the other.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from vault.crypto.signing import SigningKey, verify
from vault.errors import BrokenSeal, Tampered
from vault.ledger.merkle import HASH_BYTES

ED25519: Final = b"\x01"
SIGNED_BY: Final = "— "
MAX_NOTE: Final = 64 * 1024
NOT_SIGNED: Final = "a note is not signed by this key"
NOT_A_CHECKPOINT: Final = "a note is not a checkpoint"


@dataclass(frozen=True, slots=True)
class Verifier:
    """A public key and the name it signs under."""

    name: str
    public: bytes

    @property
    def key_hash(self) -> bytes:
        """Four bytes that tell keys of one name apart; they prove nothing."""
        return sha256(self.name.encode() + b"\n" + ED25519 + self.public).digest()[:4]

    def __str__(self) -> str:
        return f"{self.name}+{self.key_hash.hex()}+{base64.b64encode(ED25519 + self.public).decode()}"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A tree that was signed: its log, its size, its root; `note` is the signed text itself."""

    origin: str
    size: int
    root: bytes
    note: str


def sign_note(text: str, name: str, key: SigningKey) -> str:
    """`text`, which ends in a newline, with a signature under it."""
    signature = Verifier(name, key.public()).key_hash + key.sign(text.encode())
    return f"{text}\n{SIGNED_BY}{name} {base64.b64encode(signature).decode()}\n"


def check_note(note: str, by: Verifier) -> str:
    """The text of a note that `by` signed; other signatures are passed over.

    Raises:
        Tampered: it did not, or this is not a signed note.
    """
    text, empty, lines = note.rpartition("\n\n")
    if not empty or len(note) > MAX_NOTE:
        raise Tampered(NOT_SIGNED)
    text += "\n"
    for line in lines.splitlines():
        signature = _signature(line, by)
        if signature is not None:
            try:
                verify(by.public, text.encode(), signature)
            except BrokenSeal:
                raise Tampered(NOT_SIGNED) from None
            return text
    raise Tampered(NOT_SIGNED)


def _signature(line: str, by: Verifier) -> bytes | None:
    """What a signature line holds, if it is of this name and key."""
    start = f"{SIGNED_BY}{by.name} "
    if not line.startswith(start):
        return None
    try:
        raw = base64.b64decode(line.removeprefix(start), validate=True)
    except binascii.Error:
        return None
    return raw[4:] if raw[:4] == by.key_hash else None


def sign_checkpoint(origin: str, size: int, root: bytes, key: SigningKey) -> Checkpoint:
    """A checkpoint of the log `origin`, which is also the name it is signed under."""
    text = f"{origin}\n{size}\n{base64.b64encode(root).decode()}\n"
    return Checkpoint(origin, size, root, sign_note(text, origin, key))


def read_checkpoint(note: str) -> Checkpoint:
    """What a checkpoint says. Nobody vouches for it until `check_checkpoint`.

    Raises:
        Tampered: this is not one.
    """
    origin, _, rest = note.partition("\n")
    number, _, rest = rest.partition("\n")
    encoded, _, _ = rest.partition("\n")
    try:
        root = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        root = b""
    plain = number.isascii() and number.isdecimal() and len(number) < len(str(1 << 63)) and str(int(number)) == number
    if not (origin and plain and len(root) == HASH_BYTES):
        raise Tampered(NOT_A_CHECKPOINT)
    return Checkpoint(origin, int(number), root, note)


def check_checkpoint(note: str, public: bytes) -> Checkpoint:
    """The checkpoint, if the log that it names signed it with this key.

    Raises:
        Tampered: it did not, or this is not a checkpoint.
    """
    read = read_checkpoint(note)
    check_note(note, Verifier(read.origin, public))
    return read
