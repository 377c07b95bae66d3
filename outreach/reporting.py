"""Error reports: what of a fault may leave, and the one sink it leaves by (ERR-01 to ERR-04).

A report holds the classes of the exception and of those behind it, the places they passed (module, function, line),
the release, and a random id. It holds no message, no local variable, no source line, no request, no header, no cookie,
no breadcrumb, no name of a task, thread or host, and nobody's id. The list is enforced twice: `reported` makes a report
of nothing else, and the transport rebuilds every envelope from the list before a byte of it is written, whoever called
the SDK and whatever it added. An envelope without an error event is dropped.

Every text of a report is also looked through by the scanner: a class or a file named after a person becomes the rule.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime
from pathlib import PurePath
from traceback import walk_tb
from types import FrameType
from typing import Any, Final, cast
from uuid import UUID

from sentry_sdk import Client
from sentry_sdk.envelope import Envelope, Item, PayloadRef
from sentry_sdk.transport import HttpTransport

from outreach.errors import NotConfigured
from outreach.scanner import finding
from policies.model import PolicySet
from vault.request import Secret

RECIPIENT: Final = "sentry"
PURPOSE: Final = "software_quality"
FIELDS: Final = frozenset({
    "error_event.exception_type", "error_event.stack", "error_event.release", "error_event.scrubbed_state",
})  # fmt: skip
"""What the policy must let the sink have; what a report holds is these four."""

CHAIN: Final = 10
FRAMES: Final = 50
WORD: Final = re.compile(r"[A-Za-z_<][\w.<>]{0,119}")
PLACE: Final = re.compile(r"[\w./-]{1,200}")
RELEASE: Final = re.compile(r"[\w.+-]{1,60}")
BLOTTED: Final = "?"

Event = dict[str, Any]


def reported(error: BaseException, *, number: UUID, release: str, at: datetime) -> Event:
    """The report of an exception: classes and places, of the exception and of those that led to it, oldest first."""
    return {
        "event_id": number.hex,
        "timestamp": at.timestamp(),
        "platform": "python",
        "level": "error",
        "release": release,
        "exception": {"values": [_exception(each) for each in reversed(list(_chain(error)))]},
    }


def narrowed(event: Mapping[str, Any]) -> Event:
    """An event rebuilt from the list: what is not on it is not there, whoever put it in."""
    exceptions = cast("Mapping[str, Any]", event.get("exception") or {}).get("values") or ()
    return {
        "event_id": _fitting(event.get("event_id"), re.compile(r"[0-9a-f]{32}")),
        "timestamp": event.get("timestamp") if isinstance(event.get("timestamp"), int | float) else None,
        "platform": "python",
        "level": "error",
        "release": _clean(event.get("release"), RELEASE),
        "exception": {"values": [_narrow_exception(each) for each in exceptions][:CHAIN]},
    }


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The exception and what led to it: causes, contexts, and the members of groups."""
    waiting, seen = [error], set[int]()
    while waiting and len(seen) < CHAIN:
        each = waiting.pop(0)
        if id(each) in seen:
            continue
        seen.add(id(each))
        yield each
        members = cast("Sequence[BaseException]", getattr(each, "exceptions", ()))
        behind = each.__cause__ or each.__context__
        waiting += [*([behind] if behind else []), *members]


def _exception(error: BaseException) -> Event:
    kind = type(error)
    frames = [_frame(frame, line) for frame, line in walk_tb(error.__traceback__)]
    return {"type": kind.__qualname__, "module": kind.__module__, "stacktrace": {"frames": frames[-FRAMES:]}}


def _frame(frame: FrameType, line: int) -> Event:
    """The place: never a source line, never a variable. Of the path the last three parts: no home folder."""
    code = frame.f_code
    place = "/".join(PurePath(code.co_filename).parts[-3:]).lstrip("/")
    return {"filename": place, "function": code.co_qualname if hasattr(code, "co_qualname") else code.co_name,
            "lineno": line}  # fmt: skip


