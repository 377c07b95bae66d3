"""Which YAML a policy may be written in."""

from __future__ import annotations

import pytest
from small_policy import SMALL, refusal, refuses, unmarked

from policies.document import load
from policies.document.text import MAX_BYTES, read


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("«", "(file): write the policy, the file is empty"),
        ("# only a comment\n«", "(file): write the policy, the file is empty"),
        ("a: 1\n«---\nb: 2\n", "(file): remove the second document"),
        ("«%YAML 1.1\n---\na: 1\n", "(file): remove the directive"),
        ("a:\n«\t- b\n", "(file): replace the tab with spaces"),
        ("a: 1 #«\tnote\n", "(file): replace the tab with spaces"),
        ("a: b«\x07\n", "(file): remove the character `U+0007`, it does not print"),
        ("a: «\u202eb\n", "(file): remove the character `U+202E`, it does not print"),
        ("«\ufeffa: 1\n", "(file): remove the character `U+FEFF`, it does not print"),
        ('a: "«\\U99999999"\n', "(file): remove the backslash, escapes are not read"),
        ("a: {b«", "(file): mend the YAML, expected `,` or `}`, but got `<stream end>`"),
        ("a: b«: c\n", "(file): mend the YAML, mapping values are not allowed here"),
        ("a: *«\n", "(file): mend the YAML, expected alphabetic or numeric character, but found `\\n`"),
        ("? «[a]\n: b\n", "(file): write a name as the key"),
        ("[[[[[[[[[[[[[«[", "[0][0][0]: nest at most 12 levels deep"),
    ],
)
def test_a_text_that_cannot_be_read_to_its_end_is_refused_where_reading_stops(text: str, message: str) -> None:
    data, (place,) = unmarked(text)
    assert refusal(data.encode()) == [f"policies.yaml:{place}: {message}"]


@pytest.mark.parametrize(
    ("data", "line"),
    [
        (b"\xff", "1:1"),
        (b"version: 2018-05-28\nname: \xc3\xa5\xe5\n", "2:8"),
        (SMALL.encode("utf-16"), "1:1"),
    ],
)
def test_a_text_that_is_not_utf_8_is_refused_at_the_first_byte_that_is_not(data: bytes, line: str) -> None:
    assert refusal(data) == [f"policies.yaml:{line}: (file): save the file as UTF-8"]


def test_a_file_of_more_than_a_megabyte_is_refused_unread() -> None:
    data = b"\xff" * (MAX_BYTES + 1)
    assert refusal(data) == ["policies.yaml:1:1: (file): shorten the file to 1000000 bytes, it has 1000001"]


def test_ten_thousand_open_brackets_are_refused_at_the_thirteenth() -> None:
    assert refusal(b"[" * 10_000 + b"\n") == ["policies.yaml:1:14: [0][0][0]: nest at most 12 levels deep"]


def test_lines_may_end_as_on_windows() -> None:
    assert load(SMALL.replace("\n", "\r\n").encode()).fields.keys() == load(SMALL.encode()).fields.keys()


def test_norway_is_a_country_and_a_date_is_text_until_somebody_asks_for_one() -> None:
    tree, problems = read(
        b"[NO, no, yes, true, false, 2018-05-28, 1, -5, 007, 1_0, 1.5, 0x1f, '1', \"true\", ~, null, ]", ""
    )
    assert problems == []
    assert tree.root == [
        *("NO", "no", "yes", True, False, "2018-05-28", 1, -5, "007", "1_0", "1.5", "0x1f", "1", "true", None, None),
    ]


def test_a_second_key_of_the_same_name_is_refused_and_says_where_the_first_is() -> None:
    first = SMALL[: SMALL.index("law: GDPR Article 15")].count("\n") + 1
    refuses(
        ("law: GDPR Article 15\n", "law: GDPR Article 15\n    «law: GDPR Article 20\n"),
        saying=f"purposes.self_service.law: remove the second `law`, the first is on line {first}",
    )


def test_duplicate_keys_anchors_aliases_merges_and_tags_are_all_reported_at_once() -> None:
    text, places = unmarked("a: «&x {b: 1}\nc: «*x\nd: {«<<: {e: 1}}\n«a: {a: 1}\nf: «!!str g\n")
    _, problems = read(text.encode(), "")
    assert [f"{p.line}:{p.column}: {p.path}: {p.message}" for p in problems] == [
        f"{places[0]}: a: remove the anchor `&x`",
        f"{places[1]}: c: write the value out, the alias `*x` is not read",
        f"{places[2]}: d.<<: write the keys out, merge keys are not read",
        f"{places[3]}: a: remove the second `a`, the first is on line 1",
        f"{places[4]}: f: remove the tag",
    ]


def test_an_anchor_on_a_key_is_refused_too() -> None:
    refuses(
        ("    law: GDPR Article 15\n", "    «&x law: GDPR Article 15\n"),
        saying="purposes.self_service: remove the anchor `&x`",
    )


def test_what_is_unreadable_and_what_is_misshapen_are_reported_together() -> None:
    assert refusal(b"version: &x 1\n")[:2] == [
        "policies.yaml:1:1: (file): add the key `categories`",
        "policies.yaml:1:1: (file): add the key `consents`",
    ]
    assert "policies.yaml:1:10: version: remove the anchor `&x`" in refusal(b"version: &x 1\n")
