"""What is read before and written after deciding about a page of workorders."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from schemas.decision import Decision, Fetched, Stored
from schemas.evidence import Evidence
from schemas.outcome import Outcome, Reason, Warning
from worker.store.tables import Trigger


@dataclass(frozen=True, slots=True)
class LockedPage:
    """What Claire has of a page, by DMS number, locked until the transaction ends."""

    keep_importing: bool
    stored: Mapping[int, Stored]


@dataclass(frozen=True, slots=True)
class Accepted:
    """A usable workorder and what was decided about it. `warnings` are those of its reading; those of the
    decision are recorded as well."""

    fetched: Fetched
    decision: Decision
    warnings: tuple[Warning, ...] = ()

    @property
    def outcome(self) -> Outcome:
        return self.decision.outcome

    @property
    def all_warnings(self) -> tuple[Warning, ...]:
        return self.warnings + self.decision.warnings


@dataclass(frozen=True, slots=True)
class Refused:
    """No workorder to store: `outcome` is `rejected` or `not_found`. Without a DMS number, nothing was found.
    A rejected one goes to quarantine with its rows' `digest` and `evidence`."""

    outcome: Outcome
    reason: Reason
    fetched_at: datetime
    dms_number: int | None = None
    wo_number: str | None = None
    warnings: tuple[Warning, ...] = ()
    digest: bytes = b""
    evidence: Evidence | None = None


PageItem = Accepted | Refused
Page = Sequence[PageItem]


@dataclass(frozen=True, slots=True)
class Lineage:
    """Where a page comes from. `started_at` is when the attempt began, on PostgreSQL's clock; `requests`
    counts the HTTP requests made for it. `task_id` is None without a queue."""

    trigger: Trigger
    started_at: datetime
    requests: int
    worker_version: str
    request_id: str | None = None
    task_id: str | None = None
