"""That work on a workorder has started: said by Claire, never by an import."""

from dataclasses import asdict
from enum import StrEnum

from sqlalchemy import Connection, text

from schemas.messages import MarkStarted
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


def mark_started(connection: Connection, request: MarkStarted) -> StartState:
    """Say that work started; of several moments the earliest is kept.

    An unknown workorder makes this wait for the dealer's imports in flight, one of which may be inserting it.
    Raises `MessageInvalid` for an unknown dealer.
    """
    state = _mark_stored(connection, request)
    if state is not None:
        return state
    if connection.execute(text(OWN_DEALER), {"dealer_id": request.dealer_id}).first() is None:
        raise unknown_dealer(request.dealer_id)
    state = _mark_stored(connection, request)
    if state is not None:
        return state
    connection.execute(_KEEP_FOR_IMPORT, asdict(request))
    return StartState.BEFORE_IMPORT


def _mark_stored(connection: Connection, request: MarkStarted) -> StartState | None:
    """None when the workorder is not stored."""
    known = connection.execute(_FIND, asdict(request)).one_or_none()
    if known is None:
        return None
    if known.work_started_at is None or request.started_at < known.work_started_at:
        connection.execute(_MARK, asdict(request))
    return StartState.STARTED if known.work_started_at is None else StartState.ALREADY_STARTED
