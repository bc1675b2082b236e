"""The profile `simulator` as docs/operators.md says it: a dealer of the simulator is asked by every service
that asks Vinacles, none of which shares a loopback with another."""

import contextlib
import json
from functools import partial
from typing import Any

import psycopg2
import pytest
from celery import Celery

from sandbox.processes import Program
from sandbox.simulator import known
from tests import compose
from tests.acceptance.containers.as_processes import Containers
from tests.documents import ROOT, blocks

_DEALER = 12


@pytest.fixture
def env_of_operators(containers: Containers) -> None:
    """The two lines that .env must have, which every service of ours is given."""
    texts = blocks(ROOT / "docs" / "operators.md", "text")
    [lines] = [text.splitlines() for text in texts if text.startswith("TWODRIVE_ALLOW_PRIVATE_ADDRESSES=")]
    for name in compose.OURS:
        given = dict(line.split("=", 1) for line in lines)
        containers.services[name].setdefault("environment", {}).update(given)


def _started(containers: Containers) -> Program:
    simulator = containers.start("simulator")
    simulator.wait_ready(lambda: containers.healthy("simulator"), seconds=60)
    return simulator


def _add_dealer(containers: Containers, said: dict[str, str]) -> None:
    """By what the simulator's log says. The name that its container has leads to this machine."""
    secret = containers.folder / "dealer.secret"
    secret.write_text(said["client_secret"])
    options = {
        "name": "Garage Noord",
        "base-url": said["base_url"].replace("//simulator:", "//localhost:"),
        "token-url": said["token_url"].replace("//simulator:", "//localhost:"),
        "audience": said["audience"],
        "client-id": said["client_id"],
        "client-secret-file": str(secret),
    }
    given = [word for name, value in options.items() for word in (f"--{name}", value)]
    containers.run("worker-interactive", "twodrive", "dealers", "add", str(_DEALER), *given)


def _asked(backend: Celery, task: str, queue: str, **arguments: Any) -> Any:
    return backend.send_task(task, kwargs=arguments, queue=queue, ignore_result=False).get(timeout=60)


def _requested(server: Program, database_url: str) -> None:
    """A row of `import_requests` is answered with a workorder."""
    with contextlib.closing(psycopg2.connect(database_url.replace("+psycopg2", ""))) as connection:
        connection.autocommit = True
        cursor = connection.cursor()
        row = (_DEALER, known.BELGIAN)
        cursor.execute("INSERT INTO import_requests (dealer_id, kind, search) VALUES (%s, 'import', %s)", row)

        def answered() -> bool:
            cursor.execute(
                "SELECT error_code, result->>'found' FROM import_requests WHERE answered_at IS NOT NULL"
            )
            return cursor.fetchall() == [(None, "1")]

        server.wait_ready(answered)


@pytest.mark.usefixtures("env_of_operators")
def test_every_service_that_asks_vinacles_asks_the_simulator(
    containers: Containers, backend: Celery, database_url: str
) -> None:
    simulator = _started(containers)
    said = json.loads(simulator.log.read_text().splitlines()[0])
    asking = compose.asking_vinacles(compose.project())
    for name in asking:
        assert compose.reaches(containers.services, name, "simulator", said["base_url"]), name
        assert compose.reaches(containers.services, name, "simulator", said["token_url"]), name
    _add_dealer(containers, said)
    programs = {name: containers.start(name) for name in asking}
    for name, program in programs.items():
        program.wait_ready(partial(containers.healthy, name))
    # Each by a question of its own
    found = _asked(backend, "workorders.import", "interactive", dealer_id=_DEALER, search=known.COMPLETE)
    assert [one["outcome"] for one in found["workorders"]] == ["created"]
    done = _asked(backend, "workorders.refresh_dealer", "bulk", dealer_id=_DEALER)
    assert (done["state"], done["unchanged"]) == ("done", 1)
    assert _asked(backend, "maintenance.look_at_columns", "maintenance") == {"looked": {"listed": 1}}
    _requested(programs["requests"], database_url)
    containers.run("worker-interactive", "twodrive", "check", str(_DEALER))
    # With a new certificate and no token that it knows
    assert containers.stop(simulator) == 0, simulator.tail()
    assert not containers.healthy("simulator")
    _started(containers)
    found = _asked(backend, "workorders.import", "interactive", dealer_id=_DEALER, search=known.COMPLETE)
    assert [one["outcome"] for one in found["workorders"]] == ["unchanged"]
