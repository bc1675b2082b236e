"""The face of the station: workorders by what somebody typed, or by their DMS numbers."""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote

from schemas.dealer import Dealer
from schemas.search import SearchTerms
from schemas.vinacles import (
    AFFILIATE,
    APPOINTMENT,
    CONTACT,
    DMS_NUMBER,
    LINE,
    PLATE,
    WO_NUMBER,
    WORKORDER,
    Entity,
    FetchedPage,
    Row,
)
from worker.deadline import Deadline
from worker.vinacles.assembly import assembled, last_of_each, number
from worker.vinacles.client import Asking, Client, Tally
from worker.vinacles.parallel import results
from worker.vinacles.query import MOST_URL_BYTES, PAGING_BYTES, Filter, all_of, any_of, eq, split
from worker.vinacles.reading import Query, RowsRead, read_rows

#: A search imports this many of the newest matches.
MOST_MATCHES = 25
#: Of a condition on affiliates, as it stands in the URL: what is left of a request line is for the question.
_MOST_AFFILIATE_BYTES = 4_000
# Workorders per request, such that their rows rarely fill more than one page of 100.
_BATCH = {WORKORDER: 100, LINE: 8, CONTACT: 30}

Call = Callable[[], RowsRead]


class Vinacles:
    """Shared by all threads of a process; must be made after a fork. `parallel` bounds the requests that
    are under way at the same time, for all callers together: a search makes up to five at once."""

    def __init__(self, client: Client, parallel: int) -> None:
        self._client = client
        self._threads = ThreadPoolExecutor(parallel, thread_name_prefix="vinacles")

    def search(
        self,
        dealer: Dealer,
        terms: SearchTerms,
        deadline: Deadline,
        request_id: str | None = None,
        tally: Tally | None = None,
        *,
        insist: bool = False,
    ) -> FetchedPage:
        """The newest 25 workorders that equal `terms`, in two round trips. `terms` must hold a spelling.

        `tally` is for those who must know the number of requests of a failure too. With `insist` it is asked
        although Vinacles rests. Raises what `Client.get` raises.
        """
        tally = tally or Tally()
        asking = Asking(dealer.connection, deadline, request_id, tally, dealer, insists=insist)
        found, headers = self._found(dealer, terms, asking)
        kept = headers[:MOST_MATCHES]
        ids = [key for row in kept if (key := number(row.get(DMS_NUMBER))) is not None]
        answers = [found, *self._together(self._calls(dealer, (LINE, CONTACT), ids, asking), deadline)]
        truncated = len(headers) > MOST_MATCHES
        return assembled(kept, answers, truncated=truncated, requests=asking.tally.requests)

    def headers(
        self, dealer: Dealer, terms: SearchTerms, deadline: Deadline, request_id: str | None = None
    ) -> list[Row]:
        """The newest 25 header rows that equal `terms`, in one round trip; raises like `search`."""
        asking = Asking(dealer.connection, deadline, request_id, Tally(), dealer)
        return self._found(dealer, terms, asking)[1][:MOST_MATCHES]

    def by_dms_numbers(
        self,
        dealer: Dealer,
        dms_numbers: Sequence[int],
        deadline: Deadline,
        request_id: str | None = None,
        tally: Tally | None = None,
        *,
        insist: bool = False,
    ) -> FetchedPage:
        """Those of these workorders that the dealer's affiliates have, in one round trip.

        `tally` and `insist` as for `search`. Raises what `Client.get` raises.
        """
        if not dms_numbers:
            return FetchedPage((), False, deadline.clock(), 0)
        tally = tally or Tally()
        asking = Asking(dealer.connection, deadline, request_id, tally, dealer, insists=insist)
        calls = self._calls(dealer, (WORKORDER, LINE, CONTACT), dms_numbers, asking)
        self._client.log_in(asking)
        answers = self._together(calls, deadline)
        asked = set(dms_numbers)
        rows = (row for answer in answers if answer.entity is WORKORDER for row in answer.rows)
        headers = (row for row in rows if number(row.get(DMS_NUMBER)) in asked and belongs(dealer, row))
        return assembled(last_of_each(headers), answers, truncated=False, requests=asking.tally.requests)

    def _found(self, dealer: Dealer, terms: SearchTerms, asking: Asking) -> tuple[RowsRead, list[Row]]:
        """The headers as they came, and those that match, newest first: one more than 25 where there are."""
        condition = of_dealer(dealer, _spelled(terms))
        newest_first = (f"{APPOINTMENT} desc", f"{DMS_NUMBER} desc")

        def matching(rows: Iterable[Row]) -> list[Row]:
            return last_of_each(row for row in rows if belongs(dealer, row) and terms.matches(row))

        def find() -> RowsRead:
            query = Query(WORKORDER, condition, newest_first)
            return read_rows(self._client, asking, query, lambda rows: len(matching(rows)) > MOST_MATCHES)

        [found] = self._together([find], asking.deadline)
        return found, matching(found.rows)

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._client.close()

    def _calls(
        self, dealer: Dealer, entities: Iterable[Entity], dms_numbers: Sequence[int], asking: Asking
    ) -> list[Call]:
        queries = [query for entity in entities for query in _by_dms_numbers(dealer, entity, dms_numbers)]

        def call(query: Query) -> Call:
            return lambda: read_rows(self._client, asking, query)

        return [call(query) for query in queries]

    def _together(self, calls: Sequence[Call], deadline: Deadline) -> list[RowsRead]:
        return results([self._threads.submit(call) for call in calls], deadline)


def _spelled(terms: SearchTerms) -> Filter:
    numbers = [eq(WO_NUMBER, spelling) for spelling in terms.wo_numbers]
    return any_of([*numbers, *(eq(PLATE, spelling) for spelling in terms.plates)])


def of_dealer(dealer: Dealer, wanted: Filter) -> Filter:
    """`wanted`, among the workorders of the dealer's affiliates; of the whole tenant where these are too many
    to be named."""
    if not dealer.affiliates:
        return wanted
    theirs = any_of(eq(AFFILIATE, affiliate) for affiliate in dealer.affiliates)
    return all_of([wanted, theirs]) if len(quote(theirs.text, safe="")) <= _MOST_AFFILIATE_BYTES else wanted


def belongs(dealer: Dealer, row: Row) -> bool:
    """Not every filter names the affiliates, and old servers may match it wrongly: the answer is checked."""
    return not dealer.affiliates or number(row.get(AFFILIATE)) in dealer.affiliates


def _by_dms_numbers(dealer: Dealer, entity: Entity, dms_numbers: Sequence[int]) -> list[Query]:
    def query(ids: Sequence[int]) -> Query:
        wanted = any_of(eq(DMS_NUMBER, key) for key in ids)
        return Query(entity, of_dealer(dealer, wanted) if entity is WORKORDER else wanted)

    fixed = len(dealer.connection.base_url) + (len(query(dms_numbers[:1]).target()) if dms_numbers else 0)
    room = MOST_URL_BYTES - PAGING_BYTES - fixed
    batches = split(DMS_NUMBER, dms_numbers, most=_BATCH[entity], room_bytes=room)
    return [query(ids) for ids in batches]
