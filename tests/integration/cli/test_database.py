"""`twodrive db` on a real PostgreSQL."""

import json
import re
import threading

import pytest
from click.testing import Result
from cryptography.fernet import Fernet
from sqlalchemy import create_engine, make_url, text
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


def test_the_server_is_looked_over(
    database_url: str, empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TWODRIVE_DATABASE_URL", database_url)
    well = json.loads(run("db", "check", "--json").stdout)
    assert well["result"] == "ok"
    checks = ["tables", "TLS", "log of failures", "log of statements"]
    assert [line["check"] for line in well["lines"]] == checks
    monkeypatch.setenv("TWODRIVE_DATABASE_URL", empty_database_url)
    failed = run("db", "check")
    assert failed.exit_code == 1
    assert "fail tables: there are none yet" in failed.stdout


def test_a_log_that_would_show_people_is_told_with_what_mends_it(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TWODRIVE_DATABASE_URL", database_url)

    def administer(*statements: str) -> None:
        engine = create_engine(database_url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            for statement in statements:
                connection.execute(text(statement))

    ours = f"ALTER DATABASE {make_url(database_url).database} SET"
    defaults = {"log_min_error_statement": "error", "log_error_verbosity": "default"}
    administer(*(f"{ours} {name} = '{value}'" for name, value in defaults.items()))
    administer(f"{ours} log_min_duration_statement = '200ms'")
    told = run("db", "check")
    assert told.exit_code == 0
    assert "(log_min_error_statement=error, log_error_verbosity=default)" in told.stdout
    assert "(log_min_duration_statement=200)" in told.stdout
    lines = json.loads(run("db", "check", "--json").stdout)["lines"]
    [advice] = [line["next_step"] for line in lines if line["check"] == "log of failures"]
    mending = re.findall("(ALTER SYSTEM SET .+?);", advice)
    assert len(mending) == 2
    # For this database alone: the server is other tests', too.
    administer(*(statement.replace("ALTER SYSTEM SET", ours) for statement in mending))
    assert "ok   log of failures" in run("db", "check").stdout


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
