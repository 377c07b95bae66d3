"""Makes the pinned vectors of series. `python tests/support/series_vectors.py` writes the file if it is missing.

A file that exists is never written again: it stands for bytes that lie in somebody's database.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import numpy as np
import numpy.typing as npt
from vector_maker import VECTORS, Seeded

from policies.model import RecordId, SubjectId
from vault.crypto.aead import Sealer
from vault.request import Secret
from vault.series.axis import Resolution
from vault.series.codec import ENTRIES, Form, Layout, encode, encode_overlays
from vault.series.sealed import Place, listed, prove, seal_segment, series_id, wrap_key

FILE: Final = VECTORS / "series.json"
FIELD: Final = "kind.readings"
PERIODS: Final = {Resolution.QUARTER: 24_317, Resolution.HOUR: 24_321, Resolution.DAY: 2_026, Resolution.MONTH: 2_026}
Case = dict[str, object]
Column = npt.NDArray[Any]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Made:
    """A sealed segment with all that opens it, and what is inside as [offset, value, quality, registered]."""

    key: bytes
    subject: SubjectId
    record: RecordId
    resolution: Resolution
    period: int
    number: int
    form: Form
    width: int
    blob: bytes
    versions: list[list[int]]

    @property
    def series(self) -> UUID:
        """Which series."""
        return series_id(self.record, FIELD, self.resolution)

    def case(self, name: str, outcome: str = "opens", **changed: object) -> Case:
        """As the file has it."""
        written: Case = {
            "name": name, "outcome": outcome, "key": self.key.hex(), "subject": self.subject.hex,
            "record": self.record.hex, "field": FIELD, "resolution": int(self.resolution), "series": self.series.hex,
            "period": self.period, "number": self.number, "width": self.width, "blob": self.blob.hex(),
        }  # fmt: skip
        if outcome == "opens":
            written["versions"] = self.versions
        return written | changed


def made(resolution: Resolution, form: Form, width: int) -> Made:
    """One segment out of a fixed seed."""
    seed = Seeded(f"series {resolution} {form} {width}")
    key, subject, record = seed(32), SubjectId(UUID(bytes=seed(16))), RecordId(UUID(bytes=seed(16)))
    (number,) = struct.unpack(">q", seed(8))
    layout, period = Layout(form, resolution, width), PERIODS[resolution]
    octets, versions = (_overlay if form is Form.OVERLAY else _sheet)(layout, seed)
    place = Place.of(subject, series_id(record, FIELD, resolution), period)
    blob = seal_segment(Sealer(Secret(key)), place, number, form, width, octets, seed(12))
    return Made(key, subject, record, resolution, period, number, form, width, blob, versions)


def _sheet(layout: Layout, seed: Seeded) -> tuple[bytes, list[list[int]]]:
    drawn = np.frombuffer(seed(4 * layout.places), ">u4").astype(np.int64)
    quality = (drawn % 7).astype(np.uint8)
    present = quality != 0
    wh = np.where(present, drawn % (1 << min(31, 8 * layout.width)), 0)
    times = 1_767_225_600 + 3_600 * (np.arange(layout.places) // layout.sharing)
    registered = np.where(present, times, 0)
    octets, left = encode(layout, np.array([5]), wh[None], quality[None], registered[None])
    assert not left.any()
    columns = (np.arange(layout.places) + 5, wh, quality, registered)
    return octets.tobytes(), _listed(columns, present)


def _overlay(layout: Layout, seed: Seeded) -> tuple[bytes, list[list[int]]]:
    drawn = np.frombuffer(seed(4 * ENTRIES), ">u4").astype(np.int64)
    quality = np.where(np.arange(ENTRIES) < 9, 1 + drawn % 6, 0).astype(np.uint8)
    present = quality != 0
    at, wh = np.where(present, drawn % 366, 0), np.where(present, drawn % (1 << min(31, 8 * layout.width)), 0)
    registered = np.where(present, 1_767_225_600 + drawn % 100_000, 0)
    octets = encode_overlays(layout, at[None], wh[None], quality[None], registered[None])
    return octets.tobytes(), _listed((at, wh, quality, registered), present)


def _listed(columns: Sequence[Column], present: Flags) -> list[list[int]]:
    return [[int(column[place]) for column in columns] for place in np.flatnonzero(present)]


def segments() -> Iterator[Case]:
    """Every form, and ways to break one."""
    for resolution in Resolution:
        for form in Form:
            if form is not Form.DAY or resolution in {Resolution.HOUR, Resolution.QUARTER}:
                for width in (2,) if resolution is Resolution.QUARTER else (2, 4, 8):
                    good = made(resolution, form, width)
                    yield good.case(f"{form.name.lower()} of {resolution.name.lower()}s, width {width}")
    good, other = made(Resolution.HOUR, Form.DAY, 2), made(Resolution.HOUR, Form.DAY, 4)
    blob = good.blob
    yield good.case("another version", "broken", blob=(b"\x02" + blob[1:]).hex())
    yield good.case("another form", "broken", blob=(blob[:1] + b"\x03" + blob[2:]).hex())
    yield good.case("a form that is none", "broken", blob=(blob[:1] + b"\x09" + blob[2:]).hex())
    yield good.case("a byte too few", "broken", blob=blob[:-1].hex())
    yield good.case("a byte too many", "broken", blob=(blob + b"\0").hex())
    yield good.case("nothing", "broken", blob="")
    yield good.case("another subject", "broken", subject=other.subject.hex)
    yield good.case("another series", "broken", series=other.series.hex)
    yield good.case("another period", "broken", period=good.period + 1)
    yield good.case("another number", "broken", number=good.number ^ 1)
    yield good.case("another width", "broken", width=4)
    yield good.case("another key", "broken", key=other.key.hex())


def heads() -> Iterator[Case]:
    """A wrapped key and a proven list, and ways to break them."""
    seed = Seeded("series head")
    above, key, subject, series = seed(32), seed(32), SubjectId(UUID(bytes=seed(16))), UUID(bytes=seed(16))
    place = Place.of(subject, series, 24_321)
    accepted = listed([7, -3, 1 << 40])
    good: Case = {
        "name": "a head", "outcome": "opens", "above": above.hex(), "subject": subject.hex, "series": series.hex,
        "period": 24_321, "generation": 2, "version": 5, "width": 2, "key": key.hex(),
        "wrapped": wrap_key(Sealer(Secret(above)), Secret(key), place, 2, seed(12)).hex(),
        "accepted": accepted.hex(), "proof": prove(Sealer(Secret(key)), place, 5, 2, accepted, seed(12)).hex(),
        "numbers": [-3, 7, 1 << 40],
    }  # fmt: skip
    one = listed([9])
    yield good
    proof = prove(Sealer(Secret(key)), place, 5, 2, one, seed(12)).hex()
    yield good | {"name": "a list of one", "accepted": one.hex(), "proof": proof, "numbers": [9]}
    for name, changed in (
        ("an older version", {"version": 4}),
        ("another width", {"width": 4}),
        ("a shorter list", {"accepted": accepted[8:].hex()}),
        ("another period", {"period": 24_322}),
        ("another generation", {"generation": 3}),
        ("the proof of nothing", {"proof": ""}),
    ):
        yield good | {"name": name, "outcome": "broken"} | changed


def content() -> str:
    """The file."""
    return (
        json.dumps({"form": "series", "segments": list(segments()), "heads": list(heads())}, separators=(",", ":"))
        + "\n"
    )


if __name__ == "__main__" and not FILE.exists():
    FILE.write_text(content(), encoding="utf-8")
