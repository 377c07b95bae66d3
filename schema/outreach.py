"""What goes out to a person and comes from them: subscriptions to the newsletter, and messages."""

from __future__ import annotations

from uuid import UUID

import strawberry

from schema.directives import governed, ungoverned
from schema.opened import Values

_RANDOM = "random, made here, means nothing elsewhere"


@strawberry.type(description="A message (melding) by chat or e-mail. A national id in it was masked when it came.")
class Message:
    """A message."""

    opened: strawberry.Private[Values]
    id: UUID = ungoverned(because=_RANDOM, description="The record.")
    text: str | None = governed("message.text", description="What was written.")
    channel: str | None = governed("message.channel", description="`chat` or `email`.")
    sent_at: str | None = governed("message.sent_at", description="When it was sent, ISO 8601.")


@strawberry.type(description="A subscription to the newsletter (nyhetsbrev).")
class Subscription:
    """A subscription."""

    opened: strawberry.Private[Values]
    id: UUID = ungoverned(because=_RANDOM, description="The record.")
    product: str | None = governed("subscription.product_interest", description="The product it is about.")
    region: str | None = governed("subscription.region", description="The county its reader lives in.")
