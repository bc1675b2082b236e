"""Rows of `statements.DETAILS_…` as values."""

import json
from collections import defaultdict
from decimal import Decimal
from typing import Any

from sqlalchemy import RowMapping

from schemas.decision import Stored
from schemas.workorder import Contact, Intervention, Part, Role, Workorder


def stored_of(row: RowMapping) -> Stored:
    considered_at = row["considered_at"]
    return Stored(
        workorder=_workorder(row),
        digest=bytes(row["source_digest"]),
        fetched_at=row["fetched_at"] if considered_at is None else max(row["fetched_at"], considered_at),
        work_started_at=row["work_started_at"],
    )


def _workorder(row: RowMapping) -> Workorder:
    return Workorder(
        dms_number=row["dms_number"],
        wo_number=row["wo_number"],
        affiliate_id=row["affiliate_id"],
        appointment_local=row["appointment_local"],
        appointment_at=row["appointment_at"],
        mileage_km=row["mileage_km"],
        make=row["make"],
        model=row["model"],
        plate=row["plate"],
        plate_display=row["plate_display"],
        interventions=_interventions(_rows(row["interventions"]), _rows(row["parts"])),
        contacts=tuple(_contact(contact) for contact in _rows(row["contacts"])),
    )


def _interventions(
    interventions: list[dict[str, Any]], parts: list[dict[str, Any]]
) -> tuple[Intervention, ...]:
    parts_of_job: dict[int, list[Part]] = defaultdict(list)
    for part in parts:
        parts_of_job[part.pop("job_number")].append(Part(**part))
    return tuple(Intervention(**job, parts=tuple(parts_of_job[job["job_number"]])) for job in interventions)


def _contact(row: dict[str, Any]) -> Contact:
    return Contact(**row | {"role": Role(row["role"])})


def _rows(text: str | None) -> list[dict[str, Any]]:
    """Amounts have a decimal point in PostgreSQL's JSON and never pass through a float."""
    return [] if text is None else json.loads(text, parse_float=Decimal)
