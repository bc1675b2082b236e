"""flowerconfig.py: no login, no Flower; every name is an option that Flower has."""

import runpy
from pathlib import Path
from typing import Any

import flower.options
import pytest

from tests.compose import ROOT


@pytest.fixture(autouse=True)
def _no_login(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("FLOWER_BASIC_AUTH", "FLOWER_BASIC_AUTH_FILE", "FLOWER_DB"):
        monkeypatch.delenv(name, raising=False)


def _options() -> dict[str, Any]:
    names = runpy.run_path(str(ROOT / "flowerconfig.py"))
    return {name: value for name, value in names.items() if name.islower() and not name.startswith("_")}


@pytest.mark.parametrize("login", [None, "", "operator", "operator:", ":secret-1"])
def test_no_login_no_flower(login: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    if login is not None:
        monkeypatch.setenv("FLOWER_BASIC_AUTH", login)
    with pytest.raises(SystemExit, match="needs a login"):
        _options()


def test_a_missing_file_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("FLOWER_BASIC_AUTH", "operator:not-this-one")
    monkeypatch.setenv("FLOWER_BASIC_AUTH_FILE", str(tmp_path / "absent"))
    with pytest.raises(SystemExit, match="absent cannot be read"):
        _options()


def test_login_from_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "login").write_text("operator:with:colon\n")
    monkeypatch.setenv("FLOWER_BASIC_AUTH_FILE", str(tmp_path / "login"))
    assert _options()["basic_auth"] == ["operator:with:colon"]


def test_every_name_is_an_option(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLOWER_BASIC_AUTH", "operator:secret-1")
    options = _options()
    options.pop("os")
    known = flower.options.options.as_dict()
    assert set(options) <= set(known)
    assert options["read_only"] is True


@pytest.mark.parametrize(("path", "persistent"), [("", False), ("/var/lib/twodrive/flower", True)])
def test_it_remembers_where_a_file_is_named(
    path: str, persistent: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLOWER_BASIC_AUTH", "operator:secret-1")
    monkeypatch.setenv("FLOWER_DB", path)
    assert _options()["persistent"] is persistent
