"""Differences from the mapping: what is told, and that no value ever is."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.drift import (
    UNUSUAL,
    Drift,
    Kind,
    expected_type,
    of_fields,
    of_line_types,
    of_row,
    of_sample,
    of_workorder,
)
from schemas.vinacles import CONTACT, ENTITIES, LINE, WORKORDER, Entity, RawWorkorder

_VALUES: dict[str, Any] = {"number": 7, "string": "canary"}


def _row(entity: Entity, **changes: object) -> dict[str, object]:
    return {column: _VALUES[expected_type(column)] for column in entity.columns} | changes


def _line(**changes: object) -> dict[str, object]:
    return _row(LINE, **{"LineType": "Labor", **changes})


def _raw(*lines: dict[str, object], **header: object) -> RawWorkorder:
    return RawWorkorder(_row(WORKORDER, **header), lines, (_row(CONTACT),))


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({}, []),
        ({"Price": Decimal("1.50"), "Quantity": None, "Description": None}, []),
        ({"Price": "1.50"}, [("Price", Kind.RETYPED_COLUMN, "string")]),
        ({"Price": True}, [("Price", Kind.RETYPED_COLUMN, "boolean")]),
        ({"Price": [1]}, [("Price", Kind.RETYPED_COLUMN, "array")]),
        ({"Description": {"nl": "canary"}}, [("Description", Kind.RETYPED_COLUMN, "object")]),
        ({"Vat": Decimal(21)}, [("Vat", Kind.NEW_COLUMN, "number")]),
        ({"Vat": None}, [("Vat", Kind.NEW_COLUMN, "")]),
        ({"Jan Jansen": 1}, [(UNUSUAL, Kind.NEW_COLUMN, "number")]),
        ({"LineId": "7"}, [("LineId", Kind.RETYPED_COLUMN, "string")]),
    ],
)
def test_a_row(changes: dict[str, object], found: list[tuple[str, Kind, str]]) -> None:
    assert of_row(LINE, _line(**changes)) == {Drift("WorkorderLine", *one) for one in found}


def test_a_column_that_is_not_there() -> None:
    row = _row(WORKORDER)
    del row["Mileage"]
    [drift] = of_row(WORKORDER, row)
    assert (drift, drift.words) == (
        Drift("Workorder", "Mileage", Kind.MISSING_COLUMN),
        "Workorder.Mileage: is missing",
    )
    assert len(of_row(WORKORDER, "no object")) == len(WORKORDER.columns)


@pytest.mark.parametrize(
    ("texts", "names"),
    [
        (["Labor", " PART ", "arbeid", "", "  "], set()),
        (["Sublet", "sublet ", "Labor"], {"Sublet", "sublet"}),
        (["Jan Jansen, Dorpsstraat 1"], {UNUSUAL}),
        (["a", "b", "c", "d", "e", "f"], {UNUSUAL}),
        ([None, 7, ["Sublet"]], set()),
    ],
)
def test_line_types(texts: list[object], names: set[str]) -> None:
    raws = [_raw(_line(LineType=text)) for text in texts]
    assert {drift.found for drift in of_line_types(raws)} == names


def test_a_sample_is_of_both_ends_and_fields_are_looked_at_everywhere() -> None:
    raws = [_raw(_line()), _raw(_line(), _line(Price="1")), _raw(_line())]
    price = Drift("WorkorderLine", "Price", Kind.RETYPED_COLUMN, "string")
    assert of_sample(raws) == frozenset()
    assert of_sample([*raws, _raw(_line(Price="1"))]) == {price}
    assert of_workorder(raws[1]) == {price}
    assert of_fields(["WorkorderLine.Price"], raws) == {price}
    assert of_fields(["WorkorderLine.Quantity", "Workorder.Mileage"], raws) == frozenset()
    assert of_fields([], raws) == of_sample([]) == frozenset()


def test_line_types_are_a_field_too() -> None:
    raws = [_raw(_line(LineType="Sublet"))]
    assert of_fields(["WorkorderLine.LineType"], raws) == {
        Drift("WorkorderLine", "LineType", Kind.NEW_LINE_TYPE, "Sublet")
    }


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.decimals() | st.text(),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(), inner, max_size=2),
    max_leaves=4,
)


@given(st.sampled_from(ENTITIES), st.data())
def test_what_is_told_depends_on_names_and_types_alone(entity: Entity, data: st.DataObject) -> None:
    names = st.sampled_from(entity.columns) | st.text()
    row = data.draw(st.dictionaries(names, _JSON))
    told = of_row(entity, row)
    other = {name: type(value)() if value is not None else None for name, value in row.items()}
    assert told == of_row(entity, other)
    absent = {drift.column for drift in told if drift.kind is Kind.MISSING_COLUMN}
    assert absent == set(entity.columns) - set(row)
    for drift in told:
        assert drift.column in entity.columns or drift.kind is Kind.NEW_COLUMN
        assert drift.found in {"number", "string", "boolean", "array", "object", ""}


@given(st.lists(st.text(), max_size=4))
def test_a_line_type_is_told_only_as_one_short_word(texts: list[str]) -> None:
    for drift in of_line_types([_raw(_line(LineType=text)) for text in texts]):
        assert drift.found == UNUSUAL or (drift.found.isascii() and drift.found.isalpha())
