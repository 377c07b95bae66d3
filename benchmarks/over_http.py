"""`http`: a page of a hundred subjects with ten fields each over HTTP, decided, recorded and opened.

Ours, the natural design and like for like each serve in a process of their own, through the same HTTP server, and are
asked in turn over one kept connection each. The time is the client's, from the request to the last byte.
"""

from __future__ import annotations

import asyncio
import json
import time
from contextlib import AsyncExitStack
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

from benchmarks.ground import Ground, Pair, Town, connect, settled
from benchmarks.plain import expected, fill
from benchmarks.serve import serving
from benchmarks.table import Against, Figure, Results
from benchmarks.timing import median
from vault import Vault
from vault.request import Secret

ROOF = "azimuthDeg tiltDeg areaDm2 heightCm source fetchedOn"
NODE = f"edges {{ node {{ name phone email projects {{ address roof {{ {ROOF} }} }} }} }}"
OURS = f'query @access(purpose: OFFER, reason: "weekly review") {{ customers(first: %d) {{ {NODE} }} }}'
NATURAL = f'query {{ customers(advisor: "%s", first: %d) {{ {NODE} }} }}'
WARM_UP = 5
PROGRAMS = ("ours", "natural", "like")


class Client:
    """One kept connection that asks one question."""

    def __init__(self, url: str, query: str, bearer: Secret[str] | None) -> None:
        self._connection = HTTPConnection(urlsplit(url).netloc, timeout=30)
        self._body = json.dumps({"query": query}).encode()
        self._headers = {"content-type": "application/json", "accept": "application/json"}
        if bearer is not None:
            self._headers["authorization"] = f"Bearer {bearer.reveal()}"

    def ask(self) -> tuple[float, bytes]:
        """Seconds and the answer's body."""
        began = time.perf_counter()
        self._connection.request("POST", "/graphql", self._body, self._headers)
        body = self._connection.getresponse().read()
        return time.perf_counter() - began, body

    def close(self) -> None:
        """Hang up."""
        self._connection.close()


async def run(ground: Ground, results: Results) -> None:
    """Measure, check every answer, add two figures."""
    async with ground.pair() as pair, ground.plain() as plain:
        async with Vault(pair.house()) as vault:
            town = await settled(vault, ground.sizes.page)
        await fill(plain, town.everybody, town.advisor.account)
        page = ground.sizes.page
        async with AsyncExitStack() as stack:
            urls = {name: await stack.enter_async_context(serving(name, pair, plain)) for name in PROGRAMS}
            natural = Client(urls["natural"], NATURAL % (town.advisor.account, page), None)
            ours, like = [Client(urls[name], OURS % page, town.bearer) for name in ("ours", "like")]
            clients = {"ours": ours, "natural": natural, "like": like}
            times = await asyncio.to_thread(_alternate, clients, town, ground.sizes.runs, results)
            for client in clients.values():
                client.close()
        await _recorded(pair, town, WARM_UP + ground.sizes.runs, results)
    work = f"{page} × 10 over HTTP"
    middle = {name: median(seconds) for name, seconds in times.items()}
    results.figures += [
        Figure(work=work, ours=middle["ours"], other="stock Strawberry + Piccolo, plaintext", theirs=middle["natural"],
               against=Against.NATURAL, at_most=1.0),
        Figure(work=work, ours=middle["ours"], other="our resolvers over plaintext", theirs=middle["like"],
               against=Against.LIKE, at_most=1.5),
    ]  # fmt: skip


def _alternate(clients: dict[str, Client], town: Town, runs: int, results: Results) -> dict[str, list[float]]:
    wanted = {expected(person) for person in town.customers}
    times: dict[str, list[float]] = {name: [] for name in clients}
    for turn in range(WARM_UP + runs):
        for name, client in clients.items():
            seconds, body = client.ask()
            results.check(_values(json.loads(body)) == wanted, f"http: the answer of `{name}` is not what was stored")
            if turn >= WARM_UP:
                times[name].append(seconds)
    return times


def _values(answer: dict[str, Any]) -> set[tuple[object, ...]] | None:
    """The ten values of each customer; None where the answer has errors."""
    if answer.get("errors"):
        return None
    return {_ten(edge["node"]) for edge in answer["data"]["customers"]["edges"]}


def _ten(node: dict[str, Any]) -> tuple[object, ...]:
    (project,) = node["projects"]
    return (node["name"], node["phone"], node["email"], project["address"], *project["roof"].values())


async def _recorded(pair: Pair, town: Town, asked: int, results: Results) -> None:
    """Every answer of ours is in the ledger with all its fields."""
    connection = await connect(pair.owner("control"))
    found = await connection.fetchval(
        "select count(*) from ledger_entry where actor = $1 and kind = 'opened' and purpose = 'offer' and opened = $2",
        town.advisor.account, 10 * len(town.customers),
    )  # fmt: skip
    await connection.close()
    results.check(found == asked, "http: an opening is missing in the ledger")
