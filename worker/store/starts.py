"""That work on a workorder has started: said by Claire, never by an import."""

from dataclasses import asdict

from sqlalchemy import Connection

from schemas.answers import StartRecord, StartState
from schemas.messages import MarkStarted
from worker.store.failures import unknown_dealer
from worker.store.sql import text
from worker.store.statements import OWN_DEALER

_FIND = text("""
SELECT work_started_at FROM workorders WHERE id = :workorder_id AND dealer_id = :dealer_id FOR NO KEY UPDATE
""")
_MARK = text("UPDATE workorders SET work_started_at = :started_at WHERE id = :workorder_id")
_KEEP_FOR_IMPORT = text("""
INSERT INTO early_work_starts AS early (dealer_id, workorder_id, started_at)
VALUES (:dealer_id, :workorder_id, :started_at)
ON CONFLICT (dealer_id, workorder_id) DO UPDATE SET started_at = least(early.started_at, excluded.started_at)
RETURNING started_at
""")


def mark_started(connection: Connection, request: MarkStarted) -> StartState:
    """Say that work started; of several moments the earliest stands.

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
    started_at = connection.execute(_KEEP_FOR_IMPORT, asdict(request)).scalar_one()
    return StartState(StartRecord.RECORDED_BEFORE_IMPORT, request.workorder_id, started_at)


def _mark_stored(connection: Connection, request: MarkStarted) -> StartState | None:
    """None when the workorder is not stored."""
    known = connection.execute(_FIND, asdict(request)).one_or_none()
    if known is None:
        return None
    before = known.work_started_at
    if before is not None and before <= request.started_at:
        return StartState(StartRecord.ALREADY_RECORDED, request.workorder_id, before)
    connection.execute(_MARK, asdict(request))
    return StartState(StartRecord.RECORDED, request.workorder_id, request.started_at)
