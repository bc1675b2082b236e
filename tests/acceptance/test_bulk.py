"""Bulk refresh through real workers: by message, by schedule, beside people, and after a kill."""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from signal import SIGKILL
from typing import Any

import pytest
from sqlalchemy import text

from sandbox.demo.desk import Desk
from sandbox.demo.scenes import only
from sandbox.processes import Program, wait_until
from sandbox.simulator import known
from sandbox.stack import Stack
from schemas.workorder import workorder_id
from tests.acceptance.waiting import no_answer_yet
from worker.store.dealers import DealerChanges
from worker.store.quarantine import Choice, chosen

_FAST: DealerChanges = {
    "import_new_in_bulk": True,
    "requests_per_second": 1000.0,
    "concurrent_requests": 8,
    "modified_on_works": False,
}
_NOBODY_ELSE = (
    "UPDATE dealers SET next_refresh_at = now() + interval '10 minutes' WHERE dealer_id <> :dealer_id; "
    "UPDATE refresh_runs SET ring_at = now() + interval '10 minutes' WHERE dealer_id <> :dealer_id"
)


@pytest.fixture(scope="module")
def bulk_worker(stack: Stack, no_bulk_waiting: None) -> Iterator[Program]:
    worker = stack.start_bulk_worker()
    yield worker
    worker.stop()


@pytest.fixture
def fast(desk: Desk, bulk_worker: Program) -> Desk:
    """A dealer that imports new workorders in bulk; pages of 5 make many of them."""
    assert bulk_worker.process.poll() is None
    change(desk, _FAST)
    desk.dms.set(page_max=5, page_default=5)
    return desk


def change(desk: Desk, changes: DealerChanges) -> None:
    with desk.database.transaction() as connection:
        desk.dealers.change(connection, desk.dealer.dealer_id, changes)


def refresh_all(desk: Desk, **arguments: Any) -> Any:
    arguments = {"dealer_id": desk.dealer.dealer_id, **arguments}
    return desk.backend.send_task("workorders.refresh_dealer", kwargs=arguments, queue="bulk")


def run_row(desk: Desk) -> Any:
    query = text("SELECT * FROM refresh_runs WHERE dealer_id = :dealer_id ORDER BY id DESC LIMIT 1")
    with desk.database.transaction() as connection:
        return connection.execute(query, {"dealer_id": desk.dealer.dealer_id}).mappings().one_or_none()


def test_a_whole_dealer_by_one_message(fast: Desk) -> None:
    answer = refresh_all(fast).get(timeout=60)
    assert answer["state"] == "done"
    assert answer["created"] > 10
    assert answer["seen"] == answer["created"] + answer["rejected"]
    again = refresh_all(fast).get(timeout=60)
    assert (again["created"], again["updated"], again["unchanged"]) == (0, 0, answer["created"])


def test_progress_is_seen_meanwhile(fast: Desk) -> None:
    fast.dms.set(latency_ms=60)
    sent = refresh_all(fast)
    shown: list[Any] = []

    def progress() -> bool:
        # State and information in one reading: the run goes on between two.
        told = fast.backend.backend.get_task_meta(sent.id)
        shown.extend([told["result"]] if told["status"] == "PROGRESS" else [])
        return bool(shown)

    wait_until(progress, 30, "progress")
    assert shown[0]["state"] == "running"
    assert shown[0]["pages"] >= 1
    fast.dms.set(latency_ms=0)
    assert sent.get(timeout=60)["state"] == "done"


def test_whoever_waits_for_a_run_that_fails_is_told_why(fast: Desk) -> None:
    fast.dms.set(latency_ms=700)
    fast.dms.answer_status(403, times=None, match="Workorder", code="AuthorizationCheckFailed")
    first = refresh_all(fast)
    wait_until(lambda: (run_row(fast) or {"lease_owner": None})["lease_owner"] is not None, 30, "a worker")
    second = refresh_all(fast)
    for sent in (first, second):
        with pytest.raises(Exception, match="vinacles_not_allowed"):
            sent.get(timeout=30)
    assert (run_row(fast)["state"], run_row(fast)["watchers"]) == ("failed", [])


