"""Runs of bulk refresh: one row each, worked on by whoever holds its lease.

A worker takes the lease, reads a few pages, and says after each, in the page's own transaction, how far it
came; then it releases the lease or finishes the run. A worker that lost its lease cannot advance, so nothing
that it read late is kept. A lease that runs out makes the run overdue (`due.overdue_runs`).

A workorder found unchanged leaves no trace of its own: that the run passed it is all that is known, by
`Run.started_at` and `Run.last_page_at`. Hence an answer asked for before an unchanged one, and stored after
it, wins if it differs; it can differ only where the DMS took a change back in between, within the few
seconds of one interactive request. The next run then finds it to differ, and stores the newer answer.
Everything that a run writes, holds or refuses is compared by its moment of asking like any import.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime, time
from typing import Any

from sqlalchemy import Connection

from worker.errors import ErrorCode
from worker.store import run_statements
from worker.store.columns import Phase, RunState
from worker.store.sql import text

#: So often may a run be taken up without coming a page further; the next time it has failed.
MAX_ATTEMPTS = 5
#: How long a run that nobody holds waits for the message that was sent for it.
RING_SECONDS = 60


@dataclass(frozen=True, slots=True)
class DueDealer:
    """A dealer whose refresh is due since `due_at`; `now` is PostgreSQL's moment."""

    dealer_id: int
    time_zone: str
    refresh_every_minutes: int
    refresh_from: time | None
    refresh_until: time | None
    due_at: datetime
    now: datetime


@dataclass(frozen=True, slots=True)
class Turn:
    """What to do about a due dealer: start a run or not, and when it is due again."""

    starts: bool
    next_at: datetime


@dataclass(frozen=True, slots=True)
class StartedRun:
    """`turn` is the one that a message may be sent for, and `unattended` says that none is under way."""

    run_id: int
    dealer_id: int
    turn: int = 0
    unattended: bool = True


@dataclass(frozen=True, slots=True)
class Window:
    """Appointments on the dealer's wall clock (naive), from `begins` until before `ends`."""

    begins: datetime
    ends: datetime


@dataclass(frozen=True, slots=True)
class Counts:
    """What became of workorders. `skipped` are unknown ones that the dealer does not import in bulk."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    held: int = 0
    rejected: int = 0
    skipped: int = 0
    missing: int = 0


@dataclass(frozen=True, slots=True)
class Progress:
    """One page: where to go on after it, and what it adds. `seen` counts the workorders read; `expected`
    replaces the total where it is known."""

    phase: Phase
    after_dms_number: int
    counts: Counts = Counts()
    requests: int = 0
    seen: int = 0
    expected: int | None = None


@dataclass(frozen=True, slots=True)
class Run:
    """A run as it stands at `now`, PostgreSQL's moment. `error_code` of an open run is what last went wrong
    since its last page. With `modified_since` it reads only what changed since that moment. `turns` were
    taken in all, `attempts` since the last page; `watchers` are tasks that want to know its end."""

    run_id: int
    dealer_id: int
    state: RunState
    phase: Phase
    after_dms_number: int
    modified_since: datetime | None
    window: Window
    started_at: datetime
    finished_at: datetime | None
    last_page_at: datetime | None
    lease_until: datetime | None
    lease_owner: str | None
    attempts: int
    pages: int
    requests: int
    counts: Counts
    seen: int
    expected: int | None
    error_code: str | None
    turns: int
    watchers: Sequence[str]
    now: datetime


_COUNTED = tuple(field.name for field in fields(Counts))
_OWN = tuple(
    field.name for field in fields(Run) if field.name not in ("run_id", "state", "phase", "window", "counts")
)


def take_lease(
    connection: Connection,
    run_id: int,
    owner: str,
    seconds: float,
    turn: int | None = None,
    dead: Sequence[str] = (),
) -> Run | None:
    """Hold a run for `seconds`, None when somebody else does or it has ended, or when `turn` is over.

    `owner` names this one taking: two deliveries of a message need two. A lease whose owner begins with one
    of `dead` holds nobody out. A run taken `MAX_ATTEMPTS` times without a page fails here, with the error of
    its last release, or `worker_lost` where it was never released.
    """
    row = (
        connection.execute(
            text(run_statements.TAKE_LEASE),
            {
                "run_id": run_id,
                "owner": owner,
                "seconds": seconds,
                "max_attempts": MAX_ATTEMPTS,
                "turn": turn,
                "dead": list(dead),
            },
        )
        .mappings()
        .one_or_none()
    )
    run = None if row is None else _run(row)
    return run if run is not None and run.state is RunState.RUNNING else None


def advance(connection: Connection, run_id: int, owner: str, progress: Progress) -> bool:
    """Record a page, in the page's own transaction. False when the lease is lost: roll the page back."""
    parameters = {
        "run_id": run_id,
        "owner": owner,
        "phase": progress.phase.value,
        "after_dms_number": progress.after_dms_number,
        "requests": progress.requests,
        "seen": progress.seen,
        "expected": progress.expected,
        **asdict(progress.counts),
    }
    return connection.execute(text(run_statements.ADVANCE), parameters).rowcount == 1


