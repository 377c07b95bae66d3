"""What can keep Hvelv from running. Every message names what to mend.

HvelvError
├── SettingsRefused       a setting is missing, malformed or contradicts another
└── DatabaseFailure       the embedded PostgreSQL
    ├── NoPrograms        no PostgreSQL programs on this machine, or none that may be run here
    ├── InUse             another process is responsible for this data directory
    ├── NotRunning        asked to attach, and nothing runs there
    └── StartFailed       the cluster could not be made or did not come up
"""

from __future__ import annotations


class HvelvError(Exception):
    """The installation cannot work as it is."""


class SettingsRefused(HvelvError):
    """Names each refused setting and what it wants; never quotes what was given."""


class DatabaseFailure(HvelvError):
    """The embedded PostgreSQL cannot be used."""


class NoPrograms(DatabaseFailure):
    """No usable PostgreSQL programs."""


class InUse(DatabaseFailure):
    """One process at a time is responsible for a data directory."""


class NotRunning(DatabaseFailure):
    """Nothing listens on the data directory's socket."""


class StartFailed(DatabaseFailure):
    """The message carries the last line of the server's log, which never holds values."""
