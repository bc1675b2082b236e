"""Traces and incidents of real workers, as a collector and Sentry receive them."""

import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from redis import Redis
from sqlalchemy import text

from sandbox.demo.desk import Desk
from sandbox.demo.scenes import only
from sandbox.processes import Program, wait_until
from sandbox.services import PASSWORD
from sandbox.simulator import known
from sandbox.stack import Stack
from tests.acceptance.collector import Collector, Span, collecting
from worker.wiring import Parts

_DEALER = 7001
#: Of their own, so that no other test's worker takes these messages.
_QUEUES = 7
_REQUEST, _DEFECT, _ROW = "click-81f3", "click-81f4", "click-81f5"
_TRACE, _SENDER = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
#: What a backend that traces sends along, and what it should not.
_HEADERS = {
    "traceparent": f"00-{_TRACE}-{_SENDER}-01",
    "tracestate": "vendor=Kanarievogel",
    "baggage": "who=Kanarievogel",
}
_TYPED = "GEHEIM-ZOEK-7"
_PERSONAL = (
    *(known.COMPLETE, known.COMPLETE_PLATE, "12BDF3", "van der Berg", "612345678", "example.com"),
    *("Grote beurt", "1K0 698 151 E", "Kanarievogel", "GEHEIM", "$filter", "Failing row"),
)


@pytest.fixture(scope="module")
def observed(stack: Stack, parts: Parts) -> "Observed":
    """Work that goes well and badly, done by workers that have ended since."""
    dealer = stack.add_dealer(_DEALER, "Garage Spoor", import_new_in_bulk=True)
    stack.simulator.admin.reset()
    _forget_the_login(stack)
    backend = stack.backend(_QUEUES)
    with collecting() as collector:
        env = {
            "TWODRIVE_BROKER_URL": stack.redis.url_of(_QUEUES),
            "TWODRIVE_SENTRY_DSN": collector.dsn,
            "TWODRIVE_INTERACTIVE_DEADLINE_SECONDS": "10",
            "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
            # Nothing is sent before the end, so that what comes was sent at the end.
            "OTEL_BSP_SCHEDULE_DELAY": "600000",
            "OTEL_RESOURCE_ATTRIBUTES": "deployment.environment=test",
            # Even where somebody asks for more.
            "OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_CLIENT_REQUEST": ".*",
            "SENTRY_SPOTLIGHT": "1",
        }
        desk = Desk(dealer, backend, stack.simulator.admin, parts.database, parts.dealers)
        threads = stack.start_worker(name="observed", env=env)
        _people(desk)
        _forget_the_login(stack)
        asked_with = [entry.headers for entry in desk.dms.journal()]
        children = stack.start_bulk_worker(name="observed-bulk", children=1, env=env)
        refresh = backend.send_task("workorders.refresh_dealer", kwargs={"dealer_id": _DEALER}, queue="bulk")
        assert refresh.get(timeout=60)["state"] == "done"
        assert collector.spans() == []
        programs = (threads, children, _rows(desk, stack, env))
        ends = tuple(program.stop() for program in programs)
        logs = [program.log.read_text() for program in programs]
    backend.close()
    return Observed(collector, asked_with, ends, logs, stack)


@dataclass(frozen=True)
class Observed:
    collector: Collector
    asked_with: list[Any]
    ends: tuple[int, ...]
    logs: list[str]
    stack: Stack

    def spans_of(self, trace: str) -> list[Span]:
        return [span for span in self.collector.spans() if span.trace == trace]


def ask(desk: Desk, search: str, dealer_id: int = _DEALER, **more: Any) -> Any:
    """The answer, or the stable code of a failure."""
    arguments = {"dealer_id": dealer_id, "search": search, **more.pop("kwargs", {})}
    sent = desk.backend.send_task("workorders.import", kwargs=arguments, queue="interactive", **more)
    given = sent.get(timeout=40, propagate=False)
    return given.args[0] if isinstance(given, Exception) else given


