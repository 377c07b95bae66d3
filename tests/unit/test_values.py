"""What is a value of each type, and what is not, by tables. The identifier tables are the fixtures' own."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path

import pytest

from policies.model import FieldType
from policies.values import BadValue, NationalIds, Raw, Value, ValueRules, index_form, is_norwegian_mobile, parse

IDENTIFIERS = Path(__file__).parent.parent / "fixtures" / "identifiers"
TEST_MODE = ValueRules(NationalIds.SYNTHETIC, date(2026, 11, 22))
PRODUCTION = ValueRules(NationalIds.REAL, date(2026, 11, 22))

FIRST_WEIGHTS = (3, 7, 6, 1, 8, 9, 4, 5, 2)
SECOND_WEIGHTS = (5, 4, 3, 2, 7, 6, 5, 4, 3, 2)

# A good number in digits that are not ASCII: `int` would read them.
ARABIC = "17912099997".translate({ord("0") + digit: 0x0660 + digit for digit in range(10)})
FULL_WIDTH = "17912099997".translate({ord("0") + digit: 0xFF10 + digit for digit in range(10)})


def table(name: str) -> list[dict[str, str]]:
    with (IDENTIFIERS / f"{name}.csv").open(encoding="utf-8", newline="") as rows:
        return list(csv.DictReader(rows))


def numbered(nine: str, *, remainder: int = 0) -> str | None:
    """`nine` digits completed so that the first sum leaves `remainder`; `None` where a check digit would be ten."""
    first = (remainder - sum(int(d) * w for d, w in zip(nine, FIRST_WEIGHTS, strict=True))) % 11
    second = -sum(int(d) * w for d, w in zip(f"{nine}{first}", SECOND_WEIGHTS, strict=False)) % 11
    return None if 10 in {first, second} else f"{nine}{first}{second}"


def completed(six: str, *, remainder: int = 0) -> str:
    """A number that begins with `six` digits of a date and whose check digits fit."""
    return next(number for i in range(1000) if (number := numbered(f"{six}{i:03}", remainder=remainder)) is not None)


@pytest.mark.clause("SOL-20")
@pytest.mark.parametrize("row", table("national_ids"), ids=lambda row: row["note"] or row["kind"])
def test_the_published_synthetic_national_ids_are_values_and_the_spoilt_ones_are_not(row: dict[str, str]) -> None:
    read = parse(FieldType.NATIONAL_ID, row["number"], TEST_MODE)
    assert (read == row["number"]) is (row["valid"] == "true")
    assert isinstance(read, BadValue) is (row["valid"] == "false")


@pytest.mark.parametrize("row", table("national_ids"), ids=lambda row: row["note"] or row["kind"])
def test_production_takes_no_number_of_a_synthetic_person(row: dict[str, str]) -> None:
    assert isinstance(parse(FieldType.NATIONAL_ID, row["number"], PRODUCTION), BadValue)


@pytest.mark.parametrize("six", ["010100", "311299", "410100", "711299", "290200"])
@pytest.mark.parametrize("remainder", [0, 1, 2, 3])
def test_a_real_number_is_for_production_alone_by_the_old_rule_and_the_one_of_2032(six: str, remainder: int) -> None:
    number = completed(six, remainder=remainder)
    assert parse(FieldType.NATIONAL_ID, number, PRODUCTION) == number
    assert parse(FieldType.NATIONAL_ID, number, TEST_MODE) == BadValue("not a number of a synthetic person")


@pytest.mark.parametrize("remainder", range(4, 11))
def test_no_other_remainder_of_the_first_sum_is_known(remainder: int) -> None:
    number = completed("178512", remainder=remainder)
    assert parse(FieldType.NATIONAL_ID, number, TEST_MODE) == BadValue("check digits do not fit")


@pytest.mark.parametrize(
    "six", ["318499", "008499", "328199", "178099", "179399", "298201", "718499", "408199", "991299"]
)
def test_a_day_that_no_century_had_is_refused_though_the_check_digits_fit(six: str) -> None:
    rules = PRODUCTION if int(six[2:4]) <= 80 else TEST_MODE
    assert parse(FieldType.NATIONAL_ID, completed(six), rules) == BadValue("no such date")


def test_a_leap_day_of_the_year_00_is_that_of_2000_once_2000_has_come() -> None:
    number = completed("298200")
    before = ValueRules(NationalIds.SYNTHETIC, date(2000, 2, 28))
    assert parse(FieldType.NATIONAL_ID, number, before) == BadValue("no such date")
    assert parse(FieldType.NATIONAL_ID, number, ValueRules(NationalIds.SYNTHETIC, date(2000, 2, 29))) == number


@pytest.mark.parametrize("number", [ARABIC, FULL_WIDTH, "1791209999\u00b2", "17912099997\n", "179120 99997", ""])
def test_only_eleven_ascii_digits_are_a_national_id(number: str) -> None:
    assert parse(FieldType.NATIONAL_ID, number, TEST_MODE) == BadValue("not eleven digits")


@pytest.mark.parametrize(
    ("kind", "name", "column"),
    [(FieldType.ORGANISATION_NUMBER, "orgnr", "orgnr"), (FieldType.METERING_POINT, "gsrn", "metering_point_id")],
    ids=["organisation number", "metering point"],
)
def test_organisation_numbers_and_metering_points_are_values_as_the_tables_say(
    kind: FieldType, name: str, column: str
) -> None:
    rows = table(name)
    read = {row[column]: parse(kind, row[column], TEST_MODE) for row in rows}
    assert {number for number, value in read.items() if value == number} == {
        row[column] for row in rows if row["valid"] == "true"
    }
    assert all(value == number or isinstance(value, BadValue) for number, value in read.items())


@pytest.mark.parametrize("row", table("phones")[:-1], ids=lambda row: row["note"] or row["kind"])
def test_a_telephone_number_is_stored_as_e164_and_an_ambiguous_one_is_refused(row: dict[str, str]) -> None:
    read = parse(FieldType.PHONE, row["input"], TEST_MODE)
    assert read == row["e164"] if row["e164"] else isinstance(read, BadValue)
    assert not is_norwegian_mobile(row["e164"])


def test_the_last_row_of_the_telephone_table_is_a_pattern_and_its_numbers_are_norwegian_mobiles() -> None:
    row = table("phones")[-1]
    for pattern in row["input"].split(" / "):
        number = parse(FieldType.PHONE, pattern.replace("x", "1"), TEST_MODE)
        assert isinstance(number, str)
        assert number == f"+47{pattern.replace('x', '1')}"
        assert is_norwegian_mobile(number)


@pytest.mark.clause("NAB-02")
@pytest.mark.parametrize("number", ["+4721234567", "+46701740605", "+4741234", "41234567", ""])
def test_a_landline_a_foreign_number_and_an_unfinished_one_are_no_norwegian_mobile(number: str) -> None:
    assert not is_norwegian_mobile(number)


@pytest.mark.clause("SOL-11")
@pytest.mark.parametrize(
    ("kind", "inside", "outside"),
    [
        (FieldType.AZIMUTH_DEG, (0, 180, 360), (-1, 361)),
        (FieldType.TILT_DEG, (0, 90), (-1, 91)),
        (FieldType.AREA_DM2, (1, 10**8), (0, -1, 10**8 + 1)),
        (FieldType.HEIGHT_CM, (1, 10**5), (0, -1, 10**5 + 1)),
        (FieldType.AMOUNT_NOK, (0, 10**12), (-1, 10**12 + 1)),
        (FieldType.ENERGY_WH, (0, 10**15), (-1, 10**15 + 1)),
        (FieldType.POWER_W, (0, 10**9), (-1, 10**9 + 1)),
        (FieldType.INTEGER, (-(2**63), 0, 2**63 - 1), (-(2**63) - 1, 2**63)),
    ],
    ids=lambda value: value.value if isinstance(value, FieldType) else "",
)
def test_a_number_is_whole_and_within_the_bounds_of_its_unit(
    kind: FieldType, inside: tuple[int, ...], outside: tuple[int, ...]
) -> None:
    assert [parse(kind, number, TEST_MODE) for number in inside] == list(inside)
    assert all(isinstance(parse(kind, number, TEST_MODE), BadValue) for number in outside)
    for raw in ("1", True, b"1"):
        assert parse(kind, raw, TEST_MODE) == BadValue("not a whole number")


PDF = b"%PDF-1.7\n"
VALUES: tuple[tuple[FieldType, Raw, Value], ...] = (
    (FieldType.TEXT, "  Blåbær\r\nog\rrømme\t \n", "Blåbær\nog\nrømme"),
    (FieldType.TEXT, "A\u030ase", "Åse"),
    (FieldType.NAME, " Åse Ødegård-O’Brien Jr. ", "Åse Ødegård-O’Brien Jr."),
    (FieldType.NAME, "3T AS", "3T AS"),
    (FieldType.ADDRESS, "Trollåsveien 4B, 1414 Trollåsen", "Trollåsveien 4B, 1414 Trollåsen"),
    (FieldType.REGION, "Møre og Romsdal", "Møre og Romsdal"),
    (FieldType.REGION, " ØSTFOLD ", "Østfold"),
    (FieldType.EMAIL, " Kari.Nordmann+sol@Eksempel.NO ", "Kari.Nordmann+sol@eksempel.no"),
    (FieldType.EMAIL, "kari@Blåbær.example", "kari@xn--blbr-roah.example"),
    (FieldType.EMAIL, "kari@xn--blbr-roah.example", "kari@xn--blbr-roah.example"),
    (FieldType.PHONE, "+47 (680) 50-000", "+4768050000"),
    (FieldType.PHONE, "+44 (0)20 7946 0958", "+442079460958"),
    (FieldType.DATE, " 2024-02-29 ", "2024-02-29"),
    (FieldType.INSTANT, "2024-03-31T03:30:00+02:00", "2024-03-31T01:30:00Z"),
    (FieldType.INSTANT, "2024-03-31T01:30Z", "2024-03-31T01:30:00Z"),
    (FieldType.INSTANT, "2024-03-31T01:30:00.5-00:30", "2024-03-31T02:00:00.500000Z"),
    (FieldType.BOOLEAN, True, True),
    (FieldType.BOOLEAN, False, False),
    (FieldType.CHOICE, "paid_out", "paid_out"),
    (FieldType.DOCUMENT, PDF, PDF),
    (FieldType.DOCUMENT, PDF.ljust(1 << 20), PDF.ljust(1 << 20)),
    (FieldType.SECRET, " 8 chars", " 8 chars"),
    (FieldType.SECRET, "x" * 63, "x" * 63),
)


@pytest.mark.parametrize(("kind", "raw", "value"), VALUES)
def test_a_value_is_stored_in_its_one_canonical_form(kind: FieldType, raw: Raw, value: Value) -> None:
    read = parse(kind, raw, TEST_MODE, ("paid_out", "aborted"))
    assert (type(read), read) == (type(value), value)


NO_VALUES: tuple[tuple[FieldType, Raw, str], ...] = (
    (FieldType.TEXT, " \n ", "empty"),
    (FieldType.TEXT, "x" * 10_001, "too long"),
    (FieldType.TEXT, "x" * 40_001, "too long"),
    (FieldType.TEXT, "one\x00two", "a control character"),
    (FieldType.TEXT, "one\ud800two", "a control character"),
    (FieldType.TEXT, 7, "not text"),
    (FieldType.TEXT, b"text", "not text"),
    (FieldType.NAME, "", "empty"),
    (FieldType.NAME, "4 - 2", "no letter"),
    (FieldType.NAME, "Kari\nNordmann", "a control character"),
    (FieldType.NAME, "Kari\u202eNordmann", "a control character"),
    (FieldType.NAME, "x" * 201, "too long"),
    (FieldType.ADDRESS, "x" * 301, "too long"),
    (FieldType.ADDRESS, "Trollåsveien\u2028 4B", "a control character"),
    (FieldType.REGION, "Viken", "not a county of Norway"),
    (FieldType.REGION, "", "empty"),
    (FieldType.EMAIL, "kari.eksempel.no", "not exactly one `@`"),
    (FieldType.EMAIL, "kari@sol@eksempel.no", "not exactly one `@`"),
    (FieldType.EMAIL, "@eksempel.no", "not a local part before the `@`"),
    (FieldType.EMAIL, "kari nordmann@eksempel.no", "not a local part before the `@`"),
    (FieldType.EMAIL, "kari..n@eksempel.no", "not a local part before the `@`"),
    (FieldType.EMAIL, "åse@eksempel.no", "not a local part before the `@`"),
    (FieldType.EMAIL, f"{'x' * 65}@eksempel.no", "not a local part before the `@`"),
    (FieldType.EMAIL, "kari@localhost", "not a domain after the `@`"),
    (FieldType.EMAIL, "kari@192.0.2.1", "not a domain after the `@`"),
    (FieldType.EMAIL, "kari@-sol-.no", "not a domain after the `@`"),
    (FieldType.EMAIL, "kari@eksempel.no.", "not a domain after the `@`"),
    (FieldType.EMAIL, "kari@straße.example", "not a domain after the `@`"),
    (FieldType.EMAIL, f"kari@{chr(0xFF45)}ksempel.no", "not a domain after the `@`"),
    (FieldType.EMAIL, f"kari@{'å' * 70}.no", "not a domain after the `@`"),
    (FieldType.EMAIL, f"kari@eksempel.{'a.' * 120}no", "too long"),
    (FieldType.EMAIL, f"kari@{'blåbær.' * 30}example", "too long"),
    (FieldType.PHONE, "4768051234", "neither eight digits nor a number with `+` or `00`"),
    (FieldType.PHONE, f"+47{ARABIC[:8]}", "neither eight digits nor a number with `+` or `00`"),
    (FieldType.PHONE, "+1 800 FLOWERS", "neither eight digits nor a number with `+` or `00`"),
    (FieldType.PHONE, f"68050000{' ' * 60}", "neither eight digits nor a number with `+` or `00`"),
    (FieldType.PHONE, "+999123456789", "no such telephone number"),
    (FieldType.PHONE, "+4711111111", "no such telephone number"),
    (FieldType.METERING_POINT, "571313104402686056", "not a Norwegian metering point"),
    (FieldType.DATE, "2023-02-29", "no such date"),
    (FieldType.DATE, "20230228", "not a date `YYYY-MM-DD`"),
    (FieldType.DATE, f"{FULL_WIDTH[:4]}-02-28", "not a date `YYYY-MM-DD`"),
    (FieldType.INSTANT, "2024-03-31T01:30:00", "not an instant with an offset from UTC"),
    (FieldType.INSTANT, "2024-03-31T24:00:00Z", "not an instant with an offset from UTC"),
    (FieldType.INSTANT, "2023-02-29T00:00:00Z", "no such instant"),
    (FieldType.INSTANT, "0001-01-01T00:00:00+01:00", "no such instant"),
    (FieldType.BOOLEAN, 1, "neither true nor false"),
    (FieldType.BOOLEAN, "true", "neither true nor false"),
    (FieldType.CHOICE, "rejected", "not one of the choices"),
    (FieldType.DOCUMENT, "%PDF-1.7", "not bytes"),
    (FieldType.DOCUMENT, b"PK\x03\x04", "not a PDF document"),
    (FieldType.DOCUMENT, PDF.ljust((1 << 20) + 1), "larger than 1 MiB"),
    (FieldType.SECRET, "7 chars", "not 8 to 63 printable ASCII characters"),
    (FieldType.SECRET, "x" * 64, "not 8 to 63 printable ASCII characters"),
    (FieldType.SECRET, "nettverk\n", "not 8 to 63 printable ASCII characters"),
    (FieldType.SERIES, b"", "never given, only computed or measured"),
    (FieldType.STANDING, "{}", "never given, only computed or measured"),
)


@pytest.mark.parametrize(("kind", "raw", "rule"), NO_VALUES)
def test_what_is_no_value_is_refused_by_the_rule_it_breaks(kind: FieldType, raw: Raw, rule: str) -> None:
    assert parse(kind, raw, TEST_MODE, ("paid_out", "aborted")) == BadValue(rule)


@pytest.mark.parametrize("county", ["Troms", "Finnmark", "Akershus", "Buskerud", "Østfold", "Vestfold", "Telemark"])
def test_the_counties_are_those_after_the_division_of_2024(county: str) -> None:
    assert parse(FieldType.REGION, county, TEST_MODE) == county


@pytest.mark.parametrize(
    ("kind", "value", "form"),
    [
        (FieldType.EMAIL, "Kari.Nordmann@eksempel.no", "kari.nordmann@eksempel.no"),
        (FieldType.EMAIL, " KARI@BLÅBÆR.EXAMPLE ", "kari@xn--blbr-roah.example"),
        (FieldType.EMAIL, " Ingen Adresse ", "ingen adresse"),
        (FieldType.PHONE, "68 05 00 00", "+4768050000"),
        (FieldType.PHONE, " 4768050000 ", "4768050000"),
        (FieldType.METERING_POINT, " 707057500000000018 ", "707057500000000018"),
    ],
)
def test_two_spellings_of_one_address_share_the_form_the_index_is_over(kind: FieldType, value: str, form: str) -> None:
    assert index_form(kind, value) == form


@pytest.mark.parametrize("text", ["0@¿.ß", "kari@ß.no"])
def test_what_is_no_address_never_shares_the_form_of_one(text: str) -> None:
    form = index_form(FieldType.EMAIL, text)
    assert isinstance(parse(FieldType.EMAIL, form, TEST_MODE), BadValue)
    assert index_form(FieldType.EMAIL, form) == form
