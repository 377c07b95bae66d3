"""One process of a race: `python racing.py` reads its task as JSON from standard input and writes what it was told.

Each process owns one field and writes it for people in random order, or reads, or erases people, closes loans, changes
consents, sweeps, or rolls. A line of output is one call: what was attempted, when it began and ended, and whether the
vault acknowledged it. The times are of the machine's own clock, one for all processes; that of the vault stands still,
so that nothing a process remembers ever grows too old.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from behind import Addresses
from determinism import VirtualClock
from vault_house import LIFETIME, NOON, build_house

from policies.event import Consent, Fact
from policies.model import SELF, Access, Principal, RecordId, SubjectId, TokenId
from vault import House, Vault
from vault.errors import Contended, Refused, Unknown, VaultError
from vault.keys.roll import Roll
from vault.request import Cause, CauseKind, Change, Scope, Secret, Value
from vault.sweeping import sweep


@dataclass(frozen=True, slots=True)
class Runner:
    """Somebody to do things to."""

    subject: SubjectId
    project: RecordId
    loans: list[RecordId]
    me: Principal


def principal(told: dict[str, Any]) -> Principal:
    return Principal(
        token=TokenId(UUID(told["token"])), account=UUID(told["account"]), roles=frozenset(told["roles"]),
        subject=SubjectId(UUID(told["subject"])) if told["subject"] else None, recipient=told["recipient"],
        purpose=told["purpose"], expires=NOON + LIFETIME, second_factor=True,
    )  # fmt: skip


def told(who: Principal) -> dict[str, Any]:
    return {
        "token": str(who.token), "account": str(who.account), "roles": sorted(who.roles),
        "subject": str(who.subject) if who.subject else None, "recipient": who.recipient, "purpose": who.purpose,
    }  # fmt: skip


def letters(number: int) -> str:
    return "Prøve" + "".join(chr(ord("a") + int(digit)) for digit in str(number))


def change(runner: Runner, kind: str, values: dict[str, Value], record: RecordId | None = None) -> Change:
    root = RecordId(runner.subject)
    of, parent = {"person": (root, None), "project": (runner.project, root)}.get(kind, (record, runner.project))
    assert of is not None
    return Change(subject=runner.subject, record=of, parent=parent, entity=kind, values=values)


async def act(vault: Vault, task: dict[str, Any], runner: Runner, count: int) -> Value | None:
    """One call; returns the value that is now the field's, where the process owns one."""
    who = principal(task["who"]) if task["who"] else runner.me
    rights = Access("rights", None, SELF)
    match task["does"]:
        case "person.name":
            value: Value = letters(count)
            await vault.seal(runner.me, rights, [change(runner, "person", {"person.name": value})])
        case "person.phone":
            value = f"+476805{count % 10_000:04}"
            await vault.seal(runner.me, rights, [change(runner, "person", {"person.phone": value})])
        case "project.offer_amount_nok" | "project.details" as name:
            value = count if name.endswith("nok") else f"details {count}"
            await vault.seal(who, Access("offer", "race", "advisor"), [change(runner, "project", {name: value})])
        case "close and consent" if count % 2:
            event = Consent(
                subject=runner.subject,
                name="marketing",
                given=count % 4 == 1,
                policy_digest=vault.policy.digest,
                at=NOON,
            )
            await vault.seal(runner.me, Access("self_service", None, SELF), [], [event])
            return None
        case "close and consent":
            loan = runner.loans.pop()
            closed = Fact(subject=runner.subject, record=loan, name="loan.closed", at=NOON)
            outcome = change(runner, "loan", {"loan.result": "paid_out"}, loan)
            await vault.seal(who, Access("loan_application", None, "bank"), [outcome], [closed])
            return str(loan)
        case _:
            second = Secret(task["second"])
            await vault.erase(who, Cause(CauseKind.OFFICER, "race", second), [Scope(runner.subject)])
            return True
    return value


async def read(vault: Vault, runner: Runner) -> int:
    """How many values of its own the person opens."""
    own = frozenset({"person.email", "person.name", "person.phone", "project.address"})
    opened = await vault.open(runner.me, Access("self_service", None, SELF), [runner.subject], own)
    return sum(len(record.values) for record in opened.records)


async def keep(house: House, does: str, until: float) -> None:
    """Sweep or roll, again and again."""
    await house.start()
    while time.monotonic() < until:
        if does == "sweep":
            say(swept=(await sweep(house)).subjects)
        else:
            report = await Roll(house, wait_seconds=2).run()
            say(rolled=report.new, damaged=len(report.damaged))
    await house.stop()


async def run(task: dict[str, Any]) -> None:
    clock, chance = VirtualClock(NOON), random.Random(task["seed"])
    house = build_house(Addresses(*task["addresses"]), Path(task["keyring"]), clock, seed=task["name"])  # type: ignore[arg-type]  # only their addresses are used
    runners = [
        Runner(SubjectId(UUID(s)), RecordId(UUID(p)), [RecordId(UUID(loan)) for loan in loans], principal(me))
        for s, p, loans, me in task["runners"]
    ]
    until = time.monotonic() + task["seconds"]
    if task["does"] in {"sweep", "roll"}:
        await keep(house, task["does"], until)
        return
    async with Vault(house) as vault:
        if task["does"] == "read deaf":
            cut_off(house)
        count = task["from"]
        while runners and time.monotonic() < until:
            count += 1
            runner = chance.choice(runners)
            say(**await one(vault, task, runner, count))
            if task["does"] in {"close and consent", "erase"}:
                if task["does"] == "erase" or not runner.loans:
                    runners.remove(runner)
                await asyncio.sleep(chance.random() * task["pause"])


def cut_off(house: House) -> None:
    """From now on nobody tells this process of anybody it should forget."""
    listener = house._listener  # pyright: ignore[reportPrivateUsage]  (as if the network swallowed what is said)
    assert listener is not None
    listener.cancel()


async def one(vault: Vault, task: dict[str, Any], runner: Runner, count: int) -> dict[str, Any]:
    said: dict[str, Any] = {"subject": str(runner.subject), "does": task["does"], "count": count}
    said["began"] = time.monotonic()
    try:
        reading = task["does"].startswith("read")
        said["value"] = await read(vault, runner) if reading else await act(vault, task, runner, count)
    except (Unknown, Contended, Refused) as error:
        said["refused"] = type(error).__name__
    except VaultError as error:
        said["failed"] = f"{type(error).__name__}: {error}"
    said["ended"] = time.monotonic()
    return said


def say(**words: Any) -> None:
    sys.stdout.write(json.dumps(words) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(run(json.load(sys.stdin)))
