"""What can go wrong with a request, beside what the vault refuses.

RightsError
└── RequestRefused        the request is not in a state, or not of a kind, in which this may be done; carries the rule
"""

from __future__ import annotations

from typing import Final

from vault.request import Withheld

WHY: Final = {
    "role": "only the person concerned asks for itself; staff register what came by letter or e-mail",
    "request": "no such request of this person",
    "kind": "the request is of another kind",
    "answered": "the request has been answered",
    "extended": "the time to answer has been extended before",
    "deadline": "the first month is over; the time to answer can only be extended within it",
    "identity": "it is not on record that the request is the person's own; verify it first",
    "received_on": "a request is not received in the future",
    "absolute": "an objection to direct marketing is not weighed; it holds",
    "two_persons": "an export needs a second person in another office",
}
"""Every rule with the words that tell what to do. None quotes a value."""


class RightsError(Exception):
    """Any failure of a request. Nothing was stored."""


class RequestRefused(RightsError):
    """`rule` is a key of `WHY`, or a rule of `policies.persons`."""

    def __init__(self, rule: str) -> None:
        super().__init__(f"`{rule}`: {WHY[rule]}" if rule in WHY else f"`{rule}`")
        self.rule = rule
        self.rules = (Withheld("rights_request", rule, personal=False),)
