"""Mailgun, Twilio and Slack behind one port. Each speaks its documented API over TLS and is asked for nothing more.

`send` gives the provider's own name of the message, by which it is found and deleted there; it is not personal. A call
that failed may have been accepted all the same: sending again may reach the reader twice, never nobody. Mail carries
the same `Message-Id` each time, by which mail programs show it once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Protocol, cast
from uuid import UUID

from outreach.errors import SystemFailed
from outreach.https import Https, as_form, as_json
from outreach.templates import Rendered
from vault.request import Secret


@dataclass(frozen=True, slots=True)
class Accepted:
    """The provider took the message: its name of it, and its word on how far it has come."""

    name: str
    status: str


class Provider(Protocol):
    """Somebody who carries messages. Bounded in time; raises `SystemFailed`."""

    async def send(self, number: UUID, to: Secret[str], message: Rendered) -> Accepted:
        """Hand a message over. `number` is ours, random, the same for every attempt."""
        ...

    async def delete(self, name: str) -> None:
        """Delete what the provider keeps of a message; what is not there is deleted already."""
        ...


class Mailgun:
    """`POST /v3/{domain}/messages`. No opens and clicks are tracked, and mail leaves Mailgun over TLS or not at all.

    Source: documentation.mailgun.com, Messages.
    """

    system: Final = "mailgun"

    def __init__(self, client: Https, *, domain: str, sender: str) -> None:
        self._client = client
        self._domain = domain
        self._sender = sender

    async def send(self, number: UUID, to: Secret[str], message: Rendered) -> Accepted:
        """One mail, as text."""
        form = [
            ("from", self._sender),
            ("to", to.reveal()),
            ("subject", message.subject),
            ("text", message.text),
            ("h:Message-Id", f"<{number}@{self._domain}>"),
            ("o:tracking", "no"),
            ("o:require-tls", "True"),
            ("o:skip-verification", "False"),
        ]
        answer = await self._client.call("POST", f"/v3/{self._domain}/messages", as_form(form))
        return Accepted(_said(self.system, answer, "id"), "queued")

    async def delete(self, name: str) -> None:
        """Nothing: Mailgun keeps no body, and its metadata of a message go by themselves (MLG-03)."""
        del name


class Twilio:
    """`POST /2010-04-01/Accounts/{sid}/Messages.json`, and `DELETE` of the message it made.

    Source: twilio.com/docs/messaging/api/message-resource
    """

    system: Final = "twilio"

    def __init__(self, client: Https, *, account: str, sender: str) -> None:
        self._client = client
        self._path = f"/2010-04-01/Accounts/{account}/Messages"
        self._sender = sender

    async def send(self, number: UUID, to: Secret[str], message: Rendered) -> Accepted:
        """One SMS to a number in E.164."""
        del number
        form = [("To", to.reveal()), ("From", self._sender), ("Body", message.text)]
        answer = await self._client.call("POST", f"{self._path}.json", as_form(form))
        return Accepted(_said(self.system, answer, "sid"), _said(self.system, answer, "status"))

    async def delete(self, name: str) -> None:
        """The message with its content (SMS-02)."""
        await self._client.call("DELETE", f"{self._path}/{name}.json", absent=True)


class Slack:
    """`chat.postMessage` and `chat.delete`. Slack answers 200 to refusals too: `ok` says.

    Source: api.slack.com/methods
    """

    system: Final = "slack"

    def __init__(self, client: Https) -> None:
        self._client = client

    async def send(self, number: UUID, to: Secret[str], message: Rendered) -> Accepted:
        """Post to a channel, without links unfolded: unfolding would fetch them."""
        body = {"channel": to.reveal(), "text": message.text, "unfurl_links": False, "unfurl_media": False}
        answer = await self._call("/api/chat.postMessage", {**body, "client_msg_id": str(number)})
        return Accepted(f"{_said(self.system, answer, 'channel')}/{_said(self.system, answer, 'ts')}", "posted")

    async def delete(self, name: str) -> None:
        """The posted message (INT-03)."""
        channel, _, at = name.partition("/")
        await self._call("/api/chat.delete", {"channel": channel, "ts": at}, gone="message_not_found")

    async def _call(self, path: str, body: dict[str, Any], gone: str = "") -> Any:
        answer = await self._client.call("POST", path, as_json(body))
        if not isinstance(answer, dict):
            raise SystemFailed(self.system, "unreadable")
        said = cast("dict[str, object]", answer)
        if said.get("ok") is True or (gone and said.get("error") == gone):
            return said
        raise SystemFailed(self.system, "throttled" if said.get("error") == "ratelimited" else "refused")


def _said(system: str, answer: object, name: str) -> str:
    """A text of an answer.

    Raises:
        SystemFailed: the answer is not the documented one.
    """
    found = cast("dict[str, object]", answer).get(name) if isinstance(answer, dict) else None
    if not isinstance(found, str) or not found:
        raise SystemFailed(system, "unreadable")
    return found
