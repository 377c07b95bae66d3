"""A few people of every sort, and a look at whether all of them still open and are found."""

from __future__ import annotations

from people import SELF_SERVICE, People, Person, email, name, phone

from vault import Vault
from vault.request import ByValue, Secret


async def crowd(people: People) -> list[Person]:
    """Seven people, two of them dirty since a loan closed."""
    everybody = [*await people.leads(4), *[await people.borrower(2) for _ in range(3)]]
    for person in everybody[:4]:
        await people.proceeds(person)
    for person in everybody[4:6]:
        await people.bank_closes(person, person.loans[0])
    return everybody


async def all_open(people: People, everybody: list[Person], vault: Vault | None = None) -> None:
    """Everybody reads its own, and is found by phone."""
    for person in everybody:
        seen = await people.own(person, vault=vault)
        assert (seen["person.email"], seen["person.name"]) == (email(person.number), name(person.number))
        found = await (vault or people.vault).open(
            person.me, SELF_SERVICE, ByValue("person.phone", Secret(phone(person.number))), frozenset({"person.name"})
        )
        assert found.found == [person.subject]
