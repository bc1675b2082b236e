"""What PostgreSQL knows, at a price that does not grow with the dealers."""

from typing import Any

import pytest
from prometheus_client import CollectorRegistry
from sqlalchemy import Connection, event, text

from sandbox.processes import wait_until
from tests.documents import ROOT
from tests.integration.metrics.conftest import Value
from tests.integration.metrics.stored import add_dealers, add_run
from worker.errors import ErrorCode
from worker.metrics.wiring import registry as built
from worker.settings import Settings
from worker.store.session import Database


def test_freshness(database: Database, registry: CollectorRegistry, value: Value) -> None:
    add_dealers(database, 1, 1, overdue=900)
    add_dealers(database, 2, 2)
    add_dealers(database, 3, 3, every=None, overdue=900)
    add_dealers(database, 4, 4, paused=True, overdue=900)
    add_run(database, 1, "done", started=9000, ended=8000)
    add_run(database, 1, "done", started=5000, ended=4000)
    add_run(database, 1, "failed", code=ErrorCode.VINACLES_UNAVAILABLE.value)
    add_run(database, 2, "failed", started=9000, code=ErrorCode.INTERNAL.value)
    add_run(database, 2, "done")
    with database.transaction() as connection:
        now = connection.execute(text("SELECT extract(epoch FROM now())")).scalar_one()
    assert value("twodrive_dealer_overdue_seconds", dealer_id="1") == pytest.approx(900, abs=60)
    assert value("twodrive_dealer_overdue_seconds", dealer_id="2") == 0
    assert value("twodrive_dealer_overdue_seconds", dealer_id="3") is None
    assert value("twodrive_dealer_overdue_seconds", dealer_id="4") is None
    refreshed = value("twodrive_dealer_refreshed_timestamp_seconds", dealer_id="1")
    assert refreshed == pytest.approx(float(now) - 4000, abs=60)
    assert value("twodrive_dealer_refreshed_timestamp_seconds", dealer_id="3") is None
    assert value("twodrive_dealer_refresh_failed", dealer_id="1", error_code="vinacles_unavailable") == 1
    assert value("twodrive_dealer_refresh_failed", dealer_id="2", error_code="internal") is None
    kinds = {"scheduled": 2, "on_request": 1, "paused": 1}
    assert {kind: value("twodrive_dealers", schedule=kind) for kind in kinds} == kinds


def test_stuck_runs(database: Database, value: Value) -> None:
    add_dealers(database, 1, 3)
    add_run(database, 1, "running", page=5)
    add_run(database, 2, "running", page=700)
    add_run(database, 3, "waiting", page=601)
    assert value("twodrive_refresh_runs_open", state="running") == 2
    assert value("twodrive_refresh_runs_stuck", state="running") == 1
    assert value("twodrive_refresh_runs_open", state="waiting") == 1
    assert value("twodrive_refresh_runs_stuck", state="waiting") == 1


def test_a_run_that_is_put_off_for_the_circuit_is_stuck_where_nobody_takes_it_up(
    database: Database, value: Value
) -> None:
    add_dealers(database, 1, 3)
    put_off = ErrorCode.VINACLES_CIRCUIT_OPEN.value
    # Due again in five minutes, and just now
    add_run(database, 1, "running", code=put_off, rung=-300)
    add_run(database, 2, "running", code=put_off, rung=30)
    assert value("twodrive_refresh_runs_open", state="running") == 2
    assert value("twodrive_refresh_runs_stuck", state="running") == 0
    add_run(database, 3, "running", code=put_off, rung=700)
    assert value("twodrive_refresh_runs_stuck", state="running") == 1


