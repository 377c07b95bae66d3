"""A second reader of all that Hvelv seals, written from `docs/formats/sealed-form.md`, sharing no code with `vault`.

It knows bytes only. AES on single blocks comes from `cryptography`; the rest (counter mode, GHASH, HKDF, X25519, HPKE,
CBOR) is spelled out here from the standards. Slow, readable, and not safe against side channels: for tests.
"""

from __future__ import annotations

import hashlib
import hmac
import struct
from collections.abc import Callable, Mapping

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

Item = str | int | bool | bytes


class Broken(Exception):
    """The bytes do not open."""


def demand(condition: object) -> None:
    """Broken unless."""
    if not condition:
        raise Broken


# ---------------------------------------------------------------- what things are bound to


def bound(label: str, *parts: bytes) -> bytes:
    """Length-prefixed label and parts."""
    out = b""
    for part in (label.encode("ascii"), *parts):
        out += struct.pack(">I", len(part)) + part
    return out


def group_address(address: Mapping[str, object]) -> bytes:
    """Associated data of a group, from its address as a vector file writes it: hex ids, decimal numbers."""
    subject, record, key = (bytes.fromhex(str(address[name])) for name in ("subject", "record", "key"))
    parent = bytes.fromhex(str(address["parent"] or ""))
    numbers = [struct.pack(">q", int(str(address[name]))) for name in ("category", "version", "fields")]
    return bound("hvelv/group/1", subject, record, parent, *numbers, key)


# ---------------------------------------------------------------- the forms


def read_group(key: bytes, address: Mapping[str, object], blob: bytes) -> dict[str, Item]:
    """A sealed group."""
    demand(len(blob) >= 29 + 32 + 16 and blob[0] == 1 and blob[1:17].hex() == address["key"])
    return read_fields(unpadded(gcm_open(key, blob[17:29], blob[29:], group_address(address)), 32))


def read_wrapped(key: bytes, label: str, parts: list[bytes], blob: bytes) -> bytes:
    """A wrapped key."""
    demand(len(blob) == 61 and blob[0] == 1)
    return gcm_open(key, blob[1:13], blob[13:], bound(label, *parts))


def read_document(key: bytes, label: str, parts: list[bytes], blob: bytes) -> bytes:
    """A sealed document."""
    demand(len(blob) >= 13 + 64 + 16 and blob[0] == 1)
    return unpadded(gcm_open(key, blob[1:13], blob[13:], bound(label, *parts)), 64)


def read_rooted(root_file: bytes, context: bytes, blob: bytes) -> bytes:
    """What the local keyring wrapped, given the file of the root version."""
    demand(len(root_file) == 48 and root_file[:8] == b"hvelvrt\x01")
    demand(len(blob) >= 21 + 16 and blob[0] == 1 and blob[1:9] == root_file[8:16])
    key = hkdf(root_file[16:], b"", bound("hvelv/derive/root-context/1", context), 32)
    return gcm_open(key, blob[9:21], blob[21:], bound("hvelv/key/epoch/1", blob[:9], context))


def token(index_key: bytes, field: str, normalised: str) -> bytes:
    """A token of the blind index."""
    key = hkdf(index_key, b"", bound("hvelv/derive/index-field/1", field.encode("ascii")), 32)
    return hmac.new(key, normalised.encode("utf-8"), hashlib.sha256).digest()[:16]


def stored_token(epoch_tokens_key: bytes, plain: bytes) -> bytes:
    """A token as the table holds it."""
    return block(epoch_tokens_key)(plain)


def read_box(private: bytes, info: bytes, blob: bytes) -> bytes:
    """A box of the inbox: HPKE base mode, single shot."""
    demand(len(blob) >= 1 + 32 + 16 and blob[0] == 1)
    shared = x25519(private, blob[1:33])
    demand(shared != bytes(32))
    key, nonce = box_key(x25519(private, (9).to_bytes(32, "little")), blob[1:33], shared, info)
    return gcm_open(key, nonce, blob[33:], b"")


def box_key(public: bytes, enc: bytes, shared: bytes, info: bytes) -> tuple[bytes, bytes]:
    """Key and nonce of a box, from the X25519 secret of its encapsulated key and its reader's public key."""
    kem, suite = b"KEM" + b"\x00\x20", b"HPKE" + b"\x00\x20\x00\x01\x00\x02"
    secret = labeled_expand(kem, labeled_extract(kem, b"", b"eae_prk", shared), b"shared_secret", enc + public, 32)
    info_hash = labeled_extract(suite, b"", b"info_hash", bound("hvelv/box/inbox/1", info))
    context = b"\x00" + labeled_extract(suite, b"", b"psk_id_hash", b"") + info_hash
    schedule = labeled_extract(suite, secret, b"secret", b"")
    key = labeled_expand(suite, schedule, b"key", context, 32)
    return key, labeled_expand(suite, schedule, b"base_nonce", context, 12)


