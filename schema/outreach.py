"""What goes out to a person and comes from them: subscriptions to the newsletter, and messages."""

from __future__ import annotations

from uuid import UUID

import strawberry

from schema.directives import governed, ungoverned
from schema.opened import Values

_RANDOM = "random, made here, means nothing elsewhere"


@strawberry.type(description="A subscription to the newsletter (nyhetsbrev).")
class Subscription:
    """A subscription."""

    opened: strawberry.Private[Values]
    id: UUID = ungoverned(because=_RANDOM, description="The record.")
    product: str | None = governed("subscription.product_interest", description="The product it is about.")
    region: str | None = governed("subscription.region", description="The county its reader lives in.")
