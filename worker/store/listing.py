"""Whose list of columns is to be looked at, and what became of each look."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from worker.store.columns import Document
from worker.store.sql import text

#: A look that came to nothing is made again after this long.
AGAIN_HOURS = 1

# Claimed before it is looked at: whoever dies meanwhile leaves it to the next ring. Due half an hour early,
# since the ring of so many hours later may come a moment before this one's end.
_CLAIM = """
UPDATE dealers SET next_look_at = now() + make_interval(mins => 60 * :hours - 30)
WHERE dealer_id = (
    SELECT dealer_id FROM dealers WHERE next_look_at <= now() AND NOT paused
    ORDER BY next_look_at, dealer_id LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED)
RETURNING dealer_id
"""
_DONE = """
UPDATE dealers
SET columns_document = :document, next_look_at = now() + make_interval(mins => 60 * :hours - 30)
FROM (SELECT dealer_id, columns_document AS was FROM dealers WHERE dealer_id = :dealer_id
      FOR NO KEY UPDATE) before
WHERE dealers.dealer_id = before.dealer_id
RETURNING before.was IS DISTINCT FROM :document AS changed
"""
_LOOKS = """
SELECT dealer_id, columns_document, next_look_at FROM dealers
WHERE CAST(:dealer_id AS bigint) IS NULL OR dealer_id = :dealer_id ORDER BY dealer_id
"""


@dataclass(frozen=True, slots=True)
class Look:
    """`document` is what became of the last look, None before the first."""

    dealer_id: int
    document: Document | None
    next_look_at: datetime


def claim_look(connection: Connection) -> int | None:
    """The dealer who has waited longest for a look that is due, for nobody else within the hour."""
    return connection.execute(text(_CLAIM), {"hours": AGAIN_HOURS}).scalar()


def looked(connection: Connection, dealer_id: int, document: Document, hours: int) -> bool:
    """The next look is by the ring in so many hours. Returns whether it was otherwise the last time."""
    parameters = {"dealer_id": dealer_id, "document": document.value, "hours": hours}
    return bool(connection.execute(text(_DONE), parameters).scalar())


def looks(connection: Connection, dealer_id: int | None = None) -> list[Look]:
    """Of one dealer, or of all."""
    rows = connection.execute(text(_LOOKS), {"dealer_id": dealer_id}).mappings()
    return [
        Look(
            row["dealer_id"],
            None if row["columns_document"] is None else Document(row["columns_document"]),
            row["next_look_at"],
        )
        for row in rows
    ]
