"""Reading a dealer's workorders by the page: headers in the order of their numbers, then all that belongs
to a page of them. Between pages nothing is kept: whoever has a page's last number can go on."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from schemas.dealer import Dealer
from schemas.vinacles import (
    APPOINTMENT,
    CONTACT,
    DMS_NUMBER,
    LINE,
    MODIFIED,
    WORKORDER,
    Entity,
    FetchedPage,
    Row,
)
from worker.deadline import Deadline
from worker.errors import ConfigurationError, ErrorCode, TwoDriveError, VinaclesRefused, VinaclesUnavailable
from worker.vinacles.answers import rows
from worker.vinacles.assembly import assembled, last_of_each, number, once_each
from worker.vinacles.client import Asking, Client, Tally
from worker.vinacles.failures import NotUnderstood, datetime_filter_refused, refused
from worker.vinacles.parallel import together
from worker.vinacles.plan import Batch, Cost, plan
from worker.vinacles.query import MOST_URL_BYTES, PAGING_BYTES, Filter, above, all_of, at_least, below
from worker.vinacles.reading import Query, RowsRead
from worker.vinacles.sizing import PageLimit, read_all, read_page
from worker.vinacles.workorders import belongs, of_dealer

#: Workorders per page, where the server allows as many: what is read and stored in one go.
HEADER_ROWS = 500
#: Lines or contacts per request: about 1 MB of JSON.
BELONGINGS_ROWS = 5_000
# Rows per workorder, as most workshops have them.
_ROWS_EACH = {WORKORDER: 1.0, LINE: 12.0, CONTACT: 3.0}
_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class BulkQuery:
    """Workorders with an appointment from `window_from` up to but not including `window_until`, wall clocks
    at the branch without a zone, and with a number above `after_dms_number`.

    `modified_since` (with a zone) leaves out what has not changed since. `page_rows` is what an earlier page
    learned, `most_rows` how many are wanted. With `dates_filtered` off the server is asked for every
    workorder, and only those of the window are kept; `modified_since` then has no effect.
    """

    window_from: datetime
    window_until: datetime
    modified_since: datetime | None = None
    after_dms_number: int = 0
    page_rows: int | None = None
    dates_filtered: bool = True
    most_rows: int = HEADER_ROWS

    def conditions(self) -> list[Filter]:
        conditions = [above(DMS_NUMBER, self.after_dms_number)]
        if self.dates_filtered:
            # Columns without a zone are compared with the literal's wall clock.
            conditions.append(at_least(APPOINTMENT, self.window_from.replace(tzinfo=UTC)))
            conditions.append(below(APPOINTMENT, self.window_until.replace(tzinfo=UTC)))
            if self.modified_since is not None:
                conditions.append(at_least(MODIFIED, self.modified_since.astimezone(UTC)))
        return conditions

    def wants(self, row: Row) -> bool:
        """Whether the row's appointment lies in the window; one that cannot be read does, so that somebody is
        told about it."""
        text = row.get(APPOINTMENT)
        if text is None:
            return False
        try:
            appointment = datetime.fromisoformat(str(text)).replace(tzinfo=None)
        except ValueError:
            return True
        return self.window_from <= appointment < self.window_until


@dataclass(frozen=True, slots=True)
class HeaderPage:
    """`rows` may be empty though there are more. `after_dms_number` is where the next page begins: all
    numbers up to it have been looked at. `page_rows` is the most rows that the server gives at a time, None
    while it has refused nothing; keep it for the next query. `requested_at` is the start of the oldest
    request used, in seconds of the monotonic clock; `requests` counts retries too."""

    rows: tuple[Row, ...]
    has_more: bool
    after_dms_number: int
    page_rows: int | None
    requests: int
    requested_at: float


class BulkReader:
    """Safe to share between threads. Never counts as interactive. Every method raises what `Client.get`
    raises."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def headers(
        self, dealer: Dealer, query: BulkQuery, deadline: Deadline, tally: Tally | None = None
    ) -> HeaderPage:
        """The next page of headers, in the order of their numbers.

        Raises DatetimeFilterRefused where conditions on dates do not work on this server: ask again with
        `dates_filtered` off. `tally` knows of requests before, which the page's `requests` include.
        """
        asking, limit = _asking(dealer, deadline, tally), PageLimit(query.page_rows)
        question = Query(WORKORDER, of_dealer(dealer, all_of(query.conditions())), (DMS_NUMBER,))
        try:
            doubted = replace(asking, doubted=query.dates_filtered)
            answer = read_page(self._client, doubted, question, query.most_rows, limit)
        except (NotUnderstood, VinaclesUnavailable) as error:
            if query.dates_filtered and _may_be_deterministic(error) and self._works_without_dates(asking):
                raise datetime_filter_refused() from None
            raise
        found, next_link = answer.content
        last = max((key for row in found if (key := number(row.get(DMS_NUMBER))) is not None), default=0)
        if next_link is not None and last <= query.after_dms_number:
            raise refused("Vinacles sent a page of workorders that was read already.")
        kept = [row for row in found if belongs(dealer, row) and (query.dates_filtered or query.wants(row))]
        return HeaderPage(
            tuple(last_of_each(kept)),
            next_link is not None,
            max(last, query.after_dms_number),
            limit.rows,
            asking.tally.requests,
            answer.started_at,
        )

    def by_numbers(
        self, dealer: Dealer, dms_numbers: Sequence[int], deadline: Deadline, page_rows: int | None = None
    ) -> HeaderPage:
        """The headers of those of these workorders that the dealer's affiliates have."""
        limit, asked, asking = PageLimit(page_rows), set(dms_numbers), _asking(dealer, deadline)
        answers = self._answers(asking, dealer, {WORKORDER: HEADER_ROWS}, asked, limit)
        found = (row for answer in answers for row in answer.rows)
        kept = (row for row in found if number(row.get(DMS_NUMBER)) in asked and belongs(dealer, row))
        return HeaderPage(
            tuple(last_of_each(kept)),
            False,
            max(asked, default=0),
            limit.rows,
            asking.tally.requests,
            min((answer.started_at for answer in answers), default=deadline.clock()),
        )

    def belongings(self, dealer: Dealer, headers: HeaderPage, deadline: Deadline) -> FetchedPage:
        """The workorders of a page of headers, with all their lines and contacts, each once.

        The page's `requests` include those of the headers.
        """
        limit, asking = PageLimit(headers.page_rows), _asking(dealer, deadline)
        keys = {key for row in headers.rows if (key := number(row.get(DMS_NUMBER))) is not None}
        wanted = {LINE: BELONGINGS_ROWS, CONTACT: BELONGINGS_ROWS}
        answers = self._answers(asking, dealer, wanted, keys, limit)
        first = RowsRead(WORKORDER, headers.rows, headers.requested_at)
        unique = [replace(answer, rows=once_each(answer.entity, answer.rows)) for answer in answers]
        requests = headers.requests + asking.tally.requests
        page = assembled(headers.rows, [first, *unique], truncated=headers.has_more, requests=requests)
        return replace(page, page_rows=limit.rows)

    def knock(self, dealer: Dealer, deadline: Deadline, tally: Tally | None = None) -> None:
        """Ask for one row, to see whether anybody answers."""
        self._client.get(_asking(dealer, deadline, tally), Query(WORKORDER, first=1).target(), rows)

    def modified_on_works(self, dealer: Dealer, deadline: Deadline, tally: Tally | None = None) -> bool:
        """Whether workorders can be selected by their last change: the column exists, may be read, can be
        compared, and is filled. An empty tenant says no."""
        query = Query(WORKORDER, of_dealer(dealer, at_least(MODIFIED, _LONG_AGO)), first=1)
        asking = _asking(dealer, deadline, tally)
        try:
            answer = self._client.get(replace(asking, doubted=True), query.target(), rows)
        except VinaclesRefused:
            return False
        except ConfigurationError as error:
            # A column that may not be read is a 403 too, but so is an entity: the next request will tell.
            if error.code is not ErrorCode.VINACLES_NOT_ALLOWED:
                raise
            return False
        except VinaclesUnavailable as error:
            if error.few_tries and self._works_without_dates(asking):
                return False
            raise
        return bool(answer.content)

    def _works_without_dates(self, asking: Asking) -> bool:
        """Answered at the first try: one that was away a moment ago may have failed for that alone."""
        before = asking.tally.requests
        try:
            self._client.get(asking, Query(WORKORDER, first=1).target(), rows)
        except TwoDriveError:
            return False
        return asking.tally.requests == before + 1

    def _answers(
        self,
        asking: Asking,
        dealer: Dealer,
        wanted: dict[Entity, int],
        dms_numbers: set[int],
        limit: PageLimit,
    ) -> list[RowsRead]:
        """`wanted` says how many rows of each entity a page may have."""

        def call(entity: Entity, batch: Batch) -> Callable[[], RowsRead]:
            query, expected = _query(dealer, entity, batch), round(batch.numbers * _ROWS_EACH[entity])
            return lambda: read_all(self._client, asking, query, wanted[entity], limit, expected)

        calls = [
            call(entity, batch)
            for entity, rows_wanted in wanted.items()
            for batch in _plan(dealer, entity, dms_numbers, limit.fitting(rows_wanted))
        ]
        if calls:
            self._client.log_in(asking)
        return together(calls, dealer.concurrent_requests, asking.deadline)


def _asking(dealer: Dealer, deadline: Deadline, tally: Tally | None = None) -> Asking:
    return Asking(dealer.connection, deadline, tally=tally or Tally(), dealer=dealer, interactive=False)


def _query(dealer: Dealer, entity: Entity, batch: Batch) -> Query:
    condition = batch.condition(DMS_NUMBER)
    return Query(entity, of_dealer(dealer, condition) if entity is WORKORDER else condition)


def _plan(dealer: Dealer, entity: Entity, dms_numbers: set[int], page_rows: int) -> list[Batch]:
    fixed = len(dealer.connection.base_url) + len(_query(dealer, entity, Batch(((1, 1),))).target())
    room = MOST_URL_BYTES - PAGING_BYTES - fixed
    cost = Cost(_ROWS_EACH[entity], page_rows, room, dealer.concurrent_requests)
    return plan(DMS_NUMBER, sorted(dms_numbers), cost)


def _may_be_deterministic(error: TwoDriveError) -> bool:
    return not isinstance(error, VinaclesUnavailable) or error.few_tries
