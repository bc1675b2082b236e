"""Recognizable people and secrets are planted in the DMS and typed in the search bar; what work leaves behind
outside of the tables for people is then looked through for them."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest
import requests
from redis import Redis
from sqlalchemy import text

from sandbox.demo.desk import Desk
from sandbox.demo.scenes import only
from sandbox.processes import Program, wait_until
from sandbox.services import PASSWORD
from sandbox.simulator import known
from sandbox.stack import Stack
from tests.acceptance.canaries import NAME, PEOPLE, PLATE, TITLE, Nest, kept, overheard, tokens
from tests.acceptance.waiting import until_flower_hears
from worker.store.tables import metadata
from worker.wiring import Parts

_ASKED = "INSERT INTO import_requests (dealer_id, kind, search) VALUES (:dealer_id, :kind, :search)"
#: Where people belong: what is imported of a workorder, for Claire.
_FOR_CLAIRE = {"workorders", "interventions", "parts", "contacts", "workorder_changes"}


@pytest.fixture
def planted(desk: Desk, parts: Parts) -> Desk:
    """The complete workorder is the canaries', in a dealer's DMS that bulk refresh reads in small pages."""
    where = {"WorkorderId": known.COMPLETE_ID}
    assert desk.dms.patch_rows("WorkorderContact", where, PEOPLE)
    desk.dms.patch_rows("Workorder", where, {"LicensePlate": PLATE, "InternalRemark": f"Bel {NAME}"})
    desk.dms.patch_rows("WorkorderLine", where, {"Description": TITLE})
    desk.dms.set(page_max=5, page_default=5)
    with desk.database.transaction() as connection:
        parts.dealers.change(
            connection, desk.dealer.dealer_id, {"import_new_in_bulk": True, "requests_per_second": 1000.0}
        )
    return desk


def ask(
    desk: Desk, nest: Nest, task: str, queue: str = "interactive", arguments: Any = None, **more: object
) -> Any:
    """The answer or the failure, both of which Claire's backend may log."""
    kwargs = {"dealer_id": desk.dealer.dealer_id, **more, **(arguments or {})}
    # As a careless backend sends it: Celery then writes the arguments into the message's own headers.
    sent = desk.backend.send_task(task, kwargs=kwargs, queue=queue)
    answer = None
    try:
        answer = sent.get(timeout=60)
    except Exception as error:
        nest.put(f"failure of {task}", f"{error!r} {error.args} {error.__cause__!r} {error.__context__!r}")
    nest.put(f"answer of {task}", answer)
    return answer


@contextmanager
def _refusing(desk: Desk) -> Iterator[None]:
    """PostgreSQL refuses the person: its usual log shows the statement, and the row in the details."""

    def run(sql: str) -> None:
        with desk.database.transaction() as connection:
            connection.execute(text(sql))

    run(f"ALTER TABLE contacts ADD CONSTRAINT nobody CHECK (last_name <> '{NAME}') NOT VALID")
    yield
    run("ALTER TABLE contacts DROP CONSTRAINT nobody")


def _work(desk: Desk, nest: Nest) -> None:
    """What people and schedules do, well and badly."""
    with _refusing(desk):
        ask(desk, nest, "workorders.import", search=PLATE)
    found = ask(desk, nest, "workorders.import", search=PLATE.replace("-", " ").lower())
    only(found, outcome="created")
    workorder_id = found["workorders"][0]["workorder_id"]
    for typed in (NAME, "06-43218765", f"'; DROP TABLE contacts; -- {NAME}", {"name": NAME}, [PLATE]):
        ask(desk, nest, "workorders.import", search=typed)
    ask(desk, nest, "workorders.import", search="x", arguments={f"{NAME} 1": NAME, PLATE: 1})
    ask(desk, nest, "workorders.import", search="x", request_id=f"{NAME} {PLATE}")
    ask(desk, nest, "workorders.refresh", workorder_id=PLATE)
    for typed in (NAME, known.COMPLETE, PLATE, "NK-123-R"):
        told = ask(desk, nest, "workorders.why", search=typed)
    assert told["findings"][0]["near"][0]["matched_by"] == "plate"
    desk.dms.patch_rows("WorkorderContact", {"WorkorderId": known.COMPLETE_ID}, {"EmailBusiness": NAME})
    ask(desk, nest, "workorders.refresh", workorder_id=workorder_id)
    ask(desk, nest, "workorders.refresh_dealer", "bulk")
    where = {"WorkorderId": known.COMPLETE_ID}
    desk.dms.patch_rows("WorkorderLine", where, {"Price": f"{NAME}, 12"})
    ask(desk, nest, "workorders.import", search=known.COMPLETE)
    for fault in ("unparsable", "missing_column"):
        number = desk.dms.add_fault(fault, match="Workorder", times=None, column="Make")
        ask(desk, nest, "workorders.import", search=PLATE)
        desk.dms.remove_fault(number)
    desk.dms.answer_status(400, times=1, match="Workorder", code=f"Bad {NAME}")
    ask(desk, nest, "workorders.import", search=PLATE)


def _write_requests(desk: Desk) -> None:
    """Requests as rows, which somebody serves; all are answered when it returns."""
    for kind, typed in (("import", PLATE), ("import", NAME), ("import", "06-43218765"), ("export", PLATE)):
        row = {"dealer_id": desk.dealer.dealer_id, "kind": kind, "search": typed}
        with desk.database.transaction() as connection:
            connection.execute(text(_ASKED), row)

    def answered() -> bool:
        with desk.database.transaction() as connection:
            rows = connection.execute(text("SELECT count(*) FROM import_requests WHERE answered_at IS NULL"))
            return not rows.scalar_one()

    wait_until(answered, 60, "rows of import_requests are answered")


