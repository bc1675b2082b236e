"""The services of Compose as processes, with PostgreSQL and Redis for them."""

import contextlib
from collections.abc import Iterator

import pytest
import redis
from celery import Celery

from sandbox.services import Redis, temporary_folder
from tests.acceptance.containers.as_processes import Containers

# Databases of their own: other tests use the server's first ones.
_QUEUES, _ANSWERS, _STATE = 10, 11, 12


@contextlib.contextmanager
def _containers(server: Redis, database_url: str) -> Iterator[Containers]:
    for number in (_QUEUES, _ANSWERS, _STATE):
        with redis.Redis.from_url(server.url_of(number)) as client:
            client.flushdb()
    urls = {
        "database_url": database_url,
        "broker_url": server.url_of(_QUEUES),
        "result_url": server.url_of(_ANSWERS),
        "state_url": server.url_of(_STATE),
    }
    with temporary_folder() as folder:
        containers = Containers(folder, urls)
        yield containers
        containers.stop_all()


@pytest.fixture
def containers(redis_server: Redis, database_url: str) -> Iterator[Containers]:
    with _containers(redis_server, database_url) as containers:
        yield containers


@pytest.fixture
def without_tables(redis_server: Redis, empty_database_url: str) -> Iterator[Containers]:
    with _containers(redis_server, empty_database_url) as containers:
        yield containers


@pytest.fixture
def backend(redis_server: Redis) -> Iterator[Celery]:
    app = Celery("backend", broker=redis_server.url_of(_QUEUES), backend=redis_server.url_of(_ANSWERS))
    yield app
    app.close()