def _people(desk: Desk) -> None:
    found = ask(desk, known.COMPLETE_PLATE, kwargs={"request_id": _REQUEST}, headers=_HEADERS)
    only(found, outcome="created")
    only(ask(desk, _TYPED), outcome="not_found")
    assert ask(desk, _TYPED, dealer_id=99_999) == "dealer_unknown"
    assert ask(desk, _TYPED, kwargs={_TYPED: _TYPED}) == "message_invalid"
    fault = desk.dms.answer_status(503, times=None, match="Workorder")
    assert ask(desk, known.WITHOUT_LABOR) == "vinacles_unavailable"
    desk.dms.remove_fault(fault)
    with _refused_by_postgres(desk):
        assert ask(desk, known.BELGIAN_PLATE, kwargs={"request_id": _DEFECT}) == "internal"
    desk.dms.expire_tokens()
    fault = desk.dms.answer_status(401, times=None, match="api")
    assert ask(desk, known.WITHOUT_LABOR) == "vinacles_login_failed"
    desk.dms.remove_fault(fault)


def _rows(desk: Desk, stack: Stack, env: Mapping[str, str]) -> Program:
    """Requests as rows, and the program that answered them."""
    server = stack.start_requests(name="observed-requests", env=env)
    columns = "(dealer_id, kind, search, request_id)"
    ask = f"INSERT INTO import_requests {columns} VALUES (:dealer, 'import', :it, :id)"
    look = "SELECT 1 FROM import_requests WHERE dealer_id = :dealer AND answered_at IS NOT NULL"
    with desk.database.transaction() as connection:
        connection.execute(text(ask), {"dealer": _DEALER, "it": known.COMPLETE_PLATE, "id": _ROW})

    def answered() -> bool:
        with desk.database.transaction() as connection:
            return bool(connection.execute(text(look), {"dealer": _DEALER}).scalar_one_or_none())

    wait_until(answered, 20, "the row's answer")
    return server


def _forget_the_login(stack: Stack) -> None:
    """That it was refused is remembered for half a minute."""
    with Redis.from_url(stack.redis.url_of(2)) as shared:
        shared.flushdb()


@contextmanager
def _refused_by_postgres(desk: Desk) -> Iterator[None]:
    """Nobody foresees that somebody adds a constraint. PostgreSQL then tells the whole row."""
    add = f"ALTER TABLE workorders ADD CONSTRAINT unforeseen CHECK (dealer_id <> {_DEALER}) NOT VALID"
    for statement in (add, "ALTER TABLE workorders DROP CONSTRAINT unforeseen"):
        with desk.database.transaction() as connection:
            connection.execute(text(statement))
        if statement == add:
            yield


def test_a_search_is_one_trace_from_the_senders_click_to_postgres(observed: Observed) -> None:
    spans = observed.spans_of(_TRACE)
    [task] = [span for span in spans if span.parent == _SENDER]
    assert (task.name, task.failed) == ("workorders.import", False)
    calls = [span.name for span in spans if "url.path" in span.attributes]
    assert {"GET /api/Workorder", "GET /api/WorkorderLine", "GET /api/WorkorderContact"} <= set(calls)
    statements = [str(span.attributes["db.statement"]) for span in spans if "db.statement" in span.attributes]
    assert any("INSERT INTO import_attempts" in statement for statement in statements), statements
    assert {span.attributes["twodrive.request_id"] for span in spans} == {_REQUEST}
    assert {span.attributes["twodrive.dealer_id"] for span in spans} == {str(_DEALER)}
    known_ids = {span.id for span in spans} | {_SENDER}
    assert {span.parent for span in spans} <= known_ids


def test_vinacles_hears_of_the_trace_and_of_nothing_that_the_sender_added(observed: Observed) -> None:
    headers = [h for h in observed.asked_with if h.get("x-ms-correlation-id") == _REQUEST]
    assert len(headers) >= 3
    assert {h["traceparent"].split("-")[1] for h in headers} == {_TRACE}
    assert not any({"tracestate", "baggage"} & set(h) for h in observed.asked_with)


