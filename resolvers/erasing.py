"""The root fields of a person's own erasure: ask, take back, look. Docstrings are descriptions in the schema."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from policies.model import RecordId
from resolvers.asking import Ask
from resolvers.keys import request_key
from rights import erasure
from rights.doors import Desk
from rights.request import By
from schema.erasing import ErasureRequest, ErasureState
from vault.cooling import Pending
from vault.request import Scope

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


async def request_erasure(
    info: Ask, idempotency_key: str, product: str | None = None, record: UUID | None = None
) -> ErasureRequest | None:
    """Ask for the erasure of everything, of one product, or of one case and what hangs below it.

    From the answer on the data are used for nothing more. They are destroyed at `dueAt`; until then it can be
    cancelled. Asking again for the same answers with the request that waits.
    """
    house = info.context.house
    wish = erasure.Erase(product=product, record=None if record is None else RecordId(record))
    desk = Desk(house.vault, house.clock, house.ids)
    return _shown(await erasure.ask(desk, house.vault.cooling, _by(info, idempotency_key, wish), wish, house.cool_off))


async def cancel_erasure(info: Ask, idempotency_key: str, id: UUID) -> ErasureRequest | None:
    """Take an erasure back that waits: the data may be used again, as before."""
    house = info.context.house
    wish = erasure.CancelErasure(erasure=id)
    desk = Desk(house.vault, house.clock, house.ids)
    return _shown(await erasure.cancel(desk, house.vault.cooling, _by(info, idempotency_key, wish), wish))


async def my_erasures(info: Ask) -> list[ErasureRequest] | None:
    """The erasures the person who asks has asked for, the latest first; ended ones for a month."""
    return [_shown(each) for each in await erasure.mine(info.context.house.vault.cooling, info.context.who)]


def _by(info: Ask, key: str, wish: DataclassInstance) -> By:
    return By(who=info.context.who, key=request_key(key, wish), reason=None)


def _shown(pending: Pending) -> ErasureRequest:
    scope = pending.scopes[0] if pending.scopes else Scope(pending.subject)
    return ErasureRequest(
        id=pending.id,
        state=ErasureState(pending.state.value),
        asked_at=pending.asked_at,
        due_at=pending.due_at,
        product=scope.product,
        record=scope.record,
        receipt=pending.receipt,
    )


QUERIES: Final[Mapping[str, Callable[..., Any]]] = {"my_erasures": my_erasures}
MUTATIONS: Final[Mapping[str, Callable[..., Any]]] = {
    "request_erasure": request_erasure,
    "cancel_erasure": cancel_erasure,
}
