"""`InsecureChannelStandIn`s of Zendesk and Smooch: what their documented APIs say of users and messages, in memory.

Zendesk deletes in two steps, and what was deleted once may be restored until it is deleted for good; pages are short so
that they are followed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from https_standin import Asked, Reply

PAGE = 2


def paged(asked: Asked, name: str, rows: list[dict[str, Any]]) -> Reply:
    """A page by number, with the address of the next one."""
    page = int(asked.query.get("page", "1"))
    more = len(rows) > page * PAGE
    return Reply(200, {name: rows[(page - 1) * PAGE : page * PAGE], "next_page": "https://next" if more else None})


@dataclass
class ZendeskStandIn:
    """Users, tickets with comments, and the two bins."""

    users: dict[int, dict[str, Any]] = field(default_factory=dict)
    tickets: dict[int, dict[str, Any]] = field(default_factory=dict)
    deleted_users: dict[int, dict[str, Any]] = field(default_factory=dict)
    deleted_tickets: dict[int, dict[str, Any]] = field(default_factory=dict)
    count: int = 0

    def __call__(self, asked: Asked) -> Reply:  # noqa: C901, PLR0911  (one row for each call of the API)
        if asked.headers.get("authorization") != "Bearer channel-token":
            return Reply(401)
        path = asked.path.removeprefix("/api/v2/").removesuffix(".json")
        match asked.method, path.split("/"):
            case "GET", ["users", "search"]:
                found = [u for u in self.users.values() if u["external_id"] == asked.query["external_id"]]
                return Reply(200, {"users": found, "next_page": None})
            case "POST", ["tickets"]:
                return self._store(asked.json["ticket"])
            case "GET", ["users", user, "tickets", "requested"]:
                return paged(asked, "tickets", [t for t in self.tickets.values() if t["requester_id"] == int(user)])
            case "GET", ["tickets", ticket, "comments"]:
                return paged(asked, "comments", self.tickets[int(ticket)]["comments"])
            case "GET", ["deleted_tickets"]:
                return paged(asked, "deleted_tickets", list(self.deleted_tickets.values()))
            case "GET", ["deleted_users"]:
                return paged(asked, "deleted_users", list(self.deleted_users.values()))
            case "DELETE", [kind, number]:
                return self._delete(kind, int(number))
            case _:
                return Reply(404)

    def _store(self, ticket: dict[str, Any]) -> Reply:
        self.count += 1
        alias = ticket["requester"]["external_id"]
        user = next((u for u in self.users.values() if u["external_id"] == alias), None)
        if user is None:
            user = {"id": 100 + self.count, "external_id": alias, "name": ticket["requester"]["name"]}
            self.users[user["id"]] = user
        at = f"2026-11-24T10:00:{self.count:02}Z"
        comment = {"plain_body": ticket["comment"]["body"], "created_at": at}
        made = {"id": self.count, "subject": ticket["subject"], "requester_id": user["id"], "comments": [comment]}
        self.tickets[self.count] = made
        return Reply(201, {"ticket": {"id": self.count}})

    def _delete(self, kind: str, number: int) -> Reply:
        source: dict[int, dict[str, Any]] = getattr(self, kind)
        if number not in source:
            return Reply(404)
        gone = source.pop(number)
        if kind == "users":
            self.deleted_users[number] = {"id": number, "name": gone["name"]}
        if kind == "tickets":
            self.deleted_tickets[number] = gone
        return Reply(204)

    @property
    def left(self) -> str:
        """Everything that is anywhere."""
        return repr((self.users, self.tickets, self.deleted_users, self.deleted_tickets))


@dataclass
class SmoochStandIn:
    """Users, conversations and messages of one app."""

    users: set[str] = field(default_factory=set)
    conversations: dict[str, tuple[str, list[dict[str, Any]]]] = field(default_factory=dict)
    count: int = 0

    def __call__(self, asked: Asked) -> Reply:  # noqa: C901, PLR0911  (one row for each call of the API)
        if asked.headers.get("authorization") != "Bearer channel-token":
            return Reply(401)
        path = asked.path.removeprefix("/v2/apps/app1/")
        match asked.method, path.split("/"):
            case "POST", ["users"]:
                known = asked.json["externalId"] in self.users
                self.users.add(asked.json["externalId"])
                return Reply(409 if known else 201, {"user": {}})
            case "POST", ["conversations"]:
                self.count += 1
                self.conversations[f"c{self.count}"] = (asked.json["participants"][0]["userExternalId"], [])
                return Reply(201, {"conversation": {"id": f"c{self.count}"}})
            case "POST", ["conversations", name, "messages"]:
                self.count += 1
                at = f"2026-11-24T11:00:{self.count:02}Z"
                kept = {"id": f"m{self.count}", "received": at, "content": asked.json["content"]}
                self.conversations[name][1].append(kept)
                return Reply(201, {"messages": [kept]})
            case "GET", ["conversations"]:
                mine = [{"id": n} for n, (who, _) in self.conversations.items()
                        if who == asked.query["filter[userExternalId]"]]  # fmt: skip
                return self._after(asked, "conversations", mine)
            case "GET", ["conversations", name, "messages"]:
                return self._after(asked, "messages", self.conversations[name][1])
            case "DELETE", ["users", alias]:
                return self._delete(alias)
            case _:
                return Reply(404)

    def _after(self, asked: Asked, name: str, rows: list[dict[str, Any]]) -> Reply:
        names = [row["id"] for row in rows]
        after = asked.query.get("page[after]")
        start = names.index(after) + 1 if after in names else 0
        page = rows[start : start + PAGE]
        return Reply(200, {name: page, "meta": {"hasMore": len(rows) > start + PAGE}})

    def _delete(self, alias: str) -> Reply:
        if alias not in self.users:
            return Reply(404)
        self.users.discard(alias)
        self.conversations = {n: kept for n, kept in self.conversations.items() if kept[0] != alias}
        return Reply(204)

    @property
    def left(self) -> str:
        """Everything that is anywhere."""
        return repr((self.users, self.conversations))
