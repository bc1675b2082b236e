"""Why a workorder is or is not in Claire: what is stored and what Vinacles has now, put together. Stores
nothing."""

import time
from collections.abc import Callable
from dataclasses import replace

from schemas.dealer import Dealer
from schemas.messages import WhyRequest
from schemas.near import MatchedBy
from schemas.search import NotSearchable, SearchTerms, near_misses, parse_search
from schemas.verdicts import Verdict
from schemas.vinacles import DMS_NUMBER, Row
from schemas.why import Finding, WhyAnswer
from worker.assessment import read
from worker.attempt import Attempt
from worker.breaker import Breaker
from worker.deadline import Deadline
from worker.errors import TwoDriveError
from worker.findings import Kept, Refusal
from worker.store import why as stored
from worker.store.dealers import Dealers, LoadedDealer
from worker.store.failures import unknown_dealer
from worker.store.session import Database
from worker.store.tables import Trigger
from worker.vinacles.assembly import number
from worker.vinacles.workorders import Vinacles
from worker.waiting import Waiting, same
from worker.why import Known, Seen, explained


class Inquiry:
    """Safe to share between threads. Raises a `TwoDriveError` only where PostgreSQL cannot be read or the
    dealer is unknown; what is wrong with Vinacles is part of the answer."""

    def __init__(
        self,
        database: Database,
        dealers: Dealers,
        vinacles: Vinacles,
        breaker: Breaker,
        waiting: Waiting,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._dealers = dealers
        self._vinacles = vinacles
        self._breaker = breaker
        self._waiting = waiting
        self._clock = clock

    def why(self, request: WhyRequest, deadline: Deadline) -> WhyAnswer:
        terms = parse_search(request.search)
        loaded, known = self._known(request, terms, deadline)
        if isinstance(terms, NotSearchable):
            return WhyAnswer(request.request_id, False, (Finding(Verdict.NOT_SEARCHABLE),))
        seen = None if request.offline else self._seen(loaded, request, terms, known, deadline)
        findings = explained(loaded.dealer, known, seen, loaded.asked_at)
        return WhyAnswer(request.request_id, isinstance(seen, Seen), tuple(findings))

    def _known(
        self, request: WhyRequest, terms: SearchTerms | NotSearchable, deadline: Deadline
    ) -> tuple[LoadedDealer, Known]:
        dealer_id = request.dealer_id
        with self._database.transaction(deadline) as connection:
            loaded = self._dealers.load(connection, dealer_id)
            if loaded is None:
                raise unknown_dealer(dealer_id)
            if isinstance(terms, NotSearchable):
                return loaded, Known({})
            kept = stored.kept(connection, dealer_id, terms.wo_numbers, terms.bare_plates)
            refused = stored.refused(connection, dealer_id, terms.wo_numbers, kept)
            neighbors = stored.neighbors(connection, dealer_id)
            at_neighbor = stored.at_neighbor(
                connection, neighbors, loaded.dealer.affiliates, terms.wo_numbers, terms.bare_plates
            )
            asked = stored.asked_by_row(connection, dealer_id)
            failing_since = stored.failing_since(connection, dealer_id, loaded.circuit.failures)
        return loaded, Known(
            {number: Kept(row.stored, row.missing_since, row.held_since) for number, row in kept.items()},
            [Refusal(row.dms_number, row.wo_number, row.reason, row.since) for row in refused],
            any(same(one, request.search) for one in asked) or self._waiting(dealer_id, request.search),
            failing_since,
            loaded.circuit,
            neighbors,
            at_neighbor,
        )

    def _seen(
        self,
        loaded: LoadedDealer,
        request: WhyRequest,
        terms: SearchTerms,
        known: Known,
        deadline: Deadline,
    ) -> Seen | TwoDriveError:
        attempt = Attempt(loaded, self._clock(), Trigger.SEARCH, None, request.request_id, deadline)
        try:
            with self._breaker.question(attempt):
                return self._looked(loaded, request, terms, known, deadline)
        except TwoDriveError as error:
            return error

    def _looked(
        self,
        loaded: LoadedDealer,
        request: WhyRequest,
        terms: SearchTerms,
        known: Known,
        deadline: Deadline,
    ) -> Seen:
        dealer, asked_by = loaded.dealer, request.request_id
        found = list(self._vinacles.search(dealer, terms, deadline, asked_by).workorders)
        # What Claire has under this number or plate may have another one in the DMS by now.
        others = sorted(known.kept.keys() - {number(raw.header.get(DMS_NUMBER)) for raw in found})
        found += self._vinacles.by_dms_numbers(dealer, others, deadline, asked_by).workorders
        if found or known.kept:
            return Seen([read(raw, dealer, loaded.asked_at) for raw in found])
        return self._elsewhere(dealer, request, terms, deadline)

    def _elsewhere(self, dealer: Dealer, request: WhyRequest, terms: SearchTerms, deadline: Deadline) -> Seen:
        """At other branches, or under nearly the same number."""
        everywhere = replace(dealer, affiliates=())
        if dealer.affiliates:
            rows = self._vinacles.headers(everywhere, terms, deadline, request.request_id)
            if rows:
                return Seen(elsewhere=rows)
        near = near_misses(request.search)
        if near is None:
            return Seen()
        by: dict[MatchedBy, list[Row]] = {matched_by: [] for matched_by in MatchedBy}
        for row in self._vinacles.headers(everywhere, near, deadline, request.request_id):
            by[MatchedBy.WO_NUMBER if near.has_number(row) else MatchedBy.PLATE].append(row)
        return Seen(near=by)
