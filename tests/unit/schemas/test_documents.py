"""The documents for the backend are current, and real messages and answers fit them."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from jsonschema import Draft202012Validator

from docs.generate import SCHEMAS, documents, json_schema, main
from schemas.answers import StartRecord, StartState, dump_import_result, dump_start_state
from schemas.outcome import ImportResult, Outcome, Reason, Warning, WorkorderResult

ID = UUID("0b8a4c1e-7f0d-5a6b-9c3d-2e1f0a9b8c7d")
REFRESH = {"dealer_id": 12, "workorder_id": str(ID)}

VALID: list[tuple[str, dict[str, Any]]] = [
    ("workorders.import", {"dealer_id": 12, "search": "AB-12-CD"}),
    ("workorders.import", {"dealer_id": 12, "search": "AB-12-CD", "request_id": None}),
    ("workorders.refresh", {**REFRESH, "request_id": "req-7f3a"}),
    ("workorders.mark_started", {**REFRESH, "started_at": "2026-11-22T09:30:00+01:00"}),
    *(
        (
            "import-result",
            dump_import_result(
                ImportResult(None, 1, False, (WorkorderResult(outcome, ID, 7, "17", reason, tuple(Warning)),))
            ),
        )
        for outcome in Outcome
        for reason in (None, *Reason)
    ),
    *(
        ("start-state", dump_start_state(StartState(state, ID, datetime(2026, 11, 22, tzinfo=UTC))))
        for state in StartRecord
    ),
]
INVALID: list[tuple[str, dict[str, Any]]] = [
    ("workorders.import", {"dealer_id": 12}),
    ("workorders.import", {"dealer_id": 0, "search": "x"}),
    ("workorders.import", {"dealer_id": 12, "search": "x", "request_id": "a b"}),
    ("workorders.refresh", {**REFRESH, "search": "x"}),
    ("workorders.mark_started", REFRESH),
    ("import-result", {"request_id": None, "found": 1, "truncated": False, "workorders": [{}]}),
    ("start-state", {"state": "maybe", "workorder_id": str(ID), "started_at": "2026-11-22T00:00:00Z"}),
]


def validator(name: str) -> Draft202012Validator:
    schema = json_schema(name, SCHEMAS[name])
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


@pytest.mark.parametrize(("path", "text"), [(path, text) for path, text in documents().items()])
def test_documents_are_current(path: Path, text: str) -> None:
    assert path.read_text("utf-8") == text, "run: python docs/generate.py"


def test_there_is_no_document_left_over() -> None:
    generated = {path for path in documents() if path.parent.name == "schemas"}
    assert set(next(iter(generated)).parent.iterdir()) == generated


def test_the_command_says_whether_they_are_current() -> None:
    assert main(["--check"]) == 0


@pytest.mark.parametrize(("name", "example"), VALID)
def test_real_messages_and_answers_fit(name: str, example: dict[str, Any]) -> None:
    validator(name).validate(example)


@pytest.mark.parametrize(("name", "example"), INVALID)
def test_wrong_ones_do_not(name: str, example: dict[str, Any]) -> None:
    assert not validator(name).is_valid(example)
