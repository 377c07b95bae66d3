"""What can go wrong on the way out. No message quotes a value, and none repeats what a provider answered.

OutreachError
├── SystemFailed          a provider did not do what was asked; carries one word, and whether to try again
├── MessageRefused        a message breaks a rule of what may be sent; carries the rule
├── TemplateRefused       a template does not fit the policy: found at the start
└── NotConfigured         an adapter lacks a setting, or would send without TLS
"""

from __future__ import annotations

from typing import Final

RETRY: Final = frozenset({"timeout", "unreachable", "throttled", "broken", "partial"})
"""Failures that may pass: the same again later may work."""


class OutreachError(Exception):
    """Any failure of this package."""


class SystemFailed(OutreachError):
    """A provider did not do what was asked.

    `why` is one of: timeout, unreachable, throttled (429), broken (5xx), partial (half a batch), refused (4xx),
    unreadable (an answer that is not the documented one), tls (its certificate does not hold).
    """

    def __init__(self, system: str, why: str, *, after_seconds: int | None = None) -> None:
        super().__init__(f"`{system}`: {why}")
        self.system = system
        self.why = why
        self.after_seconds = after_seconds

    @property
    def again(self) -> bool:
        """Whether the same again later may work."""
        return self.why in RETRY


class MessageRefused(OutreachError):
    """A message breaks a rule; nothing was sent."""

    def __init__(self, rule: str) -> None:
        super().__init__(rule)
        self.rule = rule


class TemplateRefused(OutreachError):
    """A template does not fit the policy."""


class NotConfigured(OutreachError):
    """Names the setting and how to mend it."""
