"""Reading the rows of one entity, page after page."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from schemas.vinacles import Entity, Row
from worker.errors import VinaclesRefused
from worker.vinacles.answers import rows
from worker.vinacles.client import Asking, Client
from worker.vinacles.failures import PageTooBig
from worker.vinacles.paging import Paging
from worker.vinacles.query import Filter, query_string

#: What Data API builder sends when we do not say how many.
UNSTATED_PAGE_ROWS = 100


@dataclass(frozen=True, slots=True)
class Query:
    """Rows of `entity`, in the order of its key unless `order_by` says otherwise."""

    entity: Entity
    condition: Filter | None = None
    order_by: Sequence[str] = ()
    first: int | None = None

    def target(self, after: str | None = None) -> str:
        parts = query_string(
            select=self.entity.columns,
            condition=self.condition,
            order_by=self.order_by,
            first=self.first,
            after=after,
        )
        return f"/api/{self.entity.name}?{parts}"


@dataclass(frozen=True, slots=True)
class RowsRead:
    """`started_at` is the start of the first page's request, the oldest of those that the rows came from."""

    entity: Entity
    rows: tuple[Row, ...]
    started_at: float


def read_rows(
    client: Client, asking: Asking, query: Query, enough: Callable[[Sequence[Row]], bool] = lambda _: False
) -> RowsRead:
    """All rows, or those of as many pages as it takes until `enough`. Pages that are too big are halved, also
    where the half is still above the server's maximum, which it refuses with a 400.

    Raises what `Client.get` raises, and VinaclesRefused for a page link that cannot be followed.
    """
    paging = Paging()
    read: list[Row] = []
    started_at: float | None = None
    halving = False
    while True:
        try:
            answer = client.get(asking, query.target(paging.after), page_of)
        except VinaclesRefused as refusal:
            rows_asked = query.first or UNSTATED_PAGE_ROWS
            halving = halving or isinstance(refusal, PageTooBig)
            if not halving or rows_asked == 1:
                raise
            query = replace(query, first=rows_asked // 2)
            continue
        halving = False
        page, next_link = answer.content
        read += page
        started_at = answer.started_at if started_at is None else started_at
        if enough(read) or not paging.advance(next_link):
            return RowsRead(query.entity, tuple(read), started_at)


def page_of(document: Mapping[str, object]) -> tuple[tuple[Row, ...], object]:
    return rows(document), document.get("nextLink")
