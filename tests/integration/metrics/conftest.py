"""Settings on real servers, and what the exporter says there."""

from collections.abc import Callable, Iterator

import pytest
import redis
from cryptography.fernet import Fernet
from prometheus_client import CollectorRegistry

from sandbox.services import Redis
from worker.environment import load
from worker.metrics import wiring
from worker.settings import Settings
from worker.store.session import Database

QUEUES, _STATE = 13, 14
#: The value of a sample, None where there is none.
Value = Callable[..., float | None]


@pytest.fixture
def settings(redis_server: Redis, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """What tests before left in Redis, keys of a wrong kind among it, is gone."""
    for number in (QUEUES, _STATE):
        with redis.Redis.from_url(redis_server.url_of(number)) as client:
            client.flushdb()
    for name, value in {
        "DATABASE_URL": database_url,
        "BROKER_URL": redis_server.url_of(QUEUES),
        "RESULT_URL": redis_server.url_of(_STATE),
        "STATE_URL": redis_server.url_of(_STATE),
        "SECRET_KEYS": Fernet.generate_key().decode(),
    }.items():
        monkeypatch.setenv(f"TWODRIVE_{name}", value)
    return load()


@pytest.fixture
def registry(settings: Settings) -> Iterator[CollectorRegistry]:
    with wiring.registry(settings) as registry:
        yield registry


@pytest.fixture
def value(registry: CollectorRegistry) -> Value:
    return lambda name, **labels: registry.get_sample_value(name, labels)


def _emptied(server: Redis, database: int) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(server.url_of(database), socket_timeout=5) as client:
        client.flushdb()
        yield client


@pytest.fixture
def queues(redis_server: Redis) -> Iterator[redis.Redis]:
    yield from _emptied(redis_server, QUEUES)


@pytest.fixture
def state(redis_server: Redis) -> Iterator[redis.Redis]:
    yield from _emptied(redis_server, _STATE)


@pytest.fixture
def database(settings: Settings) -> Iterator[Database]:
    database = Database(settings.database_url.reveal(), "test")
    yield database
    database.close()
