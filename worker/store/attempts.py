"""Attempts that failed as a whole. Those that came to an outcome are recorded by `workorders.write_page`."""

from uuid import UUID

from sqlalchemy import Connection, text

from worker.errors import ErrorCode
from worker.store.pages import Lineage

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
