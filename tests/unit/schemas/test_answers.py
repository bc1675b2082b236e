import json
from datetime import UTC, datetime
from uuid import UUID

from schemas.answers import StartRecord, StartState, dump_import_result, dump_start_state
from schemas.outcome import ImportResult, Outcome, Reason, Warning, WorkorderResult

ID = UUID("0b8a4c1e-7f0d-5a6b-9c3d-2e1f0a9b8c7d")


def test_an_import_result_is_plain_json() -> None:
    updated = WorkorderResult(
        Outcome.UPDATED, ID, 7001, "WO-17", None, (Warning.NO_PRICE,), ("interventions.2.total_price",)
    )
    refused = WorkorderResult(Outcome.REJECTED, reason=Reason.NO_LABOR_ITEM)
    answer = dump_import_result(ImportResult("req-7", 2, True, (updated, refused)))
    assert answer == {
        "request_id": "req-7",
        "found": 2,
        "truncated": True,
        "workorders": [
            {
                "workorder_id": str(ID),
                "dms_number": 7001,
                "wo_number": "WO-17",
                "outcome": "updated",
                "reason": None,
                "warnings": ["no_price"],
                "changed": ["interventions.2.total_price"],
                "held": [],
            },
            {
                "workorder_id": None,
                "dms_number": None,
                "wo_number": None,
                "outcome": "rejected",
                "reason": "no_labor_item",
                "warnings": [],
                "changed": [],
                "held": [],
            },
        ],
    }
    assert json.loads(json.dumps(answer)) == answer


def test_codes_are_plain_texts() -> None:
    answer = dump_import_result(ImportResult(None, 0, False, (WorkorderResult(Outcome.NOT_FOUND),)))
    workorders = answer["workorders"]
    assert isinstance(workorders, list)
    assert type(workorders[0]["outcome"]) is str


def test_a_start_state_is_plain_json() -> None:
    state = StartState(StartRecord.ALREADY_RECORDED, ID, datetime(2026, 11, 22, 8, 30, tzinfo=UTC))
    assert dump_start_state(state) == {
        "state": "already_recorded",
        "workorder_id": str(ID),
        "started_at": "2026-11-22T08:30:00+00:00",
    }
