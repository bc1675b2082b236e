"""What bulk refresh puts into quarantine, looks after there, and lets out again."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import event, text

from sandbox.simulator import known
from schemas.messages import ImportRequest
from tests.integration.bulk.workshop import Workshop
from worker.counting import OUTCOMES, read
from worker.errors import VinaclesRefused
from worker.store.columns import RunState
from worker.store.quarantine import Choice, chosen


def listed(workshop: Workshop) -> dict[str, str]:
    with workshop.parts.database.transaction() as connection:
        return {case.subject: case.why for case in chosen(connection, Choice(1))}


def count(workshop: Workshop, table: str) -> int:
    with workshop.parts.database.transaction() as connection:
        found: int = connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one()
    return found


def looked_at(workshop: Workshop) -> Counter[tuple[str, ...]]:
    """What is counted of workorders, by trigger, outcome and reason."""
    workshop.parts.counters.write()
    counts = read(workshop.parts.state)[OUTCOMES.name]
    return Counter({count.labels: count.total for count in counts})


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
    before = looked_at(workshop)
    again = workshop.refresh()
    assert again.counts.rejected == first.counts.rejected
    assert looked_at(workshop) - before == {
        **{("bulk", "rejected", why): number for why, number in Counter(listed(workshop).values()).items()},
        ("bulk", "unchanged", ""): again.counts.unchanged,
    }
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
