"""Reading large pages from servers that allow less than we ask for."""

import threading
from dataclasses import replace

from schemas.vinacles import Row
from worker.vinacles.client import Answer, Asking, Client
from worker.vinacles.failures import NotUnderstood, PageTooBig
from worker.vinacles.paging import Paging
from worker.vinacles.reading import Query, RowsRead, page_of

#: `$first=-1` asks for as many as the server allows, no `$first` for its default, which is less.
_ITS_OWN = (-1, None)

Page = tuple[tuple[Row, ...], object]


class PageLimit:
    """The most rows that a server gives at a time, None while it has refused nothing. Only ever falls; shared
    by the threads that read from one server."""

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


def read_page(
    client: Client, asking: Asking, query: Query, wanted: int, limit: PageLimit, after: str | None = None
) -> Answer[Page]:
    """A page of `wanted` rows, or of as many as the server gives, which `limit` then remembers.

    Raises what `Client.get` raises.
    """
    while True:
        first = limit.fitting(wanted)
        try:
            return client.get(asking, replace(query, first=first).target(after), page_of)
        except PageTooBig:
            if first == 1:
                raise
            limit.lower(first // 2)
        except NotUnderstood as refusal:
            # Unless another thread has learned the limit meanwhile, the server shall say what it allows.
            if limit.fitting(wanted) == first:
                return _page_of_its_own(client, asking, query, first, limit, after, refusal)


def read_all(client: Client, asking: Asking, query: Query, wanted: int, limit: PageLimit) -> RowsRead:
    """All rows, in pages as `read_page` reads them.

    Raises what `Client.get` raises, and VinaclesRefused for a page link that cannot be followed.
    """
    paging = Paging()
    answer = read_page(client, asking, query, wanted, limit)
    read, started_at = list(answer.content[0]), answer.started_at
    while paging.advance(answer.content[1]):
        answer = read_page(client, asking, query, wanted, limit, paging.after)
        read += answer.content[0]
    return RowsRead(query.entity, tuple(read), started_at)


def _page_of_its_own(
    client: Client,
    asking: Asking,
    query: Query,
    refused_rows: int,
    limit: PageLimit,
    after: str | None,
    refusal: NotUnderstood,
) -> Answer[Page]:
    """A full page shows the limit; of one that was the last we only know that it is below `refused_rows`."""
    for first in _ITS_OWN:
        try:
            answer = client.get(asking, replace(query, first=first).target(after), page_of)
        except (NotUnderstood, PageTooBig):
            continue
        rows, more = answer.content
        limit.lower(min(len(rows), refused_rows - 1) if more and rows else refused_rows // 2)
        return answer
    raise refusal
