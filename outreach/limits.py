"""What no message of a channel may carry, looked for in its finished text (SMS-01, INT-03).

No SMS and no notice carries a national id, a metering point, an account or a card number. The check is the last before
sending and names a rule, never a value; what templates may name is checked before, at the start.
"""

from __future__ import annotations

import re
from typing import Final

from outreach.errors import MessageRefused
from outreach.templates import Channel, Rendered
from policies.values.contacts import is_norwegian_mobile

_GAP: Final = r"[ .\-\u00a0\u202f]?"
_ELEVEN: Final = re.compile(rf"(?<!\d)\d(?:{_GAP}\d){{10}}(?!\d)")
_EIGHTEEN: Final = re.compile(rf"(?<!\d)\d(?:{_GAP}\d){{17}}(?!\d)")
_CARD: Final = re.compile(rf"(?<!\d)\d(?:{_GAP}\d){{12,18}}(?!\d)")
_IBAN: Final = re.compile(rf"(?<![A-Z0-9])[A-Z]{{2}}\d{{2}}(?:{_GAP}[A-Z0-9]){{11,30}}")
_LONGEST_SMS: Final = 459
"""Three parts of 153 characters."""


def check(channel: Channel, message: Rendered) -> None:
    """Return if the message may go by this channel.

    Raises:
        MessageRefused: `iban`, `national_id_or_account` (eleven digits are either), `metering_point`, `card`, `length`.
    """
    if channel is Channel.MAIL:
        return
    text = f"{message.subject}\n{message.text}"
    for rule, pattern in (
        ("iban", _IBAN),
        ("national_id_or_account", _ELEVEN),
        ("metering_point", _EIGHTEEN),
        ("card", _CARD),
    ):
        if pattern.search(text):
            raise MessageRefused(rule)
    if channel is Channel.SMS and len(message.text) > _LONGEST_SMS:
        raise MessageRefused("length")


def check_number(number: str, *, foreign: bool) -> None:
    """Return if an SMS may go to this number: a Norwegian mobile, or a foreign one that was chosen on purpose.

    Raises:
        MessageRefused: `number`.
    """
    norwegian = number.startswith("+47")
    if not (is_norwegian_mobile(number) if norwegian else foreign):
        raise MessageRefused("number")
