"""A slip lets its bearer do one thing and tells nobody anything."""

from __future__ import annotations

import base64
from uuid import UUID

import pytest
from determinism import SeededEntropy
from hypothesis import given
from hypothesis import strategies as st

from policies.model import RecordId, SubjectId
from vault.errors import Unknown
from vault.request import Secret
from vault.slips import For, Slip, Slips

SLIP = Slip(SubjectId(UUID(int=5)), RecordId(UUID(int=6)), bytes(range(32)))


def slips(key: int = 0) -> Slips:
    return Slips(lambda: Secret(bytes([key]) * 32), SeededEntropy("slips"))


def test_a_slip_says_what_was_put_into_it() -> None:
    made = slips()
    assert made.read(For.UNSUBSCRIBE, made.make(For.UNSUBSCRIBE, SLIP)) == SLIP


def test_a_slip_is_for_one_thing_and_of_one_house() -> None:
    text = slips().make(For.UNSUBSCRIBE, SLIP)
    with pytest.raises(Unknown):
        slips().read(For.CONFIRM, text)
    with pytest.raises(Unknown):
        slips(1).read(For.UNSUBSCRIBE, text)


def test_two_slips_of_one_person_have_nothing_in_common_and_nothing_of_the_person() -> None:
    made = slips()
    first, second = (made.make(For.UNSUBSCRIBE, SLIP).reveal() for _ in range(2))
    raw = [base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)) for text in (first, second)]
    assert raw[0][:12] != raw[1][:12]
    assert not {raw[0][n : n + 4] for n in range(len(raw[0]) - 3)} & {raw[1][n : n + 4] for n in range(len(raw[1]) - 3)}
    for part in (SLIP.subject.bytes, SLIP.record.bytes, SLIP.address[:8]):
        assert part not in raw[0]
    assert len(first) == len(second) == 123


def test_every_changed_character_is_refused() -> None:
    made = slips()
    text = made.make(For.UNSUBSCRIBE, SLIP).reveal()
    for place in range(len(text) - 1):
        changed = text[:place] + ("A" if text[place] != "A" else "B") + text[place + 1 :]
        with pytest.raises(Unknown):
            made.read(For.UNSUBSCRIBE, Secret(changed))


@given(st.text(max_size=300))
def test_whatever_else_is_read_is_refused_alike(text: str) -> None:
    with pytest.raises(Unknown, match="not one of ours"):
        slips().read(For.UNSUBSCRIBE, Secret(text))
