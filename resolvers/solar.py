"""Roofs: an estimate for nobody, the calculation of a case, one roof. Docstrings are descriptions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final
from uuid import UUID

from policies.model import RecordId, SubjectId
from resolvers.asking import Ask
from resolvers.diagnosing import From, To, plant_answered
from resolvers.keys import request_key
from resolvers.query import one_customer
from resolvers.translation import Declined
from schema.customer import Roof
from schema.errors import Code
from schema.plant import PlantProduction
from schema.solar import PlaceInput, PlaneInput, YieldEstimate
from schema.steps import StepTaken
from solar.model.assumptions import said
from solar.model.roof import Place, Plane


@dataclass(frozen=True, slots=True, kw_only=True)
class CalculateRoof:
    """What an idempotency key is bound to."""

    subject: SubjectId
    project: RecordId


async def estimate(
    info: Ask, planes: list[PlaneInput], place: PlaceInput | None = None, address: str | None = None
) -> YieldEstimate | None:
    """What a roof would yield: by its place or its address. Nothing is stored and nobody is asked for."""
    if info.context.caller is None:
        raise Declined(Code.UNAUTHENTICATED)
    where: Place | str
    if place is not None and address is None:
        where = Place(**asdict(place))
    elif address is not None and place is None:
        where = address
    else:
        raise Declined(Code.INVALID, field="place", rule="is given, or else `address`; one of them")
    found = await info.context.house.solar.estimated([Plane(**asdict(each)) for each in planes], where)
    return YieldEstimate(
        model=found.model, weather=found.weather, peak_power_kw=found.peak_power_kw,
        monthly_kwh=list(found.monthly_kwh), year_kwh=found.year_kwh, low_kwh=found.low_kwh, high_kwh=found.high_kwh,
        specific_kwh_per_kw=found.specific_kwh_per_kw, losses_percent=found.losses_percent,
        assumptions=[said(each) for each in found.assumptions],
    )  # fmt: skip


async def roof(info: Ask, subject: UUID, id: UUID) -> Roof | None:
    """One roof by its record. Unknown and forbidden answer alike."""
    if not info.selection().mask:
        return Roof(opened={}, id=id)
    customer = await one_customer(info, SubjectId(subject))
    projects = [] if customer is None else customer.projects
    found = next((each for project in projects for each in project.roofs if each.id == id), None)
    if customer is not None and found is None:
        raise Declined(Code.NOT_FOUND)
    return found


async def plant(info: Ask, subject: UUID, id: UUID, first: From, after: To) -> PlantProduction | None:
    """What a plant gave over a range of days, against what could be expected; at most five years."""
    return await plant_answered(info, SubjectId(subject), RecordId(id), (first, after))


async def calculate_roof(info: Ask, idempotency_key: str, subject: UUID, project: UUID) -> StepTaken | None:
    """Calculate the roof of a case and keep the result. The address register is asked where the address is."""
    house, who = info.context.house, info.context.who
    wish = CalculateRoof(subject=SubjectId(subject), project=RecordId(project))
    key = request_key(idempotency_key, wish)
    done = await house.solar.calculate(house.vault, who, wish.subject, wish.project, key)
    return StepTaken(record=project, receipts=[], replayed=done.replayed)


QUERIES: Final[Mapping[str, Callable[..., Any]]] = {"estimate": estimate, "roof": roof, "plant": plant}
MUTATIONS: Final[Mapping[str, Callable[..., Any]]] = {"calculate_roof": calculate_roof}
