"""The newsletter for a signed-in person. Without signing in the links of its mails do the same."""

from __future__ import annotations

from outreach import subscribing
from outreach.newsletter import Newsletter
from resolvers.asking import Ask
from resolvers.house import House
from resolvers.keys import request_key
from schema.steps import StepTaken


async def subscribe_newsletter(info: Ask, idempotency_key: str, product: str, region: str) -> StepTaken | None:
    """Consent to the newsletter: `product` is `solstrom`, `nabostrom` or `hub`, `region` a county.

    An address that unsubscribed before is written to again only after its mailbox confirmed it; the answer is the same.
    """
    house, wish = info.context.house, subscribing.Subscribe(product=product, region=region)
    done = await subscribing.subscribe(
        house.vault,
        _newsletter(house),
        info.context.who,
        wish,
        request_key(idempotency_key, wish),
        digest=house.vault.policy.digest,
        ids=house.ids,
        clock=house.clock,
    )
    if done.invitation is not None and house.letters is not None:
        await house.letters.invite(done.invitation.subject, done.invitation.slip)
    return StepTaken(record=done.record, receipts=[], replayed=done.replayed)


async def unsubscribe_newsletter(info: Ask, idempotency_key: str) -> StepTaken | None:
    """Stop the newsletter: the consent is withdrawn, what you were interested in dies at once, the address is not used.

    What is left is a keyed hash of the address, of nobody's, so that nobody subscribes it again but its mailbox.
    """
    house, wish = info.context.house, subscribing.Unsubscribe()
    sealed = await subscribing.unsubscribe(
        house.vault,
        _newsletter(house),
        info.context.who,
        request_key(idempotency_key, wish),
        digest=house.vault.policy.digest,
        clock=house.clock,
    )
    return StepTaken(record=sealed.subjects[0], receipts=list(sealed.receipts), replayed=sealed.replayed)


def _newsletter(house: House) -> Newsletter:
    return Newsletter(house.vault, house.vault.suppression, house.vault.slips, clock=house.clock)
