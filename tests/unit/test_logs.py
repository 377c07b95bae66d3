"""Nothing personal in a log line, whoever writes it."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Generator
from typing import Any

import pytest
import structlog

from hvelv.logs import ALLOWED, LINE, configure

NATIONAL_ID = "17912099997"
CANARIES = ("kari@example.no", NATIONAL_ID, "68050001", "+47 68 05 00 01", "707057500000000014", "hv_" + "A" * 43)


@pytest.fixture
def stream() -> Generator[io.StringIO]:
    before = (structlog.get_config(), logging.root.handlers[:], logging.root.level)
    written = io.StringIO()
    configure(written)
    yield written
    structlog.configure(**before[0])
    logging.root.handlers[:], level = before[1], before[2]
    logging.root.setLevel(level)


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_only_keys_of_the_list_are_written(stream: io.StringIO) -> None:
    structlog.get_logger("hvelv").info("request", route="/graphql", status=200, email="kari@example.no", query="{ me }")
    (line,) = lines(stream)
    assert line.keys() <= ALLOWED
    assert (line["event"], line["route"], line["status"]) == ("request", "/graphql", 200)
    assert "query" not in line


@pytest.mark.parametrize("canary", CANARIES)
def test_what_looks_like_a_person_is_blotted_out_of_every_loggers_lines(stream: io.StringIO, canary: str) -> None:
    logging.getLogger("a.library").warning("user %s said %s", canary, {"it": canary})
    structlog.get_logger("ours").warning(f"about {canary}", route=canary)
    assert canary not in stream.getvalue()
    assert len(lines(stream)) == 2


def test_an_exception_leaves_its_class_and_places_not_its_words(stream: io.StringIO) -> None:
    def failing(local: str) -> None:
        raise ValueError(f"{local} was wrong")

    for logger in (structlog.get_logger("ours"), logging.getLogger("strawberry.execution")):
        try:
            failing("Kari Prøve")
        except ValueError:
            logger.exception("failed")
    for line in lines(stream):
        assert line["exc_type"] == "ValueError"
        assert any(":failing" in frame for frame in line["frames"])
    assert "Kari" not in stream.getvalue()


def test_a_line_is_cut(stream: io.StringIO) -> None:
    logging.getLogger("long").warning("x" * 10_000)
    assert len(lines(stream)[0]["event"]) == LINE
