"""Logs by allow-list: a line has these keys and no other, and what looks like a person is blotted out of them.

Every logger of the process comes through here, libraries' own included. Of an exception only its class and the places
it passed are kept, never its message and never a local variable.
"""

from __future__ import annotations

import logging
import re
import sys
import traceback
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import IO, Any, Final, cast

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from vault.request import Secret

ALLOWED: Final = frozenset({
    "event", "level", "timestamp", "logger", "request_id", "operation", "code", "route", "status", "duration_ms",
    "exc_type", "frames", "setting", "progress", "count", "_record", "_from_structlog",
})  # fmt: skip
BLOTS: Final = (
    re.compile(r"\bhv_[A-Za-z0-9_-]{20,}"),  # a token
    re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+"),  # an e-mail address
    re.compile(r"(?<!\d)\d{18}(?!\d)"),  # a metering point
    re.compile(r"(?<!\d)\d{11}(?!\d)"),  # a national identity number
    re.compile(r"(?<!\d)(?:(?:\+|00)47[ ]?)?[2-9]\d(?:[ ]?\d{2}){3}(?!\d)"),  # a telephone number
)
LINE: Final = 300

ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None]


def configure(
    stream: IO[str] = sys.stderr, *, level: int = logging.INFO, report: Callable[[BaseException], object] | None = None
) -> None:
    """Send every log line of this process through the list, and every exception logged as an error to `report`."""
    shared: Sequence[Processor] = (
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        *([_reporting(report)] if report else []),
        failures,
        allowed,
        blotted,
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    logging.basicConfig(handlers=[handler], level=level, force=True)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )


def _reporting(report: Callable[[BaseException], object]) -> Processor:
    """Hands the exception on before it is cut down. What the sink itself logs is not reported to it again.

    Who logs where this may not be set up gives the exception as `fault`, in a `Secret`: then no renderer can print it.
    """

    def reporting(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
        serious = event.get("level") in {"error", "critical"}
        own = str(event.get("logger", "")).startswith(("sentry_sdk", "urllib3"))
        if serious and not own and (found := _fault(event)) is not None:
            report(found)
        return event

    return reporting


def failures(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """An exception becomes its class and the places it passed."""
    found = _fault(event)
    event.pop("exc_info", None)
    if found is not None:
        event["exc_type"] = type(found).__name__
        event["frames"] = [
            f"{frame.filename.rsplit('/', 1)[-1]}:{frame.lineno}:{frame.name}"
            for frame in traceback.extract_tb(found.__traceback__)
        ]
    return event


def allowed(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Only the keys of the list. A library's own record loses its arguments."""
    return {key: value for key, value in event.items() if key in ALLOWED}


def blotted(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """What looks like a person or a token is blotted out, and long lines are cut."""
    return {key: _blotted(value) if isinstance(value, str) else value for key, value in event.items()}


def _blotted(text: str) -> str:
    for blot in BLOTS:
        text = blot.sub("[x]", text)
    return text[:LINE]


def _fault(event: EventDict) -> BaseException | None:
    fault = event.get("fault")
    return _exception(cast("Secret[object]", fault).reveal() if isinstance(fault, Secret) else event.get("exc_info"))


def _exception(given: Any) -> BaseException | None:
    match given:
        case BaseException():
            return given
        case (_, BaseException() as error, _):
            return error
        case True:
            return sys.exc_info()[1]
        case _:
            return None
