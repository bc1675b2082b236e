"""A rejected workorder as the JSON that `quarantine_statements.OF_A_PAGE` reads."""

from typing import Any
from uuid import UUID

from schemas.evidence import as_json
from worker.store.pages import Refused


def rejected_row(key: UUID | None, item: Refused) -> dict[str, Any]:
    """`key` is Claire's id, which exists as soon as the DMS number can be read."""
    evidence = item.evidence
    appointment = evidence and evidence.appointment_local
    return {
        "subject": subject_of(item),
        "workorder_id": key,
        "dms_number": item.dms_number,
        "wo_number": item.wo_number,
        "appointment_local": appointment and appointment.isoformat(),
        "reason": item.reason,
        "warnings": item.warnings,
        "evidence": evidence and as_json(evidence),
        "digest": item.digest.hex(),
        "seen_at": item.fetched_at.isoformat(),
    }


def subject_of(item: Refused) -> str:
    """What a rejected workorder is known by: see `quarantine_table`."""
    if item.dms_number is not None:
        return f"workorder/{item.dms_number}"
    return f"rows/{item.digest.hex()}" if item.wo_number is None else f"number/{item.wo_number}"
