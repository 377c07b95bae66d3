"""GraphiQL is served from here alone, or not at all."""

from __future__ import annotations

import os
import re
from pathlib import Path

import httpx2
import pytest
from graphql_world import fake_vault
from starlette.applications import Starlette

from hvelv import graphiql
from hvelv.app import AppSettings, create_app

ROOT = Path(__file__).parents[2]
FOLDER = Path(os.environ.get("HVELV_TEST_GRAPHIQL", ROOT / ".hvelv" / "graphiql"))
LOADING = re.compile(
    r"""(?:src|href|action|poster|data|srcset)\s*=\s*["']?\s*(https?:)?//|url\(\s*["']?(https?:)?//|@import"""
)

needs_files = pytest.mark.skipif(not (FOLDER / graphiql.FOLDER).is_dir(), reason="`make graphiql` has not been run")


def client(settings: AppSettings) -> httpx2.AsyncClient:
    app: Starlette = create_app(fake_vault(), settings)
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://hvelv.example")


async def test_production_serves_no_graphiql() -> None:
    async with client(AppSettings(graphiql=FOLDER)) as asking:
        assert (await asking.get("/graphiql")).status_code == 404


async def test_development_without_the_files_says_how_to_get_them(tmp_path: Path) -> None:
    async with client(AppSettings(development=True, graphiql=tmp_path)) as asking:
        page = await asking.get("/graphiql")
    assert page.status_code == 200
    assert "make graphiql" in page.text
    assert "<script" not in page.text


def test_a_file_that_is_not_the_reviewed_one_is_not_served(tmp_path: Path) -> None:
    folder = tmp_path / graphiql.FOLDER
    folder.mkdir(parents=True)
    for file in graphiql.FILES.values():
        (folder / file.name).write_bytes(b"alert(1)")
    with pytest.raises(graphiql.Tampered):
        graphiql.installed(tmp_path)


def test_the_wheel_is_pinned_by_version_and_hash() -> None:
    pinned = [line for line in graphiql.REQUIREMENTS.read_text().splitlines() if line and not line.startswith("#")]
    assert len(pinned) == 1
    assert re.fullmatch(r"[a-z-]+==[\d.]+ --hash=sha256:[0-9a-f]{64}", pinned[0])


@needs_files
async def test_the_page_and_its_files_ask_no_other_host_for_anything() -> None:
    async with client(AppSettings(development=True, graphiql=FOLDER)) as asking:
        page = await asking.get("/graphiql")
        paths = re.findall(r'(?:src|href)="(/[^"]+)"', page.text)
        assert len(paths) == len(graphiql.FILES)
        served = {path: await asking.get(path) for path in paths}
    assert all(answer.status_code == 200 for answer in served.values())
    for text in (page.text, *(answer.text for answer in served.values())):
        assert not LOADING.search(text)
    policy = dict(part.strip().split(" ", 1) for part in page.headers["content-security-policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["connect-src"] == "'self'"
    assert not [source for source in policy.values() if "://" in source or "*" in source or "unsafe-eval" in source]
    assert "'unsafe-inline'" not in policy["script-src"]


@needs_files
async def test_every_script_of_the_page_is_allowed_by_its_own_policy() -> None:
    async with client(AppSettings(development=True, graphiql=FOLDER)) as asking:
        page = await asking.get("/graphiql")
    inline = re.findall(r"<script>(.*?)</script>", page.text, re.DOTALL)
    assert [graphiql.policy_of(script) for script in inline] == [page.headers["content-security-policy"]]
