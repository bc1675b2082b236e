"""Attempts that failed as a whole, and a look at all of one workorder. Those that came to an outcome are
recorded by `workorders.write_page`."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, select, text

from worker.errors import ErrorCode
from worker.store.pages import Lineage
from worker.store.tables import import_attempts

_RECORD = text("""
INSERT INTO import_attempts (
    dealer_id, workorder_id, trigger, request_id, task_id, error_code, started_at, duration_ms, requests)
VALUES (:dealer_id, :workorder_id, :trigger, :request_id, :task_id, :error_code, :started_at,
    round(extract(epoch FROM clock_timestamp() - :started_at) * 1000), :requests)
""")


def record_failure(
    connection: Connection,
    dealer_id: int,
    error_code: ErrorCode,
    lineage: Lineage,
    workorder_id: UUID | None = None,
) -> None:
    """Record that an attempt ended without any outcome; `workorder_id` where a refresh asked for one."""
    connection.execute(
        _RECORD,
        {
            "dealer_id": dealer_id,
            "workorder_id": workorder_id,
            "trigger": lineage.trigger.value,
            "request_id": lineage.request_id,
            "task_id": lineage.task_id,
            "error_code": error_code.value,
            "started_at": lineage.started_at,
            "requests": lineage.requests,
        },
    )


def recent_attempts(
    connection: Connection, dealer_id: int, workorder: UUID, limit: int = 5
) -> list[Mapping[str, Any]]:
    """The last attempts at a workorder, the newest first: when, by what, and what came of it."""
    table = import_attempts.c
    query = (
        select(table.started_at, table.trigger, table.outcome, table.reason, table.error_code, table.task_id)
        .where(table.workorder_id == workorder, table.dealer_id == dealer_id)
        .order_by(table.started_at.desc(), table.id.desc())
        .limit(limit)
    )
    return [dict(row) for row in connection.execute(query).mappings()]
