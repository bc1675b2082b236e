"""Settings are shown with their sources and without their secrets."""

import json
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from hypothesis import given
from hypothesis import strategies as st

from schemas.dealer import Secret
from tests.unit.cli.running import Run
from tests.unit.conftest import PASSWORD
from worker.cli.masking import masked_url, shown
from worker.settings import SETTINGS


def test_missing_settings_are_listed_all_at_once(twodrive: Run) -> None:
    result = twodrive("config", "show")
    assert result.exit_code == 3
    for setting in SETTINGS:
        assert (f"{setting.variable}: is not set" in result.stderr) is setting.required
    assert "What to do: " in result.stderr
    assert "Traceback" not in result.output


def test_a_wrong_setting_is_named_without_its_value(
    twodrive: Run, settings: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TWODRIVE_BROKER_URL", f"http://user:{PASSWORD}@host")
    result = twodrive("config", "show")
    assert result.exit_code == 3
    assert "TWODRIVE_BROKER_URL: must start with redis://" in result.stderr
    assert PASSWORD not in result.output


@pytest.mark.parametrize("options", [(), ("--json",)])
def test_secrets_are_masked(twodrive: Run, settings: dict[str, str], options: tuple[str, ...]) -> None:
    result = twodrive("config", "show", *options)
    assert result.exit_code == 0
    assert PASSWORD not in result.output
    assert settings["TWODRIVE_SECRET_KEYS"] not in result.output
    assert "postgresql+psycopg2://***@127.0.0.1:1/claire" in result.stdout


def test_every_setting_says_where_it_comes_from(
    twodrive: Run, settings: dict[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text("TWODRIVE_INTERACTIVE_THREADS=7\n")
    key = tmp_path / "key"
    key.write_text(settings["TWODRIVE_SECRET_KEYS"])
    monkeypatch.delenv("TWODRIVE_SECRET_KEYS")
    monkeypatch.setenv("TWODRIVE_SECRET_KEYS_FILE", str(key))
    shown_settings = json.loads(twodrive("config", "show", "--json").stdout)
    sources = {name: entry["source"] for name, entry in shown_settings.items()}
    assert sources["TWODRIVE_DATABASE_URL"] == "environment"
    assert sources["TWODRIVE_SECRET_KEYS"] == "file, environment"
    assert sources["TWODRIVE_INTERACTIVE_THREADS"] == ".env"
    assert sources["TWODRIVE_LOG_LEVEL"] == "default"
    assert shown_settings["TWODRIVE_INTERACTIVE_THREADS"]["value"] == "7"
    assert set(sources) == {setting.variable for setting in SETTINGS}


def test_a_file_goes_before_the_variable(
    twodrive: Run, settings: dict[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "level").write_text("error")
    monkeypatch.setenv("TWODRIVE_LOG_LEVEL", "debug")
    monkeypatch.setenv("TWODRIVE_LOG_LEVEL_FILE", str(tmp_path / "level"))
    shown_settings = json.loads(twodrive("config", "show", "--json").stdout)
    assert shown_settings["TWODRIVE_LOG_LEVEL"] == {"value": "error", "source": "file, environment"}


def test_the_example_has_every_setting_and_needs_none(twodrive: Run) -> None:
    text = twodrive("config", "example").stdout
    for setting in SETTINGS:
        assert f"{setting.variable}=" in text
        assert setting.purpose in text


def test_a_new_key_can_be_used(twodrive: Run) -> None:
    one, other = (twodrive("config", "new-key").stdout.strip() for _ in range(2))
    assert Fernet(one).decrypt(Fernet(one).encrypt(b"x")) == b"x"
    assert one != other


@pytest.mark.parametrize(
    ("url", "masked"),
    [
        ("redis://redis:6379/0", "redis://redis:6379/0"),
        ("redis://:pw@redis:6379/0", "redis://***@redis:6379/0"),
        ("rediss://user:pw@[::1]:6379/0", "rediss://***@[::1]:6379/0"),
        ("postgresql://u:p@db/claire?sslmode=require", "postgresql://***@db/claire?***"),
        ("redis://:p/w@redis/0", "redis://***"),
        ("redis://:p?w@redis/0", "redis://***"),
        ("redis://u:12?w@redis/0", "redis://***"),
        ("redis://redis/0?password=p@w", "redis://***"),
        ("no url", "***"),
    ],
)
def test_urls_show_where_not_who(url: str, masked: str) -> None:
    assert masked_url(url) == masked


@given(password=st.text(st.characters(codec="ascii", categories=["L", "N", "P", "S"]), min_size=1))
def test_no_password_survives(password: str) -> None:
    canary = f"Q{password}Q"
    assert canary not in masked_url(f"redis://user:{canary}@redis:6379/0")
    assert "Q" not in masked_url(f"redis://user:{canary}@redis:6379/0")


def test_keys_are_counted_only() -> None:
    assert shown((Secret("one"), Secret("two"))) == "***, ***"
    assert shown(None) == ""
