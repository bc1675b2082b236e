"""How far a bulk refresh has come: the answer to `workorders.refresh_dealer`, and its progress meanwhile."""

from dataclasses import dataclass
from datetime import datetime
from typing import cast

from marshmallow import Schema, fields


@dataclass(frozen=True, slots=True)
class BulkResult:
    """Counts are workorders. `skipped` are unknown ones that the dealer does not import in bulk; `expected`
    is how many the last finished run of its kind (over everything, or over what changed) saw, None without
    one; `eta_seconds` what is left at the pace so far."""

    run_id: int
    dealer_id: int
    state: str
    phase: str
    pages: int
    requests: int
    seen: int
    expected: int | None
    created: int
    updated: int
    unchanged: int
    held: int
    rejected: int
    skipped: int
    missing: int
    started_at: datetime
    finished_at: datetime | None
    eta_seconds: float | None
    error_code: str | None


def eta_seconds(seen: int, expected: int | None, elapsed_seconds: float) -> float | None:
    """Seconds left at the pace so far: 500 of 2,000 seen in 10 s leave 30 s. None when nobody can say."""
    if not seen or expected is None:
        return None
    return max(0, expected - seen) * elapsed_seconds / seen


def _count(description: str) -> fields.Integer:
    return fields.Integer(required=True, metadata={"description": description})


class BulkResultSchema(Schema):
    """The answer of `workorders.refresh_dealer`, and the meta data of its state PROGRESS."""

    run_id = _count("The run: one refresh of one dealer.")
    dealer_id = _count("Claire's own number of the dealer.")
    state = fields.String(required=True, metadata={"description": "waiting, running, done or failed."})
    phase = fields.String(required=True, metadata={"description": "window, known or done."})
    pages = _count("Pages stored.")
    requests = _count("HTTP requests made to the API.")
    seen = _count("Workorders read.")
    expected = fields.Integer(
        required=True,
        allow_none=True,
        metadata={"description": "Workorders that the last finished run of its kind saw."},
    )
    created = _count("Imported for the first time.")
    updated = _count("Updated from the DMS.")
    unchanged = _count("Found as they were.")
    held = _count("Kept because work has started.")
    rejected = _count("Unusable as they stand in the DMS.")
    skipped = _count("Unknown, and not imported in bulk.")
    missing = _count("No longer found in the DMS.")
    started_at = fields.AwareDateTime(format="iso", required=True)
    finished_at = fields.AwareDateTime(format="iso", required=True, allow_none=True)
    eta_seconds = fields.Float(required=True, allow_none=True)
    error_code = fields.String(
        required=True, allow_none=True, metadata={"description": "Why it failed, or what last went wrong."}
    )


_BULK_RESULT = BulkResultSchema()


def dump_bulk_result(result: BulkResult) -> dict[str, object]:
    """Plain JSON."""
    return cast("dict[str, object]", _BULK_RESULT.dump(result))
