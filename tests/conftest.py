"""Services and isolation for all tests."""

import os
from collections.abc import Iterator
from itertools import count

import pytest
from hypothesis import HealthCheck, settings
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.pool import NullPool

from sandbox.services import Postgres, Redis, temporary_folder
from worker.store.migrations import upgrade

_TEMPLATE = "twodrive_template"
_numbers = count(1)

# No test judges by time, and a database shared by the examples of one test is meant.
settings.register_profile(
    "tests", deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
settings.load_profile("tests")


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting of the person who runs the tests leaks into them."""
    for name in os.environ:
        if name.startswith("TWODRIVE_"):
            monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    with temporary_folder() as folder:
        server = Postgres(folder)
        yield server
        server.stop()


@pytest.fixture(scope="session")
def redis_server() -> Iterator[Redis]:
    with temporary_folder() as folder:
        server = Redis(folder)
        yield server
        server.stop()


@pytest.fixture(scope="session")
def template_database(postgres: Postgres) -> str:
    """A database built by the migrations, to be cloned."""
    _administer(postgres, f"CREATE DATABASE {_TEMPLATE}")
    upgrade(postgres.url_of(_TEMPLATE))
    return _TEMPLATE


@pytest.fixture
def database_url(postgres: Postgres, template_database: str) -> Iterator[str]:
    """The URL of a database of the test's own, with all tables and no rows."""
    name = f"test_{next(_numbers)}"
    _administer(postgres, f"CREATE DATABASE {name} TEMPLATE {template_database}")
    yield postgres.url_of(name)
    _administer(postgres, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def empty_database_url(postgres: Postgres) -> Iterator[str]:
    """The URL of a database without any table."""
    name = f"empty_{next(_numbers)}"
    _administer(postgres, f"CREATE DATABASE {name}")
    yield postgres.url_of(name)
    _administer(postgres, f"DROP DATABASE {name} WITH (FORCE)")


def _administer(postgres: Postgres, statement: str) -> None:
    engine = create_engine(make_url(postgres.url), poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
