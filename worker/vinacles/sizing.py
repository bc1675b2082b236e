"""Reading large pages from servers that allow less than we ask for."""

import threading
from dataclasses import replace

from schemas.vinacles import Row
from worker.vinacles.client import Asking, Client
from worker.vinacles.failures import NotUnderstood, PageTooBig
from worker.vinacles.judging import Answer
from worker.vinacles.paging import MOST_PAGES, Paging
from worker.vinacles.reading import UNSTATED_PAGE_ROWS, Query, RowsRead, page_of

#: `$first=-1` asks for as many as the server allows, no `$first` for its default, which is less.
_ITS_OWN = (-1, None)

Page = tuple[tuple[Row, ...], object]


class PageLimit:
    """The most rows that a server gives at a time, None while it has refused nothing. Only ever falls; shared
    by the threads that read from one server, and kept. What is too big once (413) teaches nothing: it may be
    a few fat rows."""

    def __init__(self, rows: int | None) -> None:
        self._lock = threading.Lock()
        self._rows = rows

    @property
    def rows(self) -> int | None:
        return self._rows

    def fitting(self, wanted: int) -> int:
        return wanted if self._rows is None else min(wanted, self._rows)

    def lower(self, rows: int) -> None:
        with self._lock:
            self._rows = max(1, self.fitting(rows))


class Pages:
    """The pages of one question: of `wanted` rows, or of as many as the server gives, which `limit` then
    remembers; half as many each time one is too big, for the rest of this question."""

    def __init__(self, client: Client, asking: Asking, query: Query, wanted: int, limit: PageLimit) -> None:
        self._client = client
        self._asking = asking
        self._query = query
        self._wanted = wanted
        self._limit = limit
        self._own_too_big = False

    def page(self, after: str | None = None) -> Answer[Page]:
        """Raises what `Client.get` raises."""
        refused_rows: int | None = None
        while True:
            first = self._limit.fitting(self._wanted)
            try:
                answer = self._asked(first, after)
            except PageTooBig:
                if first == 1:
                    raise
                self._wanted = first // 2
            except NotUnderstood:
                # Unless another thread has learned the limit meanwhile, the server shall say what it allows.
                if self._limit.fitting(self._wanted) != first:
                    continue
                own = None if self._own_too_big else self._page_of_its_own(first, after)
                if own is not None:
                    return own
                if not self._own_too_big or first == 1:
                    raise
                # The question is understood: it is the number that is refused.
                refused_rows, self._wanted = first, first // 2
            else:
                if refused_rows is not None:
                    self._limit.lower(refused_rows // 2)
                return answer

    def _asked(self, first: int | None, after: str | None) -> Answer[Page]:
        return self._client.get(self._asking, replace(self._query, first=first).target(after), page_of)

    def _page_of_its_own(self, refused_rows: int, after: str | None) -> Answer[Page] | None:
        """A page of as many rows as the server likes to give; None where it refuses that, too, or it is too
        big.

        A full page shows the limit; of another we only know that the limit is below `refused_rows`.
        """
        for first in _ITS_OWN:
            try:
                answer = self._asked(first, after)
            except NotUnderstood:
                continue
            except PageTooBig:
                self._own_too_big = True
                continue
            rows, more = answer.content
            full = more and rows and self._is_full(min(len(rows), refused_rows - 1), refused_rows, after)
            self._limit.lower(min(len(rows), refused_rows - 1) if full else refused_rows // 2)
            return answer
        return None

    def _is_full(self, rows: int, refused_rows: int, after: str | None) -> bool:
        """Whether a page of so many rows, with more behind it, is all that the server gives at a time: a page
        may be short for other reasons, and then twice as many are not refused."""
        if rows >= UNSTATED_PAGE_ROWS or 2 * rows >= refused_rows:
            return True
        try:
            self._asked(2 * rows, after)
        except NotUnderstood:
            return True
        except PageTooBig:
            return False
        return False


def read_page(client: Client, asking: Asking, query: Query, wanted: int, limit: PageLimit) -> Answer[Page]:
    """The first page that has rows, or the last; see `Pages`. Raises like `read_all`."""
    pages, paging = Pages(client, asking, query, wanted, limit), Paging()
    answer = pages.page()
    while not answer.content[0] and paging.advance(answer.content[1]):
        answer = pages.page(paging.after)
    return answer


def read_all(
    client: Client, asking: Asking, query: Query, wanted: int, limit: PageLimit, expected: int = 0
) -> RowsRead:
    """All rows, page by page; see `Pages`. `expected` rows may come one by one.

    Raises what `Client.get` raises, and VinaclesRefused for a page link that cannot be followed.
    """
    pages, paging = Pages(client, asking, query, wanted, limit), Paging(max(MOST_PAGES, expected))
    answer = pages.page()
    read, started_at = list(answer.content[0]), answer.started_at
    while paging.advance(answer.content[1]):
        answer = pages.page(paging.after)
        read += answer.content[0]
    return RowsRead(query.entity, tuple(read), started_at)
