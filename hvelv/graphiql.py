"""GraphiQL from this server alone: its files come from an installed package, checked by digest; no other host is asked.

The files are not part of this tree. `install` tells the command that fetches them; without them a page says so.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route

Handler = Callable[[Request], Awaitable[Response]]

PLACE: Final = "/graphiql"
REQUIREMENTS: Final = Path(__file__).with_name("graphiql.txt")
FOLDER: Final = Path("datasette_graphql") / "static"


@dataclass(frozen=True, slots=True)
class File:
    """A file of the package: what to serve it as, and the SHA-256 it must have."""

    name: str
    kind: str
    digest: str


FILES: Final[Mapping[str, File]] = {
    "react.js": File(
        "react.production.17.0.2.min.js",
        "text/javascript",
        "229bbf4d0e7488209564152c6723497f1ac3934136ca1684233d2fa88fa4146f",
    ),
    "react-dom.js": File(
        "react-dom.production.17.0.2.min.js",
        "text/javascript",
        "9db33292007ab6c38527b39d5663e976a305564e19b2a5a8713ea2b2c00f505d",
    ),
    "graphiql.js": File(
        "graphiql.1.5.1.min.js",
        "text/javascript",
        "9c20bc35119ca707808aec82767136b79ffbb5326a305823b1096602287f723d",
    ),
    "graphiql.css": File(
        "graphiql.1.5.1.min.css",
        "text/css",
        "1c00d0a3052e16e9b4dbe0a492fe58bb9ca04682e594766a8344c565763b3472",
    ),
}

SCRIPT: Final = """
var fetcher = function (params, options) {
  var headers = Object.assign(
    { accept: "application/graphql-response+json, application/json", "content-type": "application/json" },
    (options && options.headers) || {});
  return fetch("%s", { method: "POST", credentials: "omit", headers: headers, body: JSON.stringify(params) })
    .then(function (answer) { return answer.json(); });
};
ReactDOM.render(React.createElement(GraphiQL, {
  fetcher: fetcher,
  headerEditorEnabled: true,
  shouldPersistHeaders: false,
  defaultQuery: "# A token goes into the headers below: {\\"authorization\\": \\"Bearer ...\\"}\\n" +
    "query Me {\\n  me { email name projects { address journey { fact first } } }\\n}\\n"
}), document.getElementById("graphiql"));
"""
STYLE: Final = "html,body,#graphiql{height:100%;margin:0}"

PAGE: Final = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Hvelv</title>
<link rel="icon" href="data:,"><link rel="stylesheet" href="{place}/graphiql.css"><style>{style}</style></head>
<body><div id="graphiql"></div><script src="{place}/react.js"></script><script src="{place}/react-dom.js"></script>
<script src="{place}/graphiql.js"></script><script>{script}</script></body></html>
"""
ABSENT: Final = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Hvelv</title></head>
<body><p>GraphiQL is not installed. Run <code>make graphiql</code> and start again, or send <code>POST</code>s to
<code>{graphql}</code>.</p></body></html>
"""


class Tampered(Exception):
    """An installed file is not the one this program was reviewed with; names the file."""


def installed(folder: Path | None) -> Mapping[str, bytes]:
    """The files, each checked; none where the package is not installed.

    Raises:
        Tampered: a file has another digest.
    """
    if folder is None or not (folder / FOLDER).is_dir():
        return {}
    found: dict[str, bytes] = {}
    for name, file in FILES.items():
        content = (folder / FOLDER / file.name).read_bytes()
        if sha256(content).hexdigest() != file.digest:
            raise Tampered(f"`{file.name}` is not the file that was reviewed: install it again")
        found[name] = content
    return found


def policy_of(script: str) -> str:
    """The content security policy: this server, and the one script written into the page."""
    digest = b64encode(sha256(script.encode()).digest()).decode("ascii")
    return (
        f"default-src 'none'; script-src 'self' 'sha256-{digest}'; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data:; font-src 'self' data:; connect-src 'self'; base-uri 'none'; "
        "frame-ancestors 'none'; form-action 'none'"
    )


def routes(folder: Path | None, graphql: str) -> Sequence[BaseRoute]:
    """The page and its files."""
    files = installed(folder)
    if not files:
        return [Route(PLACE, _page(ABSENT.format(graphql=graphql), None))]
    script = SCRIPT % graphql
    page = PAGE.format(place=PLACE, style=STYLE, script=script)
    return [
        Route(PLACE, _page(page, policy_of(script))),
        *(Route(f"{PLACE}/{name}", _file(content, FILES[name].kind)) for name, content in files.items()),
    ]


def _page(text: str, policy: str | None) -> Handler:
    async def page(_: Request) -> Response:
        return HTMLResponse(text, headers={"content-security-policy": policy} if policy else {})

    return page


def _file(content: bytes, kind: str) -> Handler:
    async def file(_: Request) -> Response:
        return Response(content, media_type=kind)

    return file
