"""The line itself: fetch → read → decide → store, one page at a time, for one workorder or many.

The stations do not know each other; here alone their values meet.
"""

import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from uuid import UUID

from schemas.answers import StartState
from schemas.messages import ImportRequest, MarkStarted, RefreshRequest
from schemas.outcome import ImportResult, Outcome, Reason
from schemas.search import NotSearchable, parse_search
from schemas.vinacles import FetchedPage, RawWorkorder
from worker.assessment import Reading, decided, read, result
from worker.attempt import Attempt
from worker.breaker import Breaker
from worker.deadline import Deadline
from worker.drift import DriftWatch
from worker.ended import Tell, ended, nobody
from worker.errors import ConfigurationError, ErrorCode, MessageInvalid
from worker.record import Record
from worker.retry import RetryRule, retrying
from worker.store.dealers import Dealers, LoadedDealer
from worker.store.failures import unknown_dealer
from worker.store.pages import LockedPage, PageItem, Refused
from worker.store.session import Database
from worker.store.starts import mark_started
from worker.store.tables import Trigger
from worker.store.workorders import Alongside, find, nothing_else, store_page
from worker.vinacles.workorders import Vinacles


class Importer:
    """Imports from Vinacles into PostgreSQL. Safe to share between threads.

    Every method raises a `TwoDriveError` where no answer could be had; the failed attempt is then on record.
    """

    def __init__(
        self,
        database: Database,
        dealers: Dealers,
        vinacles: Vinacles,
        breaker: Breaker,
        drift: DriftWatch,
        version: str,
        rule: RetryRule,
        clock: Callable[[], float] = time.monotonic,
        tell: Tell = nobody,
    ) -> None:
        self._database = database
        self._dealers = dealers
        self._vinacles = vinacles
        self._breaker = breaker
        self._drift = drift
        self._version = version
        self._record = Record(database, version)
        self._rule = rule
        self._clock = clock
        #: Told after each commit.
        self.tell = tell

    def search(
        self, request: ImportRequest, task_id: str | None, deadline: Deadline, *, insist: bool = False
    ) -> ImportResult:
        """Import what a WO number or a plate finds, the newest 25 where there are more. `insist`: see
        `Breaker.question`."""
        loaded, _ = self._load(request.dealer_id, None, deadline)
        attempt = Attempt(loaded, self._clock(), Trigger.SEARCH, task_id, request.request_id, deadline)
        with self._record.of_failures(attempt):
            terms = parse_search(request.search)
            if isinstance(terms, NotSearchable):
                return self._nothing(
                    attempt, Refused(Outcome.NOT_FOUND, Reason.NOT_SEARCHABLE, loaded.asked_at)
                )
            with self._breaker.question(attempt, insist=insist):
                page = self._vinacles.search(
                    loaded.dealer, terms, deadline, request.request_id, attempt.tally, insist=insist
                )
            if not page.workorders:
                at = attempt.instant(page.requested_at)
                return self._nothing(attempt, Refused(Outcome.NOT_FOUND, Reason.NO_MATCH, at), page.requests)
            return self._answer(attempt, page)

    def refresh(
        self, request: RefreshRequest, task_id: str | None, deadline: Deadline, *, insist: bool = False
    ) -> ImportResult:
        """Import again what Claire already has. `insist`: see `Breaker.question`."""
        loaded, dms_number = self._load(request.dealer_id, request.workorder_id, deadline)
        attempt = Attempt(loaded, self._clock(), Trigger.REFRESH, task_id, request.request_id, deadline)
        if dms_number is None:
            raise _unknown_workorder()
        with self._record.of_failures(attempt, request.workorder_id):
            with self._breaker.question(attempt, insist=insist):
                page = self._vinacles.by_dms_numbers(
                    loaded.dealer, [dms_number], deadline, request.request_id, attempt.tally, insist=insist
                )
            if not page.workorders:
                at = attempt.instant(page.requested_at)
                gone = Refused(Outcome.NOT_FOUND, Reason.GONE_FROM_DMS, at, dms_number)
                return self._nothing(attempt, gone, page.requests)
            return self._answer(attempt, page)

    def mark_started(self, request: MarkStarted, deadline: Deadline) -> StartState:
        """Keep the moment at which work started; of several the earliest."""

        def mark() -> StartState:
            with self._database.transaction(deadline) as connection:
                return mark_started(connection, request)

        return retrying(mark, self._rule, deadline)

    def _load(
        self, dealer_id: int, workorder: UUID | None, deadline: Deadline
    ) -> tuple[LoadedDealer, int | None]:
        def load() -> tuple[LoadedDealer | None, int | None]:
            with self._database.transaction(deadline) as connection:
                dms_number = None if workorder is None else find(connection, dealer_id, workorder)
                return self._dealers.load(connection, dealer_id), dms_number

        loaded, dms_number = retrying(load, self._rule, deadline)
        if loaded is None:
            raise unknown_dealer(dealer_id)
        if loaded.dealer.paused:
            raise _paused(dealer_id)
        return loaded, dms_number

    def begin(self, dealer_id: int, trigger: Trigger, task_id: str | None, deadline: Deadline) -> Attempt:
        """An attempt for a dealer, with its record as it stands now."""
        loaded, _ = self._load(dealer_id, None, deadline)
        return Attempt(loaded, self._clock(), trigger, task_id, None, deadline)

    def question(self, attempt: Attempt) -> AbstractContextManager[None]:
        """For bulk pages: see `Breaker.question`."""
        return self._breaker.question(attempt)

    def _answer(self, attempt: Attempt, page: FetchedPage) -> ImportResult:
        readings = self.read(attempt, [(raw, None) for raw in page.workorders])
        items, stored = self.store(attempt, readings, page.requested_at, page.requests)
        results = tuple(result(attempt.dealer.dealer_id, item, stored) for item in items)
        return ImportResult(attempt.request_id, len(results), page.truncated, results)

    def _nothing(self, attempt: Attempt, refused: Refused, requests: int = 0) -> ImportResult:
        self._store(attempt, {}, lambda _: (refused,), requests)
        stored = () if refused.dms_number is None else (refused.dms_number,)
        answer = result(attempt.dealer.dealer_id, refused, stored)
        return ImportResult(attempt.request_id, 0, False, (answer,))

    def read(
        self, attempt: Attempt, workorders: Iterable[tuple[RawWorkorder, bytes | None]]
    ) -> list[Reading]:
        """What came, checked; the digests are those that are known already. Neither asks nor imports.

        Raises `ConfigurationError` where the rows differ from our mapping in a field that may not.
        """
        now, came = attempt.loaded.asked_at, list(workorders)
        readings = [read(raw, attempt.dealer, now, known_digest) for raw, known_digest in came]
        self._drift.look(attempt, [raw for raw, _ in came], readings)
        return readings

    def store(
        self,
        attempt: Attempt,
        readings: Sequence[Reading],
        requested_at: float,
        requests: int,
        *,
        record_unchanged: bool = True,
        alongside: Alongside = nothing_else,
    ) -> tuple[Sequence[PageItem], Collection[int]]:
        """Decide and store what was read of an answer: the decided items in the same order, and the DMS
        numbers of those that Claire had before. `requested_at` and `requests`: see `FetchedPage`;
        `record_unchanged` and `alongside`: see `store_page`."""
        fetched_at = attempt.instant(requested_at)
        digests = {number: r.digest for r in readings if (number := r.dms_number) is not None}
        stored: set[int] = set()

        def decide(locked: LockedPage) -> Sequence[PageItem]:
            stored.update(locked.stored)
            return [decided(reading, fetched_at, locked) for reading in readings]

        items = self._store(attempt, digests, decide, requests, record_unchanged, alongside)
        return items, stored

    def _store(
        self,
        attempt: Attempt,
        digests: Mapping[int, bytes],
        decide: Callable[[LockedPage], Sequence[PageItem]],
        requests: int,
        record_unchanged: bool = True,
        alongside: Alongside = nothing_else,
    ) -> Sequence[PageItem]:
        def store() -> Sequence[PageItem]:
            return store_page(
                self._database,
                attempt.dealer.dealer_id,
                digests,
                decide,
                attempt.lineage(requests, self._version),
                record_unchanged=record_unchanged,
                alongside=alongside,
                deadline=attempt.deadline,
            )

        items = retrying(store, self._rule, attempt.deadline)
        self.tell(attempt.trigger, ended(items))
        return items


def _unknown_workorder() -> MessageInvalid:
    return MessageInvalid(
        ErrorCode.WORKORDER_UNKNOWN,
        "This dealer has no imported workorder with this workorder_id.",
        "Import it by its number or plate first.",
    )


def _paused(dealer_id: int) -> ConfigurationError:
    return ConfigurationError(
        ErrorCode.DEALER_PAUSED,
        f"Importing for dealer {dealer_id} is paused.",
        f"An operator can resume it: twodrive dealers set {dealer_id} --no-paused",
    )
