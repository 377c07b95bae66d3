"""The pinned file of series, read by Hvelv and by a second reader that shares no code with it."""

from __future__ import annotations

import json
from typing import cast
from uuid import UUID

import numpy as np
import pytest
import second_reader
import series_vectors

from policies.model import RecordId, SubjectId
from vault.crypto.aead import Sealer
from vault.errors import BrokenSeal
from vault.request import Secret
from vault.series.axis import Resolution
from vault.series.codec import Form, Layout, decode
from vault.series.sealed import Place, check, form_of, numbers_of, open_segment, series_id, unwrap_key

Case = dict[str, object]
FILE = json.loads(series_vectors.FILE.read_text(encoding="utf-8"))
SEGMENTS = cast("list[Case]", FILE["segments"])
HEADS = cast("list[Case]", FILE["heads"])


def raw(case: Case, name: str) -> bytes:
    return bytes.fromhex(str(case[name]))


def number(case: Case, name: str) -> int:
    return int(str(case[name]))


def place_of(case: Case) -> Place:
    return Place.of(SubjectId(UUID(str(case["subject"]))), UUID(str(case["series"])), number(case, "period"))


def bytes_of(case: Case) -> tuple[bytes, bytes, int]:
    return raw(case, "subject"), raw(case, "series"), number(case, "period")


def ours(case: Case, blob: bytes | None = None) -> list[list[int]]:
    """What Hvelv reads out of a segment."""
    sealed = raw(case, "blob") if blob is None else blob
    form, width = form_of(sealed), number(case, "width")
    plain = open_segment(Sealer(Secret(raw(case, "key"))), place_of(case), number(case, "number"), form, width, sealed)
    sheets = decode(Layout(form, Resolution(number(case, "resolution")), width), [plain])
    here = np.flatnonzero(sheets.quality[0])
    columns = (sheets.at[0], sheets.wh[0], sheets.quality[0], sheets.registered[0])
    return [[int(column[place]) for column in columns] for place in here]


def theirs(case: Case) -> list[list[int]]:
    return second_reader.read_segment(
        raw(case, "key"), bytes_of(case), number(case, "number"), number(case, "resolution"), number(case, "width"),
        raw(case, "blob"),
    )  # fmt: skip


def test_the_same_bytes_are_made_today() -> None:
    assert series_vectors.content() == series_vectors.FILE.read_text(encoding="utf-8")


@pytest.mark.parametrize("case", SEGMENTS, ids=lambda case: str(case["name"]))
def test_both_readers_find_in_a_segment_what_the_file_says(case: Case) -> None:
    if case["outcome"] == "opens":
        assert ours(case) == theirs(case) == case["versions"]
        field = str(case["field"])
        record, resolution = RecordId(UUID(str(case["record"]))), Resolution(number(case, "resolution"))
        assert series_id(record, field, resolution).hex == case["series"]
        assert second_reader.series_of(record.bytes, field, resolution).hex() == case["series"]
        return
    with pytest.raises(BrokenSeal):
        ours(case)
    with pytest.raises(second_reader.Broken):
        theirs(case)


def ours_head(case: Case) -> tuple[bytes, list[int]]:
    place, accepted = place_of(case), raw(case, "accepted")
    key = unwrap_key(Sealer(Secret(raw(case, "above"))), raw(case, "wrapped"), place, number(case, "generation"))
    check(Sealer(key), place, number(case, "version"), number(case, "width"), accepted, raw(case, "proof"))
    return key.reveal(), list(numbers_of(accepted))


def theirs_head(case: Case) -> tuple[bytes, list[int]]:
    head = raw(case, "wrapped"), raw(case, "accepted"), raw(case, "proof")
    return second_reader.read_series_head(
        raw(case, "above"), bytes_of(case), number(case, "generation"), number(case, "version"), number(case, "width"),
        head,
    )  # fmt: skip


@pytest.mark.parametrize("case", HEADS, ids=lambda case: str(case["name"]))
def test_both_readers_find_in_a_head_what_the_file_says(case: Case) -> None:
    if case["outcome"] == "opens":
        assert ours_head(case) == theirs_head(case) == (raw(case, "key"), case["numbers"])
        return
    with pytest.raises(BrokenSeal):
        ours_head(case)
    with pytest.raises(second_reader.Broken):
        theirs_head(case)


@pytest.mark.parametrize("form", Form)
def test_every_flipped_bit_of_a_segment_is_refused(form: Form) -> None:
    case = series_vectors.made(Resolution.HOUR, form, 2).case(form.name)
    whole = raw(case, "blob")
    for bit in range(0, 8 * len(whole), 7 if form is Form.BLOCK else 1):
        flipped = bytearray(whole)
        flipped[bit // 8] ^= 1 << bit % 8
        with pytest.raises(BrokenSeal):
            ours(case, bytes(flipped))


@pytest.mark.parametrize("name", ["wrapped", "accepted", "proof"])
def test_every_flipped_bit_of_a_head_is_refused(name: str) -> None:
    whole = raw(HEADS[0], name)
    for bit in range(8 * len(whole)):
        flipped = bytearray(whole)
        flipped[bit // 8] ^= 1 << bit % 8
        with pytest.raises(BrokenSeal):
            ours_head(HEADS[0] | {name: flipped.hex()})


def test_no_segment_opens_at_the_place_of_another() -> None:
    names = ("key", "subject", "series", "period", "number", "width")
    opening = [case for case in SEGMENTS if case["outcome"] == "opens"]
    assert len(opening) == 24
    for one in opening:
        for other in opening:
            if one is not other:
                swapped = one | {name: other[name] for name in names if name != "key"}
                with pytest.raises(BrokenSeal):
                    ours(swapped)


def test_what_is_inside_is_checked_as_well() -> None:
    layout = Layout(Form.DAY, Resolution.HOUR, 2)
    good = bytes([2, 2, 0, 0]) + bytes(layout.size - 4)
    decode(layout, [good])
    seven = good[:-12] + b"\x80" + bytes(3) + b"\x80" + bytes(3) + b"\x80" + bytes(3)
    for bad in (good[:-1], b"\x01" + good[1:], good[:1] + b"\x04" + good[2:], seven):
        with pytest.raises(BrokenSeal):
            decode(layout, [bad])
    with pytest.raises(BrokenSeal):
        numbers_of(bytes(7))
