"""Each service's command gets ready, does its work, and ends within its grace period with exit code 0."""

import contextlib
import json
import re
from pathlib import Path

import psycopg2
import pytest
import redis
import requests
from celery import Celery
from cryptography.fernet import Fernet

from sandbox.processes import Program
from sandbox.services import temporary_folder
from tests import compose
from tests.acceptance.containers.as_processes import Containers
from tests.acceptance.operator import ComposePostgres
from tests.documents import ROOT, commands
from tests.tools import installed
from tests.unit.cli.running import run


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
        _keys_are_shown_and_emptied(containers, client)
    assert containers.stop(server) == 0, server.tail()
    assert not containers.healthy("redis")


def _keys_are_shown_and_emptied(containers: Containers, client: redis.Redis) -> None:
    """By the runbooks' own commands, with the password that the container has."""
    exec_redis = ("docker", "compose", "exec", "redis")
    looks, empties_answers, empties_all = (
        command[len(exec_redis) :]
        for command in commands(ROOT / "docs" / "runbooks.md")
        if command[: len(exec_redis)] == exec_redis
    )
    for number in range(3):
        client.select(number)
        client.set("key", "value")
    assert re.findall(r"db(\d):keys=1,", containers.exec("redis", *looks)) == ["0", "1", "2"]
    assert containers.exec("redis", *empties_answers).strip() == "OK"
    assert re.findall(r"db(\d):", containers.exec("redis", *looks)) == ["0", "2"]
    assert containers.exec("redis", *empties_all).strip() == "OK"
    assert re.findall(r"db(\d):", containers.exec("redis", *looks)) == []


def test_postgres(monkeypatch: pytest.MonkeyPatch) -> None:
    _, *options = compose.project()["services"]["postgres"]["command"]
    assert options[::2] == ["-c"] * (len(options) // 2)
    with temporary_folder() as folder:
        server = ComposePostgres(folder)
        assert server.healthy()
        for name, value in (option.split("=") for option in options[1::2]):
            shown = server.exec(
                ("psql", f"--username={server.user}", "-Atc", f"SHOW {name}", server.database)
            )
            assert shown.stdout.decode().strip() == value, name
        for name, value in {
            "DATABASE_URL": server.url,
            "SECRET_KEYS": Fernet.generate_key().decode(),
            **{f"{kind}_URL": "redis://127.0.0.1:1/0" for kind in ("BROKER", "RESULT", "STATE")},
        }.items():
            monkeypatch.setenv(f"TWODRIVE_{name}", value)
        lines = json.loads(run("db", "check", "--json").stdout)["lines"]
        levels = {line["check"]: line["level"] for line in lines if line["check"].startswith("log of")}
        assert levels == {"log of failures": "ok", "log of statements": "ok"}
        assert server.stop() == 0, server.program.tail()
        assert not server.healthy()


def test_prometheus(containers: Containers) -> None:
    installed("prometheus", "Compose's Prometheus is not started", "prometheus")
    installed("wget", "Compose's Prometheus has no health check", "wget")
    containers.mount("prometheus", "docker/prometheus")
    # Its port is no option of Compose's: the image's default is free in a container of its own.
    port = containers.ports["9090"]
    server = containers.start("prometheus", f"--web.listen-address=127.0.0.1:{port}")
    server.wait_ready(lambda: containers.healthy("prometheus"))
    flags = requests.get(f"http://127.0.0.1:{port}/api/v1/status/flags", timeout=10).json()["data"]
    assert flags["storage.tsdb.retention.time"] == "30d"
    rules = requests.get(f"http://127.0.0.1:{port}/api/v1/rules", timeout=10).json()["data"]["groups"]
    assert rules
    assert containers.stop(server) == 0, server.tail()
    assert not containers.healthy("prometheus")


#: Services whose programs cannot be had without a registry of images: their files are checked, see
#: tests/unit/containers/test_dashboard.py.
NOT_STARTED = {"grafana"}


def test_every_service_is_started_somewhere_here() -> None:
    here = "".join(path.read_text() for path in Path(__file__).parent.glob("test_*.py"))
    started = {*re.findall(r'\.start\("([\w-]+)"', here), "postgres"}
    assert started == set(compose.project()["services"]) - NOT_STARTED
