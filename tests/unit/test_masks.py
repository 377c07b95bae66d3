"""What a use shows of a value."""

from __future__ import annotations

import pytest

from policies.masks import HIDDEN, Value, apply
from policies.model import FieldType, Mask

NATIONAL_ID = "15890012345"  # shown cut, never checked: any eleven digits do


@pytest.mark.parametrize(
    ("mask", "kind", "value", "shown"),
    [
        (Mask.PLAIN, FieldType.NATIONAL_ID, NATIONAL_ID, NATIONAL_ID),
        (Mask.PLAIN, FieldType.DOCUMENT, b"pdf", b"pdf"),
        (Mask.PRESENCE, FieldType.NATIONAL_ID, NATIONAL_ID, True),
        (Mask.PRESENCE, FieldType.BOOLEAN, False, True),
        pytest.param(
            Mask.LAST_5_HIDDEN,
            FieldType.NATIONAL_ID,
            NATIONAL_ID,
            "158900•••••",
            marks=pytest.mark.clause("NAB-10"),
        ),
        (Mask.LAST_5_HIDDEN, FieldType.TEXT, "abc", HIDDEN),
        (Mask.LAST_5_HIDDEN, FieldType.SECRET, "a long secret", HIDDEN),
        (Mask.LAST_5_HIDDEN, FieldType.AMOUNT_NOK, 1_234_567, HIDDEN),
        (Mask.LAST_4_SHOWN, FieldType.PHONE, "+4791234567", "•••••4567"),
        (Mask.LAST_4_SHOWN, FieldType.TEXT, "abcd", HIDDEN),
        (Mask.LAST_4_SHOWN, FieldType.DOCUMENT, b"%PDF-1.7", HIDDEN),
        (Mask.YEAR_ONLY, FieldType.DATE, "1959-09-15", "1959"),
        (Mask.YEAR_ONLY, FieldType.INSTANT, "2024-02-29T13:00:00Z", "2024"),
        (Mask.YEAR_ONLY, FieldType.DATE, "no date", HIDDEN),
        (Mask.YEAR_ONLY, FieldType.TEXT, "1959-09-15", HIDDEN),
        (Mask.YEAR_ONLY, FieldType.BOOLEAN, True, HIDDEN),
    ],
)
def test_a_mask_shows_its_part_and_nothing_where_it_does_not_suit(
    mask: Mask, kind: FieldType, value: Value, shown: Value
) -> None:
    assert apply(mask, kind, value) == shown
