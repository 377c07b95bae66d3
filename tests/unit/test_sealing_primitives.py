"""The small promises of `vault.crypto`: what is refused, what does not print, what tells nothing."""

from __future__ import annotations

import pickle
from typing import Any
from uuid import UUID

import pytest
import vector_maker

from vault.address import Label, associated, packer
from vault.crypto.aead import Sealer, new_key
from vault.crypto.blind_index import BlindIndex, decrypt_tokens, encrypt_tokens
from vault.crypto.canonical import decode
from vault.crypto.derive import derive_key, keyed_hash
from vault.crypto.inbox_box import InboxPair, generate_pair, open_from, seal_to
from vault.crypto.sealed import open_group, seal_group, tag_of
from vault.crypto.signing import SigningKey, verify
from vault.crypto.wrap import WRAPPED_BYTES, rewrap_many, unwrap, unwrap_many, wrap
from vault.errors import BrokenSeal, Invalid
from vault.request import Secret

SEED = vector_maker.Seeded("unit")
KEY = Secret(SEED(32))
ADDRESS = vector_maker.address_of(SEED)


@pytest.mark.parametrize("holder", [Sealer(KEY), BlindIndex(KEY), SigningKey(KEY), InboxPair(KEY, b""), KEY])
def test_what_holds_a_key_does_not_print_it(holder: object) -> None:
    shown = repr(holder) + str(holder)
    assert KEY.reveal().hex() not in shown
    assert repr(KEY.reveal()) not in shown


@pytest.mark.parametrize("holder", [Sealer(KEY), BlindIndex(KEY), SigningKey(KEY), InboxPair(KEY, b"")])
def test_what_holds_a_key_does_not_pickle(holder: object) -> None:
    with pytest.raises(TypeError):
        pickle.dumps(holder)


@pytest.mark.parametrize("size", [0, 16, 24, 31, 33])
def test_a_key_of_another_size_is_refused_before_it_is_used(size: int) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        Sealer(Secret(bytes(size)))
    with pytest.raises(ValueError, match="32 bytes"):
        encrypt_tokens(Secret(bytes(size)), [])
    with pytest.raises(ValueError, match="32 bytes"):
        wrap(Sealer(KEY), Secret(bytes(size)), bytes(12), Label.DATA_KEY)


@pytest.mark.parametrize("size", [0, 8, 11, 13, 16])
def test_a_nonce_of_another_size_is_refused(size: int) -> None:
    with pytest.raises(ValueError, match="12 bytes"):
        Sealer(KEY).seal(bytes(size), b"", b"")
    with pytest.raises(BrokenSeal):
        Sealer(KEY).open(bytes(size), bytes(16), b"")


def test_a_broken_seal_carries_nothing_of_what_broke() -> None:
    nonce = SEED(12)
    blob = seal_group(Sealer(KEY), ADDRESS, {"person.name": "Kari"}, nonce)
    with pytest.raises(BrokenSeal) as caught:
        open_group(Sealer(KEY), ADDRESS, vector_maker.flipped(blob, 300))
    assert str(caught.value) == "stored bytes do not open under their address"
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def test_an_undecodable_plaintext_leaves_no_trace_in_the_error() -> None:
    with pytest.raises(BrokenSeal) as caught:
        decode(bytes.fromhex("a1616162c328"))
    assert caught.value.__context__ is None


@pytest.mark.parametrize(
    ("value", "rule"),
    [
        (1.5, "is neither text, integer, truth nor bytes"),
        (None, "is neither text, integer, truth nor bytes"),
        (["secret"], "is neither text, integer, truth nor bytes"),
        (2**64, "does not fit 64 bits"),
        (-(2**64) - 1, "does not fit 64 bits"),
        ("secret \ud800", "is not valid Unicode"),
    ],
)
def test_a_value_without_sealed_form_is_refused_by_its_fields_name_alone(value: Any, rule: str) -> None:
    values = {"a.fine": "fine", "person.name": value}
    with pytest.raises(Invalid) as caught:
        seal_group(Sealer(KEY), ADDRESS, values, bytes(12))
    assert str(caught.value) == f"`person.name`: {rule}"
    assert caught.value.__context__ is None


@pytest.mark.parametrize("values", [{}, {"": 1}, {"navn.på": 1}, {"x" * 256: 1}])
def test_a_group_without_fields_or_with_an_impossible_name_is_a_callers_mistake(values: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="1 to 255 ASCII"):
        seal_group(Sealer(KEY), ADDRESS, values, bytes(12))


def test_groups_of_similar_length_seal_to_equal_length() -> None:
    lengths = {len(seal_group(Sealer(KEY), ADDRESS, {"person.name": "x" * n}, SEED(12))) for n in range(1, 18)}
    assert len(lengths) == 1


def test_a_blob_too_short_for_a_group_has_no_tag() -> None:
    with pytest.raises(BrokenSeal):
        tag_of(bytes(76))
    assert tag_of(bytes(61) + b"t" * 16) == b"t" * 16


def test_the_same_group_sealed_twice_gives_two_tags() -> None:
    tags = {tag_of(seal_group(Sealer(KEY), ADDRESS, {"person.name": "Kari"}, SEED(12))) for _ in range(10)}
    assert len(tags) == 10


