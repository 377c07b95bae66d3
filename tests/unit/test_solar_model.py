"""What a roof yields: sums that add up, limits of nature that hold, assumptions named, the same bytes always."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Final

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solar.model.assumptions import MODULES
from solar.model.batch import Roof, batch
from solar.model.errors import BadInput
from solar.model.estimate import MAX_PLANES, Snow, as_bytes, estimate, hourly_kwh
from solar.model.places import STATIONS, near
from solar.model.published import compared
from solar.model.roof import Modules, Place, Plane
from solar.model.sky import HOURS, by_month, cell_of, extraterrestrial_kwh_per_m2, hours_of_year, typical

OSLO: Final = Place(latitude_deg=59.94, longitude_deg=10.72, elevation_m=94)
TROMSO: Final = Place(latitude_deg=69.65, longitude_deg=18.94, elevation_m=100)
SOUTH: Final = Plane(azimuth_deg=180, tilt_deg=30, area_m2=40)


def test_months_add_up_to_the_year_and_planes_to_the_roof() -> None:
    planes = [SOUTH, Plane(azimuth_deg=90, tilt_deg=15, area_m2=12), Plane(azimuth_deg=270, tilt_deg=15, area_m2=9)]
    found = estimate(planes, OSLO)
    assert found.year_kwh == pytest.approx(sum(found.monthly_kwh), abs=0.01)
    assert found.year_kwh == pytest.approx(sum(plane.year_kwh for plane in found.planes), abs=0.01)
    energy, times = hourly_kwh(planes, OSLO)
    assert energy.shape == (3, HOURS)
    assert by_month(times, energy.sum(axis=0)) == pytest.approx(np.array(found.monthly_kwh), abs=0.01)
    assert found.low_kwh < found.year_kwh < found.high_kwh
    assert found.specific_kwh_per_kw == pytest.approx(found.year_kwh / found.peak_power_kw, abs=0.01)


@pytest.mark.parametrize("station", STATIONS, ids=lambda station: station.name)
def test_a_horizontal_year_is_what_was_measured_and_no_month_is_above_what_the_sun_sends(station: object) -> None:
    assert station in STATIONS
    where = next(each for each in STATIONS if each is station)
    climate = typical(cell_of(where.place))
    hourly = np.zeros(HOURS)
    for share, sky in climate.skies:
        hourly[sky.lit] += share * sky.ghi
    months = by_month(climate.times, hourly / 1000)
    # the grid cell's middle is a few kilometres away
    assert months.sum() == pytest.approx(where.horizontal_kwh_per_m2, rel=0.03)
    assert (months <= extraterrestrial_kwh_per_m2(where.place) + 1e-9).all()


def test_in_tromso_in_december_there_is_nothing() -> None:
    steep = Plane(azimuth_deg=180, tilt_deg=90, area_m2=10)
    assert estimate([SOUTH, steep], TROMSO).monthly_kwh[11] == 0


def test_on_a_flat_roof_it_does_not_matter_where_it_faces() -> None:
    years = {
        estimate([Plane(azimuth_deg=azimuth, tilt_deg=0, area_m2=40)], OSLO).year_kwh for azimuth in (0, 77, 180, 300)
    }
    assert max(years) - min(years) < 1e-6


def test_north_is_360_as_well_as_0() -> None:
    one, other = (Plane(azimuth_deg=azimuth, tilt_deg=30, area_m2=10) for azimuth in (0, 360))
    assert as_bytes(estimate([one], OSLO)) == as_bytes(estimate([other], OSLO))


def test_twice_the_area_is_twice_the_power_and_twice_the_energy() -> None:
    one, two = estimate([SOUTH], OSLO), estimate([replace(SOUTH, area_m2=80)], OSLO)
    assert two.peak_power_kw == pytest.approx(2 * one.peak_power_kw)
    assert two.year_kwh == pytest.approx(2 * one.year_kwh, rel=1e-6)


@pytest.mark.clause("SOL-12")
def test_the_same_roof_gives_the_same_bytes_whatever_was_asked_before() -> None:
    before = as_bytes(estimate([SOUTH], OSLO))
    typical.cache_clear()
    estimate([SOUTH], TROMSO)
    assert as_bytes(estimate([SOUTH], OSLO)) == before


@pytest.mark.clause("SOL-12")
def test_published_yields_are_met_within_15_percent() -> None:
    lines = compared()
    assert len(lines) >= 6
    assert [line.published.name for line in lines if not line.met] == []


def test_everything_assumed_is_named_and_nothing_given_is() -> None:
    assumed = {made.of for made in estimate([SOUTH], OSLO).assumptions}
    assert assumed == {"usable share", "module density", "losses", "air", "snow"}
    given = estimate(
        [replace(SOUTH, usable_share=0.5)],
        OSLO,
        modules=Modules(density_w_per_m2=210, temperature_coefficient_per_k=-0.003, losses_percent=12),
        snow=Snow((90, 80, 30, *[0] * 8, 60), "a table of the operator's"),
    )
    assert {made.of for made in given.assumptions} == {"air"}
    assert given.losses_percent == 12


def test_snow_takes_its_share_of_its_months_only() -> None:
    bare = estimate([SOUTH], OSLO)
    snowed = estimate([SOUTH], OSLO, snow=Snow((100, *[0] * 11), "a test"))
    assert snowed.monthly_kwh[0] < 0.1 * bare.monthly_kwh[0]  # the year is counted in winter time, snow in UTC
    assert snowed.monthly_kwh[2:11] == bare.monthly_kwh[2:11]


planes = st.builds(
    Plane,
    azimuth_deg=st.floats(0, 360),
    tilt_deg=st.floats(0, 90),
    area_m2=st.floats(1, 500),
    shading_share=st.floats(0, 1),
)


@settings(max_examples=25, deadline=None)
@given(planes, st.floats(0, 1))
def test_shading_never_raises_the_yield(plane: Plane, less: float) -> None:
    lighter = replace(plane, shading_share=plane.shading_share * less)
    assert estimate([plane], OSLO).year_kwh <= estimate([lighter], OSLO).year_kwh + 1e-6


@settings(max_examples=15, deadline=None)
@given(st.lists(planes, min_size=1, max_size=20))
def test_many_roofs_at_once_are_what_they_are_one_by_one(chosen: list[Plane]) -> None:
    places = [OSLO, TROMSO]
    roofs = [Roof(plane, places[n % 2]) for n, plane in enumerate(chosen)]
    for roof, year in zip(roofs, batch(roofs), strict=True):
        alone = estimate([roof.plane], roof.place)
        assert year.year_kwh == pytest.approx(alone.year_kwh, rel=1e-4, abs=0.01)
        assert year.peak_power_kw == pytest.approx(alone.peak_power_kw, abs=0.001)


BAD: Final = [
    ("azimuth_deg", 361.0), ("azimuth_deg", -1.0), ("azimuth_deg", math.nan), ("tilt_deg", 95.0), ("tilt_deg", -0.1),
    ("area_m2", 0.0), ("area_m2", 1e6), ("area_m2", math.inf), ("height_m", 0.0), ("height_m", -3.0),
    ("usable_share", 1.1), ("shading_share", -0.1), ("shading_share", math.nan),
]  # fmt: skip


@pytest.mark.clause("SOL-11")
@pytest.mark.parametrize(("field", "value"), BAD)
def test_a_roof_that_cannot_be_is_refused_and_the_limit_named(field: str, value: float) -> None:
    given = {"azimuth_deg": 180.0, "tilt_deg": 30.0, "area_m2": 40.0, field: value}
    with pytest.raises(BadInput, match=f"`{field}` is a number") as refused:
        Plane(**given)
    assert refused.value.field == field


@pytest.mark.parametrize(
    ("latitude", "longitude", "elevation"),
    [(55.7, 12.6, 0), (78.2, 15.6, 0), (math.nan, 10, 0), (60, 3, 0), (60, 40, 0), (60, 10, 9_000)],
)
def test_a_place_outside_the_weather_facts_is_refused(latitude: float, longitude: float, elevation: float) -> None:
    with pytest.raises(BadInput, match="is a number from"):
        Place(latitude_deg=latitude, longitude_deg=longitude, elevation_m=elevation)


def test_a_mountain_top_that_nobody_measured_near_is_refused() -> None:
    with pytest.raises(BadInput, match="km from a place whose light is known"):
        estimate([SOUTH], Place(latitude_deg=69.9, longitude_deg=23.0, elevation_m=1_200))


@pytest.mark.parametrize("count", [0, MAX_PLANES + 1])
def test_a_roof_without_a_plane_or_with_too_many_is_refused(count: int) -> None:
    with pytest.raises(BadInput, match="planes"):
        estimate([SOUTH] * count, OSLO)


@pytest.mark.parametrize("percent", [(1.0,) * 11, (101.0, *[0.0] * 11), (math.nan, *[0.0] * 11)])
def test_a_snow_table_that_cannot_be_is_refused(percent: tuple[float, ...]) -> None:
    with pytest.raises(BadInput, match="snow"):
        Snow(percent, "a test")


@pytest.mark.parametrize("density", [0.0, 400.0, math.nan])
def test_modules_that_cannot_be_are_refused(density: float) -> None:
    with pytest.raises(BadInput, match="density_w_per_m2"):
        replace(MODULES, density_w_per_m2=density)


def test_what_lies_between_stations_is_weighed_by_distance() -> None:
    weights = near(Place(latitude_deg=60.2, longitude_deg=10.9))
    assert weights[0][0].name == "Oslo Blindern"
    assert sum(weight for _, weight in weights) == pytest.approx(1)
    assert near(STATIONS[0].place) == [(STATIONS[0], 1.0)]


def test_the_year_has_all_its_hours_once() -> None:
    times = hours_of_year()
    assert len(times) == HOURS
    assert times.is_unique