def test_circuits(database: Database, value: Value) -> None:
    add_dealers(database, 1, 4)
    add_dealers(database, 5, 5, paused=True)
    assert value("twodrive_circuits_open") == 0
    with database.transaction() as connection:
        connection.execute(
            text(
                "INSERT INTO circuits (dealer_id, failures, trouble, opened_at, probe_at, probe_owner,"
                " probe_until) SELECT dealer_id, failures, trouble, now() - open_for, now() - due_for, owner,"
                " now() + lease FROM (VALUES"
                " (1, 2, 'timeout', NULL, NULL, NULL, NULL),"
                " (2, 5, 'unreachable', interval '900 s', interval '700 s', NULL, NULL),"
                " (3, 0, NULL, NULL, NULL, NULL, NULL),"
                " (4, 5, 'timeout', interval '900 s', interval '700 s', 'prober', interval '20 s'),"
                " (5, 5, 'timeout', interval '900 s', interval '700 s', NULL, NULL)"
                ") rows (dealer_id, failures, trouble, open_for, due_for, owner, lease)"
            )
        )
    assert value("twodrive_circuits_open") == 2
    assert value("twodrive_circuit_failures", dealer_id="1", trouble="timeout") == 2
    assert value("twodrive_circuit_open_seconds", dealer_id="1", trouble="timeout") is None
    seconds = value("twodrive_circuit_open_seconds", dealer_id="2", trouble="unreachable")
    assert seconds == pytest.approx(900, abs=60)
    unasked = value("twodrive_circuit_unasked_seconds", dealer_id="2", trouble="unreachable")
    assert unasked == pytest.approx(700, abs=60)
    # Somebody asks at this moment.
    assert value("twodrive_circuit_unasked_seconds", dealer_id="4", trouble="timeout") == 0
    # Nobody asks for a paused dealer, whatever its circuit.
    for name in ("failures", "open_seconds", "unasked_seconds"):
        assert value(f"twodrive_circuit_{name}", dealer_id="5", trouble="timeout") is None


def test_a_pause_is_no_failure(database: Database, value: Value) -> None:
    add_dealers(database, 1, 1, paused=True)
    add_dealers(database, 2, 3)
    for dealer_id in (1, 3):
        add_run(database, dealer_id, "failed", started=9000, code=ErrorCode.INTERNAL.value)
    for dealer_id in (1, 2, 3):
        add_run(database, dealer_id, "failed", code=ErrorCode.DEALER_PAUSED.value)
    failed = {
        (dealer_id, code): value("twodrive_dealer_refresh_failed", dealer_id=dealer_id, error_code=code)
        for dealer_id in "123"
        for code in ("internal", "dealer_paused")
    }
    # Dealer 3 failed before it was paused, and nothing has been tried since it goes on.
    assert [key for key, said in failed.items() if said is not None] == [("3", "internal")]


def test_quarantine(database: Database, value: Value) -> None:
    add_dealers(database, 1, 1)
    # Also of a reason that nobody has yet: Prometheus must see its first ones as a growth.
    assert value("twodrive_quarantine", reason="no_labor_item") == 0
    assert value("twodrive_quarantine", reason="internal") == 0
    assert value("twodrive_quarantine", reason="no_match") is None
    with database.transaction() as connection:
        connection.execute(
            text(
                "INSERT INTO quarantine (dealer_id, subject, reason, error_code, trigger, since,"
                " last_seen_at, discarded_at) VALUES"
                " (1, 'a', 'no_labor_item', NULL, 'bulk', now(), now(), NULL),"
                " (1, 'b', 'no_labor_item', NULL, 'bulk', now(), now(), NULL),"
                " (1, 'c', NULL, 'internal', 'bulk', now(), now(), NULL),"
                " (1, 'd', 'no_labor_item', NULL, 'bulk', now(), now(), now()),"
                " (1, 'e', 'of_a_later_version', NULL, 'bulk', now(), now(), NULL)"
            )
        )
    assert value("twodrive_quarantine", reason="no_labor_item") == 2
    assert value("twodrive_quarantine", reason="internal") == 1
    assert value("twodrive_quarantine", reason="of_a_later_version") == 1


