"""An `AddressSearch` over the entries of a stand-in, without HTTP."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from solstrom_world import ADDRESS

from hvelv.standins.addresses import AddressEntry, StandInAddresses
from solar.model.roof import Place

SOLVEIEN = AddressEntry(text="Solveien 7", postcode="0170", town="OSLO", lat=59.937_21, lon=10.731_44)


@dataclass
class MemoryAddresses:
    """What the stand-in knows."""

    standing_in: StandInAddresses = field(default_factory=lambda: StandInAddresses([SOLVEIEN]))

    async def find(self, address: str) -> Sequence[Place]:
        self.standing_in.asked.append({"sok": address})
        found = [entry for entry in self.standing_in.entries if entry.fits(address)]
        return [Place(latitude_deg=entry.lat, longitude_deg=entry.lon) for entry in found[:10]]


assert SOLVEIEN.fits(ADDRESS)
