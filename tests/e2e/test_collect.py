"""`hvelv collect` as a process: serves without a database and without a key, and logs no more than a route."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import httpx2
import pytest

from hvelv.serving import free_port

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]


async def test_the_gateway_serves_from_nothing_and_its_log_names_nobody(tmp_path: Path) -> None:
    port = free_port()
    env = {**os.environ, "HVELV_COLLECT_PORT": str(port), "HVELV_DATA_DIR": str(tmp_path / "none")}
    process = subprocess.Popen(
        [sys.executable, "-m", "hvelv", "collect"], cwd=ROOT, env=env, stderr=subprocess.PIPE, text=True
    )
    try:
        log = await seen(process, port)
    finally:
        process.kill()
    assert '"route": "/collect"' in log
    assert "kari" not in log
    assert not (tmp_path / "none").exists()


async def seen(process: subprocess.Popen[str], port: int) -> str:
    """What the gateway logs of a browser that comes, says no, says yes, and carries an address."""
    async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}") as browser:
        for _ in range(600):
            try:
                cookies = await browser.get("/cookies")
                break
            except httpx2.TransportError:
                await asyncio.sleep(0.1)
        else:
            pytest.fail("the gateway did not come up")
        assert cookies.headers["content-security-policy"].startswith("default-src 'none'")
        sent = {"purposes": ["analytics"], "name": "page_viewed", "url": "/calc?email=kari@example.no"}
        yes = {"cookie": "__Host-preferences=analytics-yes.targeting-no", "user-agent": "kari@example.no"}
        assert (await browser.post("/collect?email=kari@example.no", json=sent)).status_code == 204
        dropped = await browser.post("/collect", json=sent, headers=yes)
        assert (dropped.status_code, dropped.json()) == (422, {"dropped": "email"})
    process.send_signal(signal.SIGINT)
    _, log = process.communicate(timeout=60)
    return log
