"""The filter: what it understands and how it refuses the rest."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.simulator.grammar import parse_filter
from sandbox.simulator.nodes import ColumnRef, Comparison, Literal, Logical, Not, Predicate
from sandbox.simulator.refusals import Refusal
from sandbox.simulator.tables import WORKORDER, Kind

NOT_WELL_FORMED = "$filter query parameter is not well formed."


def parse(text: str) -> Predicate:
    return parse_filter(text, WORKORDER)


def literal(text: str) -> Literal:
    node = parse(text)
    assert isinstance(node, Comparison)
    assert isinstance(node.right, Literal)
    return node.right


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("WONUMMER eq 'O''Brien'", Kind.STRING, "O'Brien"),
        ("WONUMMER eq ''", Kind.STRING, ""),
        ("WONUMMER eq ''''", Kind.STRING, "'"),
        ("WorkorderId eq -5", Kind.INTEGER, -5),
        ("WorkorderId eq 9007199254740991", Kind.INTEGER, 2**53 - 1),
        ("Mileage gt 12.50", Kind.DECIMAL, 12.5),
        ("AppointmentDate ge 2026-11-22T00:00:00Z", Kind.DATETIME, "2026-11-22T00:00:00"),
        ("AppointmentDate ge 2026-11-22T09:30:00+01:00", Kind.DATETIME, "2026-11-22T09:30:00"),
        ("AppointmentDate ge 2026-11-22T09:30:00.987Z", Kind.DATETIME, "2026-11-22T09:30:00"),
        ("Mileage eq null", None, None),
    ],
)
def test_literals(text: str, kind: Kind | None, value: object) -> None:
    assert literal(text) == Literal(kind, value)  # type: ignore[arg-type]  # drawn by kind


def test_and_binds_tighter_than_or() -> None:
    node = parse("WorkorderId eq 1 or WorkorderId eq 2 and Mileage eq 3")
    assert isinstance(node, Logical)
    assert node.operator == "or"
    assert isinstance(node.terms[1], Logical)


def test_parentheses_and_not() -> None:
    node = parse("not (WorkorderId eq 1 or WorkorderId eq 2)")
    assert isinstance(node, Not)
    assert isinstance(node.term, Logical)


def test_a_literal_may_stand_on_the_left() -> None:
    node = parse("5 le WorkorderId")
    assert isinstance(node, Comparison)
    assert isinstance(node.right, ColumnRef)


@pytest.mark.parametrize(
    "text",
    [
        "startswith(WONUMMER, 'W')",
        "contains(WONUMMER, 'W')",
        "year(AppointmentDate) eq 2026",
        "WorkorderId in (1, 2)",
        "WorkorderId add 1 eq 2",
        "WorkorderId",
        "(WorkorderId eq 1) eq true",
    ],
)
def test_the_rest_of_odata_is_not_well_formed(text: str) -> None:
    with pytest.raises(Refusal, match="is not well formed") as caught:
        parse(text)
    assert (caught.value.status, caught.value.code, caught.value.message) == (
        400,
        "BadRequest",
        NOT_WELL_FORMED,
    )


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("WorkorderId eq '5'", "incompatible types"),
        ("WONUMMER eq 5", "incompatible types"),
        ("AppointmentDate eq '2026-11-22T00:00:00Z'", "incompatible types"),
        ("AppointmentDate gt 2026-11-22T00:00:00", "Syntax error"),
        ("AppointmentDate gt 2026-11-22", "Syntax error"),
        ("AppointmentDate gt 2026-13-45T00:00:00Z", "Unrecognized"),
        ("wonummer eq 'x'", "Could not find a property named 'wonummer'"),
        ("WorkorderId EQ 5", "Syntax error"),
        ("WorkorderId eq 5 OR WorkorderId eq 6", "Syntax error"),
        ("not WONUMMER eq 'x'", "unary operator"),
        ("WONUMMER eq 'O'Brien'", "Syntax error|unterminated"),
        ("WONUMMER eq 'x", "unterminated string literal"),
        ("(WorkorderId eq 5", "Syntax error"),
        ("WorkorderId eq 5)", "Syntax error"),
        ("WorkorderId eq", "Expression expected"),
        ("", "Expression expected"),
        ("WorkorderId eq 5; drop table Workorder", "Syntax error"),
        ("(" * 500 + "WorkorderId eq 5" + ")" * 500, "Recursion depth"),
    ],
)
def test_refusals_say_what_is_wrong(text: str, says: str) -> None:
    with pytest.raises(Refusal, match=says) as caught:
        parse(text)
    assert (caught.value.status, caught.value.code) == (400, "BadRequest")


@given(st.text())
def test_a_quoted_text_is_only_ever_a_literal(text: str) -> None:
    quoted = "'" + text.replace("'", "''") + "'"
    assert literal(f"WONUMMER eq {quoted}").value == text


@given(
    st.lists(
        st.sampled_from(
            [
                "WorkorderId",
                "WONUMMER",
                "eq",
                "or",
                "and",
                "not",
                "(",
                ")",
                "'x'",
                "'",
                "5",
                "null",
                "in",
                ",",
            ]
        )
        | st.text(max_size=4)
    )
)
def test_anything_is_understood_or_refused_with_400(words: list[str]) -> None:
    try:
        parse(" ".join(words))
        status = 200
    except Refusal as refusal:
        status = refusal.status
    assert status in (200, 400)
