"""`twodrive dealers` on a real PostgreSQL."""

import json
from dataclasses import fields

import pytest
from cryptography.fernet import Fernet

from sandbox.stack import Stack
from schemas.dealer import Dealer
from tests.unit.cli.running import Run
from worker.store.dealers import DealerChanges


def _shown(twodrive: Run, dealer: str) -> dict[str, object]:
    shown: dict[str, object] = json.loads(twodrive("dealers", "show", dealer, "--json").stdout)
    return shown


def _default(field: str) -> object:
    return next(one.default for one in fields(Dealer) if one.name == field)


def _secret(cli_stack: Stack, dealer: str) -> str:
    parts = cli_stack.parts()
    try:
        with parts.database.transaction() as connection:
            loaded = parts.dealers.load(connection, int(dealer))
    finally:
        parts.close()
    assert loaded is not None
    return loaded.dealer.connection.client_secret.reveal()


def test_a_new_dealer_has_the_defaults(twodrive: Run, cli_stack: Stack, dealer: str) -> None:
    assert _shown(twodrive, dealer) == {
        "dealer_id": int(dealer),
        "name": "Garage Testweg",
        "base_url": cli_stack.simulator.base_url,
        "token_url": cli_stack.simulator.token_url,
        "audience": cli_stack.simulator.audience,
        "client_id": cli_stack.simulator.client_id,
        "client_secret": "***",
        "affiliates": [],
        "time_zone": "Europe/Amsterdam",
        "phone_region": "NL",
        "keep_importing_after_start": False,
        "import_new_in_bulk": False,
        "prices_include_vat": False,
        "paused": False,
        "refresh_every_minutes": 30,
        "refresh_from": None,
        "refresh_until": None,
        "days_back": 14,
        "days_ahead": 60,
        "requests_per_second": _default("requests_per_second"),
        "concurrent_requests": _default("concurrent_requests"),
        "page_rows": None,
        "modified_on_works": None,
        "circuit": {
            "state": "closed",
            "failures": 0,
            "reason": None,
            "since": None,
            "next_probe_at": None,
            "probed_now": False,
        },
    }
    assert _secret(cli_stack, dealer) == cli_stack.simulator.client_secret


def test_every_field_can_be_changed(twodrive: Run, cli_stack: Stack, dealer: str) -> None:
    changes = {
        "name": "Garage Zuid",
        "base_url": "https://zuid.example/tenant",
        "token_url": "https://login.example/oauth/token",
        "audience": "zuid",
        "client_id": "claire-2",
        "time_zone": "Europe/Brussels",
        "phone_region": "BE",
    }
    options = [part for name, value in changes.items() for part in (f"--{name.replace('_', '-')}", value)]
    switches = ("--keep-importing", "--import-new-in-bulk", "--prices-include-vat", "--paused")
    affiliates = ("--affiliate", "4", "--affiliate", "3")
    result = twodrive("dealers", "set", dealer, *options, *switches, *affiliates)
    assert result.exit_code == 0
    shown = _shown(twodrive, dealer)
    assert shown.items() >= changes.items()
    assert shown["affiliates"] == [4, 3]
    for switch in ("keep_importing_after_start", "import_new_in_bulk", "prices_include_vat", "paused"):
        assert shown[switch] is True
    back = (
        "--no-keep-importing-after-start",
        "--no-import-new-in-bulk",
        "--prices-exclude-vat",
        "--no-paused",
    )
    assert twodrive("dealers", "set", dealer, *back, "--all-affiliates").exit_code == 0
    shown = _shown(twodrive, dealer)
    assert shown["affiliates"] == []
    for switch in ("keep_importing_after_start", "import_new_in_bulk", "prices_include_vat", "paused"):
        assert shown[switch] is False
    assert _secret(cli_stack, dealer) == cli_stack.simulator.client_secret


