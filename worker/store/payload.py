"""A decided page as the JSON that `statements.WRITE` reads."""

import json
from typing import Any
from uuid import UUID

from schemas.outcome import Outcome, Reason, Warning
from schemas.workorder import Contact, Workorder, workorder_id
from worker.store.pages import Accepted, Page, Refused
from worker.store.quarantine_rows import rejected_row

Rows = list[dict[str, Any]]


def payload(
    dealer_id: int, page: Page, *, record_unchanged: bool = True, children_of_new: bool = True
) -> str:
    """Seven lists of rows: `workorders`, their children, `changes`, `attempts` and `rejected`. Amounts travel
    as texts.

    Without `children_of_new` those of workorders that are to be created are left out.
    """
    rows: dict[str, Rows] = {
        name: []
        for name in ("workorders", "interventions", "parts", "contacts", "changes", "attempts", "rejected")
    }
    for item in page:
        if isinstance(item, Refused):
            _add_refused(rows, dealer_id, item)
            continue
        _add(rows, dealer_id, item, children_of_new)
        if record_unchanged or item.decision.outcome is not Outcome.UNCHANGED:
            rows["attempts"].append(_attempt(dealer_id, item))
    return json.dumps(rows, default=str, check_circular=False, separators=(",", ":"))


def _add(rows: dict[str, Rows], dealer_id: int, item: Accepted, children_of_new: bool) -> None:
    workorder = item.fetched.workorder
    key = str(workorder_id(dealer_id, workorder.dms_number))
    fetched_at = item.fetched.fetched_at.isoformat()
    action = _action(item)
    if action is None:
        return
    answer = {"action": action, "id": key, "fetched_at": fetched_at, "digest": item.fetched.digest.hex()}
    if action in ("noted", "seen"):
        rows["workorders"].append(answer | {"wo_number": workorder.wo_number})
        return
    rows["workorders"].append(answer | _header(workorder))
    if children_of_new or action != "created":
        _add_children(rows, key, workorder)
    if action == "updated":
        rows["changes"].extend(
            {"workorder_id": key, "fetched_at": fetched_at, "path": c.path, "old": c.old, "new": c.new}
            for c in item.decision.changes
        )


def _action(item: Accepted) -> str | None:
    """What `statements.WRITE` does with the workorder besides recording the attempt; None for an answer that
    is not the newest."""
    match item.decision.outcome:
        case Outcome.CREATED | Outcome.UPDATED as outcome:
            return outcome.value
        case Outcome.UNCHANGED if Warning.NEWER_ANSWER_STORED not in item.decision.warnings:
            return "noted"
        case Outcome.HELD:
            return "seen"
        case _:
            return None


def _header(workorder: Workorder) -> dict[str, Any]:
    return {
        "dms_number": workorder.dms_number,
        "wo_number": workorder.wo_number,
        "affiliate_id": workorder.affiliate_id,
        "appointment_local": workorder.appointment_local.isoformat(),
        "appointment_at": workorder.appointment_at.isoformat(),
        "mileage_km": workorder.mileage_km,
        "make": workorder.make,
        "model": workorder.model,
        "plate": workorder.plate,
        "plate_display": workorder.plate_display,
    }


def _add_children(rows: dict[str, Rows], key: str, workorder: Workorder) -> None:
    for job in workorder.interventions:
        rows["interventions"].append(
            {
                "workorder_id": key,
                "job_number": job.job_number,
                "position": job.position,
                "title": job.title,
                "labor_price": job.labor_price,
                "parts_price": job.parts_price,
                "total_price": job.total_price,
            }
        )
        rows["parts"].extend(
            {
                "workorder_id": key,
                "job_number": job.job_number,
                "line_id": part.line_id,
                "position": part.position,
                "reference_code": part.reference_code,
                "quantity": part.quantity,
                "price": part.price,
            }
            for part in job.parts
        )
    rows["contacts"].extend(_contact(key, contact) for contact in workorder.contacts)


def _contact(key: str, contact: Contact) -> dict[str, Any]:
    return {
        "workorder_id": key,
        "role": contact.role,
        "last_name": contact.last_name,
        "phone": contact.phone,
        "phone_as_written": contact.phone_as_written,
        "email": contact.email,
    }


def _attempt(dealer_id: int, item: Accepted) -> dict[str, Any]:
    workorder = item.fetched.workorder
    return {
        "workorder_id": str(workorder_id(dealer_id, workorder.dms_number)),
        "dms_number": workorder.dms_number,
        "wo_number": workorder.wo_number,
        "outcome": item.decision.outcome,
        "warnings": item.all_warnings,
        "fetched_at": item.fetched.fetched_at.isoformat(),
    }


def _add_refused(rows: dict[str, Rows], dealer_id: int, item: Refused) -> None:
    key: UUID | None = None if item.dms_number is None else workorder_id(dealer_id, item.dms_number)
    fetched_at = item.fetched_at.isoformat()
    rows["attempts"].append(
        {
            "workorder_id": key,
            "dms_number": item.dms_number,
            "wo_number": item.wo_number,
            "outcome": item.outcome,
            "reason": item.reason,
            "warnings": item.warnings,
            "fetched_at": fetched_at,
        }
    )
    if item.outcome is Outcome.REJECTED:
        rows["rejected"].append(rejected_row(key, item))
    if key is not None:
        action = "gone" if item.reason is Reason.GONE_FROM_DMS else "rejected"
        rows["workorders"].append({"action": action, "id": key, "fetched_at": fetched_at})
