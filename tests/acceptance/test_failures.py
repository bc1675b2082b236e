"""What the backend sees when there is no answer: a stable code, what happened, what to do."""

from typing import Any

import pytest
from sqlalchemy import select

from sandbox.demo.desk import Desk
from sandbox.demo.scenes import only
from sandbox.processes import Program
from sandbox.simulator import known
from sandbox.stack import Stack
from worker.store.tables import import_attempts


def failure(desk: Desk, task: str, *args: Any, **arguments: Any) -> tuple[str, str, str]:
    sent = desk.backend.send_task(task, args=args, kwargs=arguments, queue="interactive", expires=15)
    with pytest.raises(Exception) as raised:  # noqa: PT011  the backend has none of our classes
        sent.get(timeout=40)
    code, text, next_step = raised.value.args
    return code, text, next_step


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({}, ["dealer_id", "search", "missing"]),
        ({"dealer_id": "12", "search": "x"}, ["dealer_id", "whole number"]),
        ({"dealer_id": 12, "search": "x", "plate": "y"}, ["plate", "not an argument"]),
        ({"dealer_id": 12, "search": ""}, ["search", "1 to 500"]),
        ({"dealer_id": True, "search": "x"}, ["dealer_id"]),
    ],
)
def test_a_bad_message_fails_at_once(desk: Desk, arguments: dict[str, Any], told: list[str]) -> None:
    code, text, _ = failure(desk, "workorders.import", **arguments)
    assert code == "message_invalid"
    for word in told:
        assert word in text


def test_positional_arguments_are_refused(desk: Desk) -> None:
    code, text, _ = failure(desk, "workorders.import", 12, "12-BDF-3")
    assert code == "message_invalid"
    assert "keyword" in text


def test_unknown_dealer_and_workorder(desk: Desk) -> None:
    nowhere = "0b8a4c1e-7f0d-5a6b-9c3d-2e1f0a9b8c7d"
    assert failure(desk, "workorders.import", dealer_id=99_999, search="x")[0] == "dealer_unknown"
    known_dealer = desk.dealer.dealer_id
    assert (
        failure(desk, "workorders.refresh", dealer_id=known_dealer, workorder_id=nowhere)[0]
        == "workorder_unknown"
    )
    started = {"workorder_id": nowhere, "started_at": "2026-03-02T09:15:00+01:00"}
    assert failure(desk, "workorders.mark_started", dealer_id=99_999, **started)[0] == "dealer_unknown"


def test_a_moment_without_offset_is_refused(desk: Desk) -> None:
    arguments = {"workorder_id": "0b8a4c1e-7f0d-5a6b-9c3d-2e1f0a9b8c7d", "started_at": "2026-03-02T09:15:00"}
    code, text, _ = failure(desk, "workorders.mark_started", dealer_id=desk.dealer.dealer_id, **arguments)
    assert code == "message_invalid"
    assert "offset" in text


def test_vinacles_down_fails_within_the_deadline_and_is_on_record(desk: Desk) -> None:
    desk.dms.answer_status(503, times=None, match="Workorder")
    code, text, next_step = failure(
        desk, "workorders.import", dealer_id=desk.dealer.dealer_id, search=known.COMPLETE
    )
    assert code == "vinacles_unavailable"
    assert text
    assert next_step
    assert recorded(desk) == ["vinacles_unavailable"]
    assert desk.dms.request_counts()["Workorder"] > 2


def test_a_refused_login_does_not_retry(desk: Desk) -> None:
    desk.dms.expire_tokens()
    desk.dms.answer_status(401, times=None, match="api")
    code, _, _ = failure(desk, "workorders.import", dealer_id=desk.dealer.dealer_id, search=known.COMPLETE)
    assert code == "vinacles_login_failed"
    assert desk.dms.request_counts()["Workorder"] == 2
    assert recorded(desk) == ["vinacles_login_failed"]


def test_a_renamed_column_is_refused_at_once(desk: Desk) -> None:
    desk.dms.add_fault(
        "renamed_column", column="WONUMMER", value="WorkorderNumber", times=None, match="Workorder"
    )
    code, _, _ = failure(desk, "workorders.import", dealer_id=desk.dealer.dealer_id, search=known.COMPLETE)
    assert code == "vinacles_refused"
    assert desk.dms.request_counts()["Workorder"] == 1


def test_a_paused_dealer_is_not_asked(desk: Desk) -> None:
    with desk.database.transaction() as connection:
        desk.dealers.change(connection, desk.dealer.dealer_id, {"paused": True})
    code, _, next_step = failure(
        desk, "workorders.import", dealer_id=desk.dealer.dealer_id, search=known.COMPLETE
    )
    assert code == "dealer_paused"
    assert "--no-paused" in next_step
    assert desk.dms.journal() == []


@pytest.mark.parametrize(
    ("serializer", "task", "event"),
    [
        ("pickle", "workorders.import", "message_refused"),
        ("json", "workorders.imprt", "message_of_unknown_task"),
    ],
)
def test_messages_that_cannot_be_used_are_dropped_discreetly(
    desk: Desk, stack: Stack, worker: Program, serializer: str, task: str, event: str
) -> None:
    before = len(worker.log.read_text())
    sender = stack.backend()
    sender.conf.task_serializer = serializer
    arguments = {"dealer_id": desk.dealer.dealer_id, "search": "GEHEIM-ZOEK-0"}
    sender.send_task(task, kwargs=arguments, queue="interactive", ignore_result=True)
    only(desk.search(known.COMPLETE), outcome="created")
    assert event in worker.log.read_text()[before:]
    assert worker.process.poll() is None


def test_logs_hold_no_personal_data(desk: Desk, worker: Program) -> None:
    desk.search(known.COMPLETE_PLATE)
    desk.search("GEHEIM-ZOEK-1")
    failure(
        desk, "workorders.import", dealer_id=desk.dealer.dealer_id, search="GEHEIM-ZOEK-2", extra="GEHEIM-3"
    )
    log = worker.log.read_text()
    for personal in (known.COMPLETE_PLATE, "12BDF3", "van der Berg", "612345678", "example.com", "GEHEIM"):
        assert personal not in log
    assert "task_answered" in log


def test_an_expected_failure_is_a_warning_without_a_traceback(desk: Desk, worker: Program) -> None:
    before = len(worker.log.read_text())
    # Celery's own line, if there were one, would come after the answer: the first is there after the third.
    for _ in range(3):
        failure(desk, "workorders.import", dealer_id=99_998, search="x")
    log = worker.log.read_text()[before:]
    assert "There is no dealer 99998." in log
    assert "TaskFailed" not in log


def recorded(desk: Desk) -> list[str]:
    """Error codes of the dealer's attempts, oldest first."""
    query = (
        select(import_attempts.c.error_code)
        .where(import_attempts.c.dealer_id == desk.dealer.dealer_id)
        .order_by(import_attempts.c.id)
    )
    with desk.database.transaction() as connection:
        return [row.error_code for row in connection.execute(query)]
