"""Changing the key by the command line, on a dealer that a worker knows."""

import json

import pytest
from cryptography.fernet import Fernet

from sandbox.stack import Stack
from tests.unit.cli.running import Run


@pytest.fixture
def old_key(cli_stack: Stack) -> str:
    return cli_stack.env["TWODRIVE_SECRET_KEYS"]


def test_the_way_to_a_new_key_and_back(
    twodrive: Run, dealer: str, old_key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    new_key = Fernet.generate_key().decode()
    monkeypatch.setenv("TWODRIVE_SECRET_KEYS", f"{new_key},{old_key}")
    said = twodrive("keys", "status")
    assert said.exit_code == 0
    assert "run: twodrive keys rotate" in said.stdout
    assert new_key not in said.output
    planned = json.loads(twodrive("keys", "rotate", "--dry-run", "--json").stdout)
    assert planned["client_secrets"] >= 1
    assert json.loads(twodrive("keys", "status", "--json").stdout)["to_rotate"] >= planned["client_secrets"]
    assert f"{planned['client_secrets']} client secrets" in twodrive("keys", "rotate").stdout
    assert "may be removed" in twodrive("keys", "status").stdout
    monkeypatch.setenv("TWODRIVE_SECRET_KEYS", new_key)
    assert twodrive("check", dealer).exit_code == 0
    monkeypatch.setenv("TWODRIVE_SECRET_KEYS", f"{old_key},{new_key}")
    assert twodrive("keys", "rotate").exit_code == 0
    monkeypatch.setenv("TWODRIVE_SECRET_KEYS", old_key)
    assert twodrive("check", dealer).exit_code == 0


def test_a_lost_key_names_the_dealers(twodrive: Run, dealer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TWODRIVE_SECRET_KEYS", Fernet.generate_key().decode())
    for words in (("keys", "status"), ("keys", "rotate")):
        result = twodrive(*words)
        assert result.exit_code == 3
        assert f" {dealer}" in result.stderr
        assert "TWODRIVE_SECRET_KEYS" in result.stderr
