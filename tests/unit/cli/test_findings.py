"""What `twodrive check` makes of what it sees."""

from datetime import UTC, datetime, timedelta

import pytest

from schemas.drift import Drift, Kind, expected_type
from schemas.openapi import compare
from schemas.vinacles import CONTACT, ENTITIES, WORKORDER
from worker.cli import findings
from worker.cli.findings import Finding, Level, worst

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def _document() -> dict[str, object]:
    schemas = {
        entity.name: {
            "type": "object",
            "properties": {column: {"type": expected_type(column)} for column in entity.columns},
        }
        for entity in ENTITIES
    }
    return {"openapi": "3.0.1", "components": {"schemas": schemas}}


def test_a_document_with_all_we_read_differs_in_nothing() -> None:
    assert compare(_document(), ENTITIES) == ()


def test_each_difference_is_named() -> None:
    document = _document()
    schemas = document["components"]["schemas"]  # type: ignore[index]  # JSON
    del schemas["WorkorderContact"]
    columns = schemas["Workorder"]["properties"]
    columns["wonummer"] = columns.pop("WONUMMER")
    columns["Mileage"] = {"type": "string"}
    columns["Make"] = {"type": "a kind of its own"}
    columns["Jan Jansen\n"] = columns["Piet Pietersen"] = None
    document["paths"] = {
        "/Workorder/Number/{Number}": {},
        "/Workorder": {},
        "/WorkorderLine/LineId/{LineId}": {},
    }
    assert compare(document, ENTITIES) == (
        Drift("Workorder", "WONUMMER", Kind.MISSING_COLUMN),
        Drift("Workorder", "Mileage", Kind.RETYPED_COLUMN, "string"),
        Drift("Workorder", "(unusual)", Kind.NEW_COLUMN),
        Drift("Workorder", "wonummer", Kind.NEW_COLUMN, "string"),
        Drift("Workorder", "WorkorderId", Kind.OTHER_KEY, "Number"),
        Drift("WorkorderContact", "", Kind.MISSING_COLUMN),
    )


@pytest.mark.parametrize("document", [{}, {"components": None}, {"components": {"schemas": {}}}])
def test_a_document_without_entities_says_nothing(document: dict[str, object]) -> None:
    assert compare(document, ENTITIES) is None


@pytest.mark.parametrize("broken", [None, [], {"properties": None}, {"properties": []}])
def test_an_entity_without_columns_lacks_them_all(broken: object) -> None:
    found = compare({"components": {"schemas": {"WorkorderContact": broken}}}, (CONTACT,))
    assert found == tuple(
        Drift("WorkorderContact", column, Kind.MISSING_COLUMN) for column in CONTACT.columns
    )


def test_columns_that_are_new_are_no_finding_until_there_are_some() -> None:
    assert findings.of_new_columns(12, ()) is None
    finding = findings.of_new_columns(12, [Drift("Workorder", "Color", Kind.NEW_COLUMN, "string")])
    assert finding is not None
    assert (finding.level, "Workorder.Color" in finding.text) == (Level.WARN, True)


@pytest.mark.parametrize(
    ("finding", "level"),
    [
        (findings.of_pause(12, paused=False), Level.OK),
        (findings.of_pause(12, paused=True), Level.WARN),
        (findings.of_addresses("name x", ("192.0.2.1",)), Level.OK),
        (findings.of_addresses("name x", ()), Level.FAIL),
        (findings.of_certificate("connection x", NOW + timedelta(days=14, seconds=1), NOW), Level.OK),
        (findings.of_certificate("connection x", NOW + timedelta(days=14, seconds=-1), NOW), Level.WARN),
        (findings.of_certificate("connection x", None, NOW), Level.OK),
        (findings.of_untrusted("connection x", "self-signed certificate"), Level.FAIL),
        (findings.of_no_connection("connection x"), Level.FAIL),
        (findings.of_version("1.7.93"), Level.OK),
        (findings.of_version(None), Level.OK),
        (findings.of_hidden_root(), Level.WARN),
        (findings.of_openapi(()), Level.OK),
        (findings.of_openapi((Drift("Workorder", "Mileage", Kind.MISSING_COLUMN),)), Level.FAIL),
        (findings.of_openapi((Drift("Workorder", "Make", Kind.RETYPED_COLUMN, "number"),)), Level.WARN),
        (findings.of_refused_columns(WORKORDER, ("Mileage",)), Level.FAIL),
        (findings.of_openapi(None), Level.WARN),
        (findings.of_probe(WORKORDER, has_rows=True), Level.OK),
        (findings.of_probe(WORKORDER, has_rows=False), Level.WARN),
        (findings.of_datetime_filter(works=True), Level.OK),
        (findings.of_datetime_filter(works=False), Level.WARN),
        (findings.of_page_size(100, given=True), Level.OK),
        (findings.of_page_size(100, given=False), Level.WARN),
        (findings.of_clock(60), Level.OK),
        (findings.of_clock(-61), Level.WARN),
        (findings.of_clock(None), Level.WARN),
        (findings.skipped("token", "name x"), Level.SKIP),
    ],
)
def test_levels(finding: Finding, level: Level) -> None:
    assert finding.level is level
    assert bool(finding.next_step) is (level in (Level.WARN, Level.FAIL)), (
        "what to do, where there is something"
    )


def test_whose_clock_is_ahead() -> None:
    assert "90 s ahead of ours" in findings.of_clock(90).text
    assert "90 s behind ours" in findings.of_clock(-90).text


def test_one_failure_makes_the_whole_fail_and_a_warning_does_not() -> None:
    good, warning = Finding(Level.OK, "a", "b"), Finding(Level.WARN, "a", "b", "c")
    assert worst([good]) is Level.OK
    assert worst([good, warning, findings.skipped("a", "b")]) is Level.WARN
    assert worst([warning, Finding(Level.FAIL, "a", "b", "c"), good]) is Level.FAIL


def test_a_document_of_countless_columns_is_not_kept_as_a_whole() -> None:
    columns = {f"Column{number}": {"type": "string"} for number in range(2_000)}
    found = compare({"components": {"schemas": {"Workorder": {"properties": columns}}}}, (WORKORDER,))
    assert found is not None
    assert sum(drift.kind is Kind.NEW_COLUMN for drift in found) == 500
