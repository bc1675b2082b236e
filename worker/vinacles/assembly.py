"""Putting headers, lines and contacts together by the workorder they belong to."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import itemgetter

from schemas.numbers import MAX_ID
from schemas.vinacles import CONTACT, DMS_NUMBER, LINE, Entity, FetchedPage, RawWorkorder, Row
from worker.vinacles.reading import RowsRead

_NUMBER_AND_TEXT = [int, str]
_DIGITS = re.compile(r"[0-9]{1,16}", re.ASCII)


def number(value: object) -> int | None:
    """An id as an int, also where it came as a text of digits; None for anything else."""
    if type(value) is int:
        return value if abs(value) <= MAX_ID else None
    if isinstance(value, str) and _DIGITS.fullmatch(value.strip()):
        return int(value)
    return None


def last_of_each(headers: Iterable[Row]) -> list[Row]:
    """One row per DMS number, the one that came last, in the order of their first coming.

    Rows whose DMS number cannot be read all stay: somebody must be told about them.
    """
    latest: dict[object, Row] = {}
    for place, row in enumerate(headers):
        key = number(row.get(DMS_NUMBER))
        latest[("unreadable", place) if key is None else key] = row
    return list(latest.values())


def once_each(entity: Entity, rows: Sequence[Row]) -> tuple[Row, ...]:
    """One row per key, the one that came last, in the order of their first coming; a row that moved while
    pages were read comes twice. Rows without a complete key all stay."""
    latest: dict[object, Row] = {}
    key_of: Callable[[Row], object] = itemgetter(*entity.key)
    for place, row in enumerate(rows):
        try:
            key = key_of(row)
        except KeyError:
            key = None
        # What is hardly ever seen is told apart as text: 1 and true are equal, and a list has no hash.
        plain = type(key) is int or (type(key) is tuple and [*map(type, key)] == _NUMBER_AND_TEXT)
        latest[key if plain else _spelled(entity, row, place)] = row
    return tuple(latest.values())


def _spelled(entity: Entity, row: Row, place: int) -> str:
    key = tuple(map(row.get, entity.key))
    return f"nobody's/{place}" if None in key else repr(key)


def assembled(
    headers: Sequence[Row], answers: Sequence[RowsRead], *, truncated: bool, requests: int
) -> FetchedPage:
    """`headers` with the lines and contacts among `answers`; rows of other workorders are left out.

    Rows that do not say whose they are stay with a workorder that is alone: somebody must be told about them.
    """
    lines, contacts = _by_workorder(answers, LINE), _by_workorder(answers, CONTACT)
    nobodys = [None] if len(headers) == 1 else []
    workorders = []
    for header in headers:
        key = number(header.get(DMS_NUMBER))
        owners = nobodys if key is None else [key, *nobodys]
        workorders.append(RawWorkorder(header, _of(owners, lines), _of(owners, contacts)))
    return FetchedPage(tuple(workorders), truncated, min(answer.started_at for answer in answers), requests)


def _of(owners: Iterable[int | None], rows: Mapping[int | None, Sequence[Row]]) -> tuple[Row, ...]:
    return tuple(row for owner in owners for row in rows.get(owner, ()))


def _by_workorder(answers: Iterable[RowsRead], entity: Entity) -> dict[int | None, list[Row]]:
    grouped: dict[int | None, list[Row]] = defaultdict(list)
    for answer in answers:
        if answer.entity is entity:
            for row in answer.rows:
                grouped[number(row.get(DMS_NUMBER))].append(row)
    return grouped
