"""The solar engine of a process. Its libraries take seconds to load, so they are loaded by the first who needs them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hvelv.deputy import ROOFS, Deputy
from hvelv.house import open_vault
from hvelv.settings import Settings
from policies.model import Principal, RecordId, SubjectId
from resolvers.folding import Hours
from resolvers.house import Vault
from resolvers.translation import Declined
from schema.errors import Code
from solar.addresses import AddressSearch, Kartverket
from solar.model.roof import Place, Plane
from vault.request import RequestKey

if TYPE_CHECKING:
    from solar.diagnosis.report import Report
    from solar.engine import Calculated, Page
    from solar.model.estimate import Estimate


@dataclass(frozen=True, slots=True)
class Roofs:
    """`resolvers.house.Solar`. `addresses`: where addresses are looked up, if anywhere."""

    addresses: AddressSearch | None = None

    async def estimated(self, planes: Sequence[Plane], where: Place | str) -> Estimate:
        """See `solar.engine.estimated`."""
        from solar.engine import estimated

        return await estimated(planes, where, self.addresses)

    async def calculate(
        self, vault: Vault, who: Principal, subject: SubjectId, project: RecordId, request: RequestKey
    ) -> Calculated:
        """See `solar.engine.calculate`."""
        from solar.engine import calculate

        if self.addresses is None:
            raise Declined(Code.REGISTER, rule="none is configured: set `HVELV_ADDRESS_REGISTER_ADDRESS`")
        return await calculate(vault, who, subject, project, self.addresses, request)

    async def reported(
        self, planes: Sequence[Plane], cell: str, peak_power_w: int | None, hours: Hours, edges: Sequence[int]
    ) -> Report:
        """See `solar.diagnosis.report.reported`; beside the event loop."""
        import numpy as np

        from solar.cells import read
        from solar.diagnosis.expecting import yearly
        from solar.diagnosis.report import reported

        wh = np.where(hours.quality == 0, np.nan, hours.wh.astype(np.float64))

        def work() -> Report:
            return reported(yearly(planes, read(cell), peak_power_w), wh, np.array(edges, np.int64))

        return await asyncio.to_thread(work)


@asynccontextmanager
async def roofs_of(settings: Settings) -> AsyncGenerator[Roofs, None]:
    """The engine, with the address register of the settings where one is set.

    Raises:
        Misconfigured: its address does not begin with `https://`.
    """
    address = settings.address_register_address
    if address is None:
        yield Roofs()
        return
    async with Kartverket(address, timeout_seconds=settings.register_timeout_seconds) as addresses:
        yield Roofs(addresses)


async def recalculate(settings: Settings, told: Callable[[Page], None]) -> Page:
    """Calculate the whole portfolio anew; `told` hears of each page. Gives the sums of all pages.

    Raises:
        Misconfigured: in production, without a token of the engine.
    """
    from solar.engine import Page, portfolio

    total = Page(0, 0, 0)
    async with open_vault(settings) as vault:
        async for page in portfolio(vault, await Deputy(vault, settings, ROOFS)()):
            told(page)
            total = Page(
                total.calculated + page.calculated, total.incomplete + page.incomplete, total.refused + page.refused
            )
    return total
