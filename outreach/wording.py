"""What the house says, in Norwegian and English. Service mail carries no promotion (MLG-01)."""

from __future__ import annotations

from typing import Final

from outreach.templates import Channel, Language, Plain, Template, Wording

INSTALLATION_CHANGED: Final = Template(
    name="installation_changed",
    channel=Channel.MAIL,
    purpose="service_mail",
    variables={"details": "project.details", "link": Plain.LINK},
    wordings={
        Language.NB: Wording(
            subject="Endring i installasjonen din",
            text="Hei,\n\ndet er en endring i installasjonen din:\n\n{{ details }}\n\nLes mer: {{ link }}\n",
        ),
        Language.EN: Wording(
            subject="A change to your installation",
            text="Hello,\n\nthere is a change to your installation:\n\n{{ details }}\n\nRead more: {{ link }}\n",
        ),
    },
)
OFFER_READY: Final = Template(
    name="offer_ready",
    channel=Channel.MAIL,
    purpose="service_mail",
    variables={"amount": "project.offer_amount_nok", "link": Plain.LINK},
    wordings={
        Language.NB: Wording(
            subject="Tilbudet ditt er klart",
            text="Hei,\n\ntilbudet ditt er på {{ amount }}. Se det her: {{ link }}\n",
        ),
        Language.EN: Wording(
            subject="Your offer is ready", text="Hello,\n\nyour offer is {{ amount }}. See it here: {{ link }}\n"
        ),
    },
)
DOCUMENT_WAITING: Final = Template(
    name="document_waiting",
    channel=Channel.SMS,
    purpose="service_sms",
    variables={"link": Plain.LINK},
    wordings={
        Language.NB: Wording(subject="", text="Et dokument venter på deg: {{ link }}"),
        Language.EN: Wording(subject="", text="A document is waiting for you: {{ link }}"),
    },
)
NEWSLETTER_CONFIRMATION: Final = Template(
    name="newsletter_confirmation",
    channel=Channel.MAIL,
    purpose="newsletter",
    variables={"link": Plain.LINK},
    wordings={
        Language.NB: Wording(
            subject="Bekreft at du vil ha nyhetsbrevet",
            text="Hei,\n\nnoen ba om nyhetsbrevet til denne adressen, som tidligere er meldt av. "
            "Bekreft her: {{ link }}\n\nVar det ikke deg, trenger du ikke gjøre noe.\n",
        ),
        Language.EN: Wording(
            subject="Confirm that you want the newsletter",
            text="Hello,\n\nsomebody asked for the newsletter to this address, which unsubscribed before. "
            "Confirm here: {{ link }}\n\nIf it was not you, there is nothing to do.\n",
        ),
    },
)
CUSTOMER_EVENT: Final = Template(
    name="customer_event",
    channel=Channel.NOTICE,
    purpose="internal_notify",
    variables={"event": Plain.EVENT, "reference": Plain.REFERENCE},
    wordings={
        Language.NB: Wording(subject="", text="{{ event }}: {{ reference }}"),
        Language.EN: Wording(subject="", text="{{ event }}: {{ reference }}"),
    },
)
ALL: Final = (INSTALLATION_CHANGED, OFFER_READY, DOCUMENT_WAITING, NEWSLETTER_CONFIRMATION, CUSTOMER_EVENT)
NOTICED: Final = frozenset({
    "calculation.requested", "offer.requested", "offer.accepted", "offer.declined", "contract.signed",
    "design.completed", "pv.installed", "pv.operational", "power.ordered", "power.cancelled", "hub.ordered",
    "ticket.opened",
})  # fmt: skip
"""Facts of the policy that colleagues are told of (INT-02). None says anything of a loan."""
