"""What is left of a request before anything else sees it: a truncated address, a kind of device, two consents.

The address of the browser, its user agent and its cookies go no further than these functions (CKE-12, CKE-13).
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

IPV4_KEPT: Final = 24
IPV6_KEPT: Final = 48
NO_ADDRESS: Final = "0.0.0.0"  # noqa: S104  (an address that names nobody, not an interface)

SYSTEMS: Final = (
    ("iOS", re.compile(r"iPhone|iPad|iPod")),
    ("Android", re.compile(r"Android")),
    ("Windows", re.compile(r"Windows")),
    ("macOS", re.compile(r"Macintosh")),
    ("Linux", re.compile(r"Linux|X11")),
)
TABLET: Final = re.compile(r"iPad|Tablet|Android(?!.*Mobile)")
MOBILE: Final = re.compile(r"Mobi|iPhone|iPod")


@dataclass(frozen=True, slots=True)
class Device:
    """A class of devices and a family of systems; thousands share each."""

    kind: str
    system: str

    def __str__(self) -> str:
        return f"{self.kind}, {self.system}"


def truncated(address: str) -> str:
    """An IPv4 address without its last octet, an IPv6 address without its last 80 bits.

    IPv4 inside IPv6 (`::ffff:203.0.113.77`) is IPv4. What is no address, a scope id included, is none at all.
    """
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return NO_ADDRESS
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    kept = IPV4_KEPT if isinstance(found, ipaddress.IPv4Address) else IPV6_KEPT
    return str(ipaddress.ip_network((int(found), kept), strict=False).network_address)


def nearest(peer: str, forwarded: str, *, proxies: int) -> str:
    """The browser's address: the peer, or behind `proxies` of our own the one the outermost of them saw.

    What stands further left in `X-Forwarded-For` was written by the client and is not believed.
    """
    hops = [hop.strip() for hop in forwarded.split(",") if hop.strip()]
    return hops[-proxies] if 0 < proxies <= len(hops) else peer


def device(user_agent: str) -> Device:
    """The class of a device; `other` where nothing is known."""
    system = next((name for name, pattern in SYSTEMS if pattern.search(user_agent)), "other")
    if TABLET.search(user_agent):
        return Device("tablet", system)
    return Device("mobile" if MOBILE.search(user_agent) else "desktop", system)


@dataclass(frozen=True, slots=True)
class Preferences:
    """What a browser agreed to. Off until it was asked and said yes; `asked` tells a no from silence."""

    analytics: bool
    targeting: bool
    asked: bool

    def consents(self) -> frozenset[str]:
        """The purposes agreed to."""
        given = {"analytics": self.analytics, "targeting": self.targeting}
        return frozenset(purpose for purpose, agreed in given.items() if agreed)

    def written(self) -> str:
        """The value of the cookie: the answers and nothing else, so it is the same for everybody who answers alike."""
        return f"analytics-{_word(given=self.analytics)}.targeting-{_word(given=self.targeting)}"


SILENT: Final = Preferences(analytics=False, targeting=False, asked=False)
_WRITTEN: Final = re.compile(r"analytics-(yes|no)\.targeting-(yes|no)")


def preferences(cookie: str | None, headers: Mapping[str, str]) -> Preferences:
    """What the cookie says; nothing else gives a consent. Global Privacy Control takes targeting back."""
    read = _WRITTEN.fullmatch(cookie or "")
    if read is None:
        return SILENT
    objects = headers.get("sec-gpc", "").strip() == "1"
    return Preferences(read[1] == "yes", read[2] == "yes" and not objects, asked=True)


def _word(*, given: bool) -> str:
    return "yes" if given else "no"