def test_a_failed_task_has_its_code(observed: Observed) -> None:
    failed = [s for s in observed.collector.spans() if s.name == "workorders.import" and s.failed]
    refusals = {"dealer_unknown", "message_invalid", "vinacles_unavailable"}
    codes = {str(span.attributes["error.type"]) for span in failed}
    assert codes == {*refusals, "internal", "vinacles_login_failed"}


def test_a_refresh_in_a_forked_child_is_one_trace_too(observed: Observed) -> None:
    [task] = [span for span in observed.collector.spans() if span.name == "workorders.refresh_dealer"]
    spans = observed.spans_of(task.trace)
    assert task.parent == ""
    assert any(span.name == "GET /api/Workorder" for span in spans)
    assert any("refresh_runs" in str(span.attributes.get("db.statement")) for span in spans)
    assert {span.attributes["twodrive.task_id"] for span in spans} == {task.attributes["twodrive.task_id"]}


def test_a_request_as_a_row_is_one_trace_too(observed: Observed) -> None:
    [row] = [span for span in observed.collector.spans() if span.name == "import_requests"]
    spans = observed.spans_of(row.trace)
    assert any(span.name == "GET /api/Workorder" for span in spans)
    assert any("UPDATE import_requests" in str(span.attributes.get("db.statement")) for span in spans)
    assert {span.attributes["twodrive.request_id"] for span in spans} == {_ROW}


def test_the_defect_and_the_refused_login_are_one_incident_each(observed: Observed) -> None:
    events = {event["tags"]["code"]: event for event in observed.collector.events()}
    assert len(observed.collector.events()) == 2
    assert set(events) == {"internal", "vinacles_login_failed"}
    defect = events["internal"]
    assert defect["tags"] == {
        "code": "internal",
        "task": "workorders.import",
        "task_id": defect["tags"]["task_id"],
        "dealer_id": str(_DEALER),
        "request_id": _DEFECT,
    }
    assert defect["fingerprint"][:3] == ["twodrive", "internal", "StatementRefused"]
    assert defect["exception"]["values"][-1]["value"] == "An unforeseen StatementRefused ended the task."
    assert "vars" not in str(defect)
    assert events["vinacles_login_failed"]["fingerprint"] == ["twodrive", "vinacles_login_failed"]


def test_nothing_personal_and_no_secret_is_sent(observed: Observed) -> None:
    sent = observed.collector.everything().lower()
    simulator, env = observed.stack.simulator, observed.stack.env
    secrets = (simulator.client_secret, env["TWODRIVE_SECRET_KEYS"], PASSWORD)
    assert [canary for canary in (*_PERSONAL, *secrets) if canary.lower() in sent] == []
    assert "bearer" not in str(observed.collector.spans()).lower()
    # What may be sent was.
    assert "insert into import_attempts" in sent
    assert "statementrefused" in sent


def test_workers_end_in_peace_having_sent_all(observed: Observed) -> None:
    assert observed.ends == (0, 0, 0)
    assert observed.collector.services() == {"twodrive"}
    for log in observed.logs:
        assert log.count("telemetry_started") == 1
        assert "telemetry_not_started" not in log


def test_a_collector_that_hangs_holds_nobody(stack: Stack, parts: Parts) -> None:
    dealer = stack.add_dealer(_DEALER + 1, "Garage Stilte")
    stack.simulator.admin.reset()
    _forget_the_login(stack)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        env = {
            "TWODRIVE_BROKER_URL": stack.redis.url_of(_QUEUES + 1),
            "TWODRIVE_SENTRY_DSN": url.replace("http://", "http://publickey@") + "/1",
            "OTEL_EXPORTER_OTLP_ENDPOINT": url,
            "OTEL_BSP_SCHEDULE_DELAY": "100",
        }
        worker = stack.start_worker(name="unheard", env=env)
        backend = stack.backend(_QUEUES + 1)
        desk = Desk(dealer, backend, stack.simulator.admin, parts.database, parts.dealers)
        only(desk.search(known.COMPLETE), outcome="created")
        # The bound of `Program.stop` is 15 s; it would end by SIGKILL otherwise.
        assert worker.stop() == 0
