"""What the backend receives: the answers' values dumped to plain JSON by marshmallow."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from marshmallow import EXCLUDE, Schema, fields

from schemas.outcome import ImportResult, Outcome, Reason, Sentence, Warning


class StartRecord(Sentence):
    """What `workorders.mark_started` did; asking twice is harmless."""

    RECORDED = ("recorded", "The start of the work was recorded.", "Het begin van het werk is vastgelegd.")
    ALREADY_RECORDED = (
        "already_recorded",
        "A start was recorded before; the earlier of the two moments stands.",
        "Er was al een begin vastgelegd; het vroegste van de twee telt.",
    )
    RECORDED_BEFORE_IMPORT = (
        "recorded_before_import",
        "The workorder is not imported yet; the start counts from its first import on.",
        "De werkorder is nog niet geïmporteerd; het begin telt vanaf de eerste import.",
    )


@dataclass(frozen=True, slots=True)
class StartState:
    """The answer to `workorders.mark_started`. `started_at` is the moment that stands, aware."""

    state: StartRecord
    workorder_id: UUID
    started_at: datetime


def _code(values: type[Sentence], description: str, *, allow_none: bool = False) -> fields.Enum[Any]:
    return fields.Enum(
        values,
        by_value=fields.String,
        required=True,
        allow_none=allow_none,
        metadata={"description": description},
    )


def _paths(description: str) -> fields.List[Any]:
    return fields.List(fields.String(), required=True, metadata={"description": description})


class _AnswerSchema(Schema):
    class Meta:
        # Answers may gain fields, so the published JSON Schema allows for others.
        unknown = EXCLUDE


class WorkorderResultSchema(_AnswerSchema):
    """What happened to one workorder."""

    workorder_id = fields.UUID(
        required=True, allow_none=True, metadata={"description": "Claire's id; null where nothing was found."}
    )
    dms_number = fields.Integer(
        required=True, allow_none=True, metadata={"description": "The workorder's number inside the DMS."}
    )
    wo_number = fields.String(
        required=True, allow_none=True, metadata={"description": "The workorder number that people use."}
    )
    outcome = _code(Outcome, "What happened.")
    reason = _code(Reason, "Why it was rejected or not found; null otherwise.", allow_none=True)
    warnings = fields.List(
        fields.Enum(Warning, by_value=fields.String),
        required=True,
        metadata={"description": "What a person should look at; none of these stops an import."},
    )
    changed = _paths("Names of the fields that changed, without their values.")
    held = _paths("Names of the fields that differ in the DMS and were kept because work has started.")


class ImportResultSchema(_AnswerSchema):
    """The answer of `workorders.import` and `workorders.refresh`."""

    request_id = fields.String(
        required=True, allow_none=True, metadata={"description": "As given with the request."}
    )
    found = fields.Integer(
        required=True, metadata={"description": "How many workorders of this answer the DMS has."}
    )
    truncated = fields.Boolean(
        required=True,
        metadata={"description": "True where the DMS has more matches than the newest, imported here."},
    )
    workorders = fields.List(
        fields.Nested(WorkorderResultSchema), required=True, metadata={"description": "At least one entry."}
    )


class StartStateSchema(_AnswerSchema):
    """The answer of `workorders.mark_started`."""

    state = _code(StartRecord, "What was done.")
    workorder_id = fields.UUID(required=True, metadata={"description": "Claire's id of the workorder."})
    started_at = fields.AwareDateTime(
        format="iso", required=True, metadata={"description": "The moment that stands, in ISO 8601."}
    )


_IMPORT_RESULT = ImportResultSchema()
_START_STATE = StartStateSchema()


def dump_import_result(result: ImportResult) -> dict[str, object]:
    """Plain JSON: enums as their codes, ids as text."""
    return cast("dict[str, object]", _IMPORT_RESULT.dump(result))


def dump_start_state(state: StartState) -> dict[str, object]:
    """Plain JSON: enums as their codes, ids and moments as text."""
    return cast("dict[str, object]", _START_STATE.dump(state))
