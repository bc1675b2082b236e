"""Bulk refresh with its real stations: simulator, Redis and PostgreSQL, without a queue."""

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from sandbox.processes import wait_until
from sandbox.simulator import known
from schemas.messages import MarkStarted, WhyRequest
from schemas.verdicts import Verdict
from schemas.workorder import workorder_id
from tests.integration.bulk.workshop import Workshop
from tests.integration.parts_on_simulator import bulk_of
from worker.circuit import CLOSED
from worker.deadline import Deadline
from worker.errors import VinaclesUnavailable
from worker.store.attempts import recent_attempts
from worker.store.circuits import circuit_of
from worker.store.columns import RunState
from worker.store.runs import Run, take_lease
from worker.store.workorders import card


def test_first_load_then_nothing_to_do(workshop: Workshop) -> None:
    first = workshop.refresh()
    assert first.state is RunState.DONE
    assert first.counts.created > 100
    assert first.counts.created + first.counts.rejected + first.counts.unchanged == first.seen
    workshop.change({"modified_on_works": False})
    again = workshop.refresh()
    assert again.counts.created == again.counts.updated == again.counts.missing == 0
    assert again.counts.unchanged == first.counts.created
    assert again.counts.rejected == first.counts.rejected


def test_unknown_workorders_are_skipped_unless_wanted(workshop: Workshop) -> None:
    workshop.change({"import_new_in_bulk": False})
    run = workshop.refresh()
    assert run.counts.created == 0
    assert run.counts.skipped == run.seen > 100
    assert workshop.stored() == {}


def test_only_what_changed_is_read_where_the_tenant_tells(workshop: Workshop) -> None:
    workshop.refresh()
    where = {"WorkorderId": known.COMPLETE_ID}
    workshop.simulator.admin.patch_rows("Workorder", where, {"Mileage": 91_000})
    run = workshop.refresh()
    assert run.modified_since is not None
    assert run.counts.updated == 1
    with workshop.parts.database.transaction() as connection:
        found = card(connection, 1, workorder_id(1, known.COMPLETE_ID))
    assert found is not None
    assert found.workorder is not None
    assert found.workorder.mileage_km == 91_000


def test_what_vanished_is_marked_and_comes_back(workshop: Workshop) -> None:
    workshop.refresh()
    workshop.change({"modified_on_works": False})
    moved, gone = known.SAME_PLATE_IDS
    admin = workshop.simulator.admin
    far = (datetime.now(UTC) + timedelta(days=100)).strftime("%Y-%m-%dT09:00:00")
    admin.patch_rows("Workorder", {"WorkorderId": moved}, {"AppointmentDate": far})
    [header] = [
        {
            "WorkorderId": gone,
            "WONUMMER": known.SAME_PLATE_NUMBERS[1],
            "AffiliateId": 1,
            "AppointmentDate": (datetime.now(UTC) + timedelta(days=1)).strftime("%Y-%m-%dT08:30:00"),
        }
    ]
    admin.delete_rows("Workorder", {"WorkorderId": gone})
    run = workshop.refresh()
    assert run.counts.missing == 1
    assert [number for number, missing in workshop.stored().items() if missing] == [gone]
    admin.put_row("Workorder", header)
    workshop.refresh()
    assert [number for number, missing in workshop.stored().items() if missing] == []


def test_a_hold_is_over_once_the_dms_has_again_what_claire_has(workshop: Workshop) -> None:
    """Though a run writes nothing of a workorder that is as it was."""
    workshop.change({"modified_on_works": False})
    workshop.refresh()
    parts, where = workshop.parts, {"WorkorderId": known.COMPLETE_ID}
    key = workorder_id(1, known.COMPLETE_ID)
    parts.importer.mark_started(MarkStarted(1, key, datetime.now(UTC)), Deadline.after(10))
    with parts.database.transaction() as connection:
        before = card(connection, 1, key)
    assert before is not None
    assert before.workorder is not None
    mileage_before = before.workorder.mileage_km

    def verdict(mileage: object) -> Verdict:
        """Without asking Vinacles, after a run that found this."""
        workshop.simulator.admin.patch_rows("Workorder", where, {"Mileage": mileage})
        assert workshop.refresh().state is RunState.DONE
        asked = WhyRequest(1, known.COMPLETE, offline=True)
        return parts.inquiry.why(asked, Deadline.after(10)).findings[0].verdict

    def attempts() -> list[str]:
        with parts.database.transaction() as connection:
            return [str(one["outcome"]) for one in recent_attempts(connection, 1, key, 10)]

    assert verdict(91_000) is Verdict.HELD
    assert verdict(mileage_before) is Verdict.IMPORTED
    assert verdict(mileage_before) is Verdict.IMPORTED
    assert attempts() == ["unchanged", "held", "created"], "told once"
    assert verdict(92_000) is Verdict.HELD


@pytest.mark.parametrize("page_max", [1, 7, 100])
def test_page_size_changes_nothing(workshop: Workshop, page_max: int) -> None:
    workshop.simulator.admin.set(page_max=page_max, page_default=page_max)
    if page_max == 1:
        # One row a page: a handful of workorders will do.
        workshop.change({"days_back": 0, "days_ahead": 1})
    run = workshop.refresh()
    assert run.state is RunState.DONE
    stored = workshop.stored()
    assert known.COMPLETE_ID in stored
    workshop.simulator.admin.set(page_max=100_000, page_default=100)
    workshop.change({"modified_on_works": False, "page_rows": None})
    again = workshop.refresh()
    assert again.counts.created == again.counts.updated == 0
    assert workshop.stored() == stored


