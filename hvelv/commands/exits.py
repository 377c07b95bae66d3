"""How a command ends. One match from everything that can go wrong to a code and one line on standard error.

    0  done
    1  refused or invalid: the policy, a rule or a value says no; the same again will fail again
    2  the command line is wrong
    3  unavailable: a database or key service does not answer; safe to try again
    4  misconfigured: a setting or the installation must be mended; the message says which
    5  damaged: stored bytes do not open, or a fault in Hvelv itself
    6  stopped: the clock jumped, and nothing is destroyed until somebody says what day it is
    130  interrupted (Typer's doing)

No traceback is printed and no value is quoted. A fault of ours is named by its class and place, which hold no data.
"""

from __future__ import annotations

import sys
from enum import IntEnum
from pathlib import Path
from typing import Final

from hvelv.errors import DatabaseFailure, HvelvError, InUse, NoPrograms
from identity.errors import IdentityError
from outreach.errors import NotConfigured, OutreachError, SystemFailed, TemplateRefused
from policies.errors import PolicyErrors
from products.errors import ProductError
from rights.errors import RightsError
from solar.model.errors import BadInput
from vault.errors import BrokenSeal, ClockJumped, Contended, Misconfigured, Tampered, Unavailable, VaultError


class Code(IntEnum):
    """The exit codes."""

    DONE = 0
    REFUSED = 1
    USAGE = 2
    UNAVAILABLE = 3
    MISCONFIGURED = 4
    DAMAGED = 5
    STOPPED = 6


class CommandRefused(Exception):
    """A command found the answer to be no; its message says what and what to do."""


# the first row that fits decides
ENDINGS: Final[tuple[tuple[tuple[type[Exception], ...], Code], ...]] = (
    ((SystemFailed,), Code.UNAVAILABLE),
    ((Unavailable, Contended), Code.UNAVAILABLE),
    ((Misconfigured, InUse, NoPrograms), Code.MISCONFIGURED),
    ((DatabaseFailure,), Code.UNAVAILABLE),
    ((HvelvError, NotConfigured, TemplateRefused), Code.MISCONFIGURED),
    ((BrokenSeal, Tampered), Code.DAMAGED),
    ((ClockJumped,), Code.STOPPED),
    (
        (VaultError, IdentityError, ProductError, RightsError, PolicyErrors, BadInput, CommandRefused, OutreachError),
        Code.REFUSED,
    ),
)


def code_of(error: Exception) -> Code:
    """With which code a command ends that this error ended."""
    return next((code for errors, code in ENDINGS if isinstance(error, errors)), Code.DAMAGED)


def line_of(error: Exception) -> str:
    """What to print: the error's own message when it is one of ours, else its class and place."""
    match error:
        case PolicyErrors():
            return str(error)
        case (
            HvelvError()
            | NotConfigured()
            | VaultError()
            | CommandRefused()
            | IdentityError()
            | ProductError()
            | RightsError()
            | BadInput()
        ):
            return f"hvelv: {str(error) or _words(type(error).__name__)}"
        case _:
            return f"hvelv: a fault of its own: `{type(error).__name__}` at `{_place(error)}`; please report this line"


def _words(name: str) -> str:
    """`BrokenSeal` as `broken seal`."""
    return "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in name).strip()


def _place(error: Exception) -> str:
    """File and line of the innermost frame: source, never data."""
    trace = error.__traceback__
    if trace is None:
        return "unknown"
    while trace.tb_next is not None:
        trace = trace.tb_next
    return f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}"


def ending(error: Exception) -> Code:
    """Say it on standard error, give the code."""
    sys.stderr.write(f"{line_of(error)}\n")
    return code_of(error)
