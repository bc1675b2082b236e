"""What a run's next page holds: headers of the window, then what else is known, with all that belongs to
them. Reads from Vinacles and PostgreSQL, and stores nothing but what it learned of the server."""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import structlog

from schemas.numbers import MAX_ID
from schemas.outcome import Outcome, Reason
from schemas.vinacles import DMS_NUMBER, Row
from worker.assessment import Reading, split_by_digest
from worker.attempt import Attempt
from worker.bulk_dates import Dateless, instead
from worker.deadline import Deadline
from worker.ended import Ended
from worker.errors import TwoDriveError
from worker.importer import Importer
from worker.store.columns import Phase
from worker.store.dealers import DealerChanges, Dealers
from worker.store.known import digests_of, known_between, known_outside
from worker.store.quarantine import quarantined
from worker.store.runs import Run, on_a_new_day
from worker.store.session import Database
from worker.store.tables import Trigger
from worker.vinacles.bulk import HEADER_ROWS, BulkQuery, BulkReader, HeaderPage
from worker.vinacles.failures import refused

#: All requests of one page; a dealer whose Vinacles hangs holds a slot no longer than this, and after that
#: only for a knock, until it answers one.
PAGE_SECONDS = 20.0
_KNOCK_SECONDS = 5.0
#: Pages of one run, at 500 workorders each 10,000,000: a server that has more has no end of them.
MOST_PAGES = 20_000

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Found:
    """What one page holds: `wanted` headers to be read, `gone` numbers that Vinacles does not have, and where
    the run stands after it. `skipped` counts unknown workorders that the dealer does not import in bulk."""

    wanted: HeaderPage
    gone: Sequence[int]
    skipped: int
    phase: Phase
    after_dms_number: int


@dataclass(frozen=True, slots=True)
class BulkPage:
    """What was read of a page: the DMS numbers of those that are stored, or were rejected, just so, which are
    neither checked nor locked, and `readings` of the others. `rejected` counts those of `same` that were, by
    reason. `requested_at` and `requests`: see `FetchedPage`."""

    attempt: Attempt
    found: Found
    same: Sequence[int]
    rejected: Counter[Reason | None]
    readings: Sequence[Reading]
    requested_at: float
    requests: int

    def ended_the_same(self) -> Ended:
        """What became of `same`."""
        ended = {(Outcome.REJECTED, reason): number for reason, number in self.rejected.items()}
        unchanged = len(self.same) - self.rejected.total()
        return {**ended, (Outcome.UNCHANGED, None): unchanged} if unchanged else ended


