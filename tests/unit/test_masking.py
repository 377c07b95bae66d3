"""National ids in a text lose what makes them one, however they are written; nothing else is touched."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from people import national_ids

from outreach.masking import masked

TODAY = date(2026, 11, 24)
IDS = [*national_ids()][:20]
GAPS = ["", " ", ".", "-", "\u00a0", "\u200b", "  ", "\n"]


@pytest.mark.clause("COM-01")
@pytest.mark.parametrize("gap", GAPS, ids=[f"gap {n}" for n in range(len(GAPS))])
def test_a_number_is_masked_with_any_gap_before_its_last_five_digits(gap: str) -> None:
    for number in IDS:
        found = masked(f"Hei, nummeret mitt er {number[:6]}{gap}{number[6:]}. Takk!", TODAY)
        assert found.numbers == 1
        assert found.text == f"Hei, nummeret mitt er {number[:6]}{gap}•••••. Takk!"


@pytest.mark.clause("COM-01")
def test_a_message_in_which_every_line_is_a_number_has_none_left() -> None:
    found = masked("\n".join(IDS), TODAY)
    assert found.numbers == len(IDS)
    assert not [number for number in IDS if number[6:] in found.text]


def test_digits_apart_one_by_one_are_found() -> None:
    assert masked(" ".join(IDS[0]), TODAY).numbers == 1


@pytest.mark.parametrize(
    "text",
    ["+47 68 05 00 01", "707057500000000014", "12345678901", "ordre 4711", "", "2026-11-24 10:00", "1234.56.78901"],
    ids=range(7),
)
def test_other_digits_are_left_as_they_are(text: str) -> None:
    assert masked(text, TODAY).text == text


@given(st.text(alphabet="0123456789 .-\nab", max_size=200))
def test_masking_what_was_masked_changes_nothing(text: str) -> None:
    once = masked(text, TODAY)
    assert len(once.text) == len(text)
    assert masked(once.text, TODAY).numbers == 0