def unpadded(padded: bytes, multiple: int) -> bytes:
    """ISO/IEC 7816-4, of which at most one multiple."""
    demand(len(padded) % multiple == 0)
    for length in range(len(padded) - 1, max(-1, len(padded) - multiple - 1), -1):
        if padded[length] == 0x80:
            return padded[:length]
        demand(padded[length] == 0)
    raise Broken


# ---------------------------------------------------------------- CBOR, the part that occurs


def read_fields(data: bytes) -> dict[str, Item]:
    """The map of a group, refused unless deterministic."""
    major, count, at = head(data, 0)
    demand(major == 5 and count > 0)
    fields: dict[str, Item] = {}
    before = b""
    for _ in range(count):
        start = at
        major, size, at = head(data, at)
        demand(major == 3 and 0 < size < 256)
        name, at = take(data, at, size)
        encoded = data[start:at]
        demand(encoded > before and max(name) < 128)
        before = encoded
        fields[name.decode("ascii")], at = read_item(data, at)
    demand(at == len(data))
    return fields


def read_item(data: bytes, at: int) -> tuple[Item, int]:
    """One value and where it ends."""
    demand(at < len(data))
    if data[at] in {0xF4, 0xF5}:
        return data[at] == 0xF5, at + 1
    major, argument, at = head(data, at)
    if major == 0:
        return argument, at
    if major == 1:
        return -1 - argument, at
    demand(major in {2, 3})
    content, at = take(data, at, argument)
    if major == 2:
        return content, at
    try:
        return content.decode("utf-8"), at
    except UnicodeDecodeError:
        raise Broken from None


