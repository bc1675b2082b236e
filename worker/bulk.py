"""Refreshing all of a dealer's workorders: short slices of pages, each page committed with its checkpoint.

A run reads the *window* first: appointments around today, in the order of their DMS numbers. Then what else
is *known*: those that Claire has outside of the window, until half a year after their appointment. What
Claire has but Vinacles no longer finds, even asked by number, is marked missing and kept.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from uuid import uuid4

import structlog
from sqlalchemy import Connection

from schemas.vinacles import DMS_NUMBER, Row
from worker.assessment import split_by_digest
from worker.attempt import Attempt
from worker.bulk_progress import counted
from worker.deadline import Deadline
from worker.errors import RetryableError, TwoDriveError
from worker.importer import Importer
from worker.schedule import turn_of
from worker.store.columns import Phase, RunState
from worker.store.dealers import DealerChanges, Dealers
from worker.store.due import claim_due, overdue_runs, start_run
from worker.store.known import digests_of, known_between, known_outside, mark_missing, mark_seen
from worker.store.pages import PageItem
from worker.store.runs import (
    Progress,
    Run,
    StartedRun,
    advance,
    finish,
    release,
    run_state,
    take_lease,
)
from worker.store.session import Database
from worker.store.tables import Trigger
from worker.vinacles.bulk import HEADER_ROWS, BulkQuery, BulkReader, HeaderPage
from worker.vinacles.failures import DatetimeFilterRefused

SLICE_SECONDS = 20.0
#: All requests of one page; a dealer whose Vinacles hangs holds a slot no longer than this.
PAGE_SECONDS = 30.0
#: Longer than a slice and its last page.
LEASE_SECONDS = 60.0
#: Runs started or woken by one look at the due list.
_MOST_RINGS = 500

_log = structlog.get_logger(__name__)


class LeaseLost(Exception):
    """Somebody else holds the run by now; the page was rolled back."""


@dataclass(frozen=True, slots=True)
class _Slice:
    """One worker's turn at a run. `owner` names this one taking of the lease."""

    run: Run
    owner: str
    attempt: Attempt


@dataclass(frozen=True, slots=True)
class _Page:
    """What one page holds: `wanted` headers to be read, `gone` numbers that Vinacles does not have, and where
    the run stands after it. `skipped` counts unknown workorders that the dealer does not import in bulk."""

    wanted: HeaderPage
    gone: Sequence[int]
    skipped: int
    phase: Phase
    after_dms_number: int


