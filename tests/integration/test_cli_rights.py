"""`hvelv rights` on servers of one's own: a letter from its arrival to its answer."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from command_line import run, settings
from databases import Databases

from hvelv.commands.exits import Code
from hvelv.house import open_vault
from hvelv.settings import Settings
from policies.event import Consent, Event, Fact
from policies.model import SELF, Access, RecordId, SubjectId
from policies.oslo import oslo_date
from vault import Vault
from vault.request import Change, Secret
from vault.tokens import TokenSpec

pytestmark = pytest.mark.slow


async def bearer(vault: Vault, role: str, subject: SubjectId | None = None) -> Secret[str]:
    spec = TokenSpec(
        account=uuid4(), roles=frozenset({role}), lifetime=timedelta(hours=1), subject=subject, second_factor=True
    )
    return (await vault.tokens.issue(spec))[1]


async def born(vault: Vault, email: str) -> SubjectId:
    """Somebody who asked for a calculation."""
    subject, project, now = SubjectId(uuid4()), RecordId(uuid4()), datetime.now(UTC)
    changes = [
        Change(subject=subject, record=RecordId(subject), parent=None, entity="person", values={"person.email": email}),
        Change(subject=subject, record=project, parent=RecordId(subject), entity="project",
               values={"project.address": "Prøveveien 1, 0001 Testby"}),
    ]  # fmt: skip
    events: list[Event] = [
        *(Consent(subject=subject, name=name, given=True, policy_digest=vault.policy.digest, at=now)
          for name in ("calculation", "marketing")),
        *(Fact(subject=subject, record=project, name=name, at=now)
          for name in ("calculation.requested", "lead.active")),
    ]  # fmt: skip
    visitor = await vault.tokens.resolve(await bearer(vault, "visitor"))
    await vault.seal(visitor, Access("roof_calculation", None, SELF), changes, events)
    return subject


@pytest.fixture(scope="module")
async def office(module_databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """An installation, four persons, and files with the tokens of staff."""
    place = tmp_path_factory.mktemp("installation")
    found = settings(module_databases, place)
    with pytest.MonkeyPatch.context() as environment:
        for name, value in found.items():
            environment.setenv(name, value)
        assert await run("migrate") == Code.DONE
        async with open_vault(Settings.load()) as vault:
            addresses = ("kari@example.no", "ola@example.no", "felles@example.no", "felles@example.no")
            subjects = [await born(vault, address) for address in addresses]
            for role in ("customer_service", "dpo", "privacy_approver", "advisor"):
                (place / role).write_text((await bearer(vault, role)).reveal(), encoding="ascii")
            (place / "me").write_text((await bearer(vault, "self", subjects[0])).reveal(), encoding="ascii")
    return {"settings": found, "place": place, "subjects": subjects}


@pytest.fixture
def place(office: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, value in office["settings"].items():
        monkeypatch.setenv(name, value)
    found: Path = office["place"]
    return found


def typed(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """Whatever is asked for, this is typed."""

    def prompt(_words: str, **_: object) -> str:
        return text

    monkeypatch.setattr("typer.prompt", prompt)


async def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    """What a command that ends well prints as JSON."""
    capsys.readouterr()
    assert await run("rights", *arguments, "--json") == Code.DONE
    return json.loads(capsys.readouterr().out)


@pytest.mark.clause("RGT-06")
async def test_a_letter_goes_from_the_door_to_its_answer(
    office: dict[str, Any], place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    today, kari = oslo_date(datetime.now(UTC)), str(office["subjects"][0])
    staff, dpo = ("--token", str(place / "customer_service")), ("--token", str(place / "dpo"))
    why = ("--reason", "brev 7")
    asked = ("register", "access", "--subject", kari, *staff, *why, "--key", "letter-0007")
    came = ("--received", (today - timedelta(days=2)).isoformat())
    request = (await said(capsys, *asked, *came))["request"]
    assert (await said(capsys, *asked, *came)) == {"request": request, "replayed": True}
    (mine,) = await said(capsys, "list", "--token", str(place / "me"))
    assert (mine["request"], mine["kind"], mine["state"]) == (request, "access", "received")
    (listed,) = await said(capsys, "list", *dpo)
    assert (listed["request"], listed["kind"], listed["overdue"]) == (request, None, False)
    assert await said(capsys, "overdue", *dpo) == []
    of = (request, "--subject", kari)
    await said(capsys, "verify", *of, "--proof", "document_seen", *staff, *why)
    await said(capsys, "extend", *of, *staff, "--reason", "mange brev")
    await said(capsys, "complete", *of, "--outcome", "granted", "--answer", "se vedlegg", *staff, *why)
    assert await said(capsys, "list", *dpo) == []
    assert await run("rights", "extend", *of, *staff, "--reason", "igjen") == Code.REFUSED


async def test_a_late_request_is_on_the_list_and_in_the_exit_code(
    office: dict[str, Any], place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    staff, ola = ("--token", str(place / "customer_service")), str(office["subjects"][1])
    await said(
        capsys,
        "register",
        "restriction",
        "--email",
        "--subject",
        ola,
        *staff,
        "--reason",
        "r",
        "--received",
        "2024-01-31",
    )
    capsys.readouterr()
    assert await run("rights", "overdue", *staff) == 1
    printed = capsys.readouterr()
    assert "due 2024-02-29" in printed.out
    assert "days late" in printed.out
    assert "1 requests" in printed.err


async def test_an_address_of_two_is_nobodys_until_one_is_named(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    staff = ("--token", str(place / "customer_service"), "--reason", "r", "--received", date.today().isoformat())  # noqa: DTZ011  (the machine's)
    for address, words in (("felles@example.no", "2 persons share"), ("ingen@example.no", "nobody with that address")):
        typed(monkeypatch, address)
        assert await run("rights", "register", "access", *staff) == Code.REFUSED
        err = capsys.readouterr().err
        assert words in err
        assert address not in err
    typed(monkeypatch, "kari@example.no")
    assert "request" in await said(capsys, "register", "copy", *staff)


async def test_an_officer_carries_out_what_letters_ask_for(
    office: dict[str, Any], place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    kari, why = str(office["subjects"][0]), ("--reason", "brev 8")
    staff, dpo = ("--token", str(place / "customer_service")), ("--token", str(place / "dpo"))

    async def letter(kind: str) -> tuple[str, ...]:
        came = ("--received", date(2026, 1, 5).isoformat())
        request = (await said(capsys, "register", kind, "--subject", kari, *staff, *why, *came))["request"]
        await said(capsys, "verify", request, "--subject", kari, "--proof", "known_address", *staff, *why)
        return request, "--subject", kari

    of = await letter("restriction")
    await said(capsys, "restrict", *of, *dpo, *why)
    await said(capsys, "announce-lift", *of, *dpo, *why)
    await said(capsys, "lift", *of, *dpo, *why)
    of = await letter("objection")
    await said(capsys, "object", *of, "--purpose", "customer_service", *dpo, *why)
    await said(capsys, "assess", *of, "--purpose", "customer_service", "--overridden", *dpo, *why)
    of = await letter("withdrawal")
    await said(capsys, "withdraw", *of, "--consent", "marketing", *dpo, *why)
    of = await letter("rectification")
    typed(monkeypatch, "ny@example.no")
    assert await run("rights", "rectify", *of, "--field", "person.phone", *staff, *why) == Code.REFUSED
    assert await run("rights", "rectify", *of, "--field", "person.email", *staff, *why) == Code.DONE


async def test_what_cannot_be_read_is_said_in_a_line(
    office: dict[str, Any], place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await run("rights", "list", "--token", str(place / "missing")) == Code.REFUSED
    assert "no token can be read" in capsys.readouterr().err
    secret = (place / "me").read_text(encoding="ascii")
    typed(monkeypatch, secret)
    assert await run("rights", "list") == Code.DONE
    assert await run("rights", "overdue", "--token", str(place / "advisor")) == Code.REFUSED
    asked = ("register", "access", "--subject", str(office["subjects"][0]), "--reason", "r", "--received", "i går")
    assert await run("rights", *asked, "--token", str(place / "customer_service")) == Code.USAGE


@pytest.mark.clause("RGT-02")
async def test_a_person_writes_its_package_where_it_says_and_for_itself_alone(
    office: dict[str, Any], place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    me = ("--token", str(place / "me"))
    for form, what in (("json", "access"), ("pdf", "access"), ("csv", "copy")):
        target = tmp_path / f"package.{form}"
        asked = ("rights", "export", str(target), "--what", what, "--format", form, *me)
        assert await run(*asked) == Code.DONE
        assert target.stat().st_mode & 0o777 == 0o600
        before = target.read_bytes()
        assert await run(*asked) == Code.REFUSED  # nothing is written over
        assert target.read_bytes() == before
    assert json.loads((tmp_path / "package.json").read_text(encoding="utf-8"))["subject"] == str(office["subjects"][0])
    nobody = tmp_path / "nobody.json"
    assert await run("rights", "export", str(nobody), "--token", str(place / "dpo")) == Code.REFUSED
    assert not nobody.exists()
    assert await run("rights", "export", str(nobody), "--what", "copy", "--format", "pdf", *me) == Code.USAGE
    assert await run("rights", "export", str(tmp_path / "no" / "where.json"), *me) == Code.REFUSED
    assert "cannot be made" in capsys.readouterr().err


async def test_a_person_prints_its_consents_and_their_receipts(
    office: dict[str, Any], place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    assert await run("rights", "consents", "--token", str(place / "me")) == Code.DONE
    found = json.loads(capsys.readouterr().out)
    assert found["key"].startswith("hvelv/consents+")
    assert {(each["consent"], each["given"]) for each in found["events"]} >= {("calculation", True)}
    assert await run("rights", "consents", "--token", str(place / "dpo")) == Code.REFUSED
    assert office["subjects"]


async def test_two_officers_approve_the_export_of_a_letter(
    office: dict[str, Any], place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ola, why = str(office["subjects"][1]), ("--reason", "brev 9")
    staff, dpo = ("--token", str(place / "customer_service")), ("--token", str(place / "dpo"))
    came = ("--received", date(2026, 1, 5).isoformat())
    request = (await said(capsys, "register", "access", "--subject", ola, *staff, *why, *came))["request"]
    of = (request, "--subject", ola)
    await said(capsys, "verify", *of, "--proof", "document_seen", *staff, *why)
    approved = await said(capsys, "approve-export", *of, *dpo, *why, "--second", str(place / "privacy_approver"))
    assert approved == {"request": request, "replayed": False}
    assert await run("rights", "approve-export", *of, *dpo, *why, "--second", str(place / "dpo")) == Code.REFUSED
