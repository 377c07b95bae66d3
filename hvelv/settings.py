"""What the environment says: every setting is `HVELV_` and a name below; a name that is not here is refused.

A refusal names the setting and what it wants, and never quotes what was given. Addresses and tokens do not print.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, Field, SecretStr, ValidationError, model_validator
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, SettingsConfigDict

from hvelv.errors import SettingsRefused

PREFIX: Final = "HVELV_"
# read by tests only
TESTS: Final = "HVELV_TEST_"
POLICY: Final = Path(__file__).parents[1] / "policies.yaml"
# regions of the usual providers that lie inside the EEA, and the countries' own codes
PLACES: Final = frozenset(
    {"eu-central-1", "eu-north-1", "eu-south-1", "eu-south-2", "eu-west-1", "eu-west-3"}
    | {"at", "be", "bg", "cy", "cz", "de", "dk", "ee", "es", "fi", "fr", "gr", "hr", "hu", "ie", "is"}
    | {"it", "li", "lt", "lu", "lv", "mt", "nl", "no", "pl", "pt", "ro", "se", "si", "sk"}
)
# a folder by its whole path, or an address that nobody reads along
WITNESSED: Final = ("/", "https://", "http://127.0.0.1:", "http://localhost:")
Role = Literal["app", "owner", "gateway", "sweeper"]


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where a role finds both databases, the gateway control only. Not printed: an address may hold a password."""

    control: str = field(repr=False)
    contents: str | None = field(repr=False)


def _postgres(address: SecretStr) -> SecretStr:
    if not address.get_secret_value().startswith(("postgresql://", "postgres://")):
        raise ValueError
    return address


def _in_eea(region: str) -> str:
    if region not in PLACES:
        raise ValueError
    return region


def _https(address: str) -> str:
    if not address.startswith("https://") or address.endswith("/"):
        raise ValueError
    return address


Https = Annotated[str, AfterValidator(_https)]


def _witnesses(named: str) -> str:
    for each in named.split(",") if named else ():
        if not each.strip().startswith(WITNESSED):
            raise ValueError
    return named


Address = Annotated[SecretStr, AfterValidator(_postgres)]
_WANTS_ADDRESS: Final = "the address of a PostgreSQL database, `postgresql://role@host/database`"


REGISTERS: Final = ("metering", "population")