def test_rewrapping_moves_every_key_and_sets_aside_what_does_not_open() -> None:
    old, new = Sealer(new_key(SEED)), Sealer(new_key(SEED))
    keys = [new_key(SEED) for _ in range(5)]
    places = [SEED(16) for _ in keys]
    before, after = packer(Label.SUBJECT_KEY, 16, 4), packer(Label.SUBJECT_KEY, 16, 4)
    wrapped = [
        wrap(old, key, SEED(12), Label.SUBJECT_KEY, place, b"0001") for key, place in zip(keys, places, strict=True)
    ]
    wrapped[1] = vector_maker.flipped(wrapped[1], 200)
    wrapped[3] = wrapped[3][:-1]
    rows = [(blob, before(place, b"0001"), after(place, b"0002")) for blob, place in zip(wrapped, places, strict=True)]
    moved = rewrap_many(old, new, rows, SEED)
    assert [blob is None for blob in moved] == [False, True, False, True, False]
    for blob, key, place in zip(moved, keys, places, strict=True):
        if blob is not None:
            assert len(blob) == WRAPPED_BYTES
            assert unwrap(new, blob, Label.SUBJECT_KEY, place, b"0002").reveal() == key.reveal()
            with pytest.raises(BrokenSeal):
                unwrap(old, blob, Label.SUBJECT_KEY, place, b"0002")
    found = unwrap_many(old, [(blob, aad) for blob, aad, _ in rows])
    assert [key and key.reveal() for key in found] == [
        key.reveal() if at not in {1, 3} else None for at, key in enumerate(keys)
    ]


def test_rewrapping_draws_all_nonces_at_once_and_uses_none_twice() -> None:
    old = Sealer(KEY)
    drawn: list[int] = []

    def entropy(size: int) -> bytes:
        drawn.append(size)
        return SEED(size)

    aad = associated(Label.DATA_KEY)
    rows = [(wrap(old, KEY, SEED(12), Label.DATA_KEY), aad, aad) for _ in range(100)]
    moved = rewrap_many(old, old, rows, entropy)
    assert drawn == [1200]
    assert len({blob[1:13] for blob in moved if blob}) == 100
    assert rewrap_many(old, old, [], entropy) == []


def test_a_packer_refuses_parts_of_other_sizes_or_another_number() -> None:
    pack = packer(Label.DATA_KEY, 16, 4)
    with pytest.raises(ValueError, match="size"):
        pack(bytes(16), bytes(5))
    with pytest.raises(ValueError, match="size"):
        pack(bytes(16))


def test_tokens_tell_fields_and_keys_apart_and_nothing_else() -> None:
    index = BlindIndex(KEY)
    assert index.token("person.phone", "+4790000000") == BlindIndex(KEY).token("person.phone", "+4790000000")
    others = {
        index.token("person.phone", "+4790000000"),
        index.token("person.phone", "+4790000001"),
        index.token("person.email", "+4790000000"),
        BlindIndex(Secret(SEED(32))).token("person.phone", "+4790000000"),
    }
    assert len(others) == 4
    assert {len(token) for token in others} == {16}


def test_stored_tokens_keep_order_and_change_with_the_epoch() -> None:
    tokens = [SEED(16) for _ in range(1000)]
    first, second = new_key(SEED), new_key(SEED)
    stored = encrypt_tokens(first, tokens)
    assert decrypt_tokens(first, stored) == tokens
    assert not set(stored) & (set(tokens) | set(encrypt_tokens(second, tokens)))
    assert encrypt_tokens(first, []) == []


@pytest.mark.parametrize("token", [b"", bytes(15), bytes(17), bytes(32)])
def test_a_token_of_another_size_is_refused(token: bytes) -> None:
    with pytest.raises(ValueError, match="16 bytes"):
        encrypt_tokens(KEY, [bytes(16), token])


def test_derived_keys_and_keyed_hashes_differ_by_key_label_and_parts() -> None:
    other = Secret(SEED(32))
    made = [
        one
        for key in (KEY, other)
        for label in (Label.INDEX_TOKENS, Label.LEDGER_REFERENCE)
        for parts in ((), (b"",), (b"a", b"b"), (b"ab",), (b"b", b"a"))
        for one in (derive_key(key, label, *parts).reveal(), keyed_hash(key, label, *parts))
    ]
    assert len(set(made)) == len(made) == 40
    assert {len(one) for one in made} == {32}


def test_a_box_opens_for_its_key_and_address_only() -> None:
    pair, other = generate_pair(SEED), generate_pair(SEED)
    box = seal_to(pair.public, b"address", b"contents")
    assert open_from(pair.private, b"address", box) == b"contents"
    for private, info, sealed in [
        (other.private, b"address", box),
        (pair.private, b"another", box),
        (pair.private, b"address", b"\x02" + box[1:]),
        (pair.private, b"address", b""),
        (pair.private, b"address", b"\x01"),
        (pair.private, b"address", box + b"\0"),
    ]:
        with pytest.raises(BrokenSeal):
            open_from(private, info, sealed)


def test_two_boxes_of_one_thing_differ() -> None:
    pair = generate_pair(SEED)
    assert seal_to(pair.public, b"a", b"contents") != seal_to(pair.public, b"a", b"contents")


def test_a_signature_holds_for_its_key_and_message_only() -> None:
    key, other = SigningKey(Secret(SEED(32))), SigningKey(Secret(SEED(32)))
    signature = key.sign(b"checkpoint")
    verify(key.public(), b"checkpoint", signature)
    for public, message, signed in [
        (other.public(), b"checkpoint", signature),
        (key.public(), b"Checkpoint", signature),
        (key.public(), b"checkpoint", vector_maker.flipped(signature, 7)),
        (key.public(), b"checkpoint", signature[:-1]),
        (b"short", b"checkpoint", signature),
    ]:
        with pytest.raises(BrokenSeal):
            verify(public, message, signed)


def test_addresses_of_a_root_and_of_a_child_of_nothing_differ() -> None:
    root = vector_maker.address_of(SEED, below=False)
    child = vector_maker.moved(root, SEED)["another parent"]
    assert child.parent != UUID(int=0)
    assert len(child.encode()) == len(root.encode()) + 16