def _look(desk: Desk, stack: Stack, nest: Nest) -> None:
    """What operators see."""
    dealer = str(desk.dealer.dealer_id)
    for words in (
        ("check", dealer),
        ("dealers", "show", dealer, "--json"),
        ("runs", dealer),
        ("bulk", dealer, "--local"),
        ("import", dealer, NAME, "--json"),
        ("keys", "rotate"),
        ("config", "show"),
        ("why", dealer, NAME, "--json"),
        ("metrics", "--once"),
        ("requests", "list"),
        ("quarantine", "list", dealer),
        ("quarantine", "show", dealer, known.COMPLETE, "--json"),
        ("quarantine", "replay", dealer, "--dry-run"),
        ("quarantine", "replay", dealer, known.COMPLETE, "--yes"),
        ("quarantine", "discard", dealer, known.COMPLETE, "--yes"),
        ("forget", dealer, "--phone", "0643218765", "--dry-run"),
        ("forget", dealer, "--name", NAME, "--yes"),
        ("--debug", "import", "999999", PLATE, "--local"),
    ):
        command = [sys.executable, "-m", "worker.cli", *words]
        done = subprocess.run(
            command, cwd=stack.folder, env=stack.env, capture_output=True, text=True, check=False
        )
        assert done.stdout or done.stderr, words
        # A traceback repeats lines of code, never what was typed.
        nest.put(f"twodrive {words[0]}", done.stdout + done.stderr)


def _flower(url: str, stack: Stack, nest: Nest) -> None:
    paths = ["/tasks", "/workers", "/broker", "/api/tasks", "/api/workers?refresh=1", "/api/queues/length"]
    tasks = requests.get(f"{url}/api/tasks", auth=stack.flower_login, timeout=10).json()
    paths += [f"/{page}/{task}" for task in tasks for page in ("task", "api/task/info", "api/task/result")]
    paths += ["/metrics"]
    for path in paths:
        answer = requests.get(url + path, auth=stack.flower_login, timeout=20)
        nest.put(f"Flower {path.partition('?')[0]}", f"{answer.headers} {answer.text}")


@pytest.mark.timeout(420)
@pytest.mark.usefixtures("no_bulk_waiting")
def test_no_canary_sings(planted: Desk, stack: Stack, worker: Program, parts: Parts) -> None:
    assert worker.process.poll() is None
    nest = Nest([stack.simulator.client_secret, stack.env["TWODRIVE_SECRET_KEYS"], PASSWORD])
    served = stack.start_requests(name="canary-requests")
    bulk = stack.start_bulk_worker(name="canary-bulk", children=1)
    flower, url = stack.start_flower()
    until_flower_hears(stack, url)
    databases = [Redis.from_url(stack.redis.url_of(number)) for number in range(3)]
    try:
        with overheard(databases[0], nest):
            _work(planted, nest)
            _write_requests(planted)
            _look(planted, stack, nest)
            wait_until(lambda: "workorders.import" in _tasks(url, stack), 15, "Flower sees the tasks")
            _flower(url, stack, nest)
        nest.secrets += (bought := tokens(databases[2], parts.cipher))
        assert bought
        for number, database in enumerate(databases):
            nest.put(f"Redis database {number}", kept(database))
        for log in stack.folder.glob("**/*.log"):
            if "simulator" not in str(log.relative_to(stack.folder)):
                nest.put(f"log {log.name}", log.read_text(errors="replace"))
        for table in metadata.tables.keys() - _FOR_CLAIRE:
            with planted.database.transaction() as connection:
                nest.put(f"table {table}", connection.execute(text(f"SELECT t::text FROM {table} t")).all())
    finally:
        for program in (flower, bulk, served):
            program.stop()
        for database in databases:
            database.close()
    assert nest.sung() == []
    _heard_enough(nest)


def _tasks(url: str, stack: Stack) -> str:
    with suppress(requests.RequestException):
        return requests.get(f"{url}/api/tasks", auth=stack.flower_login, timeout=10).text
    return ""


def _heard_enough(nest: Nest) -> None:
    """The places were really looked at: each says something that belongs there."""
    assert "task-received" in nest.found["published in Redis"]
    assert "twodrive:token:" in nest.found["Redis database 2"]
    assert "task_answered" in nest.found["log worker-interactive.log"]
    assert "task_failed" in nest.found["log worker-interactive.log"]
    assert "'outcome': 'rejected'" in nest.found["answer of workorders.import"]
    assert "unreadable_price" in nest.found["table import_attempts"]
    assert "message_invalid" in nest.found["failure of workorders.import"]
    assert "vinacles_refused" in nest.found["failure of workorders.import"]
    assert "workorders.import" in nest.found["Flower /api/tasks"]
    assert "token" in nest.found["twodrive check"]
    assert "import_request_answered" in nest.found["log canary-requests.log"]
    assert 'violates check constraint "nobody"' in nest.found["log postgres.log"]
    assert "TWODRIVE_DATABASE_URL" in nest.found["twodrive config"]
    assert "twodrive_quarantine{" in nest.found["twodrive metrics"]
    assert "unreadable_price" in nest.found["twodrive quarantine"]
    assert "message_invalid" in nest.found["table import_requests"]
