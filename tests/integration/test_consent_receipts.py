"""Consents: a history nobody can shorten, receipts anybody can check, a withdrawal that counts everywhere at once."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import sys
from collections.abc import AsyncGenerator
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import uuid5

import pytest
from behind import another_house
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from databases import Databases
from people import SELF_SERVICE, Person
from rights_desk import Office
from vault_house import NOON, Home, home

from policies.event import Consent
from policies.model import Access
from rights import stopping
from rights.request import Restrict
from vault import Vault
from vault.consents import record_of
from vault.errors import Contended, Refused, TokenRefused, Unknown
from vault.storage.recording import Entry

pytestmark = pytest.mark.slow

NEWSLETTER = Access("newsletter", None, "mailchimp")
ADDRESS = frozenset({"person.email"})


@pytest.fixture(scope="module")
async def house(module_databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Home, None]:
    async with home(module_databases, tmp_path_factory.mktemp("home") / "keys", seed="consents") as at_home:
        yield at_home


@pytest.fixture(scope="module")
def office(house: Home) -> Office:
    house.clock.set(NOON)
    return Office.of(house)


def checked(note: str, key: str) -> dict[str, Any]:
    """The record in a receipt, if this key signed it. Shares no code with what made it."""
    text, _, signature = note.rpartition("\n\n")
    text += "\n"
    name, _, encoded = key.split("+", 2)
    raw = base64.b64decode(encoded)
    said = base64.b64decode(signature.removeprefix(f"— {name} ").strip())
    assert said[:4] == sha256(name.encode() + b"\n" + raw).digest()[:4]
    Ed25519PublicKey.from_public_bytes(raw[1:]).verify(said[4:], text.encode())
    found: dict[str, Any] = json.loads(text)
    return found


@pytest.mark.clause("SOL-01")
@pytest.mark.clause("GEN-02")
async def test_every_word_is_kept_in_order_with_the_notice_that_was_shown(office: Office) -> None:
    person = await office.people.lead(marketing=True)
    await office.people.withdraws(person, "marketing")
    await office.people.consents(person, "marketing")
    found = await office.home.vault.consents(person.me, person.subject)
    assert [(each.number, each.consent, each.given) for each in found.entries] == [
        (1, "calculation", True), (2, "marketing", True), (3, "marketing", False), (4, "marketing", True),
    ]  # fmt: skip
    assert {each.notice for each in found.entries} == {office.home.vault.policy.digest}


async def test_a_receipt_is_a_record_of_iso_27560_that_anybody_can_check(office: Office) -> None:
    person = await office.people.lead(marketing=True)
    await office.people.withdraws(person, "marketing")
    found = await office.home.vault.consents(person.me, person.subject)
    given, gone = (checked(found.entries[n].receipt, found.key) for n in (1, 2))
    assert given["schema_version"] == "ISO/IEC TS 27560:2023"
    assert given["record_id"] == str(uuid5(person.subject, "consent 2"))
    assert given["pii_principal_id"] == str(person.subject)
    assert (given["event"]["event_type"], gone["event"]["event_state"]) == ("explicit_consent", "withdrawn")
    assert given["privacy_notice"] == office.home.vault.policy.digest.hex()
    purposes = {each["purpose"]: each for each in given["pii_processing"]["purposes"]}
    assert purposes.keys() == {"newsletter", "marketing"}
    assert {"pii_type": "person.email", "source": "subject"} in purposes["newsletter"]["pii_information"]
    assert {"party_name": "MailChimp", "country": "US"} in purposes["newsletter"]["recipient_third_parties"]
    assert given["party_identification"][0]["data_protection_officer"] == "privacy@otovo.com"
    with pytest.raises(InvalidSignature):
        checked(found.entries[1].receipt.replace("marketing", "marketeer", 1), found.key)


async def test_the_same_word_gives_the_same_receipt(office: Office) -> None:
    person = await office.people.lead()
    first, again = [await office.home.vault.consents(person.me, person.subject) for _ in range(2)]
    assert first == again


def test_a_receipt_of_an_earlier_notice_does_not_speak_todays_words(office: Office) -> None:
    policy = office.home.vault.policy
    subject = office.home.ids()
    event = Consent(subject=subject, name="marketing", given=True, policy_digest=b"\1" * 32, at=NOON)  # type: ignore[arg-type]  # any id
    record = record_of(policy, event, 1)
    assert (record["pii_processing"], record["privacy_notice"]) == (None, "01" * 32)
    assert record_of(policy, replace(event, policy_digest=policy.digest), 1)["pii_processing"] is not None


async def test_a_history_outlives_a_partial_erasure_and_not_the_person(office: Office) -> None:
    person = await office.people.lead(marketing=True)
    await office.people.withdraws(person, "calculation")  # the lead dies with it
    found = await office.home.vault.consents(person.me, person.subject)
    assert [each.given for each in found.entries] == [True, True, False]
    await office.people.leave(person)
    with pytest.raises(Unknown):
        await office.home.vault.consents(person.me, person.subject)


async def test_nobody_reads_the_history_of_somebody_else(office: Office) -> None:
    person, other = await office.people.lead(), await office.people.lead()
    with pytest.raises(Unknown):
        await office.home.vault.consents(other.me, person.subject)
    for role in ("dpo", "customer_service", "newsletter"):
        with pytest.raises(Refused):
            await office.home.vault.consents(await office.people.somebody(role), person.subject)


async def test_a_token_taken_back_reads_no_history(office: Office) -> None:
    person = await office.people.lead()
    dpo = await office.home.principal("dpo")
    for who in (person.me, dpo):
        await office.home.vault.tokens.revoke(who.token)
        with pytest.raises(TokenRefused):
            await office.home.vault.consents(who, person.subject)


@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_history_that_grows_while_it_is_read_is_read_again(
    office: Office, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    person = await office.people.lead()
    committer = office.home.house.committer
    record, left = committer.record, [1]

    async def meanwhile(entry: Entry) -> bool:
        kept = await record(entry) if when == "after" else True
        if left[0]:
            left[0] -= 1
            await office.people.consents(person, "marketing")
        return kept if when == "after" else await record(entry)

    monkeypatch.setattr(committer, "record", meanwhile)
    found = await office.home.vault.consents(person.me, person.subject)
    assert [each.consent for each in found.entries] == ["calculation", "marketing"]
    left[0] = 1_000
    with pytest.raises(Contended):
        await office.home.vault.consents(person.me, person.subject)


# -- from withdrawal to refusal, in every process ----------------------------------------------------------------------


async def reads(vault: Vault, office: Office, person: Person) -> bool:
    service = await office.people.somebody("newsletter")
    return bool((await vault.open(service, NEWSLETTER, [person.subject], ADDRESS)).found)


@pytest.mark.clause("SOL-10")
@pytest.mark.clause("RGT-04")
@pytest.mark.parametrize("how", ["withdrawal", "restriction"])
async def test_what_another_process_has_in_its_cache_is_refused_at_its_next_read(office: Office, how: str) -> None:
    person = await office.people.lead(marketing=True)
    async with another_house(office.home, f"other {how}") as other:
        elsewhere = Vault(other)
        assert await reads(elsewhere, office, person)
        assert await reads(elsewhere, office, person)  # from what it keeps in memory
        if how == "withdrawal":
            await office.people.withdraws(person, "marketing")
        else:
            await stopping.restrict(office.desk, office.me(person), Restrict(subject=person.subject, request=None))
        assert not await reads(elsewhere, office, person)
    own = await office.home.vault.open(person.me, SELF_SERVICE, [person.subject], ADDRESS)
    assert own.found == [person.subject]


READER = """
import asyncio, sys
sys.path[:0] = sys.argv[1].split(":")
from datetime import datetime
from pathlib import Path
from vault_house import build_house
from policies.model import Access, SubjectId
from uuid import UUID
from vault import Vault
from vault.request import Secret