def release(
    connection: Connection,
    run_id: int,
    owner: str,
    error_code: ErrorCode | None = None,
    ring_seconds: float = RING_SECONDS,
) -> bool:
    """Leave the run to whoever comes next; False when the lease was lost already.

    The run becomes overdue after `ring_seconds`, time for the message that is sent for it, or a pause after
    an error when none is sent.
    """
    parameters = {"run_id": run_id, "owner": owner, "error_code": error_code, "ring_seconds": ring_seconds}
    return connection.execute(text(run_statements.RELEASE), parameters).rowcount == 1


def put_off(connection: Connection, run_id: int, owner: str, ring_at: datetime, least: float = 0) -> bool:
    """Leave the run until its dealer's circuit may be probed, in any case for `least` seconds, and forget
    that it was taken up; False when the lease was lost already."""
    parameters = {"run_id": run_id, "owner": owner, "ring_at": ring_at, "ring_seconds": least}
    return connection.execute(text(run_statements.PUT_OFF), parameters).rowcount == 1


def finish(
    connection: Connection,
    run_id: int,
    owner: str,
    state: RunState,
    error_code: ErrorCode | None = None,
) -> bool:
    """End the run, `DONE` or `FAILED` with its error; False, and nothing done, when the lease was lost."""
    parameters = {"run_id": run_id, "owner": owner, "state": state.value, "error_code": error_code}
    return connection.execute(text(run_statements.FINISH), parameters).rowcount == 1


def run_state(connection: Connection, run_id: int) -> Run | None:
    row = connection.execute(text(run_statements.ONE_RUN), {"run_id": run_id}).mappings().one_or_none()
    return None if row is None else _run(row)


def on_a_new_day(connection: Connection, run_id: int) -> bool:
    """Whether the last run of the dealer that came to its end began on an earlier day (UTC)."""
    return bool(connection.execute(text(run_statements.ON_A_NEW_DAY), {"run_id": run_id}).scalar())


def pause_seconds(attempts: int) -> float:
    """How long a run rests after so many attempts without a page: 60, 120, 240, 480 s."""
    return float(RING_SECONDS * 2 ** (max(attempts, 1) - 1))


def open_runs(connection: Connection) -> list[Run]:
    """All runs that wait or are worked on, the longest first."""
    return [_run(row) for row in connection.execute(text(run_statements.OPEN_RUNS)).mappings()]


def recent_runs(connection: Connection, dealer_id: int, limit: int) -> list[Run]:
    """A dealer's runs, the newest first."""
    parameters = {"dealer_id": dealer_id, "limit": limit}
    return [_run(row) for row in connection.execute(text(run_statements.RECENT_RUNS), parameters).mappings()]


def _run(row: Mapping[Any, Any]) -> Run:
    return Run(
        run_id=row["id"],
        state=RunState(row["state"]),
        phase=Phase(row["phase"]),
        window=Window(row["window_from"], row["window_until"]),
        counts=Counts(**{name: row[name] for name in _COUNTED}),
        **{name: row[name] for name in _OWN},
    )
