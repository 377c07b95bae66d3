"""Completing at once answers exactly what ordinary execution answers."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from fake_vault import FakeVault
from graphql_world import World, fake_world
from hypothesis import given, settings
from hypothesis import strategies as st
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from hvelv.app import bearer_of
from hvelv.roofs import Roofs
from policies.model import Principal
from resolvers.house import House
from resolvers.service import Answer, Given, Openness, Service
from vault.request import Secret

DOCUMENTS = (
    "{ me { id email __typename projects { kind: __typename id address loans { applied nationalId } } } }",
    "{ me { a: email b: email email ...F } } fragment F on Customer { email phone consents { consent givenAt } }",
    "query ($v: Boolean = false) { me { email @include(if: $v) projects @skip(if: $v) { journey { fact last } } } }",
    "{ policy { version controller { name } fields { name special uses { purpose } retention { keep clauses } } } }",
    "{ me { projects { contractDocument offerAmountNok roof { tiltDeg fetchedOn } } } policy { __typename } }",
    '{ me { email } nobody: customer(id: "00000000-0000-4000-8000-000000000000") { email } }',
)


@dataclass
class Twins:
    """The same vault behind the two executors."""

    world: World
    who: Principal
    ready: Service
    ordinary: Service

    async def both(self, document: str) -> tuple[Answer, Answer]:
        asked = Given(document, {}, None)
        return await self.ready.answer(asked, self.who), await self.ordinary.answer(asked, self.who)


async def twins() -> Twins:
    world = fake_world()
    await world.case.until_loan()
    await world.case.roof()
    who = await world.vault.tokens.resolve(Secret(await world.bearer("self", subject=world.case.subject)))
    house = House(vault=world.vault, authenticate=bearer_of, clock=world.clock, ids=world.ids, solar=Roofs())
    closed = Openness(frozenset(), development=False)
    ordinary = Service(house, closed, executor=StrawberryGraphQLCoreExecutionContext)
    return Twins(world, who, Service(house, closed), ordinary)


@pytest.mark.parametrize("document", DOCUMENTS)
async def test_ready_data_are_what_ordinary_execution_gives(document: str) -> None:
    ready, ordinary = await (await twins()).both(document)
    assert ready.body["data"]
    assert ready.body == ordinary.body
    assert list(ready.body["data"]) == list(ordinary.body["data"])


async def test_a_subtree_with_a_door_of_its_own_is_answered_beside_ready_ones() -> None:
    ready, ordinary = await (await twins()).both(
        "{ me { name projects { address } accesses(first: 1) { edges { node { kind withheld { rule } } } } } }"
    )
    assert ready.body == ordinary.body
    assert ready.body["data"]["me"]["accesses"]["edges"]


async def test_a_value_of_the_wrong_type_is_refused_at_its_place_and_the_rest_is_answered() -> None:
    made = await twins()
    assert isinstance(made.world.vault, FakeVault)
    values = made.world.vault.doors.people[made.world.case.subject].values
    (cell,) = [cell for cell in values if cell[1] == "project.offer_amount_nok"]
    values[cell] = 2**70
    ready, ordinary = await made.both("{ me { email projects { address offerAmountNok } } }")
    assert ready.body == ordinary.body
    assert ready.body["data"]["me"]["projects"][0]["offerAmountNok"] is None
    assert ready.body["data"]["me"]["email"]
    (error,) = ready.body["errors"]
    assert (error["extensions"]["code"], error["path"]) == ("INTERNAL", ["me", "projects", 0, "offerAmountNok"])
    assert str(2**70) not in repr(ready.body)


LEAVES = st.sampled_from(["id", "email", "name", "phone", "a: email", "__typename", "consents { consent notice }"])
BELOW = st.sampled_from(["id", "address", "b: address", "journey { fact }", "loans { id applied }", "roof { tiltDeg }"])


@settings(max_examples=40, deadline=None)
@given(st.lists(LEAVES, min_size=1, max_size=5, unique=True), st.lists(BELOW, max_size=5, unique=True))
async def test_any_selection_is_answered_alike_both_ways(above: list[str], below: list[str]) -> None:
    projects = f"projects {{ {' '.join(below)} }}" if below else ""
    ready, ordinary = await (await twins()).both(f"{{ me {{ {' '.join(above)} {projects} }} }}")
    assert ready.body == ordinary.body
