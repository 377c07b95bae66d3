"""The register of recipients for everybody, and the tasks of requests for those who answer for them."""

from __future__ import annotations

from functools import lru_cache
from uuid import UUID

from outreach.processors import Entry, register
from policies.model import PolicySet
from resolvers.asking import Ask, page_asked
from schema.paging import Connection, cursor, page
from schema.register import Processor, SystemTask
from vault.tasks import Task


async def processors(info: Ask) -> list[Processor]:
    """Everybody outside the company who may receive anything: who, where, on what ground. Needs no token."""
    return _processors(info.context.house.vault.policy)


async def system_tasks(info: Ask, first: int, after: str | None = None) -> Connection[SystemTask] | None:
    """What requests still want of other systems, failures included: for officers; staff see their own."""
    size, key = page_asked(first, after)
    asking = info.context
    found = await asking.house.vault.tasks.waiting(asking.who, asking.stated.reason, key, size)
    return page([(cursor(task.id), _task(task)) for task in found.tasks], more=found.more, after=after)


async def complete_system_task(info: Ask, idempotency_key: str, task: UUID) -> SystemTask | None:
    """Say that a manual task was done. Only its responsible says so; saying it twice changes nothing."""
    del idempotency_key  # done stays done: sending it again has no further effect under any key
    asking = info.context
    return _task(await asking.house.vault.tasks.tick(asking.who, task, asking.stated.reason))


@lru_cache(maxsize=4)
def _processors(policy: PolicySet) -> list[Processor]:
    return [_processor(entry) for entry in register(policy)]


def _processor(entry: Entry) -> Processor:
    agreed = entry.agreement
    return Processor(
        name=entry.name,
        title=entry.title,
        kind=entry.kind,
        country=entry.country,
        regions=list(agreed.regions) if agreed else [],
        transfer=entry.transfer,
        abroad=agreed.abroad if agreed else None,
        agreed_on=agreed.signed if agreed else None,
        requests=agreed.requests.value if agreed else None,
        sub_processors=list(entry.sub_processors),
        purposes=list(entry.purposes),
        fields=list(entry.fields),
        clauses=list(entry.clauses),
    )


def _task(task: Task) -> SystemTask:
    return SystemTask(
        id=task.id,
        request=task.request,
        act=task.act.value,
        system=task.system,
        state=task.state.value,
        responsible=task.responsible,
        manual=task.manual,
        due=task.due,
        attempts=task.attempts,
        failure=task.failure,
        changed_at=task.changed_at,
    )
