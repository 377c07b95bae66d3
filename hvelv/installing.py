"""Makes an installation ready to be opened: both schemas, a folder for the keyring, the first epoch.

Every part may be repeated and interrupted: what is there already is left as it is.
"""

from __future__ import annotations

from hvelv.house import addresses, house, read_policy, running_database
from hvelv.settings import Settings
from vault.storage.migrate import migrate


async def install(settings: Settings) -> None:
    """Bring the databases of the settings to this version's schema and make the first epoch if there is none.

    The keyring's folder is made only where nobody chose another: a mistyped path must not become an empty keyring.

    Raises:
        SettingsRefused, PolicyErrors, DatabaseFailure, Misconfigured, Unavailable: saying what to mend.
    """
    policy = read_policy(settings)
    with running_database(settings) as server:
        owner = addresses(settings, server, "owner")
        await migrate(owner.control, owner.contents or "")
        if settings.key_service == "local" and settings.keyring_dir is None:
            settings.keyring.mkdir(mode=0o700, parents=True, exist_ok=True)
        await house(settings, policy, addresses(settings, server, "app")).found()


async def undo(settings: Settings, target: str) -> None:
    """Take both schemas back, down to and including the migration named `target`.

    Raises:
        SettingsRefused, DatabaseFailure, Unavailable: saying what to mend.
    """
    with running_database(settings) as server:
        owner = addresses(settings, server, "owner")
        await migrate(owner.control, owner.contents or "", direction="backwards", target=target)