def _narrow_exception(found: Any) -> Event:
    frames = cast("Mapping[str, Any]", found.get("stacktrace") or {}).get("frames") or ()
    return {
        "type": _clean(found.get("type"), WORD),
        "module": _clean(found.get("module"), WORD),
        "stacktrace": {"frames": [_narrow_frame(each) for each in frames][-FRAMES:]},
    }


def _narrow_frame(found: Mapping[str, Any]) -> Event:
    line = found.get("lineno")
    return {
        "filename": _clean(found.get("filename"), PLACE),
        "function": _clean(found.get("function"), WORD),
        "lineno": line if isinstance(line, int) else 0,
    }


def _clean(text: object, shape: re.Pattern[str]) -> str:
    """The text if it has the shape of its place and names nobody; else a blot, or the rule that found somebody."""
    fitting = _fitting(text, shape)
    return f"[{rule}]" if (rule := finding(fitting)) else fitting


def _fitting(text: object, shape: re.Pattern[str]) -> str:
    return text if isinstance(text, str) and shape.fullmatch(text) else BLOTTED


class NarrowTransport(HttpTransport):
    """Whatever the SDK is about to send, what leaves is an event rebuilt from the list, in an envelope of its id."""

    def capture_envelope(self, envelope: Envelope) -> None:
        """Send an error event narrowed; drop everything else: sessions, spans, logs, metrics, client reports."""
        event = envelope.get_event()
        if event is None:
            return
        narrow = narrowed(cast("Mapping[str, Any]", event))
        item = Item(payload=PayloadRef(json=narrow), type="event")
        super().capture_envelope(Envelope(headers={"event_id": narrow["event_id"]}, items=[item]))


class Reports:
    """The sink. `report` never raises and never waits: a fault of reporting must not become a fault of the house.

    A report is under way in memory until it was sent; a crash before that loses it. No copy is kept here, and the
    processor deletes its own after ninety days (ERR-04).
    """

    def __init__(
        self,
        policy: PolicySet,
        dsn: Secret[str],
        *,
        release: str,
        clock: Callable[[], datetime],
        ids: Callable[[], UUID],
        today: date,
        authorities: str | None = None,
    ) -> None:
        permitted(policy, today)
        if not dsn.reveal().startswith("https://"):
            raise NotConfigured("the address of `sentry` must begin with `https://`; nothing is sent without TLS")
        self._release = release
        self._clock = clock
        self._ids = ids
        self._client = Client(
            dsn=dsn.reveal(),
            transport=NarrowTransport,
            release=release,
            environment="hvelv",
            server_name="hvelv",
            ca_certs=authorities,
            default_integrations=False,
            auto_enabling_integrations=False,
            auto_session_tracking=False,
            send_client_reports=False,
            include_local_variables=False,
            include_source_context=False,
            max_request_body_size="never",
            max_breadcrumbs=0,
            traces_sample_rate=None,
            propagate_traces=False,
            enable_logs=False,
            spotlight=False,
            http_proxy="",
            https_proxy="",
            debug=False,
        )

    def report(self, error: BaseException) -> UUID | None:
        """Send a report of the error; gives its random id, by which support and developer speak of one fault."""
        number = self._ids()
        try:
            event = reported(error, number=number, release=self._release, at=self._clock())
            self._client.capture_event(cast("Any", event))
        except Exception:  # noqa: BLE001  (reporting a fault must not be one; what was reported is in the log as well)
            return None
        return number

    def close(self, *, seconds: float = 2.0) -> None:
        """Send what is under way, for at most so long, and stop."""
        self._client.close(timeout=seconds)


def permitted(policy: PolicySet, today: date) -> None:
    """Make sure that the policy lets the sink have what a report holds.

    Raises:
        NotConfigured: the sink is no recipient today, or the policy does not name these four fields for it.
    """
    sink = policy.recipients.get(RECIPIENT)
    named = {
        field.name
        for field in policy.fields.values()
        for use in field.uses
        if (use.purpose, use.to) == (PURPOSE, RECIPIENT)
    }
    valid = sink is not None and sink.valid_from <= today and (sink.valid_to is None or today < sink.valid_to)
    if not valid or not named >= FIELDS:
        raise NotConfigured(f"the policy does not let `{RECIPIENT}` have error reports; unset `HVELV_SENTRY_DSN`")
