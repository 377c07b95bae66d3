"""Stands in for a witness of somebody else: c2sp.org/tlog-witness over HTTP, with checks of its own, not Hvelv's.

It is told beforehand which key signs which log, as an operator would be, and cosigns nothing.
"""

from __future__ import annotations

import base64
import hashlib
import threading
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


def node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def consistent(first: int, second: int, old: bytes, new: bytes, proof: Sequence[bytes]) -> bool:  # noqa: C901  (the steps of the RFC, as they stand there)
    """RFC 9162 § 2.1.4.2, step by step."""
    if first == second:
        return old == new and not proof
    path = [old, *proof] if first & (first - 1) == 0 else list(proof)
    if not path:
        return False
    fn, sn = first - 1, second - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    fr = sr = path[0]
    for c in path[1:]:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            fr, sr = node(c, fr), node(c, sr)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            sr = node(sr, c)
        fn, sn = fn >> 1, sn >> 1
    return (fr, sr, sn) == (old, new, 0)


@dataclass(slots=True)
class StandIn:
    """What it knows and holds: origin to public key, origin to (size, root)."""

    address: str = ""
    keys: dict[str, bytes] = field(default_factory=dict[str, bytes])
    held: dict[str, tuple[int, bytes]] = field(default_factory=dict[str, tuple[int, bytes]])
    broken: int | None = None
    requests: int = 0
    turn: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, body: str) -> tuple[int, str]:
        head, _, note = body.partition("\n\n")
        first, *lines = head.split("\n")
        text, _, signatures = note.rpartition("\n\n")
        origin, size, root = (text + "\n").split("\n")[:3]
        if origin not in self.keys:
            return 404, ""
        if not self._signed(origin, text + "\n", signatures):
            return 403, ""
        old, new = int(first.removeprefix("old ")), (int(size), base64.b64decode(root))
        return self._added(origin, old, new, [base64.b64decode(line) for line in lines])

    def _added(self, origin: str, old: int, new: tuple[int, bytes], proof: Sequence[bytes]) -> tuple[int, str]:
        size, root = self.held.get(origin, (0, b""))
        if old > new[0]:
            return 400, ""
        if old != size or (old == new[0] and root != new[1]):
            return 409, f"{size}\n"
        if old and not consistent(old, new[0], root, new[1], proof):
            return 422, ""
        self.held[origin] = new
        return 200, ""

    def _signed(self, origin: str, text: str, signatures: str) -> bool:
        for line in signatures.splitlines():
            if line.startswith(f"— {origin} "):
                raw = base64.b64decode(line.rpartition(" ")[2])
                try:
                    Ed25519PublicKey.from_public_bytes(self.keys[origin]).verify(raw[4:], text.encode())
                except InvalidSignature:
                    continue
                return True
        return False


@contextmanager
def standing_in() -> Generator[StandIn]:
    """A witness that answers for as long as this lasts."""
    state = StandIn()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:  # the name that the library calls
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            with state.turn:
                state.requests += 1
                status, text = (state.broken, "") if state.broken else state.answer(body)
            self.send_response(status if self.path == "/add-checkpoint" else 404)
            self.send_header("content-type", "text/x.tlog.size" if text else "text/plain")
            self.send_header("content-length", str(len(text)))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  (the library's own signature)
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    state.address = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
