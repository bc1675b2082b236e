"""Query strings for Data API builder, built from values only, so that no text can become grammar.

Grammar: OData 4.01 Part 2, 5.1.1 (`eq`, `ge`, `and`, `or`, parentheses, literals). The strings are built by
hand because a `$` in a parameter's name must stay literal.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from unicodedata import category
from urllib.parse import quote

from schemas.vinacles import DECODED_TWICE

#: Request lines over 8 KB get an empty 414 from the server.
MOST_URL_BYTES = 7_000
#: Kept free for `$first` and `$after` of the pages that follow the first.
PAGING_BYTES = 1_500

Literal = str | int | datetime

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True, slots=True)
class Filter:
    """A piece of `$filter` that is complete in itself. Made by the functions below, never from text."""

    text: str


def eq(column: str, value: Literal) -> Filter:
    """`column eq value`. Raises ValueError for a value that no server version reads as one literal."""
    return Filter(f"{_name(column)} eq {_literal(value)}")


def at_least(column: str, value: Literal) -> Filter:
    """`column ge value`; raises ValueError like `eq`."""
    return Filter(f"{_name(column)} ge {_literal(value)}")


def at_most(column: str, value: Literal) -> Filter:
    """`column le value`; raises ValueError like `eq`."""
    return Filter(f"{_name(column)} le {_literal(value)}")


def above(column: str, value: Literal) -> Filter:
    """`column gt value`; raises ValueError like `eq`."""
    return Filter(f"{_name(column)} gt {_literal(value)}")


def below(column: str, value: Literal) -> Filter:
    """`column lt value`; raises ValueError like `eq`."""
    return Filter(f"{_name(column)} lt {_literal(value)}")


def any_of(filters: Iterable[Filter]) -> Filter:
    return _joined(" or ", filters)


def all_of(filters: Iterable[Filter]) -> Filter:
    return _joined(" and ", filters)


def query_string(
    *,
    select: Sequence[str],
    condition: Filter | None = None,
    order_by: Sequence[str] = (),
    first: int | None = None,
    after: str | None = None,
) -> str:
    """The part behind `?`. `order_by` holds columns, each optionally followed by ` desc`."""
    parts = {
        "$select": ",".join(select) or None,
        "$filter": condition.text if condition else None,
        "$orderby": ",".join(order_by) or None,
        "$first": str(first) if first is not None else None,
        "$after": after,
    }
    return "&".join(f"{name}={quote(value, safe='')}" for name, value in parts.items() if value is not None)


def split(column: str, ids: Iterable[int], *, most: int, room_bytes: int) -> list[tuple[int, ...]]:
    """Distinct ids in even batches of at most `most`, each of whose encoded `or` chains fits `room_bytes`.

    A batch holds at least one id; order is kept. 25 ids, at most 8: 7, 7, 7 and 4.
    """
    distinct = list(dict.fromkeys(ids))
    widest = max((len(quote(f" or {eq(column, number).text}", safe="")) for number in distinct), default=1)
    fitting = max(1, min(most, room_bytes // widest))
    batches = ceil(len(distinct) / fitting)
    size = ceil(len(distinct) / batches) if batches else 1
    return [tuple(distinct[start : start + size]) for start in range(0, len(distinct), size)]


def _joined(word: str, filters: Iterable[Filter]) -> Filter:
    texts = [part.text for part in filters]
    if not texts:
        raise ValueError("a filter of nothing would match everything")
    return Filter(texts[0] if len(texts) == 1 else f"({word.join(texts)})")


def _name(column: str) -> str:
    if not _NAME.fullmatch(column):
        raise ValueError("not a column name")
    return column


def _literal(value: Literal) -> str:
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, datetime):
        return _moment(value)
    if isinstance(value, bool) or not -(2**63) <= value < 2**63:
        raise ValueError("not a whole number that the database can hold")
    return str(value)


def _text(value: str) -> str:
    if DECODED_TWICE.search(value):
        raise ValueError("a percent-encoded character in a literal would be decoded by old servers")
    if any(category(character) in {"Cc", "Cs"} for character in value):
        raise ValueError("a literal may not hold control characters or lone surrogates")
    return "'" + value.replace("'", "''") + "'"


def _moment(value: datetime) -> str:
    """Columns have no zone and are compared with the literal's wall clock, so only UTC says what it means."""
    if value.utcoffset() != timedelta(0):
        raise ValueError("a date-time literal must be in UTC")
    return value.strftime("%Y-%m-%dT%H:%M:%SZ")
