"""Zendesk and Smooch as systems that keep messages of a person: store, search, erase (COM-03, COM-04).

Both know a person by the alias the house gives them for that processor alone, never by an address: so they are searched
and erased by it, also after everything of the person was erased here. Every call is safe to repeat.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, cast
from uuid import UUID

from outreach.errors import SystemFailed
from outreach.fanout import Found
from outreach.https import Https, as_json
from vault.request import Secret

PAGES: Final = 1_000
"""So many pages are followed before an answer is taken for endless."""


class Zendesk:
    """Users by `external_id`, their tickets and comments; deletion in both of its steps, so nothing is left to restore.

    Source: developer.zendesk.com/api-reference/ticketing: users, tickets, deleted_users, deleted_tickets.
    """

    system: Final = "zendesk"

    def __init__(self, client: Https) -> None:
        self._client = client

    async def store(self, alias: UUID, text: Secret[str]) -> None:
        """A new ticket with this text, of the person of this alias."""
        requester = {"name": str(alias), "external_id": str(alias)}
        ticket = {"subject": str(alias), "comment": {"body": text.reveal()}, "requester": requester}
        await self._client.call("POST", "/api/v2/tickets.json", as_json({"ticket": ticket}))

    async def search(self, alias: UUID) -> Sequence[Found]:
        """Every comment of every ticket, oldest first."""
        found: list[Found] = []
        for user in await self._users(alias):
            for ticket in await self._all(f"/api/v2/users/{user}/tickets/requested.json", "tickets"):
                comments = await self._all(f"/api/v2/tickets/{ticket['id']}/comments.json", "comments")
                found += [
                    Found(self.system, "message", str(each["created_at"]), Secret(str(each["plain_body"])))
                    for each in comments
                ]
        return sorted(found, key=lambda each: each.at)

    async def erase(self, alias: UUID) -> None:
        """Tickets first, then the user; each is deleted and then deleted for good.

        What an attempt left in the bins is found there by the alias: it is the name of the user and the subject of the
        tickets that `store` made. A ticket that came to Zendesk another way and was left in the bin by a crash goes
        when Zendesk empties it, after thirty days.
        """
        for user in await self._users(alias):
            for ticket in await self._all(f"/api/v2/users/{user}/tickets/requested.json", "tickets"):
                await self._delete(f"tickets/{ticket['id']}")
                await self._delete(f"deleted_tickets/{ticket['id']}")
            await self._delete(f"users/{user}")
        await self._empty("deleted_tickets", "subject", alias)
        await self._empty("deleted_users", "name", alias)

    async def _empty(self, bin_name: str, key: str, alias: UUID) -> None:
        for gone in await self._all(f"/api/v2/{bin_name}.json", bin_name):
            if gone.get(key) == str(alias):
                await self._delete(f"{bin_name}/{gone['id']}")

    async def _delete(self, what: str) -> None:
        await self._client.call("DELETE", f"/api/v2/{what}.json", absent=True)

    async def _users(self, alias: UUID) -> list[str]:
        answer = await self._client.call("GET", "/api/v2/users/search.json", query={"external_id": str(alias)})
        return [str(user["id"]) for user in _listed(self.system, answer, "users")]

    async def _all(self, path: str, name: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        for page in range(1, PAGES):
            answer = await self._client.call("GET", path, query={"page": str(page)}, absent=True)
            if answer is None:
                return found
            found += _listed(self.system, answer, name)
            if answer.get("next_page") is None:
                return found
        raise SystemFailed(self.system, "unreadable")


class Smooch:
    """Sunshine Conversations: users by their external id, conversations, messages.

    Source: docs.smooch.io/rest: users, conversations, messages.
    """

    system: Final = "smooch"

    def __init__(self, client: Https, *, app: str) -> None:
        self._client = client
        self._app = f"/v2/apps/{app}"

    async def store(self, alias: UUID, text: Secret[str]) -> None:
        """A message in a conversation of the person of this alias; both are made where they are not there."""
        participants = [{"userExternalId": str(alias), "subscribeSDKClient": False}]
        body = {"type": "personal", "participants": participants}
        await self._client.call("POST", f"{self._app}/users", as_json({"externalId": str(alias)}), present=True)
        answer = await self._client.call("POST", f"{self._app}/conversations", as_json(body))
        name = _one(self.system, answer, "conversation")["id"]
        message = {
            "author": {"type": "user", "userExternalId": str(alias)},
            "content": {"type": "text", "text": text.reveal()},
        }
        await self._client.call("POST", f"{self._app}/conversations/{name}/messages", as_json(message))

    async def search(self, alias: UUID) -> Sequence[Found]:
        """Every text of every conversation, oldest first."""
        found: list[Found] = []
        for conversation in await self._all("/conversations", "conversations", {"filter[userExternalId]": str(alias)}):
            messages = await self._all(f"/conversations/{conversation['id']}/messages", "messages", {})
            found += [
                Found(self.system, "message", str(each["received"]), Secret(str(each["content"].get("text", ""))))
                for each in messages
            ]
        return sorted(found, key=lambda each: each.at)

    async def erase(self, alias: UUID) -> None:
        """The user; its clients, conversations and messages go with it."""
        await self._client.call("DELETE", f"{self._app}/users/{alias}", absent=True)

    async def _all(self, path: str, name: str, query: dict[str, str]) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        for _ in range(PAGES):
            after = {"page[after]": str(found[-1]["id"])} if found else {}
            answer = await self._client.call("GET", f"{self._app}{path}", query={**query, **after}, absent=True)
            if answer is None:
                return found
            found += _listed(self.system, answer, name)
            if not _one(self.system, answer, "meta").get("hasMore"):
                return found
        raise SystemFailed(self.system, "unreadable")


def _listed(system: str, answer: object, name: str) -> list[dict[str, Any]]:
    found = cast("dict[str, object]", answer).get(name) if isinstance(answer, dict) else None
    if not isinstance(found, list):
        raise SystemFailed(system, "unreadable")
    return cast("list[dict[str, Any]]", found)


def _one(system: str, answer: object, name: str) -> dict[str, Any]:
    found = cast("dict[str, object]", answer).get(name) if isinstance(answer, dict) else None
    if not isinstance(found, dict):
        raise SystemFailed(system, "unreadable")
    return cast("dict[str, Any]", found)