def _asked_after(workshop: Workshop, dms_number: int) -> bool:
    wanted = f"WorkorderId%20gt%20{dms_number}"
    journal = workshop.simulator.admin.journal()
    return any(entry.path == "/api/Workorder" and wanted in entry.query for entry in journal)


def test_the_next_page_is_read_while_this_one_is_stored(workshop: Workshop) -> None:
    workshop.simulator.admin.set(page_max=50)
    run_id = workshop.parts.bulk.start(1).run_id
    told: list[Run] = []

    def tell(run: Run) -> None:
        told.append(run)
        if len(told) == 1:
            wait_until(lambda: _asked_after(workshop, run.after_dms_number), 10, "the next page")

    workshop.parts.bulk.work(run_id, None, tell)
    assert len(told) > 1


def test_a_slice_that_is_over_reads_nothing_ahead(workshop: Workshop) -> None:
    workshop.simulator.admin.set(page_max=50)
    run_id = workshop.parts.bulk.start(1).run_id
    running = set(threading.enumerate())
    run = bulk_of(workshop.parts, slice_seconds=0).work(run_id, None, lambda _: None)
    assert run is not None
    assert (run.pages, run.state.is_open) == (1, True)
    assert not _asked_after(workshop, run.after_dms_number)
    assert not [thread for thread in set(threading.enumerate()) - running if thread.name.startswith("ahead")]


def test_a_broken_page_is_done_again_from_its_checkpoint(workshop: Workshop) -> None:
    workshop.simulator.admin.set(page_max=50)
    workshop.simulator.admin.answer_status(503, times=None, match="WorkorderLine", after=30)
    run_id = workshop.parts.bulk.start(1).run_id
    hasty = bulk_of(workshop.parts, page_seconds=2)
    with pytest.raises(VinaclesUnavailable):
        hasty.work(run_id, None, lambda _: None)
    broken = workshop.parts.bulk.state(run_id)
    assert broken is not None
    assert broken.state is RunState.RUNNING
    assert broken.error_code == "vinacles_unavailable"
    assert broken.pages > 0
    workshop.simulator.admin.clear_faults()
    workshop.simulator.admin.clear_journal()
    done = workshop.refresh()
    assert done.run_id == run_id
    assert done.state is RunState.DONE
    first = next(entry for entry in workshop.simulator.admin.journal() if entry.path == "/api/Workorder")
    assert f"WorkorderId%20gt%20{broken.after_dms_number}" in first.query


@pytest.mark.parametrize(
    "refusal",
    [{"status": 400}, {"status": 500}, {"status": 500, "code": "DatabaseOperationFailed"}],
    ids=str,
)
def test_a_date_filter_that_does_not_work_costs_a_sweep(workshop: Workshop, refusal: dict[str, Any]) -> None:
    workshop.simulator.admin.add_fault("datetime_filter", times=None, match="Workorder", **refusal)
    run = workshop.refresh()
    assert run.state is RunState.DONE
    assert known.COMPLETE_ID in workshop.stored()
    with workshop.parts.database.transaction() as connection:
        assert circuit_of(connection, 1) == CLOSED


def test_due_dealers_start_once_and_two_workers_never_share_a_run(workshop: Workshop) -> None:
    [started] = workshop.parts.bulk.due()
    assert workshop.parts.bulk.due() == []
    seen: list[Run | None] = []
    workshop.parts.bulk.work(
        started.run_id,
        None,
        lambda _: seen.append(workshop.parts.bulk.work(started.run_id, None, seen.append)),
    )
    assert seen
    assert set(seen) == {None}


def test_a_lease_that_was_lost_stores_nothing(workshop: Workshop) -> None:
    run_id = workshop.parts.bulk.start(1).run_id
    workshop.simulator.admin.set(page_max=100)

    def steal(_: Run) -> None:
        with workshop.parts.database.transaction() as connection:
            connection.execute(text("UPDATE refresh_runs SET lease_owner = 'somebody else'"))

    assert workshop.parts.bulk.work(run_id, None, steal) is None
    after_one_page = workshop.stored()
    run = workshop.parts.bulk.state(run_id)
    assert run is not None
    assert (run.pages, run.lease_owner) == (1, "somebody else")
    assert len(after_one_page) == run.counts.created


def test_a_message_that_comes_again_takes_the_lease_of_whoever_had_it(workshop: Workshop) -> None:
    run_id = workshop.parts.bulk.start(1).run_id
    with workshop.parts.database.transaction() as connection:
        assert take_lease(connection, run_id, "task-1/an-earlier-life", 60)
    assert workshop.parts.bulk.work(run_id, "task-1", lambda _: None) is None
    assert workshop.parts.bulk.work(run_id, "task-2", lambda _: None, again=True) is None
    run = workshop.parts.bulk.work(run_id, "task-1", lambda _: None, again=True)
    assert run is not None
    assert run.state is RunState.DONE
