"""The register of processors for everybody, and the tasks of requests for those who answer for them."""

from __future__ import annotations

from datetime import date
from typing import cast
from uuid import UUID

import pytest
from graphql_world import World, key

from outreach.fanout import FanOut, Outstanding, Request, TaskRows
from policies.model import SubjectId
from vault.request import Secret
from vault.tasks import Act

TASKS = "systemTasks(first: 20) { edges { node { id system state manual responsible due failure } } }"
TICK = """mutation ($k: String!, $t: UUID!) @access(purpose: RIGHTS, reason: "letter of 3 May") {
  completeSystemTask(idempotencyKey: $k, task: $t) { state } }"""
PROCESSORS = "{ processors { name kind country regions transfer abroad agreedOn requests subProcessors fields } }"


@pytest.mark.clause("INF-01", "INF-02")
async def test_anybody_reads_who_processes_what_where_and_on_what_ground(world: World) -> None:
    answer = await world.ask(PROCESSORS)
    found = {each["name"]: each for each in answer.data["processors"]}
    assert found.keys() == world.vault.policy.recipients.keys()
    assert found["heroku"]["subProcessors"] == ["aws"]
    assert found["mailgun"]["regions"] == ["DE", "US"]
    assert found["mailgun"]["transfer"] == "standard_contractual_clauses"
    assert found["bank"]["agreedOn"] is None
    assert "person.email" in found["mailchimp"]["fields"]


async def requested(world: World) -> UUID:
    """A request whose tasks customer service answers for; the account of the responsible."""
    bearer = await world.bearer("customer_service")
    account = (await world.vault.tokens.resolve(Secret(bearer))).account
    wanted = Request(
        id=UUID(int=9), subject=SubjectId(UUID(int=5)), act=Act.ERASE, responsible=account, due=date(2026, 12, 24)
    )
    rows = cast("TaskRows", world.vault.tasks)
    standing = await FanOut(world.vault.policy, rows, {}, lambda subject, _: subject).carry(wanted)
    assert isinstance(standing, Outstanding)
    return account


@pytest.mark.clause("INT-04")
async def test_the_officer_sees_what_is_not_done_and_the_responsible_ticks_it(world: World) -> None:
    account = await requested(world)
    officer, staff = await world.bearer("dpo"), await world.bearer("customer_service")
    seen = await world.ask(f"query @access(purpose: AUDIT) {{ {TASKS} }}", officer)
    nodes = {edge["node"]["system"]: edge["node"] for edge in seen.data["systemTasks"]["edges"]}
    suite = nodes["g_suite"]
    assert (suite["state"], suite["manual"], suite["due"]) == ("open", True, "2026-12-24")
    assert suite["responsible"] == str(account)
    done = await world.ask(TICK, staff, k=key(), t=suite["id"])
    assert done.data == {"completeSystemTask": {"state": "done"}}
    after = await world.ask(f"query @access(purpose: AUDIT) {{ {TASKS} }}", officer)
    assert "g_suite" not in {edge["node"]["system"] for edge in after.data["systemTasks"]["edges"]}


@pytest.mark.parametrize("role", ["advisor", "developer"])
async def test_other_staff_see_no_tasks(world: World, role: str) -> None:
    await requested(world)
    answer = await world.ask(f'query @access(purpose: OFFER, reason: "why") {{ {TASKS} }}', await world.bearer(role))
    assert answer.codes == ["REFUSED"]


async def test_a_customer_sees_no_tasks(world: World) -> None:
    await requested(world)
    answer = await world.ask(f"{{ {TASKS} }}", await world.bearer("self", subject=UUID(int=5)))
    assert answer.codes == ["REFUSED"]
