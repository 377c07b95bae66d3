"""What holds of every sealed thing, whatever was sealed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from itertools import permutations
from uuid import UUID

import pytest
import second_reader
import vector_maker
from hypothesis import given
from hypothesis import strategies as st

from policies.model import RecordId, SubjectId
from vault.address import Address, Label, associated, packer
from vault.crypto.aead import Sealer
from vault.crypto.canonical import decode, encode
from vault.crypto.documents import open_document, seal_document
from vault.crypto.padding import pad, unpad
from vault.crypto.sealed import open_group, seal_group, tag_of
from vault.crypto.wrap import unwrap, wrap
from vault.errors import BrokenSeal
from vault.request import Secret, Value

NAMES = st.text(st.characters(codec="ascii"), min_size=1, max_size=255)
VALUES: st.SearchStrategy[Value] = st.one_of(
    st.text(), st.integers(-(2**64), 2**64 - 1), st.booleans(), st.binary(max_size=200)
)
GROUPS = st.dictionaries(NAMES, VALUES, min_size=1, max_size=12)
NUMBERS = st.integers(-(2**63), 2**63 - 1)
# few different ids, so that equal ones meet in different places
IDS = st.one_of(st.uuids(), st.sampled_from([UUID(int=n) for n in (0, 1, 2**128 - 1)]))
ADDRESSES = st.builds(
    Address,
    subject=IDS.map(SubjectId),
    record=IDS.map(RecordId),
    parent=st.none() | IDS.map(RecordId),
    category=NUMBERS,
    version=NUMBERS,
    fields=NUMBERS,
    key=IDS,
)
SEED = vector_maker.Seeded("properties")
SEALER = Sealer(Secret(SEED(32)))
PARTS = (b"subject", b"generation")


def every_bit_flipped(blob: bytes) -> Iterator[bytes]:
    return (vector_maker.flipped(blob, bit) for bit in range(len(blob) * 8))


@given(GROUPS, ADDRESSES)
def test_what_is_sealed_opens_at_its_address_for_both_readers(values: dict[str, Value], address: Address) -> None:
    key = SEED(32)
    blob = seal_group(Sealer(Secret(key)), address, values, SEED(12))
    opened = open_group(Sealer(Secret(key)), address, blob)
    assert opened == values
    assert {name: type(value) for name, value in opened.items()} == {
        name: type(value) for name, value in values.items()
    }
    assert second_reader.read_group(key, vector_maker.write_address(address), blob) == values
    assert tag_of(blob) == blob[-16:]


@given(st.lists(ADDRESSES, min_size=2, max_size=2, unique_by=repr))
def test_two_addresses_never_encode_alike(pair: list[Address]) -> None:
    first, second = pair
    assert first.encode() != second.encode()
    assert first.encode() == second_reader.group_address(vector_maker.write_address(first))


@given(st.lists(st.tuples(st.sampled_from(Label), st.lists(st.binary(max_size=6), max_size=4)), min_size=2, max_size=2))
def test_label_and_parts_encode_in_one_way_only(pair: list[tuple[Label, list[bytes]]]) -> None:
    (first, first_parts), (second, second_parts) = pair
    equal = (first, first_parts) == (second, second_parts)
    assert (associated(first, *first_parts) == associated(second, *second_parts)) is equal


@given(st.sampled_from(Label), st.lists(st.binary(max_size=20), max_size=4))
def test_a_packer_gives_the_bytes_of_the_general_encoding(label: Label, parts: list[bytes]) -> None:
    assert packer(label, *map(len, parts))(*parts) == associated(label, *parts)


@pytest.mark.parametrize("size", [1, 40, 100])
def test_a_group_with_any_bit_flipped_is_refused(size: int) -> None:
    address = vector_maker.address_of(SEED)
    blob = seal_group(SEALER, address, {"person.name": "x" * size}, SEED(12))
    for bad in every_bit_flipped(blob):
        with pytest.raises(BrokenSeal):
            open_group(SEALER, address, bad)


def test_a_wrapped_key_with_any_bit_flipped_is_refused() -> None:
    blob = wrap(SEALER, Secret(SEED(32)), SEED(12), Label.DATA_KEY, *PARTS)
    for bad in every_bit_flipped(blob):
        with pytest.raises(BrokenSeal):
            unwrap(SEALER, bad, Label.DATA_KEY, *PARTS)


def test_a_document_with_any_bit_flipped_is_refused() -> None:
    blob = seal_document(SEALER, Label.STANDING, PARTS, b"standing", SEED(12))
    for bad in every_bit_flipped(blob):
        with pytest.raises(BrokenSeal):
            open_document(SEALER, Label.STANDING, PARTS, bad)


@pytest.mark.parametrize("length", [0, 1, 28, 29, 45, 61, 77])
def test_a_blob_cut_anywhere_is_refused(length: int) -> None:
    address = vector_maker.address_of(SEED)
    blob = seal_group(SEALER, address, {"person.name": "x" * 40}, SEED(12))
    with pytest.raises(BrokenSeal):
        open_group(SEALER, address, blob[:length])


def test_of_two_hundred_groups_none_opens_at_another_address() -> None:
    """One key for all, and ids shared between neighbours, so that nothing but the address tells them apart."""
    key, ids = UUID(bytes=SEED(16)), [UUID(bytes=SEED(16)) for _ in range(6)]
    places = list(permutations(ids, 3))[:100]
    addresses = [
        Address(
            subject=SubjectId(a), record=RecordId(b), parent=RecordId(c), category=3, version=version, fields=1, key=key
        )
        for a, b, c in places
        for version in (1, 2)
    ]
    assert len(addresses) == 200
    blobs = [seal_group(SEALER, address, {"person.name": "somebody"}, SEED(12)) for address in addresses]
    accepted = [
        (here, there)
        for here, address in enumerate(addresses)
        for there, blob in enumerate(blobs)
        if opens(address, blob)
    ]
    assert accepted == [(n, n) for n in range(200)]


def opens(address: Address, blob: bytes) -> bool:
    try:
        open_group(SEALER, address, blob)
    except BrokenSeal:
        return False
    return True


@given(st.binary(max_size=80))
def test_whatever_was_sealed_it_opens_as_a_group_for_both_readers_or_for_none(plain: bytes) -> None:
    def theirs() -> dict[str, Value] | None:
        try:
            return second_reader.read_fields(plain)
        except second_reader.Broken:
            return None

    def ours() -> dict[str, Value] | None:
        try:
            return decode(plain)
        except BrokenSeal:
            return None

    assert ours() == theirs()


@given(GROUPS, st.data())
def test_no_other_bytes_than_the_canonical_ones_decode_to_a_group(
    values: dict[str, Value], data: st.DataObject
) -> None:
    plain = encode(values)
    assert encode(dict(reversed(values.items()))) == plain
    bad = vector_maker.flipped(plain, data.draw(st.integers(0, len(plain) * 8 - 1)))
    with suppress(BrokenSeal):
        assert encode(decode(bad)) == bad


@given(st.binary(max_size=200), st.integers(1, 128))
def test_padding_comes_off_as_it_went_on(plain: bytes, multiple: int) -> None:
    padded = pad(plain, multiple)
    assert len(padded) % multiple == 0
    assert 0 < len(padded) - len(plain) <= multiple
    assert unpad(padded, multiple) == plain


@given(st.binary(max_size=80), st.sampled_from([16, 32]))
def test_nothing_comes_off_what_was_not_padded(padded: bytes, multiple: int) -> None:
    with suppress(BrokenSeal):
        assert pad(unpad(padded, multiple), multiple) == padded
