"""HTTP: one way in. `POST` of one JSON request in UTF-8, at most 64 KiB, answered by the GraphQL-over-HTTP rules.

No `GET`, no batches, no multipart, no socket, no stream: not switched off but absent. A request that cannot be executed
is answered without `data`, and with a 4xx status to a client that accepts `application/graphql-response+json`; what
execution itself could not give is an entry of `errors` beside the data.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from policies.model import Principal
from resolvers.documents import MAX_BYTES
from resolvers.service import Given, Service
from resolvers.translation import NOBODY, Declined, Problem, shown, translate
from schema.errors import Code
from vault.request import Secret

RESPONSE: Final = "application/graphql-response+json"
JSON: Final = "application/json"
LONGEST_TOKEN: Final = 256
LONGEST_LENGTH: Final = 12  # digits: a longer announcement takes long to read

STATUS: Final[Mapping[Code, HTTPStatus]] = {
    Code.METHOD_NOT_ALLOWED: HTTPStatus.METHOD_NOT_ALLOWED,
    Code.UNSUPPORTED_MEDIA_TYPE: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    Code.TOO_LARGE: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    Code.BAD_REQUEST: HTTPStatus.BAD_REQUEST,
    Code.UNAUTHENTICATED: HTTPStatus.UNAUTHORIZED,
    Code.UNAVAILABLE: HTTPStatus.SERVICE_UNAVAILABLE,
    Code.INTERNAL: HTTPStatus.INTERNAL_SERVER_ERROR,
}
"""The status of a request that never reached a document, whatever the client accepts."""


class Endpoint:
    """The one route of GraphQL."""

    def __init__(self, service: Service) -> None:
        self._service = service

    async def handle(self, request: Request) -> Response:
        """Answer one HTTP request."""
        accepted = media_type(request.headers.get("accept", ""))
        try:
            body = await _body(request)
            who = await self._caller(request)
            answer = await self._service.answer(_given(body), who)
        except Declined as declined:
            return _refused(declined.problem, accepted)
        except Exception as error:  # noqa: BLE001  (nothing may leave here with a message or a traceback)
            return _refused(translate(error, NOBODY), accepted)
        status = HTTPStatus.OK if answer.executed or accepted == JSON else HTTPStatus.BAD_REQUEST
        return _response(answer.body, status, accepted)

    async def _caller(self, request: Request) -> Principal | None:
        """Who bears the token; nobody without one. A token that is not accepted is never nobody."""
        header = request.headers.get("authorization")
        if header is None:
            return None
        scheme, _, token = header.partition(" ")
        if scheme.lower() != "bearer" or not 0 < len(token.strip()) <= LONGEST_TOKEN:
            raise Declined(Code.UNAUTHENTICATED)
        house = self._service.house
        return await house.authenticate(house.vault, Secret(token.strip()))


def media_type(accept: str) -> str:
    """What to answer in: of the two types the one accepted more, `application/json` where the client does not say."""
    best, weight = JSON, 0.0
    for part in accept.split(","):
        name, *parameters = (piece.strip().lower() for piece in part.split(";"))
        q = next((_quality(p[2:]) for p in parameters if p.startswith("q=")), 1.0)
        if name in {RESPONSE, JSON} and q > weight:
            best, weight = name, q
    return best


def _quality(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0


async def _body(request: Request) -> bytes:
    if request.method != "POST":
        raise Declined(Code.METHOD_NOT_ALLOWED)
    kind, *parameters = (piece.strip().lower() for piece in request.headers.get("content-type", "").split(";"))
    charsets = [p.partition("=")[2].strip('"') for p in parameters if p.startswith("charset=")]
    if kind != JSON or charsets not in ([], ["utf-8"]):
        raise Declined(Code.UNSUPPORTED_MEDIA_TYPE)
    announced = request.headers.get("content-length", "0")
    if (
        not (announced.isascii() and announced.isdigit())
        or len(announced) > LONGEST_LENGTH
        or int(announced) > MAX_BYTES
    ):
        raise Declined(Code.TOO_LARGE)
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BYTES:
            raise Declined(Code.TOO_LARGE)
    return bytes(body)


def _given(body: bytes) -> Given:
    """The request in a body: an object with `query`, and `variables`, `operationName`, `extensions` of their types."""
    try:
        read = json.loads(body.decode("utf-8"))
    except (ValueError, RecursionError) as bad:
        raise Declined(Code.BAD_REQUEST) from bad
    match read:
        case {"query": str(query)}:
            variables, operation = read.get("variables"), read.get("operationName")
            if all(isinstance(read.get(name), dict | None) for name in ("variables", "extensions")) and isinstance(
                operation, str | None
            ):
                return Given(query, variables or {}, operation)
            raise Declined(Code.BAD_REQUEST)
        case _:
            raise Declined(Code.BAD_REQUEST)


def _refused(problem: Problem, accepted: str) -> Response:
    status = STATUS.get(problem.code, HTTPStatus.BAD_REQUEST)
    response = _response({"errors": [shown(problem)]}, status, accepted)
    if problem.code is Code.UNAUTHENTICATED:
        response.headers["www-authenticate"] = "Bearer"
    if problem.code is Code.METHOD_NOT_ALLOWED:
        response.headers["allow"] = "POST"
    return response


def _response(body: Mapping[str, Any], status: HTTPStatus, accepted: str) -> Response:
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return Response(text.encode("utf-8", "replace"), status_code=status, media_type=f"{accepted}; charset=utf-8")
