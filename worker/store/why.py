"""What is stored about workorders that somebody asks about, and about attempts to import them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from schemas.arguments import MAX_SEARCH_LENGTH
from schemas.dealer import Neighbor
from schemas.decision import Stored
from schemas.outcome import Reason
from schemas.why import AtNeighbor
from worker.circuit import ANSWERS
from worker.errors import ErrorCode
from worker.store import statements
from worker.store.reading import stored_of
from worker.store.sql import text

_MOST = 25
#: They say that Vinacles has answered, if not with what it was asked for.
_ANSWERS = sorted([*ANSWERS, ErrorCode.SCHEMA_DRIFT])
_REASONS = {reason.value: reason for reason in Reason}

# The first answer that was held since one was last taken over, or was what Claire has.
_MATCHING = text("""
SELECT w.id, w.missing_in_dms_since,
    (SELECT min(a.started_at) FROM import_attempts a
     WHERE a.workorder_id = w.id AND a.outcome = 'held' AND a.fetched_at > w.fetched_at
        AND a.fetched_at > coalesce((
            SELECT max(b.fetched_at) FROM import_attempts b
            WHERE b.workorder_id = w.id AND b.outcome = 'unchanged'), '-infinity')) AS held_since
FROM workorders w
WHERE w.dealer_id = :dealer_id
    AND (w.wo_number = ANY(CAST(:wo_numbers AS text[])) OR w.plate = ANY(CAST(:plates AS text[])))
ORDER BY w.appointment_at DESC, w.dms_number DESC LIMIT :most
""")

# Whoever asks the same host is of the same dealer group; others are nobody's business here. Of a dealer that
# imports every branch nothing is somebody else's.
_NEIGHBORS = text("""
SELECT o.dealer_id, o.name, o.affiliates
FROM dealers d JOIN dealers o ON o.base_url = d.base_url AND o.dealer_id <> d.dealer_id
WHERE d.dealer_id = :dealer_id AND cardinality(d.affiliates) > 0 ORDER BY o.dealer_id
""")

_AT_NEIGHBORS = text("""
SELECT o.name, w.wo_number, w.affiliate_id FROM workorders w JOIN dealers o USING (dealer_id)
WHERE w.dealer_id = ANY(CAST(:dealer_ids AS bigint[])) AND w.affiliate_id <> ALL(CAST(:own AS bigint[]))
    AND (w.wo_number = ANY(CAST(:wo_numbers AS text[])) OR w.plate = ANY(CAST(:plates AS text[])))
ORDER BY w.appointment_at DESC, w.dms_number DESC LIMIT 1
""")

# One whose DMS number could not be read leaves quarantine when Claire gets one of its WO number.
_REFUSED = text("""
SELECT dms_number, wo_number, reason, since FROM quarantine q
WHERE dealer_id = :dealer_id AND reason IS NOT NULL
    AND (wo_number = ANY(CAST(:wo_numbers AS text[])) OR dms_number = ANY(CAST(:dms_numbers AS bigint[])))
    AND (dms_number IS NOT NULL OR NOT EXISTS (
        SELECT FROM workorders w WHERE w.dealer_id = q.dealer_id AND w.wo_number = q.wo_number))
ORDER BY since LIMIT :most
""")

# Anything may stand there, of any length; what is too long for a search finds nothing.
_ASKED = text(f"""
SELECT left(search, {MAX_SEARCH_LENGTH + 1}) FROM import_requests
WHERE dealer_id = :dealer_id AND kind = 'import' AND answered_at IS NULL AND search IS NOT NULL LIMIT 1000
""")  # noqa: S608  a constant

# Vinacles has answered whoever came to an outcome by asking it, whom it refused, and a run that stored a
# page. A question that was answered also empties the circuit, whose failures in a row are therefore the most
# that can count.
_FAILING_SINCE = text("""
WITH answered AS (
    SELECT greatest(
        (SELECT max(started_at) FROM import_attempts
         WHERE dealer_id = :dealer_id AND (outcome IS NOT NULL AND requests > 0
            OR error_code = ANY(CAST(:answers AS text[])))),
        (SELECT last_page_at FROM refresh_runs
         WHERE dealer_id = :dealer_id AND last_page_at IS NOT NULL ORDER BY started_at DESC LIMIT 1)) AS at
)
SELECT min(started_at) FROM (
    SELECT a.started_at FROM import_attempts a, answered
    WHERE a.dealer_id = :dealer_id AND a.error_code = :away
        AND a.started_at > coalesce(answered.at, '-infinity')
    ORDER BY a.started_at DESC LIMIT :failures) failed
