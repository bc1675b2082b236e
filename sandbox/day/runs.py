"""The day's bulk runs, on the day's clock."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime

from sandbox.day.clock import PlayedClock
from sandbox.day.group import Group


@dataclass(frozen=True, slots=True)
class BulkRun:
    """`began` and `ended` are played minutes, `seconds` real ones."""

    dealer_id: int
    began: float
    ended: float
    seconds: float
    full: bool
    seen: int
    created: int
    updated: int
    held: int
    missing: int
    requests: int


def bulk_runs(group: Group, clock: PlayedClock) -> list[BulkRun]:
    rows = group.rows("SELECT * FROM refresh_runs WHERE state = 'done' ORDER BY started_at, id")
    now, moment = datetime.now(UTC), time.monotonic()

    def minute(at: datetime) -> float:
        return clock.minute_of(moment - (now - at).total_seconds())

    return [
        BulkRun(
            row["dealer_id"],
            minute(row["started_at"]),
            minute(row["finished_at"]),
            (row["finished_at"] - row["started_at"]).total_seconds(),
            row["modified_since"] is None,
            *(row[name] for name in ("seen", "created", "updated", "held", "missing", "requests")),
        )
        for row in rows
    ]
