"""MailChimp: the list of those who get the newsletter, kept equal to our readers.

It is told address, product and region and nothing else (COM-06). Whoever unsubscribes there is suppressed here before
anything is sent there; whoever is no reader any more is unsubscribed there, product and region taken away, the address
left so that MailChimp itself cannot subscribe it again (COM-07, COM-08).

Source: mailchimp.com/developer/marketing/api/lists and …/list-members
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import md5
from typing import Any, Final, cast

from outreach.errors import SystemFailed
from outreach.https import Https, as_json
from outreach.newsletter import Newsletter, Reader
from policies.model import Principal
from vault.request import Secret

BATCH: Final = 500
PAGE: Final = 1_000
BY_US: Final = "admin"
"""In the reason MailChimp gives for members its API or owner unsubscribed: `N/A (Unsubscribed by an admin)`."""
NOTHING: Final = {"PRODUCT": "", "REGION": ""}


@dataclass(frozen=True, slots=True)
class Synchronised:
    """How many were told to the processor, taken out there, and refused there."""

    told: int
    silenced: int
    refused: int


class MailChimp:
    """One audience. Every call is safe to repeat."""

    system: Final = "mailchimp"

    def __init__(self, client: Https, *, audience: str) -> None:
        self._client = client
        self._list = f"/3.0/lists/{audience}"

    async def tell(self, readers: Sequence[Reader]) -> int:
        """Subscribe at most 500, or renew what is known of them; gives how many were refused.

        Raises:
            SystemFailed: nothing is known of what was taken; tell them again.
        """
        members = [
            {
                "email_address": str(reader.email.reveal()),
                "status": "subscribed",
                "merge_fields": {"PRODUCT": reader.product, "REGION": reader.region},
            }
            for reader in readers
        ]
        answer = await self._client.call("POST", self._list, as_json({"members": members, "update_existing": True}))
        return len(self._listed(answer, "errors"))

    async def subscribed(self) -> list[str]:
        """The ids of all who get the newsletter there. An id is a hash: no address comes back."""
        return [str(member["id"]) for member in await self._members("subscribed", "members.id")]

    async def unsubscribed(self) -> list[Secret[str]]:
        """The addresses of those who unsubscribed there themselves; not of those we silenced."""
        found = await self._members("unsubscribed", "members.email_address,members.unsubscribe_reason")
        themselves = [member for member in found if BY_US not in str(member.get("unsubscribe_reason", ""))]
        return [Secret(str(member["email_address"])) for member in themselves]

    async def silence(self, member: str) -> None:
        """Unsubscribe, and take product and region away. One that is not there is silent already."""
        body = as_json({"status": "unsubscribed", "merge_fields": NOTHING})
        await self._client.call("PATCH", f"{self._list}/members/{member}", body, absent=True)

    def _listed(self, answer: Any, name: str) -> list[dict[str, Any]]:
        found = cast("dict[str, object]", answer).get(name) if isinstance(answer, dict) else None
        if not isinstance(found, list):
            raise SystemFailed(self.system, "unreadable")
        return cast("list[dict[str, Any]]", found)

    async def _members(self, status: str, fields: str) -> list[Any]:
        found: list[Any] = []
        while True:
            query = {"status": status, "fields": fields, "count": str(PAGE), "offset": str(len(found))}
            answer = await self._client.call("GET", f"{self._list}/members", query=query)
            page = self._listed(answer, "members")
            found += page
            if len(page) < PAGE:
                return found


def member_id(address: Secret[str]) -> str:
    """How MailChimp names a member: the MD5 of the lower-case address, as its API documents. No protection of ours."""
    return md5(address.reveal().lower().encode(), usedforsecurity=False).hexdigest()


async def synchronise(newsletter: Newsletter, processor: MailChimp, who: Principal) -> Synchronised:
    """Make the list there equal to the readers here. Killed anywhere, the next run makes it so.

    Raises:
        SystemFailed: the processor did not answer; what was told before stays told, and nobody suppressed was.
    """
    await newsletter.stop(who, await processor.unsubscribed())
    readers = await newsletter.readers(who)
    refused = 0
    for start in range(0, len(readers), BATCH):
        refused += await processor.tell(readers[start : start + BATCH])
    wanted = {member_id(Secret(str(reader.email.reveal()))) for reader in readers}
    gone = [member for member in await processor.subscribed() if member not in wanted]
    for member in gone:
        await processor.silence(member)
    return Synchronised(told=len(readers) - refused, silenced=len(gone), refused=refused)
