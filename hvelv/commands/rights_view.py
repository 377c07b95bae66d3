"""How a request is shown on a terminal: what it is and by when, never what a person wrote."""

from __future__ import annotations

from datetime import date

from rights.request import Request


def plain(request: Request, today: date) -> dict[str, object]:
    """For scripts. What the bearer may not know is `null`."""
    return {
        "request": str(request.id),
        "subject": str(request.subject),
        "kind": request.values.get("kind"),
        "channel": request.values.get("channel"),
        "received_on": request.received_on.isoformat(),
        "due_on": request.due_on.isoformat(),
        "extended": request.extended,
        "state": request.state.value,
        "overdue": request.overdue(today),
    }


def printed(request: Request, today: date) -> str:
    """One line."""
    left = (request.due_on - today).days
    due = f"due {request.due_on}" + (" (extended)" if request.extended else "")
    when = f"{-left} days late" if request.overdue(today) else f"{left} days left" if left >= 0 else "answered"
    kind = request.values.get("kind", "request")
    return f"{request.id}  {request.subject}  {kind:<13}  {request.state.value:<8}  {due}, {when}"
