"""The runbook's backup and restore, command by command: afterwards the workers go on where they were."""

import contextlib
import shutil
from collections.abc import Iterator
from typing import Any

import psycopg2
import pytest
from celery import Celery

from sandbox.demo.scenes import only
from sandbox.services import Redis, temporary_folder
from sandbox.simulator import known
from sandbox.simulator.running import SimulatorProcess
from tests.acceptance.containers.as_processes import Containers
from tests.acceptance.operator import ComposePostgres, Operator
from tests.documents import ROOT, Command, blocks, commands
from tests.integration.parts_on_simulator import running_simulator

# Whoever is first pays for what the fixtures prepare.
pytestmark = pytest.mark.timeout(300)

_RUNBOOKS = ROOT / "docs" / "runbooks.md"
_DEALER = 12
_STARTED_AT = "2026-11-22T08:30:00+01:00"
# Databases of their own: other tests use the server's first ones.
_QUEUES, _ANSWERS, _STATE = 13, 14, 15
_TABLES = (
    "dealers",
    "workorders",
    "interventions",
    "parts",
    "contacts",
    "import_attempts",
    "workorder_changes",
)


def _steps(first_words: str) -> list[Command]:
    """The commands of the block of the runbooks that begins so."""
    texts = [block for block in blocks(_RUNBOOKS, "sh") if block.startswith(first_words)]
    assert len(texts) == 1
    lines = [tuple(line.split()) for line in texts[0].splitlines()]
    assert set(lines) <= set(commands(_RUNBOOKS))
    return lines


BACK_UP = _steps("docker compose exec -T postgres pg_dump")
RESTORE = _steps("cp secret_keys.backup")


@pytest.fixture(scope="module")
def simulator() -> Iterator[SimulatorProcess]:
    with running_simulator(workorders=5) as simulator:
        yield simulator


@contextlib.contextmanager
def _house(redis_server: Redis) -> Iterator[Operator]:
    """A machine with everything up, PostgreSQL as Compose sets it up, and nothing in it."""
    with temporary_folder() as folder, contextlib.ExitStack() as ending:
        (folder / "server").mkdir()
        server = ComposePostgres(folder / "server")
        ending.callback(server.stop)
        urls = {
            "database_url": server.url,
            "broker_url": redis_server.url_of(_QUEUES),
            "result_url": redis_server.url_of(_ANSWERS),
            "state_url": redis_server.url_of(_STATE),
        }
        containers = Containers(folder, urls)
        ending.callback(containers.stop_all)
        # As .env has it for the simulator.
        for service in containers.services.values():
            service.setdefault("environment", {})["TWODRIVE_ALLOW_PRIVATE_ADDRESSES"] = "true"
        operator = Operator(folder / "operator", server, containers, ["worker-interactive"])
        operator.follow(("docker", "compose", "run", "--rm", "migrate"))
        operator.follow(("docker", "compose", "up", "--detach"))
        yield operator


@pytest.fixture
def operator(redis_server: Redis) -> Iterator[Operator]:
    with _house(redis_server) as operator:
        yield operator


@pytest.fixture
def backend(redis_server: Redis) -> Iterator[Celery]:
    app = Celery("backend", broker=redis_server.url_of(_QUEUES), backend=redis_server.url_of(_ANSWERS))
    yield app
    app.close()


def _add_dealer(operator: Operator, simulator: SimulatorProcess) -> None:
    secret = operator.folder / "dealer.secret"
    secret.write_text(simulator.client_secret)
    options = {
        "name": "Garage Noord",
        "base-url": simulator.base_url,
        "token-url": simulator.token_url,
        "audience": simulator.audience,
        "client-id": simulator.client_id,
        "client-secret-file": str(secret),
    }
    given = [word for name, value in options.items() for word in (f"--{name}", value)]
    operator.twodrive("dealers", "add", str(_DEALER), *given)
    secret.unlink()


def _ask(backend: Celery, task: str, **arguments: Any) -> Any:
    asked = backend.send_task(task, kwargs={"dealer_id": _DEALER, **arguments}, queue="interactive")
    return asked.get(timeout=30)


def _connected(operator: Operator) -> Any:
    return psycopg2.connect(operator.postgres.url.replace("+psycopg2", ""))


