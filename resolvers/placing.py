"""Hangs the records of Nabostrøm where they belong in the answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from policies.model import SubjectId
from schema.customer import Customer
from schema.power import CompanyContract, MeteringPoint, PowerContract
from vault.request import OpenedRecord


def place_power(records: Sequence[OpenedRecord], trees: Mapping[SubjectId, Customer]) -> None:
    """A contract of which only something below opened has no values of its own."""
    contracts: dict[UUID, PowerContract] = {}
    for record in records:
        owner = trees.get(record.subject)
        if owner is not None:
            _place(record, owner, contracts)


def _place(record: OpenedRecord, owner: Customer, contracts: dict[UUID, PowerContract]) -> None:
    match record.kind:
        case "power_contract":
            _contract(record.record, owner, contracts).opened = record.values
        case "metering_point" if record.parent is not None:
            point = MeteringPoint(opened=record.values, subject=record.subject, id=record.record)
            _contract(record.parent, owner, contracts).metering_points.append(point)
        case "company_contract":
            owner.company_contracts.append(CompanyContract(opened=record.values, id=record.record))
        case _:
            pass


def _contract(record: UUID, owner: Customer, contracts: dict[UUID, PowerContract]) -> PowerContract:
    contract = contracts.get(record)
    if contract is None:
        contract = contracts[record] = PowerContract(opened={}, id=record)
        owner.power_contracts.append(contract)
    return contract