class BulkPages:
    """Safe to share between threads."""

    def __init__(
        self,
        database: Database,
        dealers: Dealers,
        reader: BulkReader,
        importer: Importer,
        dateless: Dateless,
        *,
        page_seconds: float = PAGE_SECONDS,
        most_pages: int = MOST_PAGES,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._dealers = dealers
        self._reader = reader
        self._importer = importer
        self._dateless = dateless
        self._page_seconds = page_seconds
        self._most_pages = most_pages
        self._clock = clock

    def read(self, run: Run, task_id: str | None) -> BulkPage:
        """The page after `run.after_dms_number`. Raises a `TwoDriveError` when it could not be read."""
        deadline = Deadline.after(self._page_seconds, self._clock)
        attempt = self._importer.begin(run.dealer_id, Trigger.BULK, task_id, deadline)
        with self._importer.question(attempt):
            if run.pages >= self._most_pages:
                raise refused("Vinacles' workorders come to no end.")
            if run.attempts > 1:
                self._knock(attempt)
            again = self._found_out_again(run, attempt)
            if attempt.dealer.modified_on_works is None or (again and not attempt.dealer.modified_on_works):
                self._probe(attempt)
            page_rows = None if again else attempt.dealer.page_rows
            window = run.phase is Phase.WINDOW
            found = self._window(run, attempt, page_rows) if window else self._known(run, attempt)
            fetched = self._reader.belongings(attempt.dealer, found.wanted, deadline)
        if fetched.page_rows != attempt.dealer.page_rows:
            self._learn(attempt, {"page_rows": fetched.page_rows})
        with self._database.transaction() as connection:
            numbers = _numbers(found.wanted.rows)
            kept = quarantined(connection, run.dealer_id, numbers)
            # What is in quarantine leaves it only by being read, also where it is again as stored.
            known = digests_of(connection, run.dealer_id, numbers)
        known.update((number, case.digest) for number, case in kept.items())
        same, other = split_by_digest(fetched.workorders, known, attempt.dealer)
        rejected = Counter(kept[number].reason for number in same if number in kept)
        readings = self._importer.read(attempt, other)
        return BulkPage(attempt, found, same, rejected, readings, fetched.requested_at, fetched.requests)

    def _knock(self, attempt: Attempt) -> None:
        seconds = min(_KNOCK_SECONDS, self._page_seconds)
        self._reader.knock(attempt.dealer, Deadline.after(seconds, self._clock), attempt.tally)

    def _found_out_again(self, run: Run, attempt: Attempt) -> bool:
        """Whether this page begins a day. What was learned may be better by then: a tenant that could not
        tell may have been given the column, or us the right to read it; or it gives more rows at a time."""
        dealer = attempt.dealer
        if run.pages or (dealer.modified_on_works is not False and dealer.page_rows is None):
            return False
        with self._database.transaction() as connection:
            return on_a_new_day(connection, run.run_id)

    def _probe(self, attempt: Attempt) -> None:
        works = self._reader.modified_on_works(attempt.dealer, attempt.deadline, attempt.tally)
        _log.info("modified_on_probed", dealer_id=attempt.dealer.dealer_id, works=works)
        self._learn(attempt, {"modified_on_works": works})

    def _learn(self, attempt: Attempt, learned: DealerChanges) -> None:
        with self._database.transaction() as connection:
            self._dealers.change(connection, attempt.dealer.dealer_id, learned)

    def _window(self, run: Run, attempt: Attempt, page_rows: int | None) -> Found:
        headers = self._window_headers(run, attempt, page_rows)
        numbers = _numbers(headers.rows)
        until = headers.after_dms_number if headers.has_more else None
        with self._database.transaction() as connection:
            known = {
                *digests_of(connection, run.dealer_id, numbers),
                *quarantined(connection, run.dealer_id, numbers),
            }
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
        return Found(
            replace(headers, rows=(*wanted, *moved.rows), requests=headers.requests + moved.requests),
            gone,
            skipped=len(headers.rows) - len(wanted),
            phase=_after_window(run) if last else Phase.WINDOW,
            after_dms_number=0 if last else headers.after_dms_number,
        )

    def _window_headers(self, run: Run, attempt: Attempt, page_rows: int | None) -> HeaderPage:
        asked = query = BulkQuery(
            run.window.begins,
            run.window.ends,
            run.modified_since if attempt.dealer.modified_on_works else None,
            run.after_dms_number,
            page_rows,
            dates_filtered=run.run_id not in self._dateless,
            most_rows=_page_rows(run),
        )
        while True:
            try:
                headers = self._reader.headers(attempt.dealer, query, attempt.deadline, attempt.tally)
                break
            except TwoDriveError as refusal:
                easier = instead(query, refusal)
                if easier is None:
                    raise
                query = easier
        if not query.dates_filtered:
            if self._dateless.add(run.run_id):
                _log.warning("datetime_filter_refused", dealer_id=run.dealer_id, run_id=run.run_id)
        elif query != asked:
            _log.warning("modified_on_lost", dealer_id=run.dealer_id, run_id=run.run_id)
            self._learn(attempt, {"modified_on_works": False})
        return headers

    def _known(self, run: Run, attempt: Attempt) -> Found:
        most = _page_rows(run)
        with self._database.transaction() as connection:
            numbers = known_outside(connection, run.dealer_id, run.window, run.after_dms_number, most)
        found, gone = self._looked_up(attempt, numbers, attempt.dealer.page_rows)
        last = len(numbers) < most
        return Found(
            replace(found, requests=found.requests + attempt.tally.requests),
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


def _page_rows(run: Run) -> int:
    """500 workorders, after each failed attempt half as many: what was too slow in one piece may come in
    two."""
    return HEADER_ROWS >> max(0, run.attempts - 1)


def _after_window(run: Run) -> Phase:
    """What changed outside of the window is read by the daily run over everything."""
    return Phase.KNOWN if run.modified_since is None else Phase.DONE


def _numbers(rows: Iterable[Row]) -> list[int]:
    """Those that PostgreSQL can be asked for; what else a row carries is read, and rejected, by itself."""
    values = (row.get(DMS_NUMBER) for row in rows)
    return [value for value in values if type(value) is int and abs(value) <= MAX_ID]
