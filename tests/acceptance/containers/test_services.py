"""Each service's command gets ready, does its work, and ends within its grace period with exit code 0."""

import contextlib
from collections.abc import Iterator

import psycopg2
import pytest
import redis
import requests
from celery import Celery

from sandbox.processes import Program
from sandbox.services import Postgres, Redis, temporary_folder
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


def _says(program: Program, text: str) -> bool:
    return text in program.log.read_text(errors="replace")


def _code(backend: Celery, queue: str, dealer_id: object) -> object:
    """The error code that a worker of `queue` answers."""
    arguments = {"dealer_id": dealer_id, "search": "12-ABC-3"}
    asked = backend.send_task("workorders.import", kwargs=arguments, queue=queue, ignore_result=False)
    error = asked.get(timeout=30, propagate=False)
    return error.args[0]


def _idle(backend: Celery) -> bool:
    """The one worker there is answers that it runs nothing."""
    told = backend.control.inspect().active()
    return told is not None and not any(told.values())


def test_migrate(without_tables: Containers, empty_database_url: str) -> None:
    program = without_tables.start("migrate")
    assert program.process.wait(timeout=60) == 0, program.tail()
    with contextlib.closing(psycopg2.connect(empty_database_url.replace("+psycopg2", ""))) as connection:
        cursor = connection.cursor()
        cursor.execute("SELECT count(*) FROM dealers")
        assert cursor.fetchone() == (0,)


def test_worker_interactive(containers: Containers, backend: Celery) -> None:
    worker = containers.start("worker-interactive")
    worker.wait_ready(lambda: _says(worker, "ready."))
    worker.wait_ready(lambda: containers.healthy("worker-interactive"))
    # Known only to somebody who has looked it up in PostgreSQL.
    assert _code(backend, "interactive", dealer_id=999) == "dealer_unknown"
    assert containers.stop(worker) == 0, worker.tail()


def test_requests(containers: Containers, database_url: str) -> None:
    server = containers.start("requests")
    server.wait_ready(lambda: _says(server, "import_requests_serving"))
    server.wait_ready(lambda: containers.healthy("requests"))
    with contextlib.closing(psycopg2.connect(database_url.replace("+psycopg2", ""))) as connection:
        connection.autocommit = True
        cursor = connection.cursor()
        cursor.execute("INSERT INTO import_requests (dealer_id, kind, search) VALUES (999, 'import', 'x')")

        def answered() -> bool:
            cursor.execute("SELECT error_code FROM import_requests WHERE answered_at IS NOT NULL")
            return cursor.fetchall() == [("dealer_unknown",)]

        server.wait_ready(answered)
    assert containers.stop(server) == 0, server.tail()
    assert _says(server, "import_requests_stopped")


def test_worker_bulk(containers: Containers, backend: Celery) -> None:
    worker = containers.start("worker-bulk")
    worker.wait_ready(lambda: _says(worker, "ready."))
    worker.wait_ready(lambda: containers.healthy("worker-bulk"))
    assert _code(backend, "bulk", dealer_id="none") == "message_invalid"
    assert _code(backend, "maintenance", dealer_id="none") == "message_invalid"
    # A task that the parent still counts as running would make it wait for worker_soft_shutdown_timeout.
    worker.wait_ready(lambda: _idle(backend))
    assert containers.stop(worker) == 0, worker.tail()


def test_beat(containers: Containers) -> None:
    beat = containers.start("beat")
    beat.wait_ready(lambda: _says(beat, "beat: Starting..."))
    beat.wait_ready(lambda: containers.healthy("beat"))
    assert containers.stop(beat) == 0, beat.tail()
    assert list(containers.state("beat").glob("beat*"))


def test_flower_asks_for_a_login_and_only_shows(containers: Containers) -> None:
    flower = containers.start("flower")
    flower.wait_ready(lambda: containers.healthy("flower"))
    url = f"http://127.0.0.1:{containers.ports['5555']}/flower"
    user, _, password = (containers.secrets / "flower_basic_auth").read_text().strip().partition(":")
    for page in ("/", "/tasks", "/broker", "/api/tasks"):
        assert requests.get(f"{url}{page}", timeout=10).status_code == 401, page
        assert requests.get(f"{url}{page}", auth=(user, "wrong"), timeout=10).status_code == 401, page
    assert requests.get(f"{url}/", auth=(user, password), timeout=10).status_code == 200
    order = f"{url}/api/task/async-apply/workorders.import"
    answer = requests.post(order, auth=(user, password), json={"kwargs": {}}, timeout=10)
    assert answer.status_code == 403
    assert containers.stop(flower) == 0, flower.tail()
    assert list(containers.state("flower").glob("flower*"))
    assert not containers.healthy("flower")


def test_flower_does_not_start_without_a_login(containers: Containers) -> None:
    (containers.secrets / "flower_basic_auth").write_text("\n")
    flower = containers.start("flower")
    assert flower.process.wait(timeout=60) != 0
    assert "Flower needs a login" in flower.tail()


def test_metrics(containers: Containers) -> None:
    program = containers.start("metrics")
    program.wait_ready(lambda: containers.healthy("metrics"))
    answer = requests.get(f"http://127.0.0.1:{containers.ports['9464']}/metrics", timeout=20)
    assert 'twodrive_source_up{source="postgresql"} 1.0' in answer.text
    assert 'twodrive_source_up{source="queues"} 1.0' in answer.text
    assert containers.stop(program) == 0, program.tail()
    assert not containers.healthy("metrics")


def test_simulator(containers: Containers) -> None:
    simulator = containers.start("simulator")
    simulator.wait_ready(lambda: containers.healthy("simulator"), seconds=60)
    assert _says(simulator, "client_secret")
    assert containers.stop(simulator) == 0, simulator.tail()
    assert not containers.healthy("simulator")


def test_redis(containers: Containers) -> None:
    server = containers.start("redis")
    server.wait_ready(lambda: containers.healthy("redis"))
    password = (containers.secrets / "redis_auth").read_text().split()[1]
    port = int(containers.ports["6379"])
    with redis.Redis(port=port) as stranger, pytest.raises(redis.AuthenticationError):
        stranger.ping()
    with redis.Redis(port=port, password=password) as client:
        expected = {
            "appendonly": "yes",
            "appendfsync": "everysec",
            "save": "",
            "maxmemory": str(256 * 1024 * 1024),
            "maxmemory-policy": "noeviction",
            "tcp-keepalive": "60",
        }
        assert {name: client.config_get(name)[name] for name in expected} == expected
    assert containers.stop(server) == 0, server.tail()
    assert not containers.healthy("redis")


def test_postgres_runs_as_in_the_tests(containers: Containers, postgres: Postgres) -> None:
    program, *options = containers.services["postgres"]["command"]
    assert program == "postgres"
    assert options[::2] == ["-c"] * (len(options) // 2)
    with contextlib.closing(psycopg2.connect(postgres.url.replace("+psycopg2", ""))) as connection:
        for name, value in (option.split("=") for option in options[1::2]):
            cursor = connection.cursor()
            cursor.execute("SELECT current_setting(%s)", (name,))
            assert cursor.fetchone() == (value,)