class Settings(BaseSettings):
    """The settings of one process. `Settings.load()` reads them; the description of each says what it wants."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, hide_input_in_errors=True, frozen=True, extra="forbid")

    mode: Literal["development", "production"] = Field(
        default="development", description="`development` or `production`"
    )
    region: Annotated[str, AfterValidator(_in_eea)] = Field(
        default="no",
        description="the country or region of the databases, inside the EEA, as `no` or `eu-north-1` (HUB-13)",
    )
    data_dir: Path = Field(
        default=Path(".hvelv"), description="the folder for the embedded database and the local keyring"
    )
    embedded_user: str | None = Field(default=None, description="the account that runs the embedded database for root")
    backup_dir: Path | None = Field(default=None, description="the folder of the backups, on another disk")
    policy: Path = Field(default=POLICY, description="the policy file")

    control_url: Address | None = Field(default=None, description=_WANTS_ADDRESS)
    contents_url: Address | None = Field(default=None, description=_WANTS_ADDRESS)
    control_owner_url: Address | None = Field(default=None, description=_WANTS_ADDRESS)
    contents_owner_url: Address | None = Field(default=None, description=_WANTS_ADDRESS)
    control_sweeper_url: Address | None = Field(default=None, description=_WANTS_ADDRESS)
    contents_sweeper_url: Address | None = Field(default=None, description=_WANTS_ADDRESS)
    control_gateway_url: Address | None = Field(default=None, description=_WANTS_ADDRESS)

    key_service: Literal["local", "transit"] = Field(default="local", description="`local` or `transit`")
    keyring_dir: Path | None = Field(default=None, description="the folder of the local keyring")
    transit_address: str | None = Field(default=None, description="the URL of the Vault or OpenBao server")
    transit_token: SecretStr | None = Field(default=None, description="a token of that server")
    transit_mount: str = Field(default="transit", min_length=1, description="where the Transit engine is mounted")
    transit_key: str = Field(default="hvelv", min_length=1, description="the name of the Transit key")
    transit_namespace: str | None = Field(default=None, description="the namespace on that server")
    transit_certificates: Path | None = Field(default=None, description="a file of certificate authorities to trust")
    transit_timeout_seconds: float = Field(default=5.0, gt=0, le=60, description="a number of seconds up to 60")

    metering_register_address: str | None = Field(
        default=None, description="the `https://` address of the metering point register"
    )
    metering_register_token: SecretStr | None = Field(default=None, description="a token of that register")
    metering_register_recipient: Literal["elhub", "grid_company"] = Field(
        default="elhub", description="`elhub` or `grid_company`: who learns what a look-up asks with"
    )
    population_register_address: str | None = Field(
        default=None, description="the `https://` address of the population register"
    )
    population_register_token: SecretStr | None = Field(default=None, description="a token of that register")
    address_register_address: str | None = Field(
        default=None,
        description="the `https://` address of the address search, Kartverket's is `https://ws.geonorge.no/adresser/v1`",
    )
    register_timeout_seconds: float = Field(default=10.0, gt=0, le=60, description="a number of seconds up to 60")
    witnesses: Annotated[str, AfterValidator(_witnesses)] = Field(
        default="", description="folders on other disks and `https://` addresses of witnesses, separated by commas"
    )

    meter_ingest_token_file: Path | None = Field(
        default=None, description="a file with a token of role `meter_ingest`; production needs one to take readings"
    )
    solar_engine_token_file: Path | None = Field(
        default=None, description="a file with a token of role `solar_engine`; production needs one to calculate"
    )
    erasure_cool_off_days: float = Field(
        default=7.0, ge=0, le=30, description="a number of days up to 30, in which a person can take an erasure back"
    )

    host: str = Field(default="127.0.0.1", min_length=1, description="the interface to listen on")
    port: int = Field(default=8000, ge=1, le=65535, description="a number from 1 to 65535")

    newsletter_token_file: Path | None = Field(default=None, description="a file with a token of role `newsletter`")
    mailgun_address: Https = Field(
        default="https://api.eu.mailgun.net", description="the address of Mailgun's API, `https://…`"
    )
    mailgun_key: SecretStr | None = Field(default=None, description="a sending key of that API")
    mailgun_domain: str | None = Field(default=None, pattern=r"^[a-z0-9.-]+$", description="the domain mail is sent by")
    mailchimp_address: Https | None = Field(
        default=None, description="the address of MailChimp's API, `https://us1.api.mailchimp.com`"
    )
    mailchimp_key: SecretStr | None = Field(default=None, description="a key of that API")
    mailchimp_audience: str | None = Field(default=None, pattern=r"^\w+$", description="the id of an audience there")
    sentry_dsn: SecretStr | None = Field(
        default=None, description="the address of a Sentry project, `https://key@host/1`"
    )
    sentry_certificates: Path | None = Field(default=None, description="a file of certificate authorities to trust")

    collect_port: int = Field(default=8001, ge=1, le=65535, description="a number from 1 to 65535")
    collect_proxies: int = Field(
        default=0, ge=0, le=9, description="how many of our own proxies stand before `/collect`"
    )
    collect_site: Https = Field(default="https://otovo.no", description="the address of the site, `https://…`")
    google_measurement: str | None = Field(default=None, description="the id of a data stream of Google Analytics")
    google_secret: SecretStr | None = Field(default=None, description="its secret for the Measurement Protocol")
    facebook_pixel: str | None = Field(default=None, pattern=r"^[0-9]+$", description="the number of a Facebook Pixel")
    facebook_token: SecretStr | None = Field(default=None, description="its token for the Conversions API")
    hotjar_relay: Https | None = Field(default=None, description="the address of a relay to Hotjar, `https://…`")

    @classmethod
    def load(cls) -> Self:
        """Read the environment.

        Raises:
            SettingsRefused: naming every setting that is unknown, malformed or missing.
        """
        unknown = [
            _unknown(name, cls.model_fields) for name in sorted(os.environ) if _is_unknown(name, cls.model_fields)
        ]
        if unknown:
            raise SettingsRefused("; ".join(unknown))
        try:
            return cls()
        except ValidationError as error:
            raise SettingsRefused("; ".join(_wish(each, cls) for each in error.errors())) from None

    @property
    def embedded(self) -> bool:
        """Whether both databases live on the embedded server."""
        return self.control_url is None

    @property
    def database_dir(self) -> Path:
        """The data directory of the embedded server."""
        return self.data_dir / "postgres"

    @property
    def keyring(self) -> Path:
        """The folder of the local keyring."""
        return self.keyring_dir or self.data_dir / "keyring"

    @property
    def backups(self) -> Path:
        """The folder of the backups."""
        return self.backup_dir or self.data_dir / "backups"

    @property
    def cool_off(self) -> timedelta:
        """How long a person can take an erasure back."""
        return timedelta(days=self.erasure_cool_off_days)

    def addresses(self, role: Role) -> Addresses:
        """Where a role finds the databases, when they are servers of one's own.

        Raises:
            SettingsRefused: the addresses of this role are not set.
        """
        middle = "" if role == "app" else f"{role}_"
        names = [f"{database}_{middle}url" for database in ("control", "contents")]
        names = names[:1] if role == "gateway" else names
        found: list[SecretStr | None] = [getattr(self, name) for name in names]
        missing = [_named(name) for name, address in zip(names, found, strict=True) if address is None]
        if missing:
            raise SettingsRefused(f"{' and '.join(missing)} not set; this needs {_WANTS_ADDRESS}")
        control, *contents = [address.get_secret_value() for address in found if address is not None]
        return Addresses(control, contents[0] if contents else None)

    @model_validator(mode="after")
    def _whole(self) -> Self:
        missing = [*self._missing_databases(), *self._missing_keys(), *self._missing_registers()]
        if missing:
            raise ValueError("; ".join(missing))
        return self

    def _missing_databases(self) -> Iterable[str]:
        if (self.control_url is None) != (self.contents_url is None):
            absent = "control_url" if self.control_url is None else "contents_url"
            yield f"{_named(absent)}: set both addresses or neither"
        if self.mode == "production" and self.embedded:
            yield (
                f"{_named('control_url')}: production needs servers of its own for both databases; "
                "the embedded one is for development"
            )

    def _missing_keys(self) -> Iterable[str]:
        if self.key_service == "transit":
            for name in ("transit_address", "transit_token"):
                if not getattr(self, name):
                    wanted = _description(type(self), name)
                    yield f"{_named(name)}: wants {wanted}, since {_named('key_service')} is `transit`"

    def _missing_registers(self) -> Iterable[str]:
        names = [f"{register}_register_{part}" for register in REGISTERS for part in ("address", "token")]
        absent = [name for name in names if not getattr(self, name)]
        if absent and len(absent) < len(names):
            yield f"{', '.join(map(_named, absent))}: set both registers with their tokens, or neither"


def _named(name: str) -> str:
    return f"`{PREFIX}{name.upper()}`"


def _description(settings: type[Settings], name: str) -> str:
    return settings.model_fields[name].description or "another value"


def _is_unknown(variable: str, known: Iterable[str]) -> bool:
    ours = variable.startswith(PREFIX) and not variable.startswith(TESTS)
    return ours and variable.removeprefix(PREFIX).lower() not in known


def _unknown(variable: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(variable.removeprefix(PREFIX).lower(), list(known), n=1)
    return f"`{variable}` is not a setting" + (f"; did you mean {_named(near[0])}?" if near else "; remove it")


def _wish(error: ErrorDetails, settings: type[Settings]) -> str:
    name = str(error["loc"][0]) if error["loc"] else ""
    if name in settings.model_fields:
        return f"{_named(name)}: wants {_description(settings, name)}"
    return error["msg"].removeprefix("Value error, ")
