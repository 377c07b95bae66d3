"""`InsecureMailChimpStandIn`: the documented list members API of MailChimp over TLS, one audience, in memory.

Batch subscribe with `update_existing`, list by status with `count` and `offset`, update; it refuses the addresses it
has been told to refuse. Members that unsubscribed by API are named so in `unsubscribe_reason`, as the real one does.
"""

from __future__ import annotations

from base64 import b64decode
from dataclasses import dataclass, field
from hashlib import md5
from typing import Any

from https_standin import Asked, Reply

AUDIENCE = "a1b2c3"
KEY = "key-of-the-stand-in"
LIST = f"/3.0/lists/{AUDIENCE}"


def named(address: str) -> str:
    return md5(address.lower().encode(), usedforsecurity=False).hexdigest()


@dataclass
class MailChimpStandIn:
    """One audience: id of a member to its record."""

    members: dict[str, dict[str, Any]] = field(default_factory=dict)
    refusing: set[str] = field(default_factory=set)

    def __call__(self, asked: Asked) -> Reply:
        login = b64decode(asked.headers.get("authorization", "").removeprefix("Basic ")).decode()
        if not login.endswith(f":{KEY}"):
            return Reply(401, {"title": "API Key Invalid"})
        if (asked.method, asked.path) == ("POST", LIST):
            return self._batch(asked.json)
        if (asked.method, asked.path) == ("GET", f"{LIST}/members"):
            return self._page(asked.query)
        member = self.members.get(asked.path.removeprefix(f"{LIST}/members/"))
        if asked.method != "PATCH" or member is None:
            return Reply(404, {"title": "Resource Not Found"})
        member.update(asked.json, unsubscribe_reason="N/A (Unsubscribed by an admin)")
        return Reply(200, member)

    def _batch(self, body: dict[str, Any]) -> Reply:
        if len(body["members"]) > 500:
            return Reply(400, {"title": "Invalid Resource"})
        errors: list[dict[str, str]] = []
        for sent in body["members"]:
            if sent["email_address"] in self.refusing:
                errors.append({"email_address": sent["email_address"], "error_code": "ERROR_GENERIC"})
            elif (known := self.members.get(named(sent["email_address"]))) is None or body["update_existing"]:
                self.members[named(sent["email_address"])] = {**(known or {}), **sent}
        return Reply(200, {"new_members": [], "updated_members": [], "errors": errors, "error_count": len(errors)})

    def _page(self, query: dict[str, str]) -> Reply:
        start, count = int(query["offset"]), int(query["count"])
        found = [{"id": name, **member} for name, member in self.members.items() if member["status"] == query["status"]]
        wanted = {field.removeprefix("members.") for field in query["fields"].split(",")}
        page = [{key: value for key, value in each.items() if key in wanted} for each in found[start : start + count]]
        return Reply(200, {"members": page})

    def unsubscribe(self, address: str) -> None:
        """As a reader does by the link in a campaign."""
        self.members[named(address)].update(status="unsubscribed", unsubscribe_reason="NORMAL")

    def reached(self) -> dict[str, dict[str, str]]:
        """Address to what is known of it, of those who get the newsletter."""
        return {m["email_address"]: m["merge_fields"] for m in self.members.values() if m["status"] == "subscribed"}
