"""Readers of answers, by kind of role."""

from __future__ import annotations

from policies.model import RoleKind
from resolvers.translation import Reader


def reader(role: str, kind: RoleKind) -> Reader:
    return Reader(frozenset({role}), frozenset({kind}))


SELF_READER = reader("self", RoleKind.SUBJECT)
VISITOR = reader("visitor", RoleKind.VISITOR)
STAFF = reader("advisor", RoleKind.STAFF)
DPO = reader("dpo", RoleKind.OFFICER)
PARTNER = reader("bank", RoleKind.PARTNER)
