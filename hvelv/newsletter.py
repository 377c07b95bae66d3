"""The newsletter in a running house: its links over HTTP, and the list at its processor."""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable
from pathlib import Path

import structlog
from starlette.routing import BaseRoute

from hvelv.errors import SettingsRefused
from hvelv.house import now, open_vault
from hvelv.settings import Settings
from identity.bearer import authenticate
from outreach.confirming import Confirming
from outreach.https import Https
from outreach.mailchimp import MailChimp, Synchronised, synchronise
from outreach.newsletter import Newsletter
from outreach.one_click import OneClick
from outreach.providers import Mailgun
from outreach.templates import Templates
from outreach.wording import ALL
from policies.model import Principal
from vault import Vault
from vault.errors import Misconfigured
from vault.request import Secret

_log = structlog.get_logger("hvelv.newsletter")


def newsletter_of(vault: Vault) -> Newsletter:
    """The newsletter of a vault."""
    return Newsletter(vault, vault.suppression, vault.slips, clock=now)


def one_click(settings: Settings, vault: Vault) -> list[BaseRoute]:
    """The links of mails; none without the service's token file, since nobody could act on them."""
    file = settings.newsletter_token_file
    return [] if file is None else OneClick(newsletter_of(vault), _service(vault, file)).routes()


def letters(settings: Settings, vault: Vault) -> Confirming | None:
    """Mail that asks a mailbox to confirm; none where Mailgun or the service's token file is not set up.

    Raises:
        TemplateRefused: a template does not fit the policy, whether or not mail is set up.
    """
    templates = Templates(vault.policy, ALL)
    file, key, domain = settings.newsletter_token_file, settings.mailgun_key, settings.mailgun_domain
    if not (file and key and domain):
        return None
    client = Https("mailgun", settings.mailgun_address, login=("api", Secret(key.get_secret_value())))
    return Confirming(
        vault,
        templates,
        Mailgun(client, domain=domain, sender=f"Otovo <nyhetsbrev@{domain}>"),
        _service(vault, file),
        site=settings.collect_site,
        ids=uuid.uuid4,
        failed=lambda error: _log.error("a confirmation was not sent", fault=Secret(error)),
    )


def _service(vault: Vault, file: Path) -> Callable[[], Awaitable[Principal]]:
    async def service() -> Principal:
        return await authenticate(vault.tokens, _read(file))

    return service


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
