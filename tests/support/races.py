"""Races of several processes (`racing.py`): what each is told to do, and what all of them said."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Iterable
from typing import Any

from behind import sweepers
from people import People, Person
from racing import told
from vault_house import ROOT, Home


async def race(home: Home, tasks: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Everything the processes said, once all of them have ended."""
    said: list[dict[str, Any]] = []
    program = ROOT / "tests" / "support" / "racing.py"

    async def run(task: dict[str, Any]) -> None:
        process = await asyncio.create_subprocess_exec(
            sys.executable, str(program), stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE, cwd=ROOT, env={"PYTHONPATH": f"{ROOT}:{program.parent}"},
        )  # fmt: skip
        out, error = await asyncio.wait_for(process.communicate(json.dumps(task).encode()), 60)
        assert process.returncode == 0, error.decode()[-2000:]
        said.extend(json.loads(line) for line in out.splitlines())

    await asyncio.gather(*(run(task) for task in tasks))
    return said


async def task(people: People, runners: list[Person], does: str, seed: str, **more: Any) -> dict[str, Any]:
    databases = people.home.databases
    where = sweepers(databases) if does in {"roll", "sweep"} else databases
    who = {"close and consent": ("bank", "loan_application"), "erase": ("dpo", None)}.get(does)
    if does.startswith("project."):
        who = ("advisor", None)
    return {
        "does": does, "seed": seed, "name": f"{seed} {does}", "seconds": 4, "from": 0, "pause": 0.3,
        "addresses": [where.control, where.contents], "keyring": str(people.home.keyring),
        "who": told(await people.somebody(*who)) if who else None,
        "second": (await people.home.bearer("privacy_approver")).reveal(),
        "runners": [[str(p.subject), str(p.project), [str(loan) for loan in p.loans], told(p.me)] for p in runners],
        **more,
    }  # fmt: skip


def acknowledged(said: list[dict[str, Any]], does: str) -> dict[str, Any]:
    """The last acknowledged value by subject, of the one process that owned the field."""
    return {each["subject"]: each["value"] for each in said if each.get("does") == does and "value" in each}
