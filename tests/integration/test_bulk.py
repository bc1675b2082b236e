"""Bulk refresh with its real stations: simulator, Redis and PostgreSQL, without a queue."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import event, select, text

from sandbox.processes import wait_until
from sandbox.services import Redis, temporary_folder
from sandbox.simulator import known
from sandbox.simulator.running import SimulatorProcess
from schemas.dealer import Connection, Dealer, Secret
from schemas.messages import ImportRequest
from schemas.workorder import workorder_id
from tests.integration.test_importer import settings_for
from worker.bulk import BulkRefresh
from worker.bulk_pages import BulkPages
from worker.errors import VinaclesRefused, VinaclesUnavailable
from worker.store.columns import RunState
from worker.store.dealers import DealerChanges
from worker.store.quarantine import Choice, chosen
from worker.store.runs import Run, take_lease
from worker.store.tables import workorders
from worker.store.workorders import card
from worker.vinacles.bulk import BulkReader
from worker.wiring import Parts, build


@dataclass(frozen=True)
class Workshop:
    parts: Parts
    simulator: SimulatorProcess

    def refresh(self) -> Run:
        """A whole run, slice by slice."""
        run_id = self.parts.bulk.start(1).run_id
        while True:
            run = self.parts.bulk.work(run_id, "task-1", lambda _: None)
            assert run is not None
            if not run.state.is_open:
                return run

    def change(self, changes: DealerChanges) -> None:
        with self.parts.database.transaction() as connection:
            self.parts.dealers.change(connection, 1, changes)

    def dealer(self) -> Dealer:
        with self.parts.database.transaction() as connection:
            loaded = self.parts.dealers.load(connection, 1)
        assert loaded is not None
        return loaded.dealer

    def stored(self) -> dict[int, datetime | None]:
        """DMS numbers, with the moment since when they are missing."""
        query = select(workorders.c.dms_number, workorders.c.missing_in_dms_since)
        with self.parts.database.transaction() as connection:
            return {row.dms_number: row.missing_in_dms_since for row in connection.execute(query)}


@pytest.fixture(scope="module")
def simulator() -> Iterator[SimulatorProcess]:
    with temporary_folder() as folder:
        simulator = SimulatorProcess(folder, workorders=300)
        yield simulator
        simulator.stop()


@pytest.fixture
def workshop(database_url: str, redis_server: Redis, simulator: SimulatorProcess) -> Iterator[Workshop]:
    """A dealer that imports new workorders in bulk, without limits that would be felt."""
    simulator.admin.reset()
    parts = build(settings_for(database_url, redis_server))
    connection = Connection(
        base_url=simulator.base_url,
        token_url=simulator.token_url,
        audience=simulator.audience,
        client_id=simulator.client_id,
        client_secret=Secret(simulator.client_secret),
    )
    dealer = Dealer(
        1,
        "Garage Testweg",
        connection,
        import_new_in_bulk=True,
        requests_per_second=1000,
        concurrent_requests=8,
    )
    with parts.database.transaction() as transaction:
        parts.dealers.add(transaction, dealer)
    yield Workshop(parts, simulator)
    parts.close()


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


@pytest.mark.parametrize("page_max", [1, 7, 100])
def test_page_size_changes_nothing(workshop: Workshop, page_max: int) -> None:
    workshop.simulator.admin.set(page_max=page_max, page_default=page_max)
    few = ["WO-1001", "WO-1002", "WO-1003"]
    if page_max == 1:
        # One row a page: a handful of workorders will do.
        workshop.change({"days_back": 0, "days_ahead": 1})
    run = workshop.refresh()
    assert run.state is RunState.DONE
    stored = workshop.stored()
    assert known.COMPLETE_ID in stored
    assert few
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
    parts = workshop.parts
    pages = BulkPages(parts.database, parts.dealers, BulkReader(parts.client), parts.importer)
    short = BulkRefresh(parts.database, pages, parts.importer, slice_seconds=0)
    run = short.work(run_id, None, lambda _: None)
    assert run is not None
    assert (run.pages, run.state.is_open) == (1, True)
    assert not _asked_after(workshop, run.after_dms_number)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("ahead")]


def test_a_broken_page_is_done_again_from_its_checkpoint(workshop: Workshop) -> None:
    workshop.simulator.admin.set(page_max=50)
    workshop.simulator.admin.answer_status(503, times=None, match="WorkorderLine", after=30)
    run_id = workshop.parts.bulk.start(1).run_id
    parts = workshop.parts
    reader = BulkReader(parts.client)
    pages = BulkPages(parts.database, parts.dealers, reader, parts.importer, page_seconds=2)
    hasty = BulkRefresh(parts.database, pages, parts.importer)
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


def test_a_date_filter_that_does_not_work_costs_a_sweep(workshop: Workshop) -> None:
    workshop.simulator.admin.add_fault("datetime_filter", status=500, times=None, match="Workorder")
    run = workshop.refresh()
    assert run.state is RunState.DONE
    assert known.COMPLETE_ID in workshop.stored()


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


def listed(workshop: Workshop) -> dict[str, str]:
    with workshop.parts.database.transaction() as connection:
        return {case.subject: case.why for case in chosen(connection, Choice(1))}


def count(workshop: Workshop, table: str) -> int:
    with workshop.parts.database.transaction() as connection:
        found: int = connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one()
    return found


def written(workshop: Workshop) -> list[str]:
    """Every row of quarantine with the version of the row itself."""
    with workshop.parts.database.transaction() as connection:
        rows = connection.execute(text("SELECT xmin::text || ctid::text FROM quarantine ORDER BY id"))
        return list(rows.scalars())


def test_what_was_rejected_is_neither_read_nor_written_again(workshop: Workshop) -> None:
    first = workshop.refresh()
    workshop.change({"modified_on_works": False})
    assert len(listed(workshop)) == first.counts.rejected > 1
    attempts, rows = count(workshop, "import_attempts"), written(workshop)
    again = workshop.refresh()
    assert again.counts.rejected == first.counts.rejected
    assert again.seen == first.seen
    assert count(workshop, "import_attempts") == attempts
    assert written(workshop) == rows


@pytest.mark.parametrize("how", ["still wrong", "mended"])
def test_what_changed_in_the_dms_is_tried_again(workshop: Workshop, how: str) -> None:
    workshop.refresh()
    workshop.change({"modified_on_works": False})
    before = listed(workshop)
    subject = f"workorder/{known.WITHOUT_LABOR_ID}"
    assert before[subject] == "no_labor_item"
    admin = workshop.simulator.admin
    where: dict[str, object] = {"WorkorderId": known.WITHOUT_LABOR_ID, "LineType": "Part"}
    rows = {"Description": "Anders"} if how == "still wrong" else {"LineType": "Labor"}
    assert admin.patch_rows("WorkorderLine", where, rows) == 1
    run = workshop.refresh()
    if how == "still wrong":
        assert listed(workshop) == before
        assert (run.counts.created, run.counts.rejected) == (0, len(before))
    else:
        assert subject not in listed(workshop)
        assert (run.counts.created, run.counts.rejected) == (1, len(before) - 1)


def test_other_settings_of_the_dealer_have_it_read_again(workshop: Workshop) -> None:
    first = workshop.refresh()
    attempts = count(workshop, "import_attempts")
    workshop.change({"modified_on_works": False, "phone_region": "BE"})
    workshop.refresh()
    assert count(workshop, "import_attempts") >= attempts + first.counts.rejected


def test_back_to_what_is_stored_leaves_quarantine(workshop: Workshop) -> None:
    workshop.refresh()
    workshop.change({"modified_on_works": False})
    admin = workshop.simulator.admin
    where: dict[str, object] = {"WorkorderId": known.COMPLETE_ID}
    subject = f"workorder/{known.COMPLETE_ID}"
    admin.patch_rows("Workorder", where, {"WONUMMER": None})
    assert workshop.refresh().counts.created == 0
    assert listed(workshop)[subject] == "no_wo_number"
    admin.patch_rows("Workorder", where, {"WONUMMER": known.COMPLETE})
    workshop.refresh()
    assert subject not in listed(workshop)
    assert workshop.stored()[known.COMPLETE_ID] is None


def test_one_that_only_a_person_asked_for_is_looked_after_too(workshop: Workshop) -> None:
    """Without an appointment the window does not show it, and unknown ones are not imported in bulk."""
    workshop.change({"import_new_in_bulk": False, "modified_on_works": False})
    admin = workshop.simulator.admin
    where: dict[str, object] = {"WorkorderId": known.COMPLETE_ID}
    admin.patch_rows("Workorder", where, {"AppointmentDate": None})
    parts = workshop.parts
    request = ImportRequest(1, known.COMPLETE)
    parts.importer.search(request, None, parts.interactive_deadline())
    subject = f"workorder/{known.COMPLETE_ID}"
    assert listed(workshop) == {subject: "no_appointment_date"}
    run = workshop.refresh()
    assert (run.counts.rejected, run.counts.created) == (1, 0)
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).strftime("%Y-%m-%dT08:30:00")
    admin.patch_rows("Workorder", where, {"AppointmentDate": tomorrow})
    assert workshop.refresh().counts.created == 1
    assert listed(workshop) == {}


def test_one_in_the_window_that_only_a_person_asked_for_is_counted_once(workshop: Workshop) -> None:
    workshop.change({"import_new_in_bulk": False, "modified_on_works": False})
    parts = workshop.parts
    parts.importer.search(ImportRequest(1, known.WITHOUT_LABOR), None, parts.interactive_deadline())
    first = workshop.refresh()
    assert (first.counts.rejected, first.counts.created) == (1, 0)
    where: dict[str, object] = {"WorkorderId": known.WITHOUT_LABOR_ID}
    workshop.simulator.admin.patch_rows("WorkorderLine", where, {"LineType": "Labor"})
    assert workshop.refresh().counts.created == 1
    assert listed(workshop) == {}


def test_one_that_is_gone_leaves(workshop: Workshop) -> None:
    workshop.change({"import_new_in_bulk": False, "modified_on_works": False})
    admin = workshop.simulator.admin
    where: dict[str, object] = {"WorkorderId": known.COMPLETE_ID}
    admin.patch_rows("Workorder", where, {"AppointmentDate": None})
    parts = workshop.parts
    parts.importer.search(ImportRequest(1, known.COMPLETE), None, parts.interactive_deadline())
    admin.delete_rows("Workorder", where)
    run = workshop.refresh()
    assert (run.counts.missing, listed(workshop)) == (0, {})


def test_a_run_that_failed_is_listed_until_one_does_not(workshop: Workshop) -> None:
    workshop.simulator.admin.answer_status(400, times=None, match="WorkorderLine")
    run_id = workshop.parts.bulk.start(1).run_id
    with pytest.raises(VinaclesRefused):
        workshop.parts.bulk.work(run_id, "task-1", lambda _: None)
    assert listed(workshop) == {"bulk": "vinacles_refused"}
    workshop.simulator.admin.clear_faults()
    assert workshop.refresh().state is RunState.DONE
    # The message of the failed run comes once more.
    assert workshop.parts.bulk.work(run_id, "task-1", lambda _: None) is None
    assert "bulk" not in listed(workshop)


def test_a_run_that_spent_its_tries_is_listed(workshop: Workshop) -> None:
    run_id = workshop.parts.bulk.start(1).run_id
    with workshop.parts.database.transaction() as connection:
        connection.execute(text("UPDATE refresh_runs SET attempts = 1000"))
    assert workshop.parts.bulk.work(run_id, "task-1", lambda _: None) is None
    assert listed(workshop) == {"bulk": "worker_lost"}


def test_statements_of_a_page_are_the_same_with_many_in_quarantine(workshop: Workshop) -> None:
    workshop.simulator.admin.patch_rows("WorkorderLine", {"LineType": "Labor"}, {"Price": "?"})
    first = statements_of_run(workshop)
    assert len(listed(workshop)) > 100
    workshop.change({"modified_on_works": False, "page_rows": None})
    again = statements_of_run(workshop)
    # A page of those that were rejected just so has no page to write, but takes back marks.
    assert again <= first


def statements_of_run(workshop: Workshop) -> int:
    seen: list[object] = []

    def note(*arguments: object) -> None:
        seen.append(arguments[2])

    engine = workshop.parts.database.engine()
    event.listen(engine, "before_cursor_execute", note)
    try:
        run = workshop.refresh()
    finally:
        event.remove(engine, "before_cursor_execute", note)
    assert run.pages > 0
    return len(seen)
