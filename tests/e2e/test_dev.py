"""`hvelv dev` from nothing: 500 invented people, a token for everybody it promises one, and samples that answer."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest
from databases import connect

from hvelv import cluster
from hvelv.embedded import EmbeddedPostgres
from hvelv.serving import free_port

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
ENOUGH_LINES = 60


@dataclass(frozen=True)
class Running:
    """The command, and what it printed until it served."""

    process: subprocess.Popen[str]
    said: str
    folder: Path

    @property
    def tokens(self) -> dict[str, str]:
        return dict(re.findall(r"export (\w+)=(hv_\S+)", self.said))

    @property
    def samples(self) -> list[tuple[str, str, str]]:
        """Of each sample its address, whose token it wants, and its body."""
        joined = self.said.replace("\\\n", "")
        return re.findall(r"curl -s (\S+) .*Bearer \$(\w+)\" -d '(.*)'", joined)


@pytest.fixture(scope="module")
async def running(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Running]:
    folder = tmp_path_factory.mktemp("dev") / "data"
    env = {**os.environ, "HVELV_DATA_DIR": str(folder), "HVELV_PORT": str(free_port()), "NO_COLOR": "1"}
    process = subprocess.Popen(
        [sys.executable, "-m", "hvelv", "dev"], cwd=ROOT, env=env, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    assert process.stdout is not None
    said = ""
    for _ in range(ENOUGH_LINES):
        said += process.stdout.readline()
        if said.count("curl -s") == 6 and said.rstrip().endswith("'"):
            break
    yield Running(process, said, folder)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)


def asked(running: Running, number: int) -> dict[str, Any]:
    address, name, body = running.samples[number]
    headers = {"content-type": "application/json", "authorization": f"Bearer {running.tokens[name]}"}
    answer: dict[str, Any] = httpx2.post(address, content=body, headers=headers, timeout=30).json()
    return answer


async def test_five_hundred_people_and_three_power_customers_are_there(running: Running) -> None:
    server = EmbeddedPostgres(running.folder / "postgres")
    server.attach()
    connection = await connect(server.dsn(cluster.OWNER, "hvelv_control"))
    assert await connection.fetchval("select count(*) from subject") == 503
    await connection.close()


async def test_everybody_it_promises_gets_a_token_that_differs(running: Running) -> None:
    assert set(running.tokens) == {
        "CUSTOMER", "METERED", "GRID", "ADVISOR", "INSTALLER", "DPO", "SECOND_PERSON", "WEBSITE",
    }  # fmt: skip
    assert len(set(running.tokens.values())) == 8


async def test_the_samples_answer_as_they_are_meant_to(running: Running) -> None:
    mine, accesses, cases, without_reason, ledger, metered = (asked(running, number) for number in range(6))
    assert "errors" not in mine
    assert mine["data"]["me"]["email"]
    assert accesses["data"]["me"]["accesses"]["edges"]
    assert "errors" not in cases
    assert len(cases["data"]["customers"]["edges"]) == 3
    assert all(edge["node"]["phone"] for edge in cases["data"]["customers"]["edges"])
    assert {each["extensions"].get("rule") for each in without_reason["errors"]} == {"reason"}
    assert "+47" not in json.dumps(without_reason)
    assert len(ledger["data"]["ledger"]["edges"]) == 5
    (contract,) = metered["data"]["me"]["powerContracts"]
    assert sum(wh or 0 for wh in contract["meteringPoints"][0]["series"]["energyWh"]) > 1_000_000


async def test_an_entry_soon_has_its_proof(running: Running) -> None:
    bearer = {"authorization": f"Bearer {running.tokens['CUSTOMER']}"}
    query = {"query": "{ me { accesses(first: 50) { edges { node { proof { key index } } } } } }"}
    entries: list[Any] = []
    for _ in range(60):
        answer = httpx2.post(running.samples[0][0], json=query, headers=bearer, timeout=30).json()
        entries = answer["data"]["me"]["accesses"]["edges"]
        if entries[-1]["node"]["proof"]:
            break
        await asyncio.sleep(0.5)
    assert entries[-1]["node"]["proof"]["key"].startswith("hvelv/ledger/")


async def test_an_interrupt_ends_it_in_order_and_stops_the_database(running: Running) -> None:
    running.process.send_signal(signal.SIGINT)
    rest, _ = running.process.communicate(timeout=60)
    assert "Traceback" not in rest
    assert running.process.returncode in {0, 130}
    assert not (running.folder / "postgres" / "postmaster.pid").exists()
    assert not list(running.folder.rglob("postmaster.pid"))
