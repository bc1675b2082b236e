"""That work on a workorder has started: said by Claire, never by an import."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import Connection, text

from worker.store.failures import unknown_dealer
from worker.store.statements import OWN_DEALER


class StartState(StrEnum):
    """What came of reporting a start. `before_import`: kept until the workorder is imported."""

    STARTED = "started"
    ALREADY_STARTED = "already_started"
    BEFORE_IMPORT = "before_import"


_FIND = text("""
SELECT work_started_at FROM workorders WHERE id = :workorder_id AND dealer_id = :dealer_id FOR NO KEY UPDATE
""")
_MARK = text("""
UPDATE workorders SET work_started_at = :started_at WHERE id = :workorder_id AND dealer_id = :dealer_id
""")
_KEEP_FOR_IMPORT = text("""
INSERT INTO early_work_starts AS early (dealer_id, workorder_id, started_at)
VALUES (:dealer_id, :workorder_id, :started_at)
ON CONFLICT (dealer_id, workorder_id) DO UPDATE SET started_at = excluded.started_at
WHERE excluded.started_at < early.started_at
""")


def mark_started(
    connection: Connection, dealer_id: int, workorder_id: UUID, started_at: datetime
) -> StartState:
    """Say that work started; of several moments the earliest is kept. `started_at` has a zone.

    An unknown workorder makes this wait for the dealer's imports in flight, one of which may be inserting it.
    Raises `MessageInvalid` for an unknown dealer.
    """
    start = {"dealer_id": dealer_id, "workorder_id": workorder_id, "started_at": started_at}
    state = _mark_stored(connection, start)
    if state is not None:
        return state
    if connection.execute(text(OWN_DEALER), {"dealer_id": dealer_id}).first() is None:
        raise unknown_dealer(dealer_id)
    state = _mark_stored(connection, start)
    if state is None:
        connection.execute(_KEEP_FOR_IMPORT, start)
        state = StartState.BEFORE_IMPORT
    return state


def _mark_stored(connection: Connection, start: dict[str, object]) -> StartState | None:
    """None when the workorder is not stored."""
    known = connection.execute(_FIND, start).one_or_none()
    if known is None:
        return None
    if known.work_started_at is None or start["started_at"] < known.work_started_at:
        connection.execute(_MARK, start)
    return StartState.STARTED if known.work_started_at is None else StartState.ALREADY_STARTED
