"""Two digests are the same exactly where the columns that we ask for are."""

from decimal import Decimal
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from schemas import vinacles
from schemas.reading import digest
from schemas.vinacles import RawWorkorder
from tests.unit.schemas.arbitrary import json_values, raws
from tests.unit.schemas.invented import HEADER, LABOR, raw, without


def _is_same(one: object, other: object) -> bool:
    """Whether two values of JSON are written the same, so that 1, 1.0, "1" and true are four values."""
    return type(one) is type(other) and repr(one) == repr(other)


PLACES = [
    (kind, column)
    for kind, entity in zip(("header", "part", "contact"), vinacles.ENTITIES, strict=True)
    for column in entity.columns
]


@given(st.sampled_from(PLACES), json_values, json_values)
@example(("header", "Mileage"), 1, Decimal(1))
@example(("header", "Mileage"), 1, True)
@example(("header", "Mileage"), "1", 1)
@example(("header", "Make"), "\n", "\\n")
@example(("part", "Price"), Decimal("1.0"), Decimal("1.00"))
@example(("contact", "LastName"), None, "None")
def test_digests_differ_where_a_value_does(place: tuple[str, str], one: object, other: object) -> None:
    kind, column = place
    first, second = (digest(raw(**{kind: {column: value}}), "1") for value in (one, other))  # type: ignore[arg-type]  # arguments by name
    assert (first == second) == _is_same(one, other)


@given(raws)
def test_a_digest_tells_rows_that_came_once_more(rows: RawWorkorder) -> None:
    more = RawWorkorder(rows.header, (*rows.lines, LABOR), rows.contacts)
    moved = RawWorkorder(rows.header, rows.lines, (*rows.contacts, LABOR))
    assert len({digest(found, "1") for found in (rows, more, moved)}) == 3


def test_a_digest_tells_a_line_from_a_contact_even_where_neither_is_a_row() -> None:
    nothing: Any = None
    line, contact = RawWorkorder(HEADER, (nothing,), ()), RawWorkorder(HEADER, (), (nothing,))
    assert digest(line, "1") != digest(contact, "1")


@given(st.sampled_from(vinacles.LINE.columns))
def test_a_digest_tells_an_absent_column_from_an_empty_one(name: str) -> None:
    absent, null = without(LABOR, name), {**LABOR, name: None}
    assert digest(RawWorkorder(HEADER, (absent,), ()), "1") != digest(RawWorkorder(HEADER, (null,), ()), "1")
