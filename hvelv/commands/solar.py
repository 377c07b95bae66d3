"""`hvelv solar`: what roofs yield, from numbers alone. Nothing is stored, nobody is asked for."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from hvelv.commands.exits import CommandRefused
from solar.model.errors import BadInput

if TYPE_CHECKING:
    from solar.model.batch import Roof
    from solar.model.roof import Plane
    from solar.model.sky import Weather as Year

commands: Final = typer.Typer(no_args_is_help=True, help="Yields of roofs: one, many, and beside what others publish.")

AsJson = Annotated[bool, typer.Option("--json", help="For scripts: one JSON document.")]
Weather = Annotated[
    Path | None,
    typer.Option(help="A PVGIS file of your own (TMY or hourly series) instead of the day model.", metavar="FILE"),
]
COLUMNS: Final = ("latitude", "longitude", "azimuth", "tilt", "area")
MOST: Final = 1_000_000


@commands.command()
def estimate(
    latitude: Annotated[float, typer.Option(help="Degrees north.")],
    longitude: Annotated[float, typer.Option(help="Degrees east.")],
    plane: Annotated[
        list[str],
        typer.Option(metavar="AZIMUTH,TILT,AREA", help="Degrees from north (180 is south), degrees from flat, m²."),
    ],
    elevation: Annotated[float, typer.Option(help="Metres above the sea.")] = 0.0,
    weather: Weather = None,
    weather_year: Annotated[int | None, typer.Option(help="Of an hourly series: which year.")] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """One roof: twelve months and the year in kWh, with a band, and everything that was assumed.

    `hvelv solar estimate --latitude 59.94 --longitude 10.72 --plane 180,30,40`; repeat `--plane` for more of them.
    """
    from solar.model.assumptions import said
    from solar.model.estimate import as_bytes
    from solar.model.estimate import estimate as estimated
    from solar.model.roof import Place
    from solar.model.sky import imported

    place = Place(latitude_deg=latitude, longitude_deg=longitude, elevation_m=elevation)
    planes = [_plane(each) for each in plane]
    climate = None if weather is None else imported(place, _weather(weather, weather_year))
    found = estimated(planes, place, climate=climate)
    if as_json:
        typer.echo(as_bytes(found).decode())
        return
    typer.echo(f"{found.year_kwh:,.0f} kWh a year (between {found.low_kwh:,.0f} and {found.high_kwh:,.0f})")
    typer.echo(f"{found.peak_power_kw:.1f} kW of peak power, {found.specific_kwh_per_kw:.0f} kWh/kW")
    typer.echo("by month: " + " ".join(f"{month:.0f}" for month in found.monthly_kwh))
    typer.echo(f"weather: {found.weather}; losses {found.losses_percent:g} %; model {found.model}")
    for made in found.assumptions:
        typer.echo(f"assumed: {said(made)}")


@commands.command()
def batch(
    file: Annotated[Path, typer.Argument(help="CSV with the columns latitude, longitude, azimuth, tilt, area.")],
) -> None:
    """Many roofs: the file again as CSV on standard output, with peak power, year and year per kW added.

    Columns of your own are passed through. The first bad line ends it, named by its number, with nothing written.
    """
    from solar.model.batch import batch as estimated

    lines = list(_lines(file))
    roofs = [_roof(number, line) for number, line in lines]
    years = estimated(roofs)
    names = [*(lines[0][1] if lines else COLUMNS), "peak_power_kw", "year_kwh", "specific_kwh_per_kw"]
    writer = csv.DictWriter(sys.stdout, names)
    writer.writeheader()
    for (_, line), year in zip(lines, years, strict=True):
        writer.writerow({**line, **{name: round(value, 3) for name, value in asdict(year).items()}})
    typer.echo(f"{len(years):,} roofs", err=True)


@commands.command()
def published(
    *,
    as_json: AsJson = False,
    svg: Annotated[bool, typer.Option("--svg", help="The plot of the documentation.")] = False,
) -> None:
    """Published yields of Norwegian roofs beside the model's; exit code 1 if one is not met within 15 %."""
    from solar.model.published import compared
    from solar.plots import published as plot

    lines = compared()
    if svg:
        typer.echo(plot(lines), nl=False)
    elif as_json:
        rows = [
            {
                "name": line.published.name,
                "published": line.published.specific_kwh_per_kw,
                "source": line.published.source,
                "model": line.specific_kwh_per_kw,
                "difference": round(line.difference, 4),
                "met": line.met,
            }
            for line in lines
        ]
        typer.echo(json.dumps(rows, ensure_ascii=False, indent=2))
    else:
        typer.echo(f"{'kWh/kW and year':34} published   model")
        for line in lines:
            theirs, ours = line.published, line.specific_kwh_per_kw
            numbers = f"{theirs.specific_kwh_per_kw:9.0f} {ours:7.0f} {line.difference:+6.1%}"
            typer.echo(f"{theirs.name:34} {numbers}  {theirs.source}")
    if not all(line.met for line in lines):
        raise CommandRefused("a published yield is not met within 15 %")


