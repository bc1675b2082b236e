"""PostgreSQL over TLS, with a real server and the real program: one that proves itself is used, any other is
refused."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import text

from sandbox.certificates import certificate
from sandbox.services import temporary_folder
from tests.acceptance.postgres_tls import installed, running, url_of
from worker.environment import load
from worker.errors import ConfigurationError, TwoDriveError
from worker.store.session import Database, Limits

#: A name as of a public host, to which nothing need be added for it to have to prove itself.
HOST = "claire-db.example.com"


@pytest.fixture(scope="module")
def server() -> Iterator[tuple[int, Path]]:
    """The port of a server that presents itself as `HOST`, and the file to trust it by."""
    programs = installed()
    if programs is None:
        reason = (
            "PostgreSQL with TLS is not installed: TLS to PostgreSQL is not tested "
            "(Debian: apt-get install postgresql)"
        )
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    with temporary_folder() as folder:
        presented, trusted = folder / "presented", folder / "trusted"
        presented.mkdir()
        trusted.mkdir()
        files = certificate(presented, HOST)
        presented.chmod(0o755)
        bundle = trusted / "authorities.pem"
        bundle.write_bytes(files[0].read_bytes())
        room = folder / "server"
        room.mkdir(mode=0o755)
        with running(programs, room, files) as port:
            yield port, bundle


def _env(url: str, bundle: Path) -> dict[str, str]:
    redis = {f"TWODRIVE_{name}_URL": "redis://127.0.0.1:1/0" for name in ("BROKER", "RESULT", "STATE")}
    return {
        **redis,
        "TWODRIVE_DATABASE_URL": url,
        "TWODRIVE_SERVICE_CA_BUNDLE": str(bundle),
        "TWODRIVE_SECRET_KEYS": Fernet.generate_key().decode(),
    }


def _twodrive(env: dict[str, str], folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "worker.cli", *arguments],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(Path(__file__).parents[2]), **env},
        cwd=folder,
        text=True,
        capture_output=True,
        check=False,
        timeout=60,
    )


def _database(env: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Database:
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    return Database(load().database_url.reveal(), "twodrive-test", Limits(pool_size=1))


@pytest.mark.parametrize("options", [(), ("sslmode=verify-full",), ("sslmode=verify-ca",)])
def test_a_server_that_proves_itself_is_used(
    server: tuple[int, Path], monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...]
) -> None:
    port, bundle = server
    database = _database(_env(url_of(port, HOST, *options), bundle), monkeypatch)
    with database.transaction() as connection:
        encrypted = connection.execute(text("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"))
        assert encrypted.scalar_one() is True
    database.close()


def test_the_program_makes_its_tables_over_tls(server: tuple[int, Path], tmp_path: Path) -> None:
    port, bundle = server
    env = _env(url_of(port, HOST), bundle)
    upgraded = _twodrive(env, tmp_path, "db", "upgrade")
    assert upgraded.returncode == 0, upgraded.stderr
    listed = _twodrive(env, tmp_path, "dealers", "list", "--json")
    assert listed.returncode == 0, listed.stderr
    assert json.loads(listed.stdout) == []


@pytest.mark.parametrize(
    ("options", "level", "told"),
    [((), "ok", "has proved itself"), (("sslmode=require",), "warn", "did not have to prove itself")],
)
def test_an_operator_is_told_whether_it_proved_itself(
    server: tuple[int, Path], tmp_path: Path, options: tuple[str, ...], level: str, told: str
) -> None:
    port, bundle = server
    env = _env(url_of(port, HOST, *options), bundle)
    assert _twodrive(env, tmp_path, "db", "upgrade").returncode == 0
    looked = _twodrive(env, tmp_path, "db", "check", "--json")
    assert looked.returncode == 0, looked.stderr
    found = {line["check"]: line for line in json.loads(looked.stdout)["lines"]}
    assert (found["TLS"]["level"], found["log of failures"]["level"]) == (level, "warn")
    assert told in found["TLS"]["text"]


@pytest.mark.parametrize(
    ("host", "options", "trusted", "told", "next_step"),
    [
        (HOST, (), "another", "did not prove itself", "TWODRIVE_SERVICE_CA_BUNDLE"),
        ("elsewhere.example.com", (), "server", "did not prove itself", "Check the host"),
        ("localhost", ("sslmode=verify-full",), "server", "did not prove itself", "Check the host"),
        (HOST, ("sslmode=disable",), "server", "no connection without TLS", "sslmode=verify-full"),
    ],
    ids=["authority", "host", "host said to be verified", "plain"],
)
def test_any_other_is_refused_with_the_next_step(
    server: tuple[int, Path],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    host: str,
    options: tuple[str, ...],
    trusted: str,
    told: str,
    next_step: str,
) -> None:
    port, bundle = server
    authorities = bundle if trusted == "server" else certificate(tmp_path, HOST)[0]
    env = _env(url_of(port, host, *options), authorities)
    database = _database(env, monkeypatch)
    with pytest.raises(TwoDriveError, match=told) as raised, database.transaction():
        pass
    assert isinstance(raised.value, ConfigurationError)
    assert next_step in raised.value.next_step
    database.close()
    shown = _twodrive(env, tmp_path, "dealers", "list")
    assert shown.returncode == 3, shown.stderr
    assert told in shown.stderr
    assert "What to do" in shown.stderr
    assert "over-tls-alone" not in shown.stdout + shown.stderr
