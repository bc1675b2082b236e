"""Refreshing all of a dealer's workorders: short slices of pages, each page committed with its checkpoint.

A run reads the *window* first: appointments around today, in the order of their DMS numbers. Then what else
is *known*: those that Claire has outside of the window, until half a year after their appointment. What
Claire has but Vinacles no longer finds, even asked by number, is marked missing and kept.

While a page is stored the next one is read and checked ahead: nobody waits for PostgreSQL and Vinacles.
What was read ahead and never stored is read again by whoever goes on.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import copy_context
from dataclasses import replace
from uuid import uuid4

import structlog
from sqlalchemy import Connection

from worker.bulk_pages import BulkPage, BulkPages
from worker.bulk_progress import counted
from worker.errors import CircuitOpen, RetryableError, TwoDriveError, VinaclesUnavailable
from worker.importer import Importer
from worker.retry import rest_seconds
from worker.schedule import turn_of
from worker.store.circuits import circuit_of
from worker.store.columns import Phase, RunState
from worker.store.due import claim_due, dismiss_watchers, join_run, overdue_runs, start_run
from worker.store.known import mark_missing, mark_seen, note_unheld
from worker.store.pages import PageItem
from worker.store.quarantine import list_failed_run, run_done
from worker.store.runs import (
    MAX_ATTEMPTS,
    Progress,
    Run,
    StartedRun,
    advance,
    finish,
    pause_seconds,
    put_off,
    release,
    run_state,
    take_lease,
)
from worker.store.session import Database

SLICE_SECONDS = 20.0
#: What is left of a lease after a slice and a last page that took as long.
_SPARE_SECONDS = 20.0
#: Runs started or woken by one look at the due list.
_MOST_RINGS = 500

_log = structlog.get_logger(__name__)


class LeaseLost(Exception):
    """Somebody else holds the run by now; the page was rolled back."""


class BulkRefresh:
    """Refreshes dealers run by run, by the same line as a single import. Safe to share between threads."""

    def __init__(
        self,
        database: Database,
        pages: BulkPages,
        importer: Importer,
        *,
        slice_seconds: float = SLICE_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._pages = pages
        self._importer = importer
        self._slice_seconds = slice_seconds
        self._lease_seconds = 2 * slice_seconds + _SPARE_SECONDS
        self._clock = clock

    def due(self) -> list[StartedRun]:
        """Runs to ring for: new ones of dealers that are due, and open ones that nobody works on."""
        with self._database.transaction() as connection:
            started = claim_due(connection, _MOST_RINGS, turn_of)
            return started + overdue_runs(connection, _MOST_RINGS)

    def start(self, dealer_id: int, watcher: str | None = None) -> StartedRun:
        """The dealer's open run, or a new one whatever its schedule says. `watcher` is the id of a task that
        is to be answered when it ends."""
        with self._database.transaction() as connection:
            return start_run(connection, dealer_id, watcher)

    def join(self, run_id: int, dealer_id: int, watcher: str) -> StartedRun | None:
        """The same for one run, None where it is no open run of the dealer."""
        with self._database.transaction() as connection:
            return join_run(connection, run_id, dealer_id, watcher)

    def dismiss(self, run_id: int, told: Sequence[str]) -> None:
        """These watchers have been answered."""
        with self._database.transaction() as connection:
            dismiss_watchers(connection, run_id, told)

    def state(self, run_id: int) -> Run | None:
        with self._database.transaction() as connection:
            return run_state(connection, run_id)

    def work(
        self,
        run_id: int,
        task_id: str | None,
        tell: Callable[[Run], None],
        turn: int | None = None,
        again: bool = False,
    ) -> Run | None:
        """One slice: pages until `slice_seconds` have passed or the run is done. None when it is not ours to
        work on: another worker holds it, it has ended, or somebody had the `turn` before.

        No page is begun that would outlast the slice, if it takes as long as the one before. `tell` is called
        after each page. `again` says that the task's message was handed out before: whoever had it then is
        gone, or will find its lease lost. Raises a `TwoDriveError` when a page could not be read or stored:
        for good, and the run has failed, or for now, and the run is left to be rung for again; while the
        dealer's circuit is open, when it may be probed.
        """
        owner = f"{task_id}/{uuid4().hex}"
        dead = [f"{task_id}/"] if again else []
        with self._database.transaction() as connection:
            run = take_lease(connection, run_id, owner, self._lease_seconds, turn, dead)
            if run is None:
                list_failed_run(connection, run_id, task_id)
                return None
        try:
            for now in self._worked(run, owner, task_id):
                run = now
                tell(run)
            return self._leave(run, owner)
        except LeaseLost:
            _log.warning("bulk_lease_lost", run_id=run_id)
            return None
        except TwoDriveError as error:
            self._give_up(run, owner, task_id, error)
            raise

    def _worked(self, run: Run, owner: str, task_id: str | None) -> Iterator[Run]:
        """The run after each page of the slice."""
        began = self._clock()
        end = began + self._slice_seconds
        if run.phase is Phase.DONE:
            return
        page = self._pages.read(run, task_id)
        while True:
            found = page.found
            after = replace(
                run,
                phase=found.phase,
                after_dms_number=found.after_dms_number,
                pages=run.pages + 1,
                attempts=0,
            )
            took, began = self._clock() - began, self._clock()
            goes_on = after.phase is not Phase.DONE and began + took < end
            # What is known outside of the window is certain only when the window has been stored.
            with _beside(self._pages.read, after, task_id, if_=goes_on and after.phase is run.phase) as ahead:
                self._store(run, owner, page)
                run = self._now(run)
                yield run
                if not goes_on:
                    return
                page = ahead.result() if ahead else self._pages.read(run, task_id)

    def _now(self, run: Run) -> Run:
        now = self.state(run.run_id)
        if now is None:
            raise LeaseLost
        return now

    def _leave(self, run: Run, owner: str) -> Run | None:
        with self._database.transaction() as connection:
            if run.phase is Phase.DONE:
                if finish(connection, run.run_id, owner, RunState.DONE):
                    run_done(connection, run.dealer_id)
            else:
                release(connection, run.run_id, owner)
            return run_state(connection, run.run_id)

    def _give_up(self, run: Run, owner: str, task_id: str | None, error: TwoDriveError) -> None:
        rest = rest_seconds(error)
        with self._database.transaction() as connection:
            probe_at = circuit_of(connection, run.dealer_id).next_probe_at
            if probe_at is not None and isinstance(error, CircuitOpen | VinaclesUnavailable):
                put_off(connection, run.run_id, owner, probe_at, rest)
            elif isinstance(error, RetryableError) and run.attempts < MAX_ATTEMPTS:
                pause = max(pause_seconds(run.attempts), rest)
                release(connection, run.run_id, owner, error.code, pause)
            else:
                finish(connection, run.run_id, owner, RunState.FAILED, error.code)
                list_failed_run(connection, run.run_id, task_id)
        _log.warning("bulk_page_failed", run_id=run.run_id, code=error.code.value)

    def _store(self, run: Run, owner: str, page: BulkPage) -> None:
        attempt, found = page.attempt, page.found
        asked_at = attempt.instant(page.requested_at)

        def alongside(connection: Connection, items: Sequence[PageItem]) -> None:
            missing = mark_missing(connection, run.dealer_id, found.gone, asked_at) if found.gone else 0
            if page.same:
                mark_seen(connection, run.dealer_id, page.same, asked_at)
                note_unheld(connection, run.dealer_id, page.same, asked_at, attempt.task_id, page.requests)
            progress = Progress(
                phase=found.phase,
                after_dms_number=found.after_dms_number,
                counts=counted(
                    items,
                    unchanged=len(page.same) - page.rejected.total(),
                    rejected=page.rejected.total(),
                    skipped=found.skipped,
                    missing=missing,
                ),
                requests=page.requests,
                seen=len(found.wanted.rows) + found.skipped,
            )
            if not advance(connection, run.run_id, owner, progress):
                raise LeaseLost

        self._importer.store(
            attempt,
            page.readings,
            page.requested_at,
            page.requests,
            record_unchanged=False,
            alongside=alongside,
        )
        if page.same:
            self._importer.tell(attempt.trigger, page.ended_the_same())


@contextmanager
def _beside(
    read: Callable[[Run, str | None], BulkPage], run: Run, task_id: str | None, *, if_: bool
) -> Iterator[Future[BulkPage] | None]:
    """Read a page on a thread of its own, whose end is awaited whatever happens: it holds to the page's
    deadline, and nobody else waits for it."""
    if not if_:
        yield None
        return
    with ThreadPoolExecutor(1, thread_name_prefix="ahead") as thread:
        yield thread.submit(copy_context().run, read, run, task_id)
