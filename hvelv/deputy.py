"""Who acts for the house where a program does the work: the service principal that stores meter readings.

In development it is handed out by the installation itself, as every token there. In production two officers issue it
(`hvelv token issue meter_ingest register_lookup …`) and whoever renews it writes it to the file of
`HVELV_METER_INGEST_TOKEN_FILE`; the file is read anew each time, so a renewal needs no restart.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import UUID

from hvelv.settings import Settings
from identity.issuing import InsecureDevelopment, issue_token
from identity.specs import LONGEST
from policies.model import Principal, RoleKind
from vault import Vault
from vault.errors import Misconfigured, TokenRefused
from vault.request import Secret
from vault.tokens import TokenSpec

ROLES: Final = frozenset({"meter_ingest", "register_lookup"})
ACCOUNT: Final = UUID("00000000-0000-4000-8000-0000000000e1")
"""The account of the development installation's service: always the same, so that a delivery is known again."""


@dataclass(slots=True)
class Deputy:
    """Call it for the service principal. The token behind it is live when it is given."""

    vault: Vault
    settings: Settings
    secret: Secret[str] | None = None

    async def __call__(self) -> Principal:
        """The service principal.

        Raises:
            Misconfigured: in production, without a readable token file.
            TokenRefused: the token of that file is no longer live.
        """
        if self.settings.meter_ingest_token_file is not None:
            return await self.vault.tokens.resolve(_read(self.settings.meter_ingest_token_file))
        if self.settings.mode == "production":
            raise Misconfigured("`HVELV_METER_INGEST_TOKEN_FILE` not set: a file with a token of role `meter_ingest`")
        if self.secret is not None:
            try:
                return await self.vault.tokens.resolve(self.secret)
            except TokenRefused:
                pass  # a day has passed: a new one below
        spec = TokenSpec(account=ACCOUNT, roles=ROLES, lifetime=LONGEST[RoleKind.SERVICE])
        self.secret = (await issue_token(self.vault, spec, InsecureDevelopment())).secret
        return await self.vault.tokens.resolve(self.secret)


def _read(file: Path) -> Secret[str]:
    try:
        return Secret(file.read_text(encoding="ascii").strip())
    except (OSError, UnicodeDecodeError):
        raise Misconfigured("the file of `HVELV_METER_INGEST_TOKEN_FILE` cannot be read") from None
