"""The line with its real stations: simulator, Redis and PostgreSQL, without a queue."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from uuid import UUID
from zoneinfo import ZoneInfoNotFoundError

import pytest
from sqlalchemy import event, select

from sandbox.processes import wait_until
from sandbox.services import Redis
from sandbox.simulator import known
from sandbox.simulator.running import SimulatorProcess
from schemas.messages import ImportRequest, RefreshRequest
from schemas.outcome import ImportResult, Outcome, Reason, Warning, WorkorderResult
from schemas.workorder import Workorder, workorder_id
from tests.integration.parts_on_simulator import dealer_on, parts_with, running_simulator, settings_for
from worker.deadline import Deadline
from worker.errors import VinaclesRefused, VinaclesUnavailable
from worker.store.quarantine import Choice, chosen
from worker.store.tables import import_attempts
from worker.store.workorders import card
from worker.wiring import Parts

COMPLETE = workorder_id(1, known.COMPLETE_ID)


@dataclass(frozen=True)
class Line:
    parts: Parts
    simulator: SimulatorProcess

    def search(self, text: str) -> ImportResult:
        request = ImportRequest(1, text, "request-1")
        return self.parts.importer.search(request, "task-1", self.parts.interactive_deadline())

    def refresh(self, workorder: UUID = COMPLETE) -> ImportResult:
        request = RefreshRequest(1, workorder)
        return self.parts.importer.refresh(request, None, self.parts.interactive_deadline())

    def stored(self, workorder: UUID = COMPLETE) -> Workorder:
        with self.parts.database.transaction() as connection:
            found = card(connection, 1, workorder)
        assert found is not None
        assert found.workorder is not None
        return found.workorder


@pytest.fixture(scope="module")
def simulator() -> Iterator[SimulatorProcess]:
    with running_simulator(workorders=0) as simulator:
        yield simulator


@pytest.fixture
def line(database_url: str, redis_server: Redis, simulator: SimulatorProcess) -> Iterator[Line]:
    """One dealer with everything as new."""
    simulator.admin.reset()
    with parts_with(settings_for(database_url, redis_server), dealer_on(simulator)) as parts:
        yield Line(parts, simulator)


def only(result: ImportResult) -> WorkorderResult:
    [one] = result.workorders
    return one


def test_once_twice_and_after_a_change(line: Line) -> None:
    first = only(line.search(known.COMPLETE))
    assert (first.outcome, first.workorder_id) == (Outcome.CREATED, COMPLETE)
    before = line.stored()
    assert only(line.search(known.COMPLETE)).outcome is Outcome.UNCHANGED
    assert line.stored() == before
    where = {"WorkorderId": known.COMPLETE_ID}
    line.simulator.admin.patch_rows("Workorder", where, {"Mileage": 84_000})
    changed = only(line.refresh())
    assert (changed.outcome, changed.changed) == (Outcome.UPDATED, ("mileage_km",))
    assert Warning.MILEAGE_FELL in changed.warnings
    assert line.stored() == replace(before, mileage_km=84_000)


def test_a_leaping_mileage_is_kept_with_a_warning(line: Line) -> None:
    line.search(known.COMPLETE)
    where = {"WorkorderId": known.COMPLETE_ID}
    line.simulator.admin.patch_rows("Workorder", where, {"Mileage": 484_000})
    assert Warning.MILEAGE_LEAPT in only(line.refresh()).warnings
    assert line.stored().mileage_km == 484_000


def test_an_older_answer_never_overwrites_a_newer_one(line: Line) -> None:
    # Given a stored workorder, and a refresh that read version B but is kept waiting before it can store it
    admin, where = line.simulator.admin, {"WorkorderId": known.COMPLETE_ID}
    line.search(known.COMPLETE)
    admin.patch_rows("Workorder", where, {"Mileage": 85_000})
    admin.clear_journal()
    admin.add_fault("slow", match="Workorder", seconds=5)
    with ThreadPoolExecutor(1) as other_worker:
        late = other_worker.submit(line.refresh)
        # The slow answer is made before it waits; the other two of its round trip are in the journal.
        wait_until(
            lambda: {"WorkorderLine", "WorkorderContact"} <= asked(line) and admin.faults()[0]["hits"] == 1,
            10,
            "the late refresh",
        )
        # When version C is read and stored meanwhile
        admin.patch_rows("Workorder", where, {"Mileage": 86_000})
        assert only(line.refresh()).outcome is Outcome.UPDATED
        # Then the late one changes nothing and says so
        overtaken = only(late.result(timeout=20))
    assert overtaken.outcome is Outcome.UNCHANGED
    assert Warning.NEWER_ANSWER_STORED in overtaken.warnings
    assert line.stored().mileage_km == 86_000


def asked(line: Line) -> set[str]:
    return {entry.path.rsplit("/", 1)[-1] for entry in line.simulator.admin.journal()}


def test_what_is_not_found_is_on_record_with_its_reason(line: Line) -> None:
    assert only(line.search("WO-404")).reason is Reason.NO_MATCH
    assert only(line.search("A" * 60)).reason is Reason.NOT_SEARCHABLE
    line.search(known.COMPLETE)
    line.simulator.admin.delete_rows("Workorder", {"WorkorderId": known.COMPLETE_ID})
    gone = only(line.refresh())
    assert (gone.outcome, gone.reason) == (Outcome.NOT_FOUND, Reason.GONE_FROM_DMS)
    assert gone.workorder_id == COMPLETE
    with line.parts.database.transaction() as connection:
        query = select(import_attempts.c.reason).order_by(import_attempts.c.id)
        reasons = [row.reason for row in connection.execute(query)]
    assert reasons == ["no_match", "not_searchable", None, "gone_from_dms"]


def test_a_failure_is_on_record_with_its_requests(line: Line) -> None:
    line.simulator.admin.answer_status(503)
    line.simulator.admin.answer_status(400, after=1)
    with pytest.raises(VinaclesRefused):
        line.search(known.COMPLETE)
    with line.parts.database.transaction() as connection:
        columns = (import_attempts.c.error_code, import_attempts.c.outcome, import_attempts.c.requests)
        assert connection.execute(select(*columns)).all() == [("vinacles_refused", None, 2)]


def test_a_workorder_that_becomes_unusable_keeps_its_stored_state(line: Line) -> None:
    line.search(known.COMPLETE)
    before = line.stored()
    line.simulator.admin.delete_rows("WorkorderLine", {"WorkorderId": known.COMPLETE_ID, "LineType": "Labor"})
    rejected = only(line.refresh())
    assert (rejected.outcome, rejected.reason) == (Outcome.REJECTED, Reason.NO_LABOR_ITEM)
    assert rejected.workorder_id == COMPLETE
    assert line.stored() == before


def test_page_size_changes_nothing(line: Line) -> None:
    line.search(known.COMPLETE)
    whole = line.stored()
    line.simulator.admin.set(page_default=1)
    with line.parts.database.transaction() as connection:
        line.parts.dealers.change(connection, 1, {"time_zone": "Europe/Brussels"})
    assert only(line.refresh()).outcome is Outcome.UNCHANGED
    assert line.stored() == whole


def test_statements_of_an_import(line: Line) -> None:
    statements: list[str] = []
    engine = line.parts.database.engine()
    event.listen(engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    counts = {}
    for what, text in (("created", known.COMPLETE), ("unchanged", known.COMPLETE), ("two", known.SAME_PLATE)):
        statements.clear()
        line.search(text)
        counts[what] = len(statements)
    line.simulator.admin.patch_rows("Workorder", {"WorkorderId": known.COMPLETE_ID}, {"Make": "Seat"})
    statements.clear()
    assert only(line.refresh()).outcome is Outcome.UPDATED
    counts["updated"] = len(statements)
    # The dealer; then policy, lock, (stored details where something differs,) and one write.
    assert counts == {"created": 4, "unchanged": 4, "two": 4, "updated": 6}


def in_quarantine(line: Line) -> dict[str, str]:
    with line.parts.database.transaction() as connection:
        return {case.subject: case.why for case in chosen(connection, Choice(1))}


def test_what_is_unforeseen_is_on_record_and_in_quarantine(line: Line) -> None:
    line.search(known.COMPLETE)
    with line.parts.database.transaction() as connection:
        line.parts.dealers.change(connection, 1, {"time_zone": "Nowhere/At_All"})
    with pytest.raises(ZoneInfoNotFoundError):
        line.refresh()
    subject = f"workorder/{known.COMPLETE_ID}"
    assert in_quarantine(line) == {subject: "internal"}
    with line.parts.database.transaction() as connection:
        codes = connection.execute(select(import_attempts.c.error_code)).scalars()
        assert list(codes) == [None, "internal"]
        line.parts.dealers.change(connection, 1, {"time_zone": "Europe/Amsterdam"})
    assert only(line.refresh()).outcome is Outcome.UNCHANGED
    assert in_quarantine(line) == {}


def test_what_may_work_in_a_minute_is_not_in_quarantine(line: Line) -> None:
    line.simulator.admin.answer_status(503, times=None)
    request = ImportRequest(1, known.COMPLETE)
    with pytest.raises(VinaclesUnavailable):
        line.parts.importer.search(request, None, Deadline.after(1))
    assert in_quarantine(line) == {}
