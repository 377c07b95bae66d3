"""Packages over HTTP: the person's alone, streamed, in the language asked for, with nothing of it in the address."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from pathlib import Path

import httpx2
import pytest
from databases import fresh_pair
from graphql_world import World, key, world_over
from vault_house import home

from hvelv.embedded import EmbeddedPostgres

pytestmark = pytest.mark.slow


@pytest.fixture
async def world(postgres: EmbeddedPostgres, tmp_path: Path) -> AsyncGenerator[World]:
    async with fresh_pair(postgres) as databases, home(databases, tmp_path / "keyring") as kept:
        made = world_over(kept.vault, kept.clock)
        await made.case.until_offer()
        yield made
        await made.client.aclose()


async def fetch(world: World, path: str, bearer: str | None, **headers: str) -> httpx2.Response:
    sent = {**headers, **({"authorization": f"Bearer {bearer}"} if bearer else {})}
    return await world.client.post(path, headers=sent)


@pytest.mark.clause("RGT-01", "RGT-02")
@pytest.mark.parametrize(
    ("path", "language", "media_type", "file", "begins"),
    [
        ("/rights/access.json", "", "application/json", "innsyn-2026-03-02.json", b'{\n"format":"hvelv/access/1"'),
        ("/rights/access.pdf", "en-GB,en;q=0.9", "application/pdf", "access-2026-03-02.pdf", b"%PDF-"),
        ("/rights/access.pdf", "sv, nn;q=0.8", "application/pdf", "innsyn-2026-03-02.pdf", b"%PDF-"),
        ("/rights/copy.json", "nb", "application/json", "kopi-2026-03-02.json", b'{\n"format":"hvelv/copy/1"'),
        ("/rights/copy.csv", "en", "text/csv; charset=utf-8", "copy-2026-03-02.csv", b"\xef\xbb\xbfrecord,kind"),
    ],
)
async def test_a_person_downloads_its_packages(
    world: World, path: str, language: str, media_type: str, file: str, begins: bytes
) -> None:
    me = await world.bearer("self", subject=world.case.subject)
    answer = await fetch(world, path, me, **{"accept-language": language})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == media_type
    assert answer.headers["content-disposition"] == f'attachment; filename="{file}"'
    assert answer.headers["cache-control"] == "no-store"
    assert answer.content.startswith(begins)


async def test_nobody_else_gets_a_byte(world: World) -> None:
    for role, status, code in (("dpo", 403, "REFUSED"), ("customer_service", 403, "REFUSED")):
        answer = await fetch(world, "/rights/access.json", await world.bearer(role))
        assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (status, code)
    for bearer in (None, "hv_nothing"):
        answer = await fetch(world, "/rights/access.json", bearer)
        assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (401, "UNAUTHENTICATED")
    me = await world.bearer("self", subject=world.case.subject)
    for path in ("/rights/access.csv", "/rights/copy.pdf", "/rights/everything.json"):
        assert (await fetch(world, path, me)).status_code == 404
    assert (await world.client.get("/rights/access.json")).status_code == 405


async def test_an_export_for_a_letter_takes_two_officers(world: World) -> None:
    subject, staff, dpo = world.case.subject, await world.bearer("customer_service"), await world.bearer("dpo")
    stated = '@access(purpose: RIGHTS, reason: "brev 9")'
    registered = await world.ask(
        f"""mutation ($k: String!, $s: UUID!) {stated} {{ registerRequest(idempotencyKey: $k, subject: $s, kind: ACCESS,
        channel: LETTER, receivedOn: "2026-03-01") {{ record }} }}""",
        staff, k=key(), s=subject,
    )  # fmt: skip
    request = registered.data["registerRequest"]["record"]
    await world.ask(
        f"""mutation ($k: String!, $s: UUID!, $r: UUID!) {stated} {{ verifyIdentity(idempotencyKey: $k, subject: $s,
        request: $r, proof: DOCUMENT_SEEN) {{ record }} }}""",
        staff, k=key(), s=subject, r=request,
    )  # fmt: skip
    document = f"""mutation ($k: String!, $s: UUID!, $r: UUID!, $t: String) {stated} {{
      approveExport(idempotencyKey: $k, subject: $s, request: $r, secondToken: $t) {{ record }} }}"""
    alone = await world.ask(document, dpo, k=key(), s=subject, r=request)
    assert alone.errors[0]["extensions"]["rules"] == [{"field": "rights_request", "rule": "two_persons"}]
    second = await world.bearer("privacy_approver")
    together = await world.ask(document, dpo, k=key(), s=subject, r=request, t=second)
    assert together.data["approveExport"] == {"record": request}
    assert "hv_" not in json.dumps(together.body)
