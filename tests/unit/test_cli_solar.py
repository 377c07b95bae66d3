"""`hvelv solar`: numbers in, numbers out; a bad one is named by its limit and its line, and nothing is written."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Final

import pytest

from hvelv.cli import main
from hvelv.commands.exits import Code

ROOF: Final = ("--latitude", "59.94", "--longitude", "10.72", "--plane", "180,30,40")
GOOD: Final = "id,latitude,longitude,azimuth,tilt,area\nlåve,59.9,10.7,180,30,40\nnaust,69.6,18.9,90,20,30\n"


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(("solar", *arguments))
    code = ended.value.code
    return 0 if code is None else int(code)


def test_one_roof_is_told_with_its_band_and_its_assumptions(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("estimate", *ROOF) == Code.DONE
    said = capsys.readouterr().out
    assert "kWh a year (between" in said
    assert "assumed: usable share" in said


def test_a_script_gets_the_same_bytes_each_time(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("estimate", *ROOF, "--json") == Code.DONE
    first = capsys.readouterr().out
    assert run("estimate", *ROOF, "--json") == Code.DONE
    assert capsys.readouterr().out == first
    assert len(json.loads(first)["monthly_kwh"]) == 12


def test_a_roof_that_cannot_be_ends_with_its_limit(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("estimate", *ROOF[:-1], "180,95,40") == Code.REFUSED
    assert capsys.readouterr().err == "hvelv: `tilt_deg` is a number from 0 to 90\n"


@pytest.mark.parametrize("plane", ["180,30", "180;30;40", "south,30,40", ""])
def test_planes_come_whole(capsys: pytest.CaptureFixture[str], plane: str) -> None:
    assert run("estimate", *ROOF, "--plane", plane) == Code.REFUSED
    assert "three numbers" in capsys.readouterr().err


def test_many_roofs_keep_their_own_columns(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "roofs.csv"
    file.write_text(GOOD, encoding="utf-8-sig")
    assert run("batch", str(file)) == Code.DONE
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [row["id"] for row in rows] == ["låve", "naust"]
    assert float(rows[0]["year_kwh"]) > 2 * float(rows[1]["year_kwh"])


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (GOOD.replace("tilt", "slope"), "lacks the column `tilt`"),
        (GOOD.replace(",20,", ",200,"), "line 3: `tilt_deg` is a number from 0 to 90"),
        (GOOD.replace("69.6", "sixty"), "line 3: latitude, longitude"),
        (GOOD.replace("69.6", "nan"), "line 3: `latitude_deg`"),
    ],
)
def test_a_bad_line_is_named_and_nothing_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, told: str
) -> None:
    file = tmp_path / "roofs.csv"
    file.write_text(text, encoding="utf-8")
    assert run("batch", str(file)) == Code.REFUSED
    said = capsys.readouterr()
    assert told in said.err
    assert said.out == ""


@pytest.mark.parametrize("content", [None, b"\xff\xfe\x00"])
def test_a_file_that_cannot_be_read_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes | None
) -> None:
    file = tmp_path / "roofs.csv"
    if content is not None:
        file.write_bytes(content)
    assert run("batch", str(file)) == Code.REFUSED
    assert "is not a readable UTF-8 file" in capsys.readouterr().err
    if content is not None:
        assert run("estimate", *ROOF, "--weather", str(file)) == Code.REFUSED
        assert "weather file" in capsys.readouterr().err


def test_published_yields_are_printed_beside_ours(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("published", "--json") == Code.DONE
    assert all(row["met"] for row in json.loads(capsys.readouterr().out))
    assert run("published") == Code.DONE
    assert "Evenstad" in capsys.readouterr().out


def test_the_plot_in_the_documentation_is_what_the_command_draws(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("published", "--svg") == Code.DONE
    drawn = (Path(__file__).parents[2] / "docs" / "solar-published.svg").read_text(encoding="utf-8")
    assert capsys.readouterr().out == drawn


def test_the_diagnosis_says_how_good_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("faults", "--plants", "1", "--json") == Code.DONE
    said = json.loads(capsys.readouterr().out)
    assert said["plants"] == 8
    assert set(said["by_kind"]) == {"missing", "outage", "snow", "dead_string", "soiling", "degradation"}
    assert run("faults", "--plants", "1") == Code.DONE
    assert "recall precision" in capsys.readouterr().out
