"""The newsletter in a running house: its links over HTTP, and the list at its processor."""

from __future__ import annotations

from pathlib import Path

from starlette.routing import BaseRoute

from hvelv.errors import SettingsRefused
from hvelv.house import now, open_vault
from hvelv.settings import Settings
from identity.bearer import authenticate
from outreach.https import Https
from outreach.mailchimp import MailChimp, Synchronised, synchronise
from outreach.newsletter import Newsletter
from outreach.one_click import OneClick
from policies.model import Principal
from vault import Vault
from vault.errors import Misconfigured
from vault.request import Secret


def newsletter_of(vault: Vault) -> Newsletter:
    """The newsletter of a vault."""
    return Newsletter(vault, vault.suppression, vault.slips, clock=now)


def one_click(settings: Settings, vault: Vault) -> list[BaseRoute]:
    """The links of mails; none without the service's token file, since nobody could act on them."""
    file = settings.newsletter_token_file
    if file is None:
        return []

    async def service() -> Principal:
        return await authenticate(vault.tokens, _read(file))

    return OneClick(newsletter_of(vault), service).routes()


async def synchronised(settings: Settings) -> Synchronised:
    """Make the audience at MailChimp equal to the readers here, once.

    Raises:
        SettingsRefused: a setting is missing.
        SystemFailed: MailChimp did not answer; running it again is safe.
    """
    address, audience, key, file = (
        settings.mailchimp_address, settings.mailchimp_audience, settings.mailchimp_key,
        settings.newsletter_token_file,
    )  # fmt: skip
    if not (address and audience and key and file):
        raise SettingsRefused(
            "set `HVELV_MAILCHIMP_ADDRESS`, `HVELV_MAILCHIMP_AUDIENCE`, `HVELV_MAILCHIMP_KEY` and "
            "`HVELV_NEWSLETTER_TOKEN_FILE`"
        )
    client = Https("mailchimp", address, login=("hvelv", Secret(key.get_secret_value())))
    try:
        async with open_vault(settings) as vault:
            who = await authenticate(vault.tokens, _read(file))
            return await synchronise(newsletter_of(vault), MailChimp(client, audience=audience), who)
    finally:
        await client.close()


def _read(file: Path) -> Secret[str]:
    """Read anew each time: a renewal needs no restart."""
    try:
        return Secret(file.read_text(encoding="ascii").strip())
    except (OSError, UnicodeDecodeError):
        raise Misconfigured("the file of `HVELV_NEWSLETTER_TOKEN_FILE` cannot be read") from None
