"""One request id from the backend's click to PostgreSQL: the places of docs/logs.md, one after the other."""

import json
import re
from collections.abc import Iterator
from contextlib import closing, contextmanager
from uuid import uuid4

import psycopg2
import requests
from sqlalchemy import text

from sandbox.demo.desk import Desk
from sandbox.demo.scenes import only
from sandbox.processes import Program, wait_until
from sandbox.simulator import known
from sandbox.stack import Stack
from tests.acceptance.waiting import until_flower_hears


@contextmanager
def all_statements_logged(stack: Stack) -> Iterator[None]:
    """By PostgreSQL itself, of sessions that are open too."""
    with closing(psycopg2.connect(stack.database_url.replace("+psycopg2", ""))) as connection:
        connection.autocommit = True
        cursor = connection.cursor()
        cursor.execute("ALTER SYSTEM SET log_statement = 'all'")
        cursor.execute("SELECT pg_reload_conf()")
        # Whoever connects after this is told of it like those who are connected.
        wait_until(lambda: setting_for_newcomers(stack) == "all", 10, "the setting")
        try:
            yield
        finally:
            cursor.execute("ALTER SYSTEM RESET log_statement")
            cursor.execute("SELECT pg_reload_conf()")


def setting_for_newcomers(stack: Stack) -> str:
    with closing(psycopg2.connect(stack.database_url.replace("+psycopg2", ""))) as connection:
        cursor = connection.cursor()
        cursor.execute("SHOW log_statement")
        [(found,)] = cursor.fetchall()
        return str(found)


def told_by(program: Program, name: str, value: str) -> list[dict[str, object]]:
    """The log's events that have this value."""
    lines = [line for line in program.log.read_text().splitlines() if line.startswith("{")]
    return [event for line in lines if (event := json.loads(line)).get(name) == value]


def heard_by_vinacles(desk: Desk) -> set[str | None]:
    asked = [entry for entry in desk.dms.journal() if entry.path.startswith("/api/")]
    assert len(asked) >= 3
    return {entry.headers.get("x-ms-correlation-id") for entry in asked}


def on_record(desk: Desk, request_id: str) -> list[str]:
    """The task ids of the attempts with this request id."""
    query = text("SELECT task_id FROM import_attempts WHERE request_id = :id")
    with desk.database.transaction() as connection:
        return list(connection.execute(query, {"id": request_id}).scalars())


def test_from_the_click_through_the_queue(desk: Desk, stack: Stack, worker: Program) -> None:
    click = f"click-{uuid4().hex[:8]}"
    flower, url = stack.start_flower(name="flower-one-id")

    def shown(path: str) -> str:
        page = requests.get(url + path, auth=stack.flower_login, timeout=10)
        return page.text if page.ok else ""

    until_flower_hears(stack, url)
    with all_statements_logged(stack):
        asked = desk.backend.send_task(
            "workorders.import",
            kwargs={"dealer_id": desk.dealer.dealer_id, "search": known.COMPLETE, "request_id": click},
            queue="interactive",
            expires=15,
        )
        answer = asked.get(timeout=36)
    only(answer, outcome="created")
    assert answer["request_id"] == click

    assert {event["request_id"] for event in told_by(worker, "task_id", asked.id)} == {click}
    assert [event["event"] for event in told_by(worker, "request_id", click)] == ["task_answered"]
    assert heard_by_vinacles(desk) == {click}
    statements = (stack.postgres.folder / "postgres.log").read_text()
    said = re.findall(r"/\* request_id=(\S+) task_id=(\S+) \*/", statements)
    assert said.count((click, asked.id)) >= 3
    assert {request for request, task in said if task == asked.id} == {click}
    assert on_record(desk, click) == [asked.id]

    info = f"/api/task/info/{asked.id}"
    wait_until(lambda: f"'request_id': '{click}'" in shown(info), 15, "Flower shows the click")
    flower.stop()


def test_from_the_click_through_a_row(desk: Desk, stack: Stack) -> None:
    click = f"click-{uuid4().hex[:8]}"
    server = stack.start_requests(name="requests-one-id")
    ask = text(
        "INSERT INTO import_requests (dealer_id, kind, search, request_id) "
        "VALUES (:dealer, 'import', :search, :click) RETURNING id"
    )
    look = text("SELECT result FROM import_requests WHERE request_id = :click AND answered_at IS NOT NULL")
    with desk.database.transaction() as connection:
        values = {"dealer": desk.dealer.dealer_id, "search": known.COMPLETE, "click": click}
        number = connection.execute(ask, values).scalar_one()

    def result() -> dict[str, object] | None:
        with desk.database.transaction() as connection:
            return connection.execute(look, {"click": click}).scalar_one_or_none()

    wait_until(lambda: result() is not None, 20, "the row's answer")
    assert (result() or {})["request_id"] == click
    wait_until(lambda: bool(told_by(server, "request_id", click)), 5, "its log line")
    assert {event["import_request"] for event in told_by(server, "request_id", click)} == {number}
    assert heard_by_vinacles(desk) == {click}
    assert on_record(desk, click) == [f"import_requests/{number}"]
    assert server.stop() == 0
