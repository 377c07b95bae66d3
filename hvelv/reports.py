"""Where faults come together: every way an exception can end in this process leads to one sink.

Faults reach it through the log: whatever is logged as an error with an exception, libraries' loggers and asyncio's own
included, passes `hvelv.logs`, which hands the exception on and writes its class and places. `watching` leads there what
nobody caught, in the process, its threads and its event loop; the command line leads there what ended a command.
Without `HVELV_SENTRY_DSN` nothing is sent.
"""

from __future__ import annotations

import asyncio
import sys
import threading
import uuid
from collections.abc import Generator
from contextlib import contextmanager, suppress
from importlib.metadata import version
from types import TracebackType
from typing import Any

import structlog

from hvelv.house import now, read_policy
from hvelv.logs import configure
from hvelv.settings import Settings
from outreach.reporting import Reports
from policies.oslo import oslo_date
from vault.request import Secret

_log = structlog.get_logger("hvelv.faults")


def reports(settings: Settings) -> Reports | None:
    """The sink of the settings, or none.

    Raises:
        NotConfigured: the policy or the address does not allow it.
    """
    if settings.sentry_dsn is None:
        return None
    return Reports(
        read_policy(settings),
        Secret(settings.sentry_dsn.get_secret_value()),
        release=f"hvelv-{version('hvelv')}",
        clock=now,
        ids=uuid.uuid4,
        today=oslo_date(now()),
        authorities=str(settings.sentry_certificates) if settings.sentry_certificates else None,
    )


@contextmanager
def watching(settings: Settings) -> Generator[Reports | None]:
    """Logs and the sink of a serving process, for as long as this lasts; what is under way is sent at the end."""
    sink = reports(settings)
    configure(report=sink.report if sink else None)
    before = sys.excepthook, threading.excepthook
    sys.excepthook, threading.excepthook = _of_process, _of_thread
    try:
        yield sink
    finally:
        sys.excepthook, threading.excepthook = before
        if sink is not None:
            sink.close()


def of_loop(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """A handler for `set_exception_handler`. Of the context only the exception: it names tasks and shows results."""
    _uncaught("loop", context.get("exception"))


def tell(error: Exception) -> None:
    """Report what ended a command. Never makes it worse: whatever fails in here is left."""
    with suppress(Exception):
        sink = reports(Settings.load())
        if sink is not None:
            sink.report(error)
            sink.close()


def _of_process(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    del kind, trace
    _uncaught("process", error)


def _of_thread(args: threading.ExceptHookArgs) -> None:
    _uncaught("thread", args.exc_value)


def _uncaught(where: str, error: BaseException | None) -> None:
    _log.error(f"uncaught in the {where}", fault=None if error is None else Secret(error))
