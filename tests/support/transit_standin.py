"""`InsecureTransitStandIn`: the documented HTTP API of the Transit engine of Vault and OpenBao, over loopback.

Only what our key service asks for: read, rotate, config and trim of a key, encrypt and decrypt in batches. Keys lie
in memory, so it keeps no secret; it serves the contract tests, which run on a real server as well. It can be told to
be sealed, slow, throttled, to answer parts of a batch, or anything else.
"""

from __future__ import annotations

import json
import os
import threading
from base64 import b64decode, b64encode
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

Body = dict[str, Any]
TOKEN = "token of the stand-in"


class Answer(Exception):
    """Ends a request with this status and body."""

    def __init__(self, status: int, body: object) -> None:
        super().__init__(status)
        self.status = status
        self.body = body


def refuse(status: int, *messages: str) -> Answer:
    return Answer(status, {"errors": list(messages)})


@dataclass
class TransitKey:
    """One named key, with the attributes that reading it shows."""

    type: str = "aes256-gcm96"
    derived: bool = True
    exportable: bool = False
    allow_plaintext_backup: bool = False
    convergent_encryption: bool = False
    min_decryption_version: int = 1
    min_encryption_version: int = 0
    min_available_version: int = 0
    roots: dict[int, bytes] = field(default_factory=lambda: {1: os.urandom(32)})

    @property
    def latest(self) -> int:
        return max(self.roots)

    def shown(self, name: str) -> Body:
        """What `GET keys/<name>` answers."""
        shown = {
            "name": name,
            "type": self.type,
            "derived": self.derived,
            "exportable": self.exportable,
            "allow_plaintext_backup": self.allow_plaintext_backup,
            "deletion_allowed": False,
            "latest_version": self.latest,
            "min_available_version": self.min_available_version,
            "min_decryption_version": self.min_decryption_version,
            "min_encryption_version": self.min_encryption_version,
            "keys": {str(version): 0 for version in self.roots if version >= self.min_decryption_version},
            "supports_encryption": True,
            "supports_decryption": True,
            "supports_derivation": True,
        }
        # a real server names this one only where it is set
        return shown | ({"convergent_encryption": True} if self.convergent_encryption else {})

    def configure(self, body: Body) -> None:
        """Raise the minimum versions, within what there is."""
        for attribute in ("min_encryption_version", "min_decryption_version"):
            version = int(body.get(attribute, getattr(self, attribute)))
            if version > self.latest:
                raise refuse(400, f"cannot set {attribute} of {version}, latest key version is {self.latest}")
            if 0 < version < self.min_available_version:
                raise refuse(400, f"{attribute} should not be less than min available version")
            setattr(self, attribute, version)
        if 0 < self.min_encryption_version < self.min_decryption_version:
            raise refuse(400, "min encryption version must be greater than or equal to min decryption version")

    def trim(self, body: Body) -> None:
        """Forget versions for good."""
        version = int(body["min_available_version"])
        if not self.min_encryption_version or version > min(self.min_encryption_version, self.min_decryption_version):
            raise refuse(
                400, "minimum available version cannot be higher than minimum encryption or decryption version"
            )
        if version < self.min_available_version:
            raise refuse(400, "minimum available version cannot be decremented")
        self.min_available_version = version
        self.roots = {number: root for number, root in self.roots.items() if number >= version}

    def cipher(self, version: int, item: Body) -> AESGCM:
        """Of the key derived for the item's context."""
        if not item.get("context"):
            raise ValueError("missing 'context' for key derivation; the key was created using a derived key")
        context = b64decode(item["context"], validate=True)
        return AESGCM(HKDF(SHA256(), 32, None, context).derive(self.roots[version]))

    def encrypt(self, item: Body) -> Body:
        version = int(item.get("key_version") or self.latest)
        if version > self.latest:
            raise ValueError("requested version for encryption is higher than the latest key version")
        if version < max(self.min_encryption_version, min(self.roots)):
            raise ValueError("requested version for encryption is less than the minimum encryption key version")
        nonce = os.urandom(12)
        sealed = nonce + self.cipher(version, item).encrypt(nonce, b64decode(item["plaintext"], validate=True), None)
        return {"ciphertext": f"vault:v{version}:{b64encode(sealed).decode()}", "key_version": version}

    def decrypt(self, item: Body) -> Body:
        prefix, separator, encoded = item["ciphertext"].removeprefix("vault:v").partition(":")
        if not item["ciphertext"].startswith("vault:v") or not separator:
            raise ValueError("invalid ciphertext: no prefix")
        version = int(prefix)
        if version > self.latest:
            raise ValueError("invalid ciphertext: version is too new")
        if version < self.min_decryption_version or version not in self.roots:
            raise ValueError("ciphertext or signature version is disallowed by policy (too old)")
        sealed = b64decode(encoded, validate=True)
        try:
            plain = self.cipher(version, item).decrypt(sealed[:12], sealed[12:], None)
        except InvalidTag:
            raise ValueError("cipher: message authentication failed") from None
        return {"plaintext": b64encode(plain).decode()}


