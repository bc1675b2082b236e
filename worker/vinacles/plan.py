"""How the rows of many workorders are asked for in few requests. Pure.

Numbers that follow each other closely become a range, others stand alone, and one request holds as many of
both as its line allows. A range also brings the rows of the numbers in its gaps, which cost pages: the gaps
to bridge are those for which the requests are fewest.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from math import ceil
from urllib.parse import quote

from worker.vinacles.query import Filter, all_of, any_of, at_least, at_most, eq

Span = tuple[int, int]
# Work for one entity is spread over several requests at a time where each still fills this many pages.
_PAGES_WORTH_SPREADING = 4


@dataclass(frozen=True, slots=True)
class Batch:
    """The numbers from `first` to `last`, both included, of each of its spans."""

    spans: tuple[Span, ...]

    @property
    def numbers(self) -> int:
        """How many numbers the spans cover; in the worst case each is a workorder."""
        return sum(last - first + 1 for first, last in self.spans)

    def condition(self, column: str) -> Filter:
        return any_of(_condition(column, span) for span in self.spans)


@dataclass(frozen=True, slots=True)
class Cost:
    """What the server is asked to do: `rows_each` rows per workorder in pages of `page_rows`. A condition may
    have `room_bytes` in the URL, and `at_once` requests may be under way."""

    rows_each: float
    page_rows: int
    room_bytes: int
    at_once: int = 1

    def requests(self, batches: Sequence[Batch]) -> int:
        """The most pages that the batches take, if nobody has more rows than `rows_each`."""
        return sum(max(1, ceil(batch.numbers * self.rows_each / self.page_rows)) for batch in batches)


def plan(column: str, numbers: Sequence[int], cost: Cost) -> list[Batch]:
    """Batches that cover `numbers` (positive, in any order) in as few requests as a bridging of equal gaps
    gives; of equally few requests those with the fewest needless rows.
    """
    ordered = sorted(set(numbers))
    if not ordered:
        return []
    pages = len(ordered) * cost.rows_each / cost.page_rows
    spread = max(1, min(cost.at_once, int(pages / _PAGES_WORTH_SPREADING)))
    fewest = max(spread, ceil(pages))
    best: tuple[int, int, list[Batch]] | None = None
    for gap in _gaps(ordered):
        batches = _batches(column, ordered, gap, spread, cost.room_bytes)
        found = (cost.requests(batches), sum(batch.numbers for batch in batches), batches)
        if best is None or found[:2] < best[:2]:
            best = found
        if best[0] <= fewest:
            break
    assert best is not None  # noqa: S101  there is always a first gap
    return best[2]


def _gaps(ordered: Sequence[int]) -> list[int]:
    """Gaps to try, from bridging nothing to bridging everything, each twice the one before."""
    widest = max((after - before for before, after in pairwise(ordered)), default=1)
    return [2**power for power in range((widest - 1).bit_length() + 1)]


def _batches(column: str, ordered: Sequence[int], gap: int, parts: int, room_bytes: int) -> list[Batch]:
    """Even parts, as many as it takes for each to fit into a request line."""
    while True:
        size = ceil(len(ordered) / parts)
        chunks = [ordered[start : start + size] for start in range(0, len(ordered), size)]
        batches = [Batch(_spans(chunk, gap)) for chunk in chunks]
        longest = max(_bytes(column, batch) for batch in batches)
        if longest <= room_bytes or size == 1:
            return batches
        parts = min(len(ordered), max(parts + 1, parts * longest // room_bytes))


def _spans(ordered: Sequence[int], gap: int) -> tuple[Span, ...]:
    spans: list[Span] = []
    first = last = ordered[0]
    for number in ordered[1:]:
        if number - last > gap:
            spans.append((first, last))
            first = number
        last = number
    return (*spans, (first, last))


def _condition(column: str, span: Span) -> Filter:
    first, last = span
    if first == last:
        return eq(column, first)
    return all_of([at_least(column, first), at_most(column, last)])


def _bytes(column: str, batch: Batch) -> int:
    """How long the batch's condition is in a URL, without writing it out."""
    alone, ranged, joined, around = _fixed_bytes(column)
    length = sum(
        alone + len(str(first)) if first == last else ranged + len(str(first)) + len(str(last))
        for first, last in batch.spans
    )
    others = len(batch.spans) - 1
    return length + (others * joined + around if others else 0)


@cache
def _fixed_bytes(column: str) -> tuple[int, int, int, int]:
    """What a number alone, a range, one more of either, and being several take without their digits."""
    alone, ranged, two, three = (
        len(quote(Batch(spans).condition(column).text, safe=""))
        for spans in (((1, 1),), ((1, 2),), ((1, 1),) * 2, ((1, 1),) * 3)
    )
    joined = three - two - alone
    return alone - 1, ranged - 2, joined, two - 2 * alone - joined
