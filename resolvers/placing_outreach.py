"""Hangs subscriptions and messages where they belong in the answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from policies.model import SubjectId
from schema.customer import Customer
from schema.outreach import Message, Subscription
from vault.request import OpenedRecord


def place_outreach(records: Sequence[OpenedRecord], trees: Mapping[SubjectId, Customer]) -> None:
    """Below their customer, in the order they were opened."""
    for record in records:
        owner = trees.get(record.subject)
        if owner is not None and record.kind == "subscription":
            owner.subscriptions.append(Subscription(opened=record.values, id=record.record))
        elif owner is not None and record.kind == "message":
            owner.messages.append(Message(opened=record.values, id=record.record))
