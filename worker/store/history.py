"""What became of a workorder: its attempts and, field by field, what they changed."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, TextClause, text

_ATTEMPTS = text("""
SELECT started_at, trigger, outcome, reason, error_code, warnings, request_id, task_id, duration_ms, requests
FROM import_attempts WHERE dealer_id = :dealer_id AND workorder_id = :workorder_id
ORDER BY started_at DESC, id DESC LIMIT :most
""")
_CHANGES = text("""
SELECT c.changed_at, c.path, c.old, c.new FROM workorder_changes c
JOIN workorders w ON w.id = c.workorder_id AND w.dealer_id = :dealer_id
WHERE c.workorder_id = :workorder_id ORDER BY c.changed_at DESC, c.id DESC LIMIT :most
""")

Row = Mapping[str, Any]


def attempts(connection: Connection, dealer_id: int, workorder_id: UUID, most: int) -> list[Row]:
    """The newest attempts first. Bulk refreshes that found nothing changed leave none."""
    return _rows(connection, _ATTEMPTS, dealer_id, workorder_id, most)


def changes(connection: Connection, dealer_id: int, workorder_id: UUID, most: int) -> list[Row]:
    """The newest changes first; of contacts only that they changed is known."""
    return _rows(connection, _CHANGES, dealer_id, workorder_id, most)


def _rows(
    connection: Connection, query: TextClause, dealer_id: int, workorder_id: UUID, most: int
) -> list[Row]:
    parameters = {"dealer_id": dealer_id, "workorder_id": workorder_id, "most": most}
    return [dict(row) for row in connection.execute(query, parameters).mappings()]