def head(data: bytes, at: int) -> tuple[int, int, int]:
    """Major type, argument and end of a head in its shortest form."""
    demand(at < len(data))
    major, low = divmod(data[at], 32)
    if low < 24:
        return major, low, at + 1
    demand(low < 28)
    size = 2 ** (low - 24)
    raw, end = take(data, at + 1, size)
    argument = int.from_bytes(raw, "big")
    demand(argument >= (24 if size == 1 else 256 ** (size // 2)))
    return major, argument, end


def take(data: bytes, at: int, size: int) -> tuple[bytes, int]:
    """So many bytes, all of them there."""
    demand(at + size <= len(data))
    return data[at : at + size], at + size


# ---------------------------------------------------------------- AES-GCM (NIST SP 800-38D)


def block(key: bytes) -> Callable[[bytes], bytes]:
    """AES on blocks, each for itself."""
    # bare blocks are wanted here, the mode is built on them
    return Cipher(algorithms.AES(key), modes.ECB()).encryptor().update  # noqa: S305 - see above


def gcm_open(key: bytes, nonce: bytes, sealed: bytes, aad: bytes) -> bytes:
    """Counter mode and GHASH; the tag is compared before anything is returned."""
    demand(len(nonce) == 12 and len(sealed) >= 16)
    encrypt, ciphertext = block(key), sealed[:-16]
    h = int.from_bytes(encrypt(bytes(16)), "big")
    y = 0
    for text in (aad, ciphertext, struct.pack(">QQ", len(aad) * 8, len(ciphertext) * 8)):
        for at in range(0, len(text), 16):
            y = gf_multiply(y ^ int.from_bytes(text[at : at + 16].ljust(16, b"\0"), "big"), h)
    demand(xor(encrypt(nonce + b"\0\0\0\1"), y.to_bytes(16, "big")) == sealed[-16:])
    stream = b"".join(encrypt(nonce + struct.pack(">I", 2 + n)) for n in range(-(-len(ciphertext) // 16)))
    return xor(ciphertext, stream)


def gf_multiply(x: int, y: int) -> int:
    """In GF(2^128), bits reflected as the standard has them."""
    z = 0
    for bit in range(127, -1, -1):
        if x >> bit & 1:
            z ^= y
        y = y >> 1 ^ (0xE1 << 120 if y & 1 else 0)
    return z


def xor(left: bytes, right: bytes) -> bytes:
    """As long as the shorter."""
    return bytes(a ^ b for a, b in zip(left, right, strict=False))


# ---------------------------------------------------------------- HKDF, X25519, HPKE (RFC 5869, 7748, 9180)


def hkdf_extract(salt: bytes, material: bytes) -> bytes:
    return hmac.new(salt or bytes(32), material, hashlib.sha256).digest()


def hkdf_expand(prk: bytes, info: bytes, length: int) -> bytes:
    out, last, counter = b"", b"", 1
    while len(out) < length:
        last = hmac.new(prk, last + info + bytes([counter]), hashlib.sha256).digest()
        out, counter = out + last, counter + 1
    return out[:length]


def hkdf(material: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    return hkdf_expand(hkdf_extract(salt, material), info, length)


def labeled_extract(suite: bytes, salt: bytes, label: bytes, material: bytes) -> bytes:
    return hkdf_extract(salt, b"HPKE-v1" + suite + label + material)


def labeled_expand(suite: bytes, prk: bytes, label: bytes, info: bytes, length: int) -> bytes:
    return hkdf_expand(prk, struct.pack(">H", length) + b"HPKE-v1" + suite + label + info, length)


def x25519(scalar: bytes, point: bytes) -> bytes:
    """The Montgomery ladder of RFC 7748 § 5."""
    p, k = 2**255 - 19, int.from_bytes(scalar, "little")
    k = (k & ~7 & (2**254 - 1)) | 2**254
    u = int.from_bytes(point, "little") & (2**255 - 1)
    x2, z2, x3, z3 = 1, 0, u, 1
    for bit in range(254, -1, -1):
        if k >> bit & 1:
            x2, z2, x3, z3 = x3, z3, x2, z2
        a, b, c, d = x2 + z2, x2 - z2, x3 + z3, x3 - z3
        aa, bb, da, cb = a * a % p, b * b % p, d * a % p, c * b % p
        e = aa - bb
        x3, z3 = (da + cb) ** 2 % p, u * (da - cb) ** 2 % p
        x2, z2 = aa * bb % p, e * (aa + 121665 * e) % p
        if k >> bit & 1:
            x2, z2, x3, z3 = x3, z3, x2, z2
    return (x2 * pow(z2, p - 2, p) % p).to_bytes(32, "little")


# ---------------------------------------------------------------- series, from docs/formats/series.md

PLACES = {1: 2980, 2: 745, 3: 366, 4: 12}
DAY_PLACES = {1: 100, 2: 25}
SHARING = {1: 96, 2: 24, 3: 12, 4: 1}


def series_of(record: bytes, field: str, resolution: int) -> bytes:
    """The id of a series."""
    return hashlib.sha256(bound("hvelv/hash/series/1", record, field.encode(), bytes([resolution]))).digest()[:16]


def read_series_head(
    above: bytes, place: tuple[bytes, bytes, int], generation: int, version: int, width: int, head: tuple[bytes, ...]
) -> tuple[bytes, list[int]]:
    """The key of a period and the numbers of the segments that count, from (wrapped key, list, proof)."""
    subject, series, period = place
    wrapped, accepted, proof = head
    where = subject, series, struct.pack(">i", period)
    key = read_wrapped(above, "hvelv/key/series/1", [*where, struct.pack(">i", generation)], wrapped)
    aad = bound("hvelv/series-head/1", *where, struct.pack(">i", version), bytes([width]), accepted)
    demand(len(proof) == 28 and gcm_open(key, proof[:12], proof[12:], aad) == b"" and len(accepted) % 8 == 0)
    return key, [int.from_bytes(accepted[n : n + 8], "big", signed=True) for n in range(0, len(accepted), 8)]


def read_segment(
    key: bytes, place: tuple[bytes, bytes, int], number: int, resolution: int, width: int, blob: bytes
) -> list[list[int]]:
    """What a segment holds: [interval counted from the period's first, value, quality, registration time]."""
    subject, series, period = place
    demand(len(blob) > 30 and blob[0] == 1 and blob[1] in {1, 2, 3})
    form = blob[1]
    aad = bound(
        "hvelv/segment/1", subject, series, struct.pack(">i", period), struct.pack(">q", number), bytes([form]),
        bytes([width]),
    )  # fmt: skip
    plain = gcm_open(key, blob[2:14], blob[14:], aad)
    demand(plain[0] == resolution and plain[1] == width)
    return read_overlay(plain, width) if form == 3 else read_sheet(plain, form, resolution, width)


def read_sheet(plain: bytes, form: int, resolution: int, width: int) -> list[list[int]]:
    """A block or a day."""
    places = PLACES[resolution] if form == 1 else DAY_PLACES[resolution]
    sharing = SHARING[resolution] if form == 1 else places
    times, row = -(-places // sharing), -(-places // 8)
    values_at = 4 + 4 * times
    planes_at = values_at + width * places
    demand(len(plain) == planes_at + 3 * row)
    offset = int.from_bytes(plain[2:4], "big")
    found: list[list[int]] = []
    for place in range(places):
        byte, bit = divmod(place, 8)
        quality = sum((plain[planes_at + plane * row + byte] >> (7 - bit) & 1) << plane for plane in range(3))
        demand(quality < 7)
        if quality:
            value = int.from_bytes(plain[values_at + width * place : values_at + width * (place + 1)], "big")
            at = 4 + 4 * (place // sharing)
            found.append([offset + place, value, quality, int.from_bytes(plain[at : at + 4], "big")])
    return found


def read_overlay(plain: bytes, width: int) -> list[list[int]]:
    """An overlay."""
    demand(len(plain) == 4 + 32 * (2 + width + 1 + 4))
    starts = (4, 68, 68 + 32 * width, 100 + 32 * width)
    sizes = (2, width, 1, 4)
    rows = [
        [
            int.from_bytes(plain[start + size * n : start + size * (n + 1)], "big")
            for start, size in zip(starts, sizes, strict=True)
        ]
        for n in range(32)
    ]
    demand(all(row[2] < 7 for row in rows))
    return [row for row in rows if row[2]]