@commands.command()
def faults(
    plants: Annotated[int, typer.Option(help="With each fault; without one twice as many.", min=1, max=1000)] = 20,
    seed: Annotated[int, typer.Option(help="Of the weather and the faults.")] = 1,
    *,
    as_json: AsJson = False,
) -> None:
    """How good the diagnosis is: precision and recall of each finding on simulated plants whose faults are known."""
    import numpy as np

    from solar.diagnosis.scoring import scored
    from solar.diagnosis.simulated import fleet

    scores = scored(fleet(np.random.default_rng(seed), plants))
    if as_json:
        by_kind = {
            each.kind.value: {
                "plants": each.plants, "found": each.found, "false": each.false,
                "recall": round(each.recall, 4), "precision": round(each.precision, 4),
            }
            for each in scores.by_kind
        }  # fmt: skip
        said = {"plants": scores.plants, "by_kind": by_kind, "false_alarms_a_plant_year": scores.false_a_year}
        typer.echo(json.dumps(said, indent=2))
        return
    typer.echo(f"{'finding':12} plants found false  recall precision")
    for each in scores.by_kind:
        counts = f"{each.plants:6} {each.found:5} {each.false:5}"
        typer.echo(f"{each.kind.value:12} {counts} {each.recall:7.0%} {each.precision:9.0%}")
    typer.echo(f"{scores.plants} plants of three years; {scores.false_a_year:.2f} false alarms a year on sound ones")


@commands.command()
def portfolio(*, as_json: AsJson = False) -> None:
    """Calculate every known roof anew, in pages: after a new model, say. No address is opened, nobody is asked.

    Each page is one opening and one sealing on record. Run again after an interruption: what is done is done again,
    with the same result.
    """
    import asyncio

    from hvelv.roofs import recalculate
    from hvelv.settings import Settings

    total = asyncio.run(recalculate(Settings.load(), lambda page: typer.echo(f"{page.calculated} roofs", err=True)))
    if as_json:
        typer.echo(json.dumps(asdict(total)))
        return
    typer.echo(
        f"{total.calculated:,} calculated, {total.incomplete:,} without roof or place, {total.refused:,} refused"
    )


def _plane(text: str) -> Plane:
    from solar.model.roof import Plane

    try:
        azimuth, tilt, area = (float(part) for part in text.split(","))
    except ValueError:
        raise CommandRefused("`--plane` is three numbers: azimuth, tilt, area, as `180,30,40`") from None
    return Plane(azimuth_deg=azimuth, tilt_deg=tilt, area_m2=area)


def _weather(file: Path, year: int | None) -> Year:
    from solar.model import pvgis

    try:
        data = file.read_bytes()
    except OSError as error:
        raise CommandRefused(f"`{file}`: {(error.strerror or 'unreadable').lower()}") from error
    return pvgis.tmy(data) if year is None else pvgis.series(data, year)


def _lines(file: Path) -> Iterator[tuple[int, dict[str, str]]]:
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise CommandRefused(f"`{file}` is not a readable UTF-8 file") from error
    reader = csv.DictReader(text.splitlines())
    missing = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
    if missing:
        raise CommandRefused(f"`{file}` lacks the column `{missing[0]}`; it has {', '.join(COLUMNS)}")
    for number, line in enumerate(reader, start=2):
        if number > MOST:
            raise CommandRefused(f"`{file}` has more than {MOST:,} lines; split it")
        yield number, line


def _roof(number: int, line: dict[str, str]) -> Roof:
    from solar.model.batch import Roof
    from solar.model.roof import Place, Plane

    try:
        latitude, longitude, azimuth, tilt, area = (float(line[name] or "") for name in COLUMNS)
    except ValueError:
        raise CommandRefused(f"line {number}: {', '.join(COLUMNS)} are numbers with a decimal point") from None
    try:
        return Roof(
            Plane(azimuth_deg=azimuth, tilt_deg=tilt, area_m2=area),
            Place(latitude_deg=latitude, longitude_deg=longitude),
        )
    except BadInput as bad:
        raise CommandRefused(f"line {number}: {bad}") from None
