"""What is said of a run, and how long one is watched."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from rich.console import Console

from schemas.bulk import BulkResult
from tests.unit.cli.running import Run as Twodrive
from worker.cli import run_views
from worker.cli.exits import Ended, Exit
from worker.cli.watching import Patience
from worker.errors import ErrorCode
from worker.store.columns import Phase, RunState
from worker.store.runs import Counts, Run, Window

_START = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
_RUNNING = BulkResult(
    run_id=4711,
    dealer_id=12,
    state="running",
    phase="window",
    pages=1,
    requests=7,
    seen=500,
    expected=2000,
    created=0,
    updated=20,
    unchanged=480,
    held=0,
    rejected=0,
    skipped=0,
    missing=0,
    started_at=_START,
    finished_at=None,
    eta_seconds=30.0,
    error_code=None,
)
_FAILED = replace(
    _RUNNING,
    state="failed",
    finished_at=_START + timedelta(seconds=90),
    eta_seconds=None,
    error_code="vinacles_not_allowed",
)


def _printed(what: object) -> str:
    console = Console(width=140)
    with console.capture() as capture:
        console.print(what)
    return capture.get()


def test_the_line_of_a_run_under_way() -> None:
    assert run_views.headline(_RUNNING) == (
        "reading the window: 500 of 2,000 workorders, 1 page, 20 updated, 480 unchanged; about 30 s left"
    )
    known = replace(_RUNNING, phase="known", pages=2, expected=None, eta_seconds=None)
    assert run_views.headline(known) == (
        "reading what else is known: 500 workorders, 2 pages, 20 updated, 480 unchanged"
    )
    troubled = replace(_RUNNING, error_code="vinacles_unavailable", eta_seconds=None)
    assert run_views.headline(troubled).endswith("; last problem: vinacles_unavailable")


def test_the_line_of_a_run_that_nobody_took() -> None:
    waiting = replace(_RUNNING, state="waiting", pages=0, seen=0, updated=0, unchanged=0, eta_seconds=None)
    assert run_views.headline(waiting) == "waiting: 0 of 2,000 workorders, 0 pages"


def test_more_than_expected_is_no_more_than_all() -> None:
    assert "2,001 of 2,001 workorders" in run_views.headline(replace(_RUNNING, seen=2001))


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0, "0 s"), (59.4, "59 s"), (59.6, "1 min 0 s"), (185, "3 min 5 s"), (7260, "2 h 1 min")],
)
def test_durations(seconds: float, said: str) -> None:
    assert run_views.duration(seconds) == said


def test_a_summary_says_what_went_wrong() -> None:
    said = _printed(run_views.summary(_FAILED, _START + timedelta(hours=5)))
    assert ErrorCode.VINACLES_NOT_ALLOWED.meaning in said
    assert "1 min 30 s" in said
    assert "20 updated, 480 unchanged" in said
    unknown = replace(_FAILED, error_code="a_code_of_tomorrow")
    assert "a_code_of_tomorrow" in _printed(run_views.summary(unknown, _START))


def test_the_table_has_a_line_for_each() -> None:
    said = _printed(run_views.table([_RUNNING, _FAILED], _START + timedelta(seconds=12)))
    [running, failed] = [line for line in said.splitlines() if "4711" in line]
    assert "2026-11-22 09:00:00" in running
    assert "12 s" in running
    assert "1 min 30 s" in failed


def _run(pages: int, error_code: str | None = None) -> Run:
    return Run(
        run_id=4711,
        dealer_id=12,
        state=RunState.RUNNING,
        phase=Phase.WINDOW,
        after_dms_number=0,
        modified_since=None,
        window=Window(datetime(2026, 11, 8), datetime(2027, 1, 22)),
        started_at=_START,
        finished_at=None,
        last_page_at=None,
        lease_until=None,
        lease_owner=None,
        attempts=1,
        pages=pages,
        requests=0,
        counts=Counts(),
        seen=0,
        expected=None,
        error_code=error_code,
        turns=1,
        watchers=(),
        now=_START,
    )


def test_patience_lasts_while_something_happens() -> None:
    now = 0.0
    patience = Patience(seconds=10, clock=lambda: now)
    for page in range(5):
        patience.check(_run(page))
        now += 9
    patience.check(_run(4))
    now += 2
    with pytest.raises(Ended):
        patience.check(_run(4))
    # After a failure the run rests for a minute first
    patience.check(_run(4, "vinacles_unavailable"))
    now += 60
    with pytest.raises(Ended) as raised:
        patience.check(_run(4, "vinacles_unavailable"))
    assert raised.value.exit_code is Exit.UNAVAILABLE
    assert "Nothing has happened to run 4711 for 71 s." in raised.value.message
    assert "Its last problem: vinacles_unavailable." in raised.value.message


def test_a_run_that_waits_for_a_probe_is_told_soon_but_not_before_a_worker_could_probe() -> None:
    now = 0.0
    patience = Patience(seconds=100, clock=lambda: now)
    patience.check(_run(4, "vinacles_circuit_open"))
    now += 4
    patience.check(_run(4, "vinacles_circuit_open"))
    now += 2
    with pytest.raises(Ended) as raised:
        patience.check(_run(4, "vinacles_circuit_open"))
    assert raised.value.exit_code is Exit.UNAVAILABLE
    assert "Run 4711 waits" in raised.value.message


def test_bulk_here_without_waiting_is_wrong_usage(twodrive: Twodrive) -> None:
    result = twodrive("bulk", "12", "--local", "--no-wait")
    assert result.exit_code == 2
    assert "contradict each other" in result.stderr
