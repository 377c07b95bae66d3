"""`InsecureProviderStandIn`s of Mailgun, Twilio and Slack: their documented message calls over TLS, kept in memory."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass, field
from typing import Any

from https_standin import Asked, Reply


def basic(user: str, password: str) -> str:
    return "Basic " + b64encode(f"{user}:{password}".encode()).decode()


@dataclass
class MailgunStandIn:
    """`POST /v3/{domain}/messages`."""

    kept: dict[str, dict[str, str]] = field(default_factory=dict)

    def __call__(self, asked: Asked) -> Reply:
        if asked.headers.get("authorization") != basic("api", "mailgun-key"):
            return Reply(401, b"Forbidden")
        form = dict(asked.form)
        if asked.path != "/v3/mail.otovo.no/messages" or not {"from", "to", "subject", "text"} <= form.keys():
            return Reply(400, {"message": "to parameter is missing"})
        self.kept[form["h:Message-Id"]] = form
        return Reply(200, {"id": form["h:Message-Id"], "message": "Queued. Thank you."})


@dataclass
class TwilioStandIn:
    """`Messages.json` of one account, and the message resource."""

    kept: dict[str, dict[str, str]] = field(default_factory=dict)

    def __call__(self, asked: Asked) -> Reply:
        if asked.headers.get("authorization") != basic("AC1", "twilio-token"):
            return Reply(401, {"code": 20003})
        root = "/2010-04-01/Accounts/AC1/Messages"
        if (asked.method, asked.path) == ("POST", f"{root}.json"):
            name = f"SM{len(self.kept) + 1:032x}"
            self.kept[name] = dict(asked.form)
            return Reply(201, {"sid": name, "status": "queued", "body": self.kept[name]["Body"]})
        name = asked.path.removeprefix(f"{root}/").removesuffix(".json")
        if asked.method == "DELETE" and self.kept.pop(name, None) is not None:
            return Reply(204)
        return Reply(404, {"code": 20404})


@dataclass
class SlackStandIn:
    """`chat.postMessage` and `chat.delete`."""

    kept: dict[str, dict[str, Any]] = field(default_factory=dict)

    def __call__(self, asked: Asked) -> Reply:
        if asked.headers.get("authorization") != "Bearer slack-token":
            return Reply(200, {"ok": False, "error": "invalid_auth"})
        body = asked.json
        if asked.path == "/api/chat.postMessage":
            at = f"1503435956.{len(self.kept):06}"
            self.kept[at] = body
            return Reply(200, {"ok": True, "channel": body["channel"], "ts": at, "message": {"text": body["text"]}})
        if asked.path == "/api/chat.delete" and self.kept.pop(body["ts"], None) is not None:
            return Reply(200, {"ok": True, "channel": body["channel"], "ts": body["ts"]})
        return Reply(200, {"ok": False, "error": "message_not_found"})
