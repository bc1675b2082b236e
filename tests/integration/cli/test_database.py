"""`twodrive db` on a real PostgreSQL."""

import json
import threading

import pytest
from click.testing import Result
from cryptography.fernet import Fernet
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from sandbox.services import PASSWORD, Postgres, temporary_folder
from tests.unit.cli.running import run
from worker.store.migrations import VERSION_TABLE, newest


@pytest.fixture(autouse=True)
def _settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("BROKER", "RESULT", "STATE"):
        monkeypatch.setenv(f"TWODRIVE_{name}_URL", "redis://127.0.0.1:1/0")
    monkeypatch.setenv("TWODRIVE_SECRET_KEYS", Fernet.generate_key().decode())


def test_an_empty_database_is_upgraded_once(empty_database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TWODRIVE_DATABASE_URL", empty_database_url)
    before = run("db", "current", "--json")
    assert json.loads(before.stdout) == {"current": None, "newest": newest(), "up_to_date": False}
    assert "Run: twodrive db upgrade" in run("db", "current").stdout
    first = run("db", "upgrade")
    assert first.stdout == f"The tables were brought from no version (empty) to version {newest()}.\n"
    assert "nothing was to be done" in run("db", "upgrade").stdout
    assert json.loads(run("db", "current", "--json").stdout)["up_to_date"] is True


def test_a_database_of_a_newer_version_is_left_alone(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TWODRIVE_DATABASE_URL", database_url)
    with create_engine(database_url, poolclass=NullPool).begin() as connection:
        connection.execute(text(f"UPDATE {VERSION_TABLE} SET version_num = '9999'"))
    result = run("db", "upgrade")
    assert result.exit_code == 3
    assert "at version 9999, which this program does not know" in result.stderr


def test_a_database_that_is_still_starting_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    with temporary_folder() as folder:
        server = Postgres(folder)
        monkeypatch.setenv("TWODRIVE_DATABASE_URL", server.url)
        server.stop()
        try:
            assert run("db", "upgrade").exit_code == 5
            results: list[Result] = []
            waiting = threading.Thread(target=lambda: results.append(run("db", "upgrade", "--wait", "60")))
            waiting.start()
            server.start()
            waiting.join()
        finally:
            server.stop()
    assert [result.exit_code for result in results] == [0], results


def test_a_wrong_password_is_not_waited_for(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(
        "TWODRIVE_DATABASE_URL", database_url.replace(f"postgres:{PASSWORD}", "postgres:canary")
    )
    result = run("db", "upgrade", "--wait", "3600")
    assert result.exit_code == 3
    assert "canary" not in result.output