def test_drift(database: Database, value: Value) -> None:
    add_dealers(database, 1, 1)
    assert value("twodrive_schema_drift", kind="new_column") is None
    with database.transaction() as connection:
        connection.execute(
            text(
                "INSERT INTO schema_drift"
                " (dealer_id, entity, column_name, kind, found, acknowledged_at) VALUES"
                " (1, 'Workorder', 'Color', 'new_column', 'string', NULL),"
                " (1, 'Workorder', 'Vat', 'new_column', 'number', NULL),"
                " (1, 'Workorder', 'VIN', 'new_column', 'string', now())"
            )
        )
    assert value("twodrive_schema_drift", kind="new_column") == 2
    with database.transaction() as connection:
        over = "UPDATE schema_drift SET last_seen_at = now() - interval '8 days' WHERE column_name = 'Vat'"
        connection.execute(text(over))
    assert value("twodrive_schema_drift", kind="new_column") == 1


def test_rows_written_survive_a_purge(database: Database, value: Value) -> None:
    def written(operation: str) -> float | None:
        return value("twodrive_rows_written_total", table="dealers", operation=operation)

    add_dealers(database, 1, 5)
    database.close()  # PostgreSQL counts a session's rows at its end at the latest
    wait_until(lambda: written("insert") == 5, 10, "five rows counted")
    with database.transaction() as connection:
        connection.execute(text("DELETE FROM dealers"))
    database.close()
    wait_until(lambda: written("delete") == 5, 10, "their deletion counted")
    assert written("insert") == 5


def _statements(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> tuple[list[str], int]:
    """The statements of one scrape, and how many samples it gave."""
    sent: list[str] = []

    def note(_connection: Connection, _cursor: object, statement: str, *_: object) -> None:
        sent.append(statement)

    real = Database.engine

    def listening(self: Database) -> Any:
        engine = real(self)
        if not event.contains(engine, "before_cursor_execute", note):
            event.listen(engine, "before_cursor_execute", note)
        return engine

    with monkeypatch.context() as patched, built(settings) as registry:
        patched.setattr(Database, "engine", listening)
        return sent, sum(len(metric.samples) for metric in registry.collect())


def test_a_thousand_dealers_cost_the_same_statements(
    database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_dealers(database, 1, 1)
    few, samples = _statements(settings, monkeypatch)
    add_dealers(database, 2, 1000)
    with database.transaction() as connection:
        connection.execute(
            text(
                "INSERT INTO refresh_runs (dealer_id, state, window_from, window_until, finished_at, ring_at)"
                " SELECT dealer_id, 'done', now(), now(), now(), now() FROM dealers"
            )
        )
    many, more = _statements(settings, monkeypatch)
    assert len(few) == len(many) == 7
    assert "reads PostgreSQL by seven statements" in (ROOT / "docs" / "metrics.md").read_text()
    assert more - samples == 999 + 1000


def test_without_tables_the_rest_is_told(
    settings: Settings, empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TWODRIVE_DATABASE_URL", empty_database_url)
    from worker.environment import load

    with built(load()) as registry:
        assert registry.get_sample_value("twodrive_source_up", {"source": "postgresql"}) == 0
        assert registry.get_sample_value("twodrive_source_up", {"source": "queues"}) == 1
        assert registry.get_sample_value("twodrive_queue_messages", {"queue": "bulk"}) is not None


def test_no_personal_data(database: Database, registry: CollectorRegistry) -> None:
    add_dealers(database, 1, 2)
    labels = {name for metric in registry.collect() for sample in metric.samples for name in sample.labels}
    allowed = {
        "queue",
        "source",
        "trouble",
        "schedule",
        "dealer_id",
        "error_code",
        "state",
        "table",
        "operation",
    }
    assert labels <= allowed | {"trigger", "outcome", "reason", "task", "result", "call", "le"}
