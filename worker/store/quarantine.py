"""Quarantine: what could not be imported, who is in it and who leaves it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from schemas.outcome import Reason
from worker.errors import ErrorCode
from worker.store import quarantine_statements as statements
from worker.store.pages import Lineage
from worker.store.sql import text

#: Why a workorder can be rejected; the other reasons answer a question that found none.
REJECTIONS = tuple(
    reason
    for reason in Reason
    if reason not in (Reason.NO_MATCH, Reason.NOT_SEARCHABLE, Reason.GONE_FROM_DMS)
)


@dataclass(frozen=True, slots=True)
class Case:
    """One row, as it is shown. `subject` names it within the dealer; a `reason` stands for a rejected
    workorder, an `error_code` for a failure. `evidence` is that of `schemas.evidence.as_json`."""

    dealer_id: int
    subject: str
    workorder_id: UUID | None
    dms_number: int | None
    wo_number: str | None
    reason: str | None
    error_code: str | None
    warnings: Sequence[str]
    evidence: Mapping[str, Any] | None
    trigger: str
    task_id: str | None
    request_id: str | None
    since: datetime
    last_seen_at: datetime
    times: int
    discarded_at: datetime | None

    @property
    def why(self) -> str:
        return self.reason or self.error_code or ""


@dataclass(frozen=True, slots=True)
class Choice:
    """Which rows: of a dealer, or of all; `named` by subject, DMS or WO number; `why` by reason or error
    code; in quarantine for at least `age`. Those that were discarded only where asked for."""

    dealer_id: int | None = None
    named: str | None = None
    why: str | None = None
    age: timedelta | None = None
    discarded: bool = False


@dataclass(frozen=True, slots=True)
class Quarantined:
    """The digest of the rows that were rejected, and why. Of a failure the digest is empty, which no answer's
    is, and there is no reason."""

    digest: bytes
    reason: Reason | None


_REASONS = {reason.value: reason for reason in Reason}
_SHOWN = tuple(field.name for field in fields(Case))


def chosen(connection: Connection, choice: Choice) -> list[Case]:
    """By dealer, those in quarantine for the longest first."""
    parameters = {
        "dealer_id": choice.dealer_id,
        "named": choice.named,
        "why": choice.why,
        "seconds": None if choice.age is None else choice.age.total_seconds(),
        "discarded": choice.discarded,
    }
    rows = connection.execute(text(statements.CHOSEN), parameters).mappings()
    return [Case(**{name: row[name] for name in _SHOWN}) for row in rows]


def discard(connection: Connection, dealer_id: int, subjects: Collection[str]) -> int:
    """Silence rejected workorders until their rows change, and forget failures; returns how many."""
    parameters = {"dealer_id": dealer_id, "subjects": list(subjects)}
    return int(connection.execute(text(statements.DISCARD), parameters).scalar_one())


def quarantined(
    connection: Connection, dealer_id: int, dms_numbers: Collection[int]
) -> dict[int, Quarantined]:
    """Those of these workorders that are in quarantine, by number. Nothing is locked."""
    parameters = {"dealer_id": dealer_id, "numbers": list(dms_numbers)}
    rows = connection.execute(text(statements.DIGESTS), parameters)
    return {row.dms_number: Quarantined(bytes(row.digest), _REASONS.get(row.reason)) for row in rows}


def list_failure(
    connection: Connection,
    dealer_id: int,
    code: ErrorCode,
    lineage: Lineage,
    workorder: UUID | None = None,
) -> None:
    """Put in quarantine what ended in failure: the workorder that was asked for, where Claire has it, or that
    searches fail so. Nothing is done for a dealer that is not there."""
    parameters = {
        "dealer_id": dealer_id,
        "subject": f"{lineage.trigger.value}/{code.value}",
        "workorder_id": workorder,
        "error_code": code.value,
        "trigger": lineage.trigger.value,
        "task_id": lineage.task_id,
        "request_id": lineage.request_id,
        "seen_at": lineage.started_at,
    }
    connection.execute(text(statements.LIST_FAILURE), parameters)


def list_failed_run(connection: Connection, run_id: int, task_id: str | None) -> None:
    """Put in quarantine that a dealer's bulk refresh failed, unless a later one did not."""
    connection.execute(text(statements.LIST_FAILED_RUN), {"run_id": run_id, "task_id": task_id})


def list_lost_request(connection: Connection, request_id: int) -> None:
    """Put in quarantine that a row of `import_requests` ended its process each time: the workorder that was
    to be refreshed, where Claire has it, or that searches end so."""
    connection.execute(text(statements.LIST_LOST_REQUEST), {"id": request_id})


def run_done(connection: Connection, dealer_id: int) -> None:
    """A run came to its end, so that an earlier one's failure is over."""
    connection.execute(text(statements.RUN_DONE), {"dealer_id": dealer_id})
