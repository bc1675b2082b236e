"""What the policy looks at and what it says: values that `worker.policy` and `worker.store` share."""

from dataclasses import dataclass
from datetime import datetime

from schemas.outcome import Outcome, Warning
from schemas.workorder import Workorder


@dataclass(frozen=True, slots=True)
class Fetched:
    """An accepted answer of Vinacles. `fetched_at` is when its request started, on PostgreSQL's clock;
    `digest` identifies the raw answer together with everything that shaped its reading."""

    workorder: Workorder
    digest: bytes
    fetched_at: datetime


@dataclass(frozen=True, slots=True)
class Stored:
    """What Claire has. `fetched_at` is the newest answer ever considered for it, stored or found unchanged.

    `workorder` may be None only where `digest` already equals the fetched one: then nobody looks at it.
    """

    workorder: Workorder | None
    digest: bytes
    fetched_at: datetime
    work_started_at: datetime | None


@dataclass(frozen=True, slots=True)
class Change:
    """One field that differs. `path` uses DMS numbers (`interventions.2.total_price`); `old` and `new` are
    texts, and None for contacts' fields: no copy of personal data is kept in the history."""

    path: str
    old: str | None
    new: str | None


@dataclass(frozen=True, slots=True)
class Decision:
    """`changes` are the differing fields: taken over when `updated`, kept back when `held`."""

    outcome: Outcome
    changes: tuple[Change, ...] = ()
    warnings: tuple[Warning, ...] = ()