class BulkRefresh:
    """Refreshes dealers run by run, by the same line as a single import. Safe to share between threads."""

    def __init__(
        self,
        database: Database,
        dealers: Dealers,
        reader: BulkReader,
        importer: Importer,
        *,
        page_seconds: float = PAGE_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._dealers = dealers
        self._reader = reader
        self._importer = importer
        self._page_seconds = page_seconds
        self._clock = clock

    def due(self) -> list[StartedRun]:
        """Runs to ring for: new ones of dealers that are due, and open ones that nobody works on."""
        with self._database.transaction() as connection:
            started = claim_due(connection, _MOST_RINGS, turn_of)
            return started + overdue_runs(connection, _MOST_RINGS)

    def start(self, dealer_id: int) -> StartedRun:
        """The dealer's open run, or a new one whatever its schedule says."""
        with self._database.transaction() as connection:
            return start_run(connection, dealer_id)

    def state(self, run_id: int) -> Run | None:
        with self._database.transaction() as connection:
            return run_state(connection, run_id)

    def work(self, run_id: int, task_id: str | None, tell: Callable[[Run], None]) -> Run | None:
        """One slice: pages until `SLICE_SECONDS` have passed or the run is done. None when it is not ours to
        work on: another worker holds it, or it has ended.

        `tell` is called after each page. Raises a `TwoDriveError` when a page could not be read or stored:
        for good, and the run has failed, or for now, and the run is left to be rung for again.
        """
        owner = uuid4().hex
        with self._database.transaction() as connection:
            run = take_lease(connection, run_id, owner, LEASE_SECONDS)
        if run is None:
            return None
        end = self._clock() + SLICE_SECONDS
        try:
            while run.phase is not Phase.DONE and self._clock() < end:
                run = self._next_page(run, owner, task_id)
                tell(run)
            return self._leave(run, owner)
        except LeaseLost:
            _log.warning("bulk_lease_lost", run_id=run_id)
            return None
        except TwoDriveError as error:
            self._give_up(run, owner, error)
            raise

    def _leave(self, run: Run, owner: str) -> Run | None:
        with self._database.transaction() as connection:
            if run.phase is Phase.DONE:
                finish(connection, run.run_id, owner, RunState.DONE)
            else:
                release(connection, run.run_id, owner)
            return run_state(connection, run.run_id)

    def _give_up(self, run: Run, owner: str, error: TwoDriveError) -> None:
        with self._database.transaction() as connection:
            if isinstance(error, RetryableError):
                release(connection, run.run_id, owner, error.code)
            else:
                finish(connection, run.run_id, owner, RunState.FAILED, error.code)
        _log.warning("bulk_page_failed", run_id=run.run_id, code=error.code.value)

    def _next_page(self, run: Run, owner: str, task_id: str | None) -> Run:
        deadline = Deadline.after(self._page_seconds, self._clock)
        attempt = self._importer.begin(run.dealer_id, Trigger.BULK, task_id, deadline)
        if attempt.dealer.modified_on_works is None:
            self._probe(attempt)
        page = self._window(run, attempt) if run.phase is Phase.WINDOW else self._known(run, attempt)
        self._store(_Slice(run, owner, attempt), page)
        after = self.state(run.run_id)
        if after is None:
            raise LeaseLost
        return after

    def _probe(self, attempt: Attempt) -> None:
        works = self._reader.modified_on_works(attempt.dealer, attempt.deadline)
        _log.info("modified_on_probed", dealer_id=attempt.dealer.dealer_id, works=works)
        self._learn(attempt, {"modified_on_works": works})

    def _learn(self, attempt: Attempt, learned: DealerChanges) -> None:
        with self._database.transaction() as connection:
            self._dealers.change(connection, attempt.dealer.dealer_id, learned)

    def _window(self, run: Run, attempt: Attempt) -> _Page:
        headers = self._window_headers(run, attempt)
        numbers = _numbers(headers.rows)
        until = headers.after_dms_number if headers.has_more else None
        with self._database.transaction() as connection:
            known = digests_of(connection, run.dealer_id, numbers)
            # Only a run over the whole window says something about what it did not see.
            expected = (
                known_between(connection, run.dealer_id, run.window, run.after_dms_number, until)
                if run.modified_since is None
                else []
            )
        moved, gone = self._looked_up(
            attempt, [n for n in expected if n not in set(numbers)], headers.page_rows
        )
        wanted = (
            headers.rows
            if attempt.dealer.import_new_in_bulk
            else tuple(row for row in headers.rows if row.get(DMS_NUMBER) in known)
        )
        last = not headers.has_more
        return _Page(
            replace(headers, rows=(*wanted, *moved.rows), requests=headers.requests + moved.requests),
            gone,
            skipped=len(headers.rows) - len(wanted),
            phase=_after_window(run) if last else Phase.WINDOW,
            after_dms_number=0 if last else headers.after_dms_number,
        )

    def _window_headers(self, run: Run, attempt: Attempt) -> HeaderPage:
        query = BulkQuery(
            run.window.begins,
            run.window.ends,
            run.modified_since,
            run.after_dms_number,
            attempt.dealer.page_rows,
        )
        try:
            return self._reader.headers(attempt.dealer, query, attempt.deadline)
        except DatetimeFilterRefused:
            _log.warning("datetime_filter_refused", dealer_id=run.dealer_id, run_id=run.run_id)
            return self._reader.headers(
                attempt.dealer, replace(query, dates_filtered=False), attempt.deadline
            )

    def _known(self, run: Run, attempt: Attempt) -> _Page:
        with self._database.transaction() as connection:
            numbers = known_outside(connection, run.dealer_id, run.window, run.after_dms_number, HEADER_ROWS)
        found, gone = self._looked_up(attempt, numbers, attempt.dealer.page_rows)
        last = len(numbers) < HEADER_ROWS
        return _Page(
            found,
            gone,
            skipped=0,
            phase=Phase.DONE if last else Phase.KNOWN,
            after_dms_number=0 if last else numbers[-1],
        )

    def _looked_up(
        self, attempt: Attempt, numbers: Sequence[int], page_rows: int | None
    ) -> tuple[HeaderPage, Sequence[int]]:
        """Headers of these workorders, and the numbers that Vinacles does not have."""
        if not numbers:
            return HeaderPage((), False, 0, page_rows, 0, self._clock()), ()
        found = self._reader.by_numbers(attempt.dealer, numbers, attempt.deadline, page_rows)
        there = set(_numbers(found.rows))
        return found, [number for number in numbers if number not in there]

    def _store(self, turn: _Slice, page: _Page) -> None:
        attempt, run = turn.attempt, turn.run
        fetched = self._reader.belongings(attempt.dealer, page.wanted, attempt.deadline)
        numbers = _numbers(page.wanted.rows)
        with self._database.transaction() as connection:
            stored = digests_of(connection, run.dealer_id, numbers)
        # What is stored just so is neither validated nor locked.
        same, other = split_by_digest(fetched.workorders, stored, attempt.dealer)
        asked_at = attempt.instant(fetched.requested_at)

        def alongside(connection: Connection, items: Sequence[PageItem]) -> None:
            missing = mark_missing(connection, run.dealer_id, page.gone, asked_at) if page.gone else 0
            if same:
                mark_seen(connection, run.dealer_id, same, asked_at)
            progress = Progress(
                phase=page.phase,
                after_dms_number=page.after_dms_number,
                counts=counted(items, unchanged=len(same), skipped=page.skipped, missing=missing),
                requests=fetched.requests,
                seen=len(page.wanted.rows) + page.skipped,
            )
            if not advance(connection, run.run_id, turn.owner, progress):
                raise LeaseLost

        self._importer.import_page(
            attempt, replace(fetched, workorders=other), record_unchanged=False, alongside=alongside
        )
        if fetched.page_rows != attempt.dealer.page_rows:
            self._learn(attempt, {"page_rows": fetched.page_rows})


def _after_window(run: Run) -> Phase:
    """What changed outside of the window is read by the daily run over everything."""
    return Phase.KNOWN if run.modified_since is None else Phase.DONE


def _numbers(rows: Iterable[Row]) -> list[int]:
    return [number for row in rows if isinstance(number := row.get(DMS_NUMBER), int)]