def test_bulk_refreshes_can_be_planned_and_limited(twodrive: Run, dealer: str) -> None:
    changes = {
        "refresh_every_minutes": 15,
        "refresh_from": "06:30",
        "refresh_until": "19:00",
        "days_back": 3,
        "days_ahead": 0,
        "requests_per_second": 0.5,
        "concurrent_requests": 2,
    }
    pairs = ((f"--{name.replace('_', '-')}", str(value)) for name, value in changes.items())
    assert twodrive("dealers", "set", dealer, *(part for pair in pairs for part in pair)).exit_code == 0
    assert _shown(twodrive, dealer).items() >= changes.items()
    never = twodrive("dealers", "set", dealer, "--refresh-every-minutes", "Never")
    assert never.stdout == f"Dealer {dealer} was changed: refresh_every_minutes.\n"
    assert _shown(twodrive, dealer)["refresh_every_minutes"] is None
    lines = twodrive("dealers", "show", dealer).stdout.splitlines()
    assert ["refresh_every_minutes", "never"] in [line.split() for line in lines]


@pytest.mark.parametrize("option", [("--forget-learned",), ("--base-url", "https://other.example")])
def test_what_was_learned_of_a_tenant_is_shown_and_forgotten(
    twodrive: Run, cli_stack: Stack, dealer: str, option: tuple[str, ...]
) -> None:
    learned = {"page_rows": 100, "modified_on_works": False}
    parts = cli_stack.parts()
    try:
        with parts.database.transaction() as connection:
            parts.dealers.change(
                connection, int(dealer), DealerChanges(page_rows=100, modified_on_works=False)
            )
    finally:
        parts.close()
    assert _shown(twodrive, dealer).items() >= learned.items()
    assert twodrive("dealers", "set", dealer, *option).exit_code == 0
    assert _shown(twodrive, dealer).items() >= dict.fromkeys(learned).items()


def test_a_change_leaves_the_rest_alone(twodrive: Run, dealer: str) -> None:
    before = _shown(twodrive, dealer)
    result = twodrive("dealers", "set", dealer, "--paused")
    assert result.stdout == f"Dealer {dealer} was changed: paused.\n"
    assert _shown(twodrive, dealer) == before | {"paused": True}


def test_a_new_secret_is_asked_for_and_not_shown(twodrive: Run, cli_stack: Stack, dealer: str) -> None:
    result = twodrive("dealers", "set", dealer, "--new-client-secret", input="canary-typed\n")
    assert result.exit_code == 0
    assert "Client secret" in result.stderr
    assert _secret(cli_stack, dealer) == "canary-typed"
    assert "canary" not in twodrive("dealers", "show", dealer).output
    assert "canary" not in twodrive("dealers", "list", "--json").output


def test_a_number_that_is_taken(twodrive: Run, dealer: str) -> None:
    result = twodrive(
        *("dealers", "add", dealer, "--name", "Another", "--base-url", "https://a.example"),
        *("--token-url", "https://b.example", "--audience", "a", "--client-id", "c"),
        input="canary-other\n",
    )
    assert result.exit_code == 4
    assert f"There is a dealer {dealer} already." in result.stderr
    assert _shown(twodrive, dealer)["name"] == "Garage Testweg"


@pytest.mark.parametrize("command", [("show",), ("set", "--paused")])
def test_a_dealer_that_is_not_there(twodrive: Run, new_id: str, command: tuple[str, ...]) -> None:
    result = twodrive("dealers", command[0], new_id, *command[1:])
    assert result.exit_code == 4
    assert f"There is no dealer {new_id}." in result.stderr


def test_the_list_shows_all(twodrive: Run, dealer: str) -> None:
    listed = json.loads(twodrive("dealers", "list", "--json").stdout)
    assert {name: value for name, value in _shown(twodrive, dealer).items() if name != "circuit"} in listed
    assert "Garage Testweg" in twodrive("dealers", "list").stdout


def test_the_wrong_key_is_a_matter_of_configuration(
    twodrive: Run, dealer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TWODRIVE_SECRET_KEYS", Fernet.generate_key().decode())
    result = twodrive("dealers", "show", dealer)
    assert result.exit_code == 3
    assert "cannot be decrypted" in result.stderr
