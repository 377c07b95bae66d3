"""An operator's weather file: read as PVGIS writes it, or refused without a word of what is in it."""

from __future__ import annotations

import json
from typing import Any, Final

import numpy as np
import pytest

from solar.model import pvgis
from solar.model.errors import BadInput
from solar.model.estimate import estimate
from solar.model.roof import Place, Plane
from solar.model.sky import HOURS, clear_sky, hours_of_year, imported

OSLO: Final = Place(latitude_deg=59.94, longitude_deg=10.72)
META: Final = {"inputs": {"location": "a synthetic one"}}
ROOF: Final = Plane(azimuth_deg=180, tilt_deg=30, area_m2=40)
SKY: Final = clear_sky(OSLO, "a synthetic cloudless year")


def rows(leap: int = 0) -> list[dict[str, Any]]:
    columns = zip(SKY.times, SKY.ghi, SKY.dni, SKY.dhi, SKY.air_c, SKY.wind_m_per_s, strict=True)
    found = [
        {
            "time(UTC)": f"{at:%Y%m%d:%H%M}",
            "T2m": round(float(air), 2), "RH": 70.0, "G(h)": float(ghi), "Gb(n)": float(dni), "Gd(h)": float(dhi),
            "IR(h)": 300.0, "WS10m": float(wind), "WD10m": 180.0, "SP": 100_000.0,
        }
        for at, ghi, dni, dhi, air, wind in columns
    ]  # fmt: skip
    return found + found[:leap]


def document(hours: list[dict[str, Any]]) -> bytes:
    months = [{"month": n, "year": 2015} for n in range(1, 13)]
    return json.dumps(
        {"inputs": {}, "outputs": {"months_selected": months, "tmy_hourly": hours}, "meta": META}
    ).encode()


def test_an_imported_year_is_used_whole_and_its_source_is_named() -> None:
    found = estimate([ROOF], OSLO, climate=imported(OSLO, pvgis.tmy(document(rows()))))
    cloudless = estimate([ROOF], OSLO, climate=imported(OSLO, SKY))
    assert found.year_kwh == pytest.approx(cloudless.year_kwh, rel=1e-3)
    assert found.weather == "PVGIS TMY, imported"
    assert "air" not in {made.of for made in found.assumptions}


def hourly() -> bytes:
    height = np.degrees(np.arcsin(np.clip((SKY.ghi - SKY.dhi) / np.maximum(SKY.dni, 1e-9), 0, 1)))
    hours = [
        {
            "time": f"{at:%Y%m%d:%H%M}", "Gb(i)": float(ghi - dhi), "Gd(i)": float(dhi), "Gr(i)": 0.0,
            "H_sun": float(sun), "T2m": float(air), "WS10m": 2.0, "Int": 0.0,
        }
        for at, ghi, dhi, sun, air in zip(SKY.times, SKY.ghi, SKY.dhi, height, SKY.air_c, strict=True)
    ]  # fmt: skip
    return json.dumps({"inputs": {}, "outputs": {"hourly": hours}, "meta": META}).encode()


def test_an_hourly_series_of_a_horizontal_plane_is_a_year_of_weather() -> None:
    weather = pvgis.series(hourly(), 2023)
    assert weather.ghi == pytest.approx(SKY.ghi, abs=0.01)
    found = estimate([ROOF], OSLO, climate=imported(OSLO, weather))
    assert found.year_kwh == pytest.approx(estimate([ROOF], OSLO, climate=imported(OSLO, SKY)).year_kwh, rel=0.02)
    with pytest.raises(BadInput, match="hours of a year"):
        pvgis.series(hourly(), 2024)


def changed(**values: object) -> bytes:
    hours = rows()
    hours[4_000] = {**hours[4_000], **values}
    return document(hours)


BAD: Final = {
    "nothing": b"",
    "no file of theirs": b"{}",
    "an array": b"[1, 2]",
    "bytes": bytes(range(256)),
    "CSV of something else": b"a,b\n1,2\n",
    "an hour missing": document(rows()[:-1]),
    "hours twice": document(rows(leap=10)),
    "negative light": changed(**{"G(h)": -5.0}),
    "too much light": changed(**{"G(h)": 9_000.0}),
    "no number": changed(T2m=float("nan")),
    "a column missing": document([{k: v for k, v in row.items() if k != "WS10m"} for row in rows()]),
}


@pytest.mark.parametrize("name", BAD)
def test_a_file_that_is_no_year_of_weather_is_refused(name: str) -> None:
    with pytest.raises(BadInput, match="weather file") as refused:
        pvgis.tmy(BAD[name])
    assert refused.value.__cause__ is None
    assert refused.value.__context__ is None


def test_a_file_beyond_all_measure_is_refused_unread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pvgis, "MAX_BYTES", 10)
    with pytest.raises(BadInput, match="at most 10 bytes"):
        pvgis.tmy(b" " * 11)


def test_a_leap_day_is_left_out() -> None:
    assert len(hours_of_year()) == HOURS
