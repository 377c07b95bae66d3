"""Who acts for the house where a program does the work: the principals that store readings and calculate roofs.

In development it is handed out by the installation itself, as every token there. In production two officers issue it
(`hvelv token issue meter_ingest register_lookup …`) and whoever renews it writes it to the file of
`HVELV_METER_INGEST_TOKEN_FILE`, of the solar engine to that of `HVELV_SOLAR_ENGINE_TOKEN_FILE`; the file is read anew
each time, so a renewal needs no restart.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import UUID

from hvelv.settings import PREFIX, Settings
from identity.issuing import InsecureDevelopment, issue_token
from identity.specs import LONGEST
from policies.model import Principal, RoleKind
from vault import Vault
from vault.errors import Misconfigured, TokenRefused
from vault.request import Secret
from vault.tokens import TokenSpec


@dataclass(frozen=True, slots=True)
class Duty:
    """What is done: with which roles, by which setting in production, in development by which account.

    The account is always the same, so that a delivery is known again.
    """

    roles: frozenset[str]
    setting: str
    role: str
    account: UUID


METERS: Final = Duty(
    frozenset({"meter_ingest", "register_lookup"}), "meter_ingest_token_file", "meter_ingest",
    UUID("00000000-0000-4000-8000-0000000000e1"),
)  # fmt: skip
ROOFS: Final = Duty(
    frozenset({"solar_engine"}), "solar_engine_token_file", "solar_engine",
    UUID("00000000-0000-4000-8000-0000000000e2"),
)  # fmt: skip


@dataclass(slots=True)
class Deputy:
    """Call it for the service principal. The token behind it is live when it is given."""

    vault: Vault
    settings: Settings
    duty: Duty = METERS
    secret: Secret[str] | None = None

    async def __call__(self) -> Principal:
        """The service principal.

        Raises:
            Misconfigured: in production, without a readable token file.
            TokenRefused: the token of that file is no longer live.
        """
        duty = self.duty
        file: Path | None = getattr(self.settings, duty.setting)
        if file is not None:
            return await self.vault.tokens.resolve(_read(file, duty))
        if self.settings.mode == "production":
            raise Misconfigured(f"{_named(duty)} not set: a file with a token of role `{duty.role}`")
        if self.secret is not None:
            try:
                return await self.vault.tokens.resolve(self.secret)
            except TokenRefused:
                pass  # a day has passed: a new one below
        spec = TokenSpec(account=duty.account, roles=duty.roles, lifetime=LONGEST[RoleKind.SERVICE])
        self.secret = (await issue_token(self.vault, spec, InsecureDevelopment())).secret
        return await self.vault.tokens.resolve(self.secret)


def _named(duty: Duty) -> str:
    return f"`{PREFIX}{duty.setting.upper()}`"


def _read(file: Path, duty: Duty) -> Secret[str]:
    try:
        return Secret(file.read_text(encoding="ascii").strip())
    except (OSError, UnicodeDecodeError):
        raise Misconfigured(f"the file of {_named(duty)} cannot be read") from None
