"""Tenants that do not select by dates, or do so no longer: each is found out once in a run."""

from collections.abc import Iterable
from urllib.parse import unquote

import pytest
from structlog.testing import capture_logs

from sandbox.simulator.journal import JournalEntry
from tests.integration.bulk.workshop import Workshop
from tests.integration.workplace import bulk_of
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
    workshop.change({"modified_on_works": False})
    workshop.simulator.admin.set(page_max=100)
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
