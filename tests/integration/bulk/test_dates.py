"""Tenants that do not select by dates, or do so no longer: each is found out once in a run."""

from collections.abc import Iterable
from urllib.parse import unquote

import pytest
from structlog.testing import capture_logs

from sandbox.simulator import known
from sandbox.simulator.admin import JournalEntry
from tests.integration.bulk.workshop import Workshop
from tests.integration.parts_on_simulator import bulk_of
from worker.errors import ConfigurationError
from worker.store.columns import RunState

DATED = " ge 20"


def filters(workshop: Workshop) -> list[str]:
    """The filters of all questions for workorders since the last time."""
    found = [unquote(entry.query) for entry in taken(workshop) if entry.path == "/api/Workorder"]
    return [query for query in found if "$filter" in query]


def taken(workshop: Workshop) -> Iterable[JournalEntry]:
    entries = workshop.simulator.admin.journal()
    workshop.simulator.admin.clear_journal()
    return [entry for entry in entries if entry.path.startswith("/api/")]


@pytest.mark.parametrize("status", [400, 500])
def test_refused_dates_are_asked_for_once_in_a_run_and_told_once(workshop: Workshop, status: int) -> None:
    # Given a run of several pages and slices, at a tenant that refuses conditions on dates
    workshop.change({"modified_on_works": False, "page_rows": 100})
    workshop.simulator.admin.add_fault("datetime_filter", status=status, times=None, match="Workorder")
    run_id = workshop.parts.bulk.start(1).run_id
    with capture_logs() as logs:
        # When each slice is worked on by somebody who knows nothing of those before
        while True:
            run = bulk_of(workshop.parts, slice_seconds=0).work(run_id, None, lambda _: None)
            assert run is not None
            if not run.state.is_open:
                break
    asked = list(taken(workshop))
    # Then only the first page began with dates, which was told once, and every request is counted
    assert (run.state, run.pages > 2) == (RunState.DONE, True)
    dated = [DATED in unquote(entry.query) for entry in asked if entry.path == "/api/Workorder"]
    assert dated == [True] * 3 + [False] * (len(dated) - 3)
    assert [log["event"] for log in logs].count("datetime_filter_refused") == 1
    assert run.requests == len(asked)
    # And the next run tries again
    workshop.refresh()
    assert DATED in filters(workshop)[0]


@pytest.mark.parametrize(
    ("kind", "refused"), [("missing_column", 3), ("forbidden_column", 1)], ids=["missing", "forbidden"]
)
def test_a_modified_on_that_is_gone_is_unlearned(workshop: Workshop, kind: str, refused: int) -> None:
    # Given a tenant whose ModifiedOn worked until now, and a change that is to be found
    workshop.refresh()
    assert workshop.dealer().modified_on_works is True
    admin = workshop.simulator.admin
    admin.patch_rows("Workorder", {"WorkorderId": known.COMPLETE_ID}, {"Mileage": 91_000})
    admin.set(page_max=100)
    admin.add_fault(kind, column="ModifiedOn", times=None, match="Workorder")
    taken(workshop)
    with capture_logs() as logs:
        run = workshop.refresh()
    # Then the run goes on by the window alone, and asks for the last change no more
    assert (run.state, run.counts.updated, run.modified_since is None) == (RunState.DONE, 1, False)
    asked = filters(workshop)
    assert [("ModifiedOn" in query) for query in asked] == [True] * refused + [False] * (len(asked) - refused)
    assert all("AppointmentDate ge" in query for query in asked if "gt" in query)
    assert [log["event"] for log in logs].count("modified_on_lost") == 1
    # And what was learned is right again
    assert workshop.dealer().modified_on_works is False
    assert workshop.refresh().modified_since is None


def test_rights_that_are_gone_altogether_are_not_blamed_on_modified_on(workshop: Workshop) -> None:
    workshop.refresh()
    workshop.simulator.admin.answer_status(403, times=None, match="Workorder")
    with pytest.raises(ConfigurationError):
        workshop.refresh()
    assert workshop.dealer().modified_on_works is True