class At:
    control, contents = sys.argv[2], sys.argv[3]

async def main():
    now = datetime.fromisoformat(sys.argv[7])
    house = build_house(At, Path(sys.argv[4]), lambda: now, seed="a program of its own")
    async with Vault(house) as vault:
        who = await vault.tokens.resolve(Secret(sys.argv[5]))
        access = Access("newsletter", None, "mailchimp")
        for line in sys.stdin:
            opened = await vault.open(who, access, [SubjectId(UUID(sys.argv[6]))], frozenset({"person.email"}))
            print(len(opened.found), flush=True)

asyncio.run(main())
"""


@pytest.mark.clause("RGT-04")
async def test_a_restriction_holds_in_a_program_of_its_own_from_the_next_read_on(office: Office) -> None:
    person = await office.people.lead(marketing=True)
    secret = (await office.home.bearer("newsletter")).reveal()
    root = Path(__file__).parents[2]
    where = office.home.databases
    program = await asyncio.create_subprocess_exec(
        sys.executable, "-c", READER, f"{root}:{root / 'tests' / 'support'}", where.control, where.contents,
        str(office.home.keyring), secret, str(person.subject), office.home.clock().isoformat(),
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, cwd=root, env=dict(os.environ),
    )  # fmt: skip
    assert program.stdin is not None
    assert program.stdout is not None

    async def ask() -> int:
        assert program.stdin is not None
        assert program.stdout is not None
        program.stdin.write(b"\n")
        return int(await program.stdout.readline())

    assert [await ask(), await ask()] == [1, 1]
    await stopping.restrict(office.desk, office.me(person), Restrict(subject=person.subject, request=None))
    assert await ask() == 0
    program.stdin.close()
    assert await program.wait() == 0