""")


@dataclass(frozen=True, slots=True)
class KeptRow:
    """`held_since` is the first answer kept out since one was last taken over or was the same."""

    stored: Stored
    missing_since: datetime | None
    held_since: datetime | None


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """A workorder whose newest answer was rejected; `dms_number` is None where it cannot be read."""

    dms_number: int | None
    wo_number: str | None
    reason: Reason
    since: datetime


def kept(
    connection: Connection, dealer_id: int, wo_numbers: Sequence[str], plates: Sequence[str]
) -> Mapping[int, KeptRow]:
    """The newest 25 that are stored under one of these numbers or bare plates, by DMS number."""
    parameters = {"dealer_id": dealer_id, "wo_numbers": [*wo_numbers], "plates": [*plates], "most": _MOST}
    found = {row.id: row for row in connection.execute(_MATCHING, parameters)}
    if not found:
        return {}
    ids = {"ids": [str(key) for key in found]}
    rows = connection.execute(text(statements.DETAILS_OF_PAGE), ids).mappings().all()
    by_id = {row["id"]: row for row in rows}
    return {
        by_id[key]["dms_number"]: KeptRow(stored_of(by_id[key]), row.missing_in_dms_since, row.held_since)
        for key, row in found.items()
        if key in by_id
    }


def neighbors(connection: Connection, dealer_id: int) -> list[Neighbor]:
    """The other dealers of the same dealer group, by number; none where this one imports every branch."""
    rows = connection.execute(_NEIGHBORS, {"dealer_id": dealer_id})
    return [Neighbor(row.dealer_id, row.name, tuple(row.affiliates)) for row in rows]


def at_neighbor(
    connection: Connection,
    among: Sequence[Neighbor],
    own: Sequence[int],
    wo_numbers: Sequence[str],
    plates: Sequence[str],
) -> AtNeighbor | None:
    """The newest that Claire has of one of these dealers under one of these numbers or bare plates, at a
    branch that is not among one's `own`."""
    parameters = {
        "dealer_ids": [neighbor.dealer_id for neighbor in among],
        "own": [*own],
        "wo_numbers": [*wo_numbers],
        "plates": [*plates],
    }
    row = connection.execute(_AT_NEIGHBORS, parameters).one_or_none()
    return None if row is None else AtNeighbor(row.name, row.wo_number, row.affiliate_id)


def refused(
    connection: Connection, dealer_id: int, wo_numbers: Sequence[str], dms_numbers: Collection[int]
) -> list[RefusedRow]:
    """Those with one of these numbers whose newest answer was rejected."""
    parameters = {
        "dealer_id": dealer_id,
        "wo_numbers": [*wo_numbers],
        "dms_numbers": [*dms_numbers],
        "most": _MOST,
    }
    return [
        RefusedRow(row.dms_number, row.wo_number, _REASONS[row.reason], row.since)
        for row in connection.execute(_REFUSED, parameters)
    ]


def asked_by_row(connection: Connection, dealer_id: int) -> list[str]:
    """What open rows of `import_requests` look for, as typed, cut off where it is too long to be searched."""
    return list(connection.execute(_ASKED, {"dealer_id": dealer_id}).scalars())


def failing_since(connection: Connection, dealer_id: int, failures: int) -> datetime | None:
    """The first attempt that Vinacles left unanswered since it last answered this dealer, among the newest
    `failures`; None where there is none."""
    parameters = {
        "dealer_id": dealer_id,
        "failures": failures,
        "answers": _ANSWERS,
        "away": ErrorCode.VINACLES_UNAVAILABLE,
    }
    found: datetime | None = connection.execute(_FAILING_SINCE, parameters).scalar_one()
    return found
