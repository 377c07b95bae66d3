"""A delivery is known by its first bytes, whatever it is called."""

from __future__ import annotations

import pytest
from metering import problems_of, read_all

from ingest.formats import Format, sniff
from ingest.problems import Problem, Rule


@pytest.mark.parametrize(
    ("beginning", "kind"),
    [
        (b"Fra,Til,KWH 60 Forbruk\n", Format.ELHUB_CSV),
        (b"\xef\xbb\xbfFra;Til;KWH 15 Forbruk;Kvalitet\r\n", Format.ELHUB_CSV),
        (b'"Fra","Til","KWH 60 Forbruk"\n', Format.ELHUB_CSV),
        (b'<?xml version="1.0"?>\n<a/>', Format.ELHUB_XML),
        (b"\xef\xbb\xbf<rsm:NotifyValidatedDataForBillingEnergy", Format.ELHUB_XML),
        (b"UNA:+.? 'UNB+UNOC:3+", Format.MSCONS),
        (b"UNA:+,? '\r\nUNB+UNOC:3+", Format.MSCONS),
        (b"UNB+UNOC:3+", Format.MSCONS),
        (b'\n{"kind": "series"}\n', Format.PARTNER_JSONL),
    ],
)
def test_each_format_is_known_by_its_beginning(beginning: bytes, kind: Format) -> None:
    assert sniff(beginning) is kind


@pytest.mark.parametrize(
    ("beginning", "rule"),
    [
        (b"", Rule.EMPTY),
        (b"\xef\xbb\xbf \r\n", Rule.EMPTY),
        ("Fra;Til".encode("utf-16"), Rule.ENCODING),
        ("Fra;Til".encode("utf-16-be"), Rule.ENCODING),
        (b"%PDF-1.7", Rule.UNKNOWN_FORMAT),
        (b"PK\x03\x04", Rule.UNKNOWN_FORMAT),
        (b"timestamp,value\n", Rule.UNKNOWN_FORMAT),
    ],
)
def test_what_is_of_no_format_is_refused_and_says_why(beginning: bytes, rule: Rule) -> None:
    found = sniff(beginning)
    assert isinstance(found, Problem)
    assert found.rule is rule


def test_blanks_before_the_beginning_are_passed_over() -> None:
    assert [each.rule for each in problems_of(read_all(b"\n" * 1000 + b"{}"))] == [Rule.DOCUMENT]
    assert [each.rule for each in problems_of(read_all(b" " * 100))] == [Rule.EMPTY]
    assert [each.rule for each in problems_of(read_all(b""))] == [Rule.EMPTY]