def test_a_killed_child_costs_a_page_and_the_run_goes_on(fast: Desk, bulk_worker: Program) -> None:
    # Given a run that is at work
    fast.dms.set(latency_ms=60)
    sent = refresh_all(fast)
    wait_until(lambda: (run_row(fast) or {"pages": 0})["pages"] >= 2, 30, "two pages")
    # When the children of the worker are killed, and the lease has run out
    for child in children(bulk_worker.process.pid):
        with suppress(ProcessLookupError):
            os.kill(child, SIGKILL)
    pages = run_row(fast)["pages"]
    fast.dms.set(latency_ms=0)
    with fast.database.transaction() as connection:
        connection.execute(
            text(
                "UPDATE refresh_runs SET ring_at = now(), "
                "lease_until = CASE WHEN lease_owner IS NOT NULL THEN now() END "
                "WHERE state = 'running' AND dealer_id = :dealer_id"
            ),
            {"dealer_id": fast.dealer.dealer_id},
        )
    # Then the next look at the due list rings for it, and it goes on where it was
    look(fast)
    wait_until(lambda: run_row(fast)["state"] == "done", 60, "the run's end")
    row = run_row(fast)
    assert row["pages"] > pages
    assert row["seen"] == row["created"] + row["rejected"] + row["unchanged"]
    # Celery sends the killed child's message again after 10 s: that run would be in the way of other tests.
    sent.revoke()


def children(parent: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{parent}/task/{parent}/children").read_text().split()]


def look(desk: Desk) -> list[int]:
    """As beat rings. Nobody else is due then: other tests' dealers would be refreshed first, by the same
    workers and from the same simulator."""
    with desk.database.transaction() as connection:
        connection.execute(text(_NOBODY_ELSE), {"dealer_id": desk.dealer.dealer_id})
    sent = desk.backend.send_task("workorders.refresh_due", queue="maintenance")
    rung: list[int] = sent.get(timeout=30)["rung"]
    return rung


def test_a_due_dealer_is_refreshed_by_the_schedule(fast: Desk) -> None:
    rung = look(fast)
    run_id = run_row(fast)["id"]
    assert run_id in rung
    wait_until(lambda: run_row(fast)["state"] == "done", 60, "the scheduled run")
    assert run_id not in look(fast)
    assert run_row(fast)["id"] == run_id


def test_ten_clicks_are_one_question(fast: Desk, stack: Stack) -> None:
    only(fast.search(known.COMPLETE), outcome="created")
    fast.dms.clear_journal()
    fast.dms.set(latency_ms=50)
    identifier = str(workorder_id(fast.dealer.dealer_id, known.COMPLETE_ID))
    arguments = {"dealer_id": fast.dealer.dealer_id, "workorder_id": identifier}

    def click(number: int) -> Any:
        return fast.backend.send_task(
            "workorders.refresh",
            kwargs={**arguments, "request_id": f"click-{number}"},
            queue="interactive",
            expires=15,
        )

    with no_answer_yet(stack):
        clicks = [click(number) for number in range(10)]
    answers = [sent.get(timeout=30) for sent in clicks]
    assert [answer["request_id"] for answer in answers] == [f"click-{number}" for number in range(10)]
    assert {only(answer)["outcome"] for answer in answers} == {"unchanged"}
    assert fast.dms.request_counts()["Workorder"] == 1


def test_a_run_of_another_dealer_is_refused(fast: Desk, stack: Stack) -> None:
    run_id = refresh_all(fast).get(timeout=60)["run_id"]
    other = stack.add_dealer(fast.dealer.dealer_id + 50_000, "Garage Anders")
    sent = fast.backend.send_task(
        "workorders.refresh_dealer", kwargs={"dealer_id": other.dealer_id, "run_id": run_id}, queue="bulk"
    )
    with pytest.raises(Exception, match="message_invalid"):
        sent.get(timeout=30)


def test_what_was_rejected_is_imported_when_it_was_mended(fast: Desk) -> None:
    # Given a workorder without labor, rejected by a run
    first = refresh_all(fast).get(timeout=60)
    assert listed(fast)[known.WITHOUT_LABOR] == "no_labor_item"
    assert len(listed(fast)) == first["rejected"]
    # When nothing changes, it is only counted
    again = refresh_all(fast).get(timeout=60)
    assert (again["rejected"], again["created"]) == (first["rejected"], 0)
    # When all that were rejected are mended in the DMS
    fast.dms.patch_rows("WorkorderLine", {"LineType": "Part"}, {"LineType": "Labor"})
    fast.dms.patch_rows("WorkorderLine", {"LineType": "Text"}, {"LineType": "Labor"})
    # Then the next run imports them and nobody is left
    mended = refresh_all(fast).get(timeout=60)
    assert (mended["rejected"], mended["created"]) == (0, first["rejected"])
    assert listed(fast) == {}


def listed(desk: Desk) -> dict[str | None, str]:
    with desk.database.transaction() as connection:
        return {case.wo_number: case.why for case in chosen(connection, Choice(desk.dealer.dealer_id))}
