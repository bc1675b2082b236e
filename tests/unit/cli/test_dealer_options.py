"""What a dealer's record may hold is said before anything is written."""

import pytest

from tests.unit.cli.running import Run

_ADD = {
    "--name": "Garage Noord",
    "--base-url": "https://noord.example",
    "--token-url": "https://login.example/oauth/token",
    "--audience": "noord",
    "--client-id": "claire",
}


def _add(twodrive: Run, dealer_id: str = "12", **changed: str) -> tuple[int, str]:
    options = _ADD | {f"--{name.replace('_', '-')}": value for name, value in changed.items()}
    arguments = [part for pair in options.items() for part in pair]
    result = twodrive("dealers", "add", dealer_id, *arguments, input="canary-secret\n")
    assert "canary-secret" not in result.output
    return result.exit_code, " ".join(result.stderr.split())


def test_all_that_is_wrong_with_a_record_is_wrong_usage(twodrive: Run, settings: dict[str, str]) -> None:
    # Acceptable, so it goes on to a database that is not there.
    assert _add(twodrive)[0] == 5


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"base_url": "http://noord.example"}, "must be https://host"),
        ({"base_url": "https://user:pw@noord.example"}, "must be https://host"),
        ({"base_url": "https://noord.example/?x=1"}, "must be https://host"),
        ({"base_url": "noord.example"}, "must be https://host"),
        ({"base_url": "https://noord.example/api/"}, "ends before /api: https://noord.example"),
        ({"token_url": "http://login.example/token"}, "must be https://host"),
        ({"name": "  "}, "1 to 200 printable characters"),
        ({"name": "a\nb"}, "1 to 200 printable characters"),
        ({"audience": "x" * 201}, "1 to 200 printable characters"),
        ({"time_zone": "Europe/Groningen"}, "for example Europe/Amsterdam"),
        ({"time_zone": "../../etc/passwd"}, "for example Europe/Amsterdam"),
        ({"phone_region": "XX"}, "for example NL or BE"),
        ({"affiliate": "0"}, "0 is not in the range"),
        ({"refresh_every_minutes": "0"}, "a whole number from 1 to 10080 (a week), for example 30, or never"),
        ({"refresh_every_minutes": "10081"}, "a whole number from 1 to 10080"),
        ({"refresh_every_minutes": "1.5"}, "a whole number from 1 to 10080"),
        ({"refresh_every_minutes": ""}, "a whole number from 1 to 10080"),
        ({"refresh_from": "24:00"}, "must be a time of day as HH:MM, for example 07:30"),
        ({"refresh_from": "7"}, "must be a time of day as HH:MM"),
        ({"refresh_until": "7:5"}, "must be a time of day as HH:MM"),
        ({"refresh_until": "evening"}, "must be a time of day as HH:MM"),
        ({"refresh_until": "-1:30"}, "must be a time of day as HH:MM"),
        ({"days_back": "-1"}, "-1 is not in the range"),
        ({"days_ahead": "3651"}, "3651 is not in the range"),
        ({"requests_per_second": "0"}, "must be a number from 0.01 to 1000, for example 5 or 0.5"),
        ({"requests_per_second": "nan"}, "must be a number from 0.01 to 1000"),
        ({"requests_per_second": "inf"}, "must be a number from 0.01 to 1000"),
        ({"concurrent_requests": "0"}, "0 is not in the range"),
        ({"dealer_id": "0"}, "0 is not in the range"),
        ({"dealer_id": "2147483648"}, "2147483648 is not in the range"),
    ],
)
def test_refusals(twodrive: Run, settings: dict[str, str], changed: dict[str, str], sentence: str) -> None:
    code, said = _add(twodrive, **changed)
    assert code == 2
    assert sentence in said


@pytest.mark.parametrize("url", ["http://localhost:8085", "http://127.0.0.1:8085/tenant/", "http://[::1]:1"])
def test_this_machine_needs_no_tls_and_a_setting(
    twodrive: Run, settings: dict[str, str], url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, said = _add(twodrive, base_url=url, token_url=url)
    assert code == 3
    assert "set TWODRIVE_ALLOW_PRIVATE_ADDRESSES=true" in said
    monkeypatch.setenv("TWODRIVE_ALLOW_PRIVATE_ADDRESSES", "true")
    assert _add(twodrive, base_url=url, token_url=url)[0] == 5


@pytest.mark.parametrize("option", ["--base-url", "--token-url"])
def test_a_change_to_a_private_address_is_refused_before_the_database_is_asked(
    twodrive: Run, settings: dict[str, str], option: str
) -> None:
    result = twodrive("dealers", "set", "12", option, "https://169.254.169.254/latest")
    assert result.exit_code == 3
    assert "private network" in result.stderr


@pytest.mark.parametrize(
    "changed",
    [
        {"refresh_every_minutes": "never"},
        {"refresh_every_minutes": " 10080 "},
        {"refresh_from": "7:05", "refresh_until": "00:00"},
        {"requests_per_second": "0.01", "concurrent_requests": "100"},
        {"days_back": "0", "days_ahead": "3650"},
    ],
)
def test_schedules_and_limits_that_are_accepted(
    twodrive: Run, settings: dict[str, str], changed: dict[str, str]
) -> None:
    assert _add(twodrive, **changed)[0] == 5


@pytest.mark.parametrize("typed", ["", "   \n"])
def test_an_empty_secret_is_refused(twodrive: Run, settings: dict[str, str], typed: str) -> None:
    result = twodrive("dealers", "set", "12", "--client-secret-file", "-", input=typed)
    assert result.exit_code == 2
    assert "The client secret is empty." in result.stderr


def test_only_a_new_dealer_gets_defaults(twodrive: Run) -> None:
    of_add, of_set = (twodrive("dealers", command, "--help").stdout for command in ("add", "set"))
    for said in ("[Europe/Amsterdam]", "[no]", "[30]", "[00:00]", "Without it"):
        assert said in of_add
        assert said not in of_set


def test_a_secret_is_never_an_argument(twodrive: Run) -> None:
    result = twodrive("dealers", "set", "12", "--client-secret", "canary-secret")
    assert result.exit_code == 2
    assert "canary-secret" not in result.output


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ((), "Nothing to change was named"),
        (("--affiliate", "3", "--all-affiliates"), "contradict each other"),
    ],
)
def test_a_change_must_say_what(twodrive: Run, options: tuple[str, ...], sentence: str) -> None:
    result = twodrive("dealers", "set", "12", *options)
    assert result.exit_code == 2
    assert sentence in result.stderr