def _rows(operator: Operator) -> dict[str, list[tuple[Any, ...]]]:
    """All that Claire's tables hold."""
    with contextlib.closing(_connected(operator)) as connection, connection.cursor() as cursor:
        found = {}
        for table in _TABLES:
            cursor.execute(f"SELECT to_jsonb(t)::text FROM {table} t ORDER BY 1")
            found[table] = cursor.fetchall()
    return found


def _filled_and_backed_up(operator: Operator, simulator: SimulatorProcess, backend: Celery) -> Any:
    """Returns the rows as they were then."""
    _add_dealer(operator, simulator)
    complete = only(_ask(backend, "workorders.import", search=known.COMPLETE), outcome="created")
    only(_ask(backend, "workorders.import", search=known.BELGIAN), outcome="created")
    workorder_id = complete["workorder_id"]
    _ask(backend, "workorders.mark_started", workorder_id=workorder_id, started_at=_STARTED_AT)
    operator.twodrive("db", "roles", "--apply")
    then = _rows(operator)
    assert len(then["workorders"]) == 2
    for command in BACK_UP:
        operator.follow(command)
    return then


def _goes_on(operator: Operator, backend: Celery) -> None:
    only(_ask(backend, "workorders.import", search=known.COMPLETE), outcome="unchanged")
    only(_ask(backend, "workorders.import", search=known.SWAPPED_DATE), outcome="created")
    with contextlib.closing(_connected(operator)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT wo_number FROM workorders WHERE work_started_at IS NOT NULL")
        assert cursor.fetchall() == [(known.COMPLETE,)]


def _restored(operator: Operator, then: Any) -> None:
    """Each command of the runbook; `check` alone writes, that it has looked."""
    [looks] = [number for number, command in enumerate(RESTORE) if command[-2:] == ("keys", "status")]
    for command in RESTORE[:looks]:
        operator.follow(command)
    assert _rows(operator) == then
    for command in RESTORE[looks:]:
        operator.follow(command)


def test_a_command_within_a_stopped_or_closed_container_is_noticed(operator: Operator) -> None:
    [stop] = [command for command in RESTORE if command[2] == "stop"]
    operator.follow(stop)
    for wrong, reason in {
        "twodrive keys status": "worker-interactive is stopped",
        "docker compose exec worker-bulk twodrive keys status": "worker-bulk is stopped",
        "docker compose exec flower twodrive check 12": "flower has no way out",
    }.items():
        with pytest.raises(AssertionError, match=reason):
            operator.follow(tuple(wrong.split()))


def test_what_was_lost_comes_back(operator: Operator, simulator: SimulatorProcess, backend: Celery) -> None:
    then = _filled_and_backed_up(operator, simulator, backend)
    # Somebody deletes what they should not, with a connection that they leave open.
    claire = _connected(operator)
    with claire, claire.cursor() as cursor:
        cursor.execute("DELETE FROM parts; UPDATE workorders SET work_started_at = NULL")
    assert _rows(operator) != then
    _restored(operator, then)
    _goes_on(operator, backend)
    with pytest.raises(psycopg2.OperationalError), claire.cursor() as cursor:
        cursor.execute("SELECT 1")
    claire.close()
    # Without a password nobody comes in but from within the container.
    with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
        psycopg2.connect(
            operator.postgres.url.replace("+psycopg2", "").replace(
                f":{operator.postgres.password}@", ":wrong@"
            )
        )


def test_another_machine_goes_on(
    operator: Operator, redis_server: Redis, simulator: SimulatorProcess, backend: Celery
) -> None:
    then = _filled_and_backed_up(operator, simulator, backend)
    assert simulator.client_secret.encode() not in (operator.folder / "claire.dump").read_bytes()
    operator.follow(("docker", "compose", "stop", "worker-interactive"))
    with _house(redis_server) as elsewhere:
        shutil.copy(operator.folder / "claire.dump", elsewhere.folder)
        # A key of that machine's own does not help.
        shutil.copy(elsewhere.containers.secrets / "secret_keys", elsewhere.folder / "secret_keys.backup")
        with pytest.raises(AssertionError, match="keys status"):
            _restored(elsewhere, then)
        shutil.copy(operator.folder / "secret_keys.backup", elsewhere.folder)
        _restored(elsewhere, then)
        _goes_on(elsewhere, backend)
