"""Asks a mailbox by mail whether it wants the newsletter again. The address is opened for that alone (COM-07)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final
from uuid import UUID

from outreach.errors import SystemFailed
from outreach.newsletter import ADDRESS, Opening
from outreach.one_click import PATHS
from outreach.providers import Provider
from outreach.templates import Language, Templates
from outreach.wording import NEWSLETTER_CONFIRMATION
from policies.model import Access, Principal, SubjectId
from vault.request import Secret

ACCESS: Final = Access(purpose="newsletter", reason=None, recipient="mailgun")


class Confirming:
    """Sends confirmations. `who` gives the newsletter's own principal; `site` is where the links are served."""

    def __init__(
        self,
        vault: Opening,
        templates: Templates,
        mail: Provider,
        who: Callable[[], Awaitable[Principal]],
        *,
        site: str,
        ids: Callable[[], UUID],
        failed: Callable[[SystemFailed], object],
    ) -> None:
        self._vault = vault
        self._templates = templates
        self._mail = mail
        self._who = who
        self._site = site
        self._ids = ids
        self._failed = failed

    async def invite(self, subject: SubjectId, slip: Secret[str]) -> None:
        """Send one; what the provider does not take is reported.

        The step that asked for it has been taken and stays so: the person may ask again.
        """
        opened = await self._vault.open(await self._who(), ACCESS, [subject], frozenset({ADDRESS}))
        link = f"{self._site}{PATHS['confirm'].format(slip=slip.reveal())}"
        name = NEWSLETTER_CONFIRMATION.name
        message = self._templates.rendered(name, Language.NB, {"link": link})
        for record in opened.records:
            if ADDRESS in record.values:
                try:
                    await self._mail.send(self._ids(), Secret(str(record.values[ADDRESS].reveal())), message)
                except SystemFailed as failed:
                    self._failed(failed)
