"""Settings: what is refused, and that a refusal says what to mend without quoting what was given."""

from __future__ import annotations

import os
from collections.abc import Mapping

import pytest

from hvelv.errors import SettingsRefused
from hvelv.settings import Settings

OWN_SERVERS = {
    "HVELV_CONTROL_URL": "postgresql://hvelv_app:quiet@one/control",
    "HVELV_CONTENTS_URL": "postgresql://hvelv_app:quiet@two/contents",
}


@pytest.fixture(autouse=True)
def _bare(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("HVELV_"):
            monkeypatch.delenv(name)


def load(monkeypatch: pytest.MonkeyPatch, **settings: str) -> Settings:
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    return Settings.load()


def test_nothing_set_means_one_machine_for_development() -> None:
    settings = Settings.load()
    assert (settings.mode, settings.embedded, settings.key_service) == ("development", True, "local")
    assert settings.keyring == settings.data_dir / "keyring"
    assert settings.host == "127.0.0.1"
    assert settings.policy.name == "policies.yaml"


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"HVELV_PORT": "gibberish"}, "`HVELV_PORT`: wants a number from 1 to 65535"),
        ({"HVELV_PORT": "70000"}, "`HVELV_PORT`: wants a number from 1 to 65535"),
        ({"HVELV_MODE": "gibberish"}, "`HVELV_MODE`: wants `development` or `production`"),
        ({"HVELV_KEY_SERVICE": "gibberish"}, "`HVELV_KEY_SERVICE`: wants `local` or `transit`"),
        ({**OWN_SERVERS, "HVELV_CONTROL_URL": "mysql://gibberish"}, "`HVELV_CONTROL_URL`: wants the address"),
        ({"HVELV_KEYSERVICE": "gibberish"}, "`HVELV_KEYSERVICE` is not a setting; did you mean `HVELV_KEY_SERVICE`?"),
        ({"HVELV_ZZZ": "gibberish"}, "`HVELV_ZZZ` is not a setting; remove it"),
    ],
)
def test_a_wrong_setting_is_named_with_what_it_wants_and_never_quoted(
    monkeypatch: pytest.MonkeyPatch, given: Mapping[str, str], named: str
) -> None:
    with pytest.raises(SettingsRefused) as refused:
        load(monkeypatch, **given)
    assert named in str(refused.value)
    assert "gibberish" not in str(refused.value)
    assert "\n" not in str(refused.value)
    assert refused.value.__cause__ is None


def test_all_wrong_settings_are_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SettingsRefused, match=r"HVELV_MODE.*HVELV_PORT"):
        load(monkeypatch, HVELV_MODE="x", HVELV_PORT="x")


def test_one_address_without_the_other_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SettingsRefused, match="`HVELV_CONTENTS_URL`: set both addresses or neither"):
        load(monkeypatch, HVELV_CONTROL_URL=OWN_SERVERS["HVELV_CONTROL_URL"])


def test_production_on_the_embedded_database_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SettingsRefused, match="`HVELV_CONTROL_URL`: production needs servers of its own"):
        load(monkeypatch, HVELV_MODE="production")


def test_transit_without_its_server_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SettingsRefused, match=r"`HVELV_TRANSIT_ADDRESS`.*`HVELV_TRANSIT_TOKEN`"):
        load(monkeypatch, HVELV_KEY_SERVICE="transit")


def test_addresses_and_tokens_do_not_print(monkeypatch: pytest.MonkeyPatch) -> None:
    transit = {"HVELV_KEY_SERVICE": "transit", "HVELV_TRANSIT_ADDRESS": "https://keys", "HVELV_TRANSIT_TOKEN": "quiet"}
    settings = load(monkeypatch, **OWN_SERVERS, **transit)
    assert "quiet" not in f"{settings!r} {settings} {settings.addresses('app')!r}"
    assert settings.addresses("app").control == OWN_SERVERS["HVELV_CONTROL_URL"]
    assert settings.addresses("app").contents == OWN_SERVERS["HVELV_CONTENTS_URL"]


def test_a_role_without_addresses_is_told_which_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load(monkeypatch, **OWN_SERVERS)
    with pytest.raises(SettingsRefused, match="`HVELV_CONTROL_OWNER_URL` and `HVELV_CONTENTS_OWNER_URL` not set"):
        settings.addresses("owner")


def test_the_gateway_knows_control_only(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load(monkeypatch, **OWN_SERVERS, HVELV_CONTROL_GATEWAY_URL="postgresql://hvelv_gateway@one/control")
    assert settings.addresses("gateway").contents is None


def test_settings_of_other_programs_are_never_read(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load(monkeypatch, VAULT_ADDR="https://elsewhere", VAULT_TOKEN="other", HVELV_TEST_VAULT_ADDR="https://x")
    assert settings.transit_address is None
    assert settings.transit_token is None


@pytest.mark.clause("HUB-13")
@pytest.mark.parametrize("region", ["us-east-1", "eu-west-2", "us", "gb", "NO", ""])
def test_a_region_outside_the_eea_stops_the_start(monkeypatch: pytest.MonkeyPatch, region: str) -> None:
    with pytest.raises(SettingsRefused, match="`HVELV_REGION`: wants the country or region"):
        load(monkeypatch, HVELV_REGION=region)


@pytest.mark.clause("HUB-13")
@pytest.mark.parametrize("region", ["eu-west-1", "eu-central-1", "no"])
def test_a_region_inside_the_eea_is_accepted(monkeypatch: pytest.MonkeyPatch, region: str) -> None:
    assert load(monkeypatch, HVELV_REGION=region).region == region
