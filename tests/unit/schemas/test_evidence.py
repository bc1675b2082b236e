"""Evidence tells where a workorder is unusable and how its values look, and never a value."""

import json
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import vinacles
from schemas.evidence import MOST_FINDINGS, as_json, evidence_of, pattern
from schemas.reading import Rejected, read_workorder
from schemas.vinacles import RawWorkorder
from tests.unit.schemas.arbitrary import raws
from tests.unit.schemas.invented import BRANCH, CONTACT, HEADER, LABOR, raw, without


@pytest.mark.parametrize(
    ("rows", "findings"),
    [
        (
            raw(labor={"Price": "14,50a"}),
            [{"json_type": "string", "length": 6, "pattern": "99,99x", "row": 1, "line_id": 11}],
        ),
        (raw(labor={"Price": [1, 2]}), [{"json_type": "array", "length": 2, "column": "Price"}]),
        (raw(labor={"Price": Decimal("1E+12")}), [{"json_type": "number", "pattern": "9x+99"}]),
        (raw(labor={"LineId": 7 * 10**5000}), [{"json_type": "number", "pattern": "9" * 40 + "…"}]),
        (raw(labor={"JobNumber": True}), [{"column": "JobNumber", "json_type": "boolean"}]),
        (raw(labor={"WorkorderId": 7002}), [{"column": "WorkorderId", "pattern": "9999", "row": 1}]),
        (raw({"WONUMMER": " "}), [{"reason": "no_wo_number", "entity": "Workorder", "column": "WONUMMER"}]),
        (
            RawWorkorder(without(HEADER, "AppointmentDate"), (LABOR,), ()),
            [{"reason": "no_appointment_date", "column": "AppointmentDate", "json_type": "missing"}],
        ),
        (
            raw(labor={"LineType": "Arbied"}),
            [
                {"reason": "no_labor_item", "column": "LineType", "entity": "WorkorderLine"},
                {"reason": "no_labor_item", "column": "LineType", "line_id": 11, "pattern": "xxxxxx"},
            ],
        ),
        (
            raw(labor={"Price": Decimal("9999999999")}, part={"Price": Decimal("9999999999")}),
            [{"reason": "prices_too_large", "column": "Price", "job_number": 1}],
        ),
        (
            raw({"AppointmentDate": "soon"}, {"Price": {}}),
            [{"reason": "unreadable_appointment_date"}, {"reason": "unreadable_price"}],
        ),
        (
            raw({"WONUMMER": None}, {"JobNumber": True}),
            [{"reason": "unreadable_number", "row": 1}, {"reason": "no_wo_number"}],
        ),
    ],
)
def test_findings(rows: RawWorkorder, findings: list[dict[str, Any]]) -> None:
    found = as_json(evidence_of(rows))["findings"]
    assert [{name: each.get(name) for name in wanted} for each, wanted in _pairs(found, findings)] == findings


def test_a_repeated_line_that_was_replaced_is_no_cause() -> None:
    rows = RawWorkorder(HEADER, ({**LABOR, "Price": "?"}, LABOR), ())
    assert evidence_of(rows).findings == ()


def test_many_findings_are_counted_and_not_all_kept() -> None:
    lines = tuple({**LABOR, "LineId": 100 + n, "Price": "?"} for n in range(MOST_FINDINGS + 5))
    evidence = evidence_of(raw(lines=lines))
    assert (len(evidence.findings), evidence.left_out, evidence.lines) == (MOST_FINDINGS, 5, len(lines) + 2)


def test_a_long_text_has_a_short_pattern() -> None:
    assert pattern("A1 é_" + "b" * 100) == "x9 x?" + "x" * 35 + "…"


@given(raws)
def test_whatever_is_rejected_has_its_reason_first_and_nothing_else_has_any(rows: RawWorkorder) -> None:
    outcome, evidence = read_workorder(rows, BRANCH), evidence_of(rows)
    if isinstance(outcome, Rejected):
        assert evidence.findings[0].reason is outcome.reason
    else:
        assert evidence.findings == ()
    json.dumps(as_json(evidence), allow_nan=False)


#: Recognizable in whatever they are put into; a pattern has neither Q nor 7 in it.
canaries = st.text("Qq7", min_size=4, max_size=12).map(lambda text: f"Q7{text}") | st.sampled_from(
    ["06-77777777", "77-QQ-77", "q@QQ.example", "7777,77Q", "7777-77-77T77:77"]
)
wrapped = canaries | canaries.map(lambda text: [text]) | canaries.map(lambda text: {text: text})


def _rows(columns: Iterable[str]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=dict.fromkeys(columns, wrapped | st.just(777_777_777.5)))


@given(
    _rows(vinacles.WORKORDER.columns),
    st.lists(_rows(vinacles.LINE.columns), max_size=3),
    st.lists(_rows(vinacles.CONTACT.columns), max_size=3),
)
def test_no_value_shows(
    header: dict[str, Any], lines: list[dict[str, Any]], contacts: list[dict[str, Any]]
) -> None:
    whole = [{**LABOR, **line, "LineId": 1 + n} for n, line in enumerate(lines)]
    told = as_json(evidence_of(RawWorkorder({**HEADER, **header}, (*whole, *lines), tuple(contacts))))
    for finding in told["findings"]:
        assert finding["entity"] != vinacles.CONTACT.name
        shown = f"{finding.get('pattern')}{finding.get('json_type')}{finding.get('reason')}"
        assert not set(shown) & set("Q7")
    assert "Q" not in json.dumps(told)


def test_contacts_are_never_told_of() -> None:
    spoiled = raw({"WONUMMER": None}, contact={**dict.fromkeys(CONTACT, "06-12"), "Role": "Mister X"})
    assert {finding.entity for finding in evidence_of(spoiled).findings} == {"Workorder"}


def _pairs(found: list[Any], wanted: list[Any]) -> Iterable[tuple[Any, Any]]:
    return zip(found, wanted, strict=True)