@dataclass
class InsecureTransitStandIn:
    """The server's state and the ways it can misbehave.

    Attributes:
        keys: by name, at mount `transit`.
        gone: hang up without an answer, as a server does that is no longer there.
        sealed: answer 503 as a sealed server does.
        status: answer every request with this status instead.
        delay_seconds: answer so late.
        drop_results: leave so many results out of a batch's answer.
        blank_results: empty so many results of a batch's answer.
        soft_errors: report failed items of a batch with status 200.
        body: answer 200 with these bytes instead.
        redirect: answer 307 to here instead.
        requests: "<method> <path>" of everything asked.
    """

    keys: dict[str, TransitKey] = field(default_factory=dict)
    gone: bool = False
    sealed: bool = False
    status: int | None = None
    delay_seconds: float = 0
    drop_results: int = 0
    blank_results: int = 0
    soft_errors: bool = False
    body: bytes | None = None
    redirect: str | None = None
    requests: list[str] = field(default_factory=list)
    address: str = ""
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _closing: threading.Event = field(default_factory=threading.Event)

    def answer(self, method: str, path: str, token: str | None, body: Body) -> Answer:
        """What the server says to a request."""
        self._closing.wait(self.delay_seconds)
        self.requests.append(f"{method} {path}")
        if self.sealed:
            return refuse(503, "Vault is sealed")
        if self.status is not None:
            return refuse(self.status, "told to")
        if token != TOKEN:
            return refuse(403, "permission denied")
        try:
            with self._lock:
                return self._serve(method, path.removeprefix("/v1/transit/").split("/"), body)
        except Answer as answer:
            return answer

    def _serve(self, method: str, steps: list[str], body: Body) -> Answer:
        match method, steps:
            case "GET", ["keys", name]:
                return Answer(200, {"data": self._key(name, 404).shown(name)})
            case "POST", ["keys", name, "rotate"]:
                key = self._key(name, 400)
                key.roots[key.latest + 1] = os.urandom(32)
                return Answer(204, None)
            case "POST", ["keys", name, "config"]:
                self._key(name, 400).configure(body)
                return Answer(204, None)
            case "POST", ["keys", name, "trim"]:
                self._key(name, 400).trim(body)
                return Answer(204, None)
            case "POST", ["encrypt" | "decrypt" as operation, name]:
                return self._batch(self._key(name, 400), operation, body)
            case _:
                return refuse(404, "unsupported path")

    def _key(self, name: str, status: int) -> TransitKey:
        if name not in self.keys:
            raise refuse(status, *(["encryption key not found"] if status == 400 else []))
        return self.keys[name]

    def _batch(self, key: TransitKey, operation: str, body: Body) -> Answer:
        results: list[Body] = []
        for item in body["batch_input"]:
            try:
                results.append(key.encrypt(item) if operation == "encrypt" else key.decrypt(item))
            except ValueError as error:
                results.append({"error": str(error)})
        status = 400 if any("error" in result for result in results) and not self.soft_errors else 200
        results = [{} if at < self.blank_results else result for at, result in enumerate(results)]
        return Answer(status, {"data": {"batch_results": results[self.drop_results :]}})

    @contextmanager
    def serving(self) -> Generator[InsecureTransitStandIn]:
        """Serve from a thread until left; `address` tells where."""
        server = _Server(self)
        self.address = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield self
        finally:
            self._closing.set()
            server.shutdown()
            server.server_close()
            thread.join()


class _Server(ThreadingHTTPServer):
    """Knows whose requests it takes."""

    def __init__(self, standin: InsecureTransitStandIn) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.standin = standin


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # one packet an answer, so that nobody waits for an acknowledgement in between
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def _answer(self) -> None:
        standin = cast("_Server", self.server).standin
        sent = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if standin.gone:
            self.close_connection = True
            return
        answer = standin.answer(self.command, self.path, self.headers.get("X-Vault-Token"), json.loads(sent or b"{}"))
        content = b"" if answer.body is None else json.dumps(answer.body).encode()
        with suppress(ConnectionError):  # the client gave up waiting
            if standin.redirect is not None:
                self._send(307, b"", standin.redirect)
            elif standin.body is not None:
                self._send(200, standin.body)
            else:
                self._send(answer.status, content)

    def _send(self, status: int, content: bytes, location: str | None = None) -> None:
        self.send_response(status)
        if location is not None:
            self.send_header("Location", location)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - named by the base class
        """Say nothing."""
