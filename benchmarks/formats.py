"""`formats`: deliveries from bytes to readings, in each format, on one processor.

No database takes part. The twin reads the same bytes as a careful programmer would with the standard library: the `csv`
module, `xml.etree`, `json`, a split for EDIFACT; each value becomes a `Decimal` and each time an aware `datetime`, and
nothing is checked. Both must give the same watt-hours at the same instants.
"""

from __future__ import annotations

import csv
import io
import json
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Final

from benchmarks.ground import Ground
from benchmarks.table import Against, Figure, Results
from benchmarks.timing import median
from ingest.formats import Format, Options, read_bytes
from ingest.oslo import expected_starts
from ingest.readings import Batch, Resolution, instant, metering_point
from policies.oslo import OSLO
from policies.values import BadValue

AT_MOST: Final = 1.0
NOW: Final = datetime(2030, 1, 1, tzinfo=UTC)
POINTS: Final = [f"7070575000000000{number}" for number in ("18", "25", "32", "49", "56", "63", "70")]
NAMES: Final = "urn:no:elhub:emif"
Read = list[tuple[int, int]]
"""Start and watt-hours of each reading."""


def _hours(days: int) -> list[int]:
    first = date(2024, 1, 1)
    starts: list[int] = expected_starts(first, first + timedelta(days=days), Resolution.HOUR).tolist()
    return starts[: len(starts) // 24 * 24]


def _kwh(number: int) -> str:
    return f"{number % 7}.{number * 37 % 1000:03}"


def _csv(starts: list[int]) -> bytes:
    lines = ["\ufeffFra;Til;Målenavn;Volum;Enhet;Kvalitet;Registreringstidspunkt"]
    for number, start in enumerate(starts):
        shown = [instant(at).astimezone(OSLO).isoformat() for at in (start, start + 3600)]
        value = _kwh(number).replace(".", ",")
        lines.append(f"{shown[0]};{shown[1]};KWH 60 Forbruk;{value};kWh;Målt;2025-06-16T06:27:23+02:00")
    return "\r\n".join([*lines, ""]).encode()


def _days(starts: list[int]) -> Iterator[tuple[str, list[int]]]:
    """A delivery of many points: 24 hours each."""
    for number in range(0, len(starts), 24):
        yield POINTS[number // 24 % len(POINTS)], starts[number : number + 24]


def _xml(starts: list[int]) -> bytes:
    root = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<r:NotifyValidatedDataForBillingEnergy xmlns:r="{NAMES}:metering:NotifyValidatedDataForBillingEnergy:v2"'
        f' xmlns:a="{NAMES}:common:AggregatedBusinessInformationEntities:v2">\n'
    )
    parts = [root]
    for point, hours in _days(starts):
        begin, end = (f"{instant(at):%Y-%m-%dT%H:%M:%SZ}" for at in (hours[0], hours[-1] + 3600))
        parts.append(
            "<r:PayloadEnergyTimeSeries><a:RegistrationDateTime>2025-06-16T04:30:00Z</a:RegistrationDateTime>"
            "<a:ObservationPeriodTimeSeriesPeriod><a:ResolutionDuration>PT60M</a:ResolutionDuration>"
            f"<a:Start>{begin}</a:Start><a:End>{end}</a:End></a:ObservationPeriodTimeSeriesPeriod>"
            "<a:ProductIncludedProductCharacteristics><a:Identification>8716867000030</a:Identification>"
            "<a:UnitType>kWh</a:UnitType></a:ProductIncludedProductCharacteristics>"
            "<a:MPDetailMeasurementMeteringPointCharacteristic><a:Direction>Out</a:Direction>"
            "</a:MPDetailMeasurementMeteringPointCharacteristic><a:MeteringPointUsedDomainLocation>"
            f"<a:Identification>{point}</a:Identification></a:MeteringPointUsedDomainLocation>\n"
        )
        parts += [
            f'<a:Observation Sequence="{place}"><a:Metered>{_kwh(place)}</a:Metered></a:Observation>\n'
            for place in range(len(hours))
        ]
        parts.append("</r:PayloadEnergyTimeSeries>\n")
    return "".join([*parts, "</r:NotifyValidatedDataForBillingEnergy>\n"]).encode()


def _mscons(starts: list[int]) -> bytes:
    parts = ["UNA:+.? '", "UNB+UNOC:3+1+2+250616:0430+1'"]
    for number, (point, hours) in enumerate(_days(starts), start=1):
        message = [f"UNH+{number}+MSCONS:D:04B:UN:2.2e'", "DTM+137:202506160430?+00:303'", f"LOC+172+{point}'"]
        message += ["LIN+1'", "PIA+5+1-1?:1.29.0:SRW'"]
        for place, start in enumerate(hours):
            begin, end = (f"{instant(at):%Y%m%d%H%M}?+00:303" for at in (start, start + 3600))
            message += [f"QTY+220:{_kwh(place)}:KWH'", f"DTM+163:{begin}'", f"DTM+164:{end}'"]
        parts += [*message, f"UNT+{len(message) + 1}+{number}'"]
    return "\n".join([*parts, f"UNZ+{len(starts) // 24}+1'", ""]).encode()


def _jsonl(starts: list[int]) -> bytes:
    lines = [
        json.dumps({
            "kind": "series", "point": point, "direction": "consumption", "resolution": "PT1H",
            "start": instant(hours[0]).isoformat(), "end": instant(hours[-1] + 3600).isoformat(),
            "registered": "2025-06-16T04:30:00Z", "quality": "measured",
            "energy_wh": [int(Decimal(_kwh(place)) * 1000) for place in range(len(hours))],
        })
        for point, hours in _days(starts)
    ]  # fmt: skip
    return "\n".join([*lines, ""]).encode()


def _reading(start: datetime, kilowatt_hours: str) -> tuple[int, int]:
    return int(start.timestamp()), int(Decimal(kilowatt_hours) * 1000)


def _plain_csv(data: bytes) -> Read:
    rows = csv.DictReader(io.StringIO(data.decode("utf-8-sig")), delimiter=";")
    return [_reading(datetime.fromisoformat(row["Fra"]), row["Volum"].replace(",", ".")) for row in rows]


def _plain_xml(data: bytes) -> Read:
    found: Read = []
    name = f"{{{NAMES}:common:AggregatedBusinessInformationEntities:v2}}"
    for _, element in ET.iterparse(io.BytesIO(data)):  # noqa: S314  bytes made here
        if element.tag.endswith("}PayloadEnergyTimeSeries"):
            start = datetime.fromisoformat(element.findtext(f".//{name}Start") or "")
            for each in element.iter(f"{name}Observation"):
                at = start + timedelta(hours=int(each.attrib["Sequence"]))
                found.append(_reading(at, each.findtext(f"{name}Metered") or ""))
            element.clear()
    return found


def _plain_mscons(data: bytes) -> Read:
    found: Read = []
    value = ""
    for segment in data.decode("latin-1").split("'"):
        tag, *elements = segment.strip().replace("?+", "±").split("+")
        if tag == "QTY":
            value = elements[0].split(":")[1]
        elif tag == "DTM" and elements[0].startswith("163:"):
            at = elements[0].split(":")[1].replace("±", "+") + "00"
            found.append(_reading(datetime.strptime(at, "%Y%m%d%H%M%z"), value))
    return found


def _plain_jsonl(data: bytes) -> Read:
    found: Read = []
    for line in data.splitlines():
        series = json.loads(line)
        start = datetime.fromisoformat(series["start"])
        found += [
            (int((start + timedelta(hours=place)).timestamp()), energy)
            for place, energy in enumerate(series["energy_wh"])
        ]
    return found


Made = tuple[Callable[[list[int]], bytes], Callable[[bytes], Read]]
FORMATS: Final[dict[Format, Made]] = {
    Format.ELHUB_CSV: (_csv, _plain_csv),
    Format.ELHUB_XML: (_xml, _plain_xml),
    Format.MSCONS: (_mscons, _plain_mscons),
    Format.PARTNER_JSONL: (_jsonl, _plain_jsonl),
}


def _batches(data: bytes) -> list[Batch]:
    point = metering_point(POINTS[0])
    if isinstance(point, BadValue):
        raise TypeError(point.rule)
    return [item for item in read_bytes(data, Options(now=NOW, point=point)) if isinstance(item, Batch)]


def _ours(batches: list[Batch]) -> Read:
    return [
        pair for each in batches for pair in zip(each.start.tolist(), each.energy_wh.tolist(), strict=True)
    ]  # fmt: skip


def _timed(program: Callable[[], object], runs: int) -> float:
    """The median of CPU seconds."""
    times: list[float] = []
    for _ in range(runs):
        began = time.thread_time()
        program()
        times.append(time.thread_time() - began)
    return median(times)


async def run(ground: Ground, results: Results) -> None:
    """Read the same readings in each format, check that both programs give them, add a figure and a note for each."""
    starts = _hours(ground.sizes.delivered_days)
    runs = max(3, ground.sizes.runs // 8)
    for kind, (make, plain) in FORMATS.items():
        data = make(starts)
        theirs_read = plain(data)
        results.check(_ours(_batches(data)) == theirs_read, f"formats: {kind} gives other readings than its twin")
        results.check(len(theirs_read) == len(starts), f"formats: {kind} holds another number of readings")
        ours, theirs = _timed(lambda: _batches(data), runs), _timed(lambda: plain(data), runs)  # noqa: B023  called at once
        results.figures.append(
            Figure(
                work=f"read {len(starts):,} readings of {kind}",
                ours=ours,
                other="standard library, nothing checked",
                theirs=theirs,
                against=Against.NATURAL,
                at_most=AT_MOST,
            )
        )
        results.notes.append(
            f"formats: {kind}, bytes to columns: {len(starts) / ours / 1e6:.2f} M readings/s of one processor,"
            f" {len(data) / ours / 1e6:.0f} MB/s, {len(data) / len(starts):.0f} bytes a reading"
        )
