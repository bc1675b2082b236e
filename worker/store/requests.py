"""Requests as rows: taken under a lease by one of many, and answered by whoever holds it.

A try is counted before the work begins and taken back when its end is heard, so what is left are tries whose
process died. Rows with such a try are *suspects*: they are taken apart from the others, one at a time.
"""
# ruff: noqa: S608  statements are put together from constants of this file alone

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from schemas.arguments import MAX_REQUEST_ID_LENGTH, MAX_SEARCH_LENGTH
from worker.errors import ErrorCode
from worker.store.columns import among
from worker.store.request_tables import RequestKind, RequestState
from worker.store.sql import text

#: Nobody waits longer for an answer; this bounds the tries of a request without `answer_by`.
MOST_HOURS = 24
#: After a failure that may pass, a request waits as long as it has waited already, within these bounds.
LEAST_PAUSE_SECONDS = 2
MOST_PAUSE_SECONDS = 300
#: Also where Vinacles asks for more.
_LONGEST_PAUSE_SECONDS = 900

_DEADLINE = f"least(answer_by, asked_at + interval '{MOST_HOURS} hours')"
# The backend may write any moment. Before version 17 PostgreSQL refuses to subtract from an infinite one.
_SECONDS_LEFT = f"""extract(epoch FROM
        greatest({_DEADLINE}, clock_timestamp() - interval '1 day') - clock_timestamp())::float"""
# Python's years have four digits.
_ANSWER_BY = "greatest(least(answer_by, '9999-12-30 00:00Z'), '0001-01-02 00:00Z')"
# Nothing has a bound that the backend writes, and a row is fetched whole. One character more than may be is
# enough for it to be refused.
_WRITTEN = f"""left(kind, 20) AS kind, left(search, {MAX_SEARCH_LENGTH + 1}) AS search, workorder_id,
    left(request_id, {MAX_REQUEST_ID_LENGTH + 1}) AS request_id"""
# A new row, which is one with the same two moments, may begin at once, and no lease or pause is longer than
# the longest. What lies further ahead was written before the server's clock was set back, and must not keep a
# request waiting for as long as that.
_TIME_HAS_COME = f"""(try_at <= now() OR try_at = asked_at
        OR try_at > now() + interval '{_LONGEST_PAUSE_SECONDS} seconds')"""
_TAKE = """
UPDATE import_requests r SET
    state = 'working', tries = tries + 1, lease_owner = :owner,
    try_at = clock_timestamp() + make_interval(secs => :lease_seconds)
WHERE id IN (
    SELECT id FROM import_requests
    WHERE answered_at IS NULL AND {come} AND {which} AND dealer_id <> ALL(CAST(:without AS bigint[]))
    ORDER BY tries, try_at, id LIMIT :limit FOR NO KEY UPDATE SKIP LOCKED)
RETURNING id, dealer_id, {written}, tries - 1 AS lost, {seconds_left} AS seconds_left
"""
_TAKE_FRESH, _TAKE_SUSPECTS = (
    text(_TAKE.format(which=which, come=_TIME_HAS_COME, written=_WRITTEN, seconds_left=_SECONDS_LEFT))
    for which in ("tries = 0", "tries > 0")
)
_HELD = "id = :id AND lease_owner = :owner AND answered_at IS NULL"
_FINAL = "answered_at = clock_timestamp(), lease_owner = NULL, search = NULL"
_ANSWER = text(f"""
UPDATE import_requests SET state = 'answered', {_FINAL}, tries = tries - 1, result = CAST(:result AS jsonb),
    error_code = NULL, error_text = NULL, next_step = NULL
WHERE {_HELD}
""")
_TOLD = "error_code = :code, error_text = :text, next_step = :next_step"
_FAIL = text(f"""
UPDATE import_requests SET state = 'failed', {_FINAL}, tries = tries - 1, {_TOLD} WHERE {_HELD}
""")
_POSTPONE = text(f"""
UPDATE import_requests SET state = 'waiting', lease_owner = NULL, tries = tries - 1, {_TOLD},
    try_at = clock_timestamp() + make_interval(secs => greatest(:at_least,
        least(:most, extract(epoch FROM clock_timestamp() - asked_at))))
WHERE {_HELD}
""")
_DROP = text(f"""
UPDATE import_requests SET state = 'dropped', {_FINAL}, {_TOLD}
WHERE id IN (
    SELECT id FROM import_requests
    WHERE answered_at IS NULL AND {_DEADLINE} <= now() AND (state = 'waiting' OR {_TIME_HAS_COME})
    LIMIT :limit FOR NO KEY UPDATE SKIP LOCKED)
RETURNING id, try_at = asked_at AS untried
""")
_LIST = text(f"""
SELECT id, dealer_id, CASE WHEN {among("kind", RequestKind)} THEN kind END AS kind, state, tries, asked_at,
    {_ANSWER_BY} AS answer_by, try_at, answered_at, error_code, error_text, next_step,
    clock_timestamp() AS now
FROM import_requests
WHERE (CAST(:states AS text[]) IS NULL OR state = ANY(CAST(:states AS text[])))
    AND (CAST(:dealer_id AS bigint) IS NULL OR dealer_id = :dealer_id)
ORDER BY asked_at DESC, id DESC LIMIT :limit
""")


@dataclass(frozen=True, slots=True)
class TakenRequest:
    """A row under our lease, as the backend wrote it but for what is too long, of which a part is left that
    is too long still: nothing is checked yet. `lost` counts earlier tries whose end nobody heard;
    `seconds_left` until its time is over, below 0 after it."""

    id: int
    dealer_id: int
    kind: str
    search: str | None = field(repr=False)
    workorder_id: UUID | None
    request_id: str | None
    lost: int
    seconds_left: float


@dataclass(frozen=True, slots=True)
class Told:
    """What is told of a request without result: a stable code, what happened, what to do."""

    code: ErrorCode
    text: str
    next_step: str


@dataclass(frozen=True, slots=True)
class DroppedRequest:
    """A row whose time was over; `untried`: nobody ever began to work on it."""

    id: int
    untried: bool


@dataclass(frozen=True, slots=True)
class ListedRequest:
    """A row as operators see it, without what was searched and found; `kind` is None for any other than
    those that are known, since it may be anybody's data."""

    id: int
    dealer_id: int
    kind: RequestKind | None
    state: RequestState
    tries: int
    asked_at: datetime
    answer_by: datetime | None
    try_at: datetime
    answered_at: datetime | None
    error_code: str | None
    error_text: str | None
    next_step: str | None
    now: datetime


def take(
    connection: Connection,
    owner: str,
    limit: int,
    lease_seconds: float,
    *,
    suspects: bool,
    without_dealers: Sequence[int] = (),
) -> list[TakenRequest]:
    """Up to `limit` requests whose time has come, held for `lease_seconds`: either fresh ones or suspects.
    Others asking at the same time get other rows."""
    parameters = {
        "owner": owner,
        "limit": limit,
        "lease_seconds": lease_seconds,
        "without": list(without_dealers),
    }
    rows = connection.execute(_TAKE_SUSPECTS if suspects else _TAKE_FRESH, parameters).mappings()
    return [TakenRequest(**row) for row in rows]


def answer(connection: Connection, request_id: int, owner: str, result: Mapping[str, Any]) -> bool:
    """Write the result; False when the lease is lost, and nothing is done then."""
    parameters = {"id": request_id, "owner": owner, "result": json.dumps(result)}
    return connection.execute(_ANSWER, parameters).rowcount == 1


def fail(connection: Connection, request_id: int, owner: str, told: Told) -> bool:
    """End it without result; False when the lease is lost."""
    return connection.execute(_FAIL, _parameters(request_id, owner, told)).rowcount == 1


def postpone(
    connection: Connection, request_id: int, owner: str, told: Told, at_least_seconds: float = 0
) -> bool:
    """Let it wait for another try, with what went wrong; False when the lease is lost."""
    at_least = min(max(LEAST_PAUSE_SECONDS, at_least_seconds), _LONGEST_PAUSE_SECONDS)
    pause = {"at_least": at_least, "most": MOST_PAUSE_SECONDS}
    return connection.execute(_POSTPONE, _parameters(request_id, owner, told) | pause).rowcount == 1


def drop_late(connection: Connection, told: Told, limit: int = 1000) -> list[DroppedRequest]:
    """End those whose time is over and which nobody is working on."""
    parameters = {"code": told.code.value, "text": told.text, "next_step": told.next_step, "limit": limit}
    return [DroppedRequest(**row) for row in connection.execute(_DROP, parameters).mappings()]


def listed(
    connection: Connection, states: list[RequestState] | None, dealer_id: int | None, limit: int
) -> list[ListedRequest]:
    """The newest first; None for any state or dealer."""
    chosen = None if states is None else [state.value for state in states]
    parameters = {"states": chosen, "dealer_id": dealer_id, "limit": limit}
    rows = connection.execute(_LIST, parameters).mappings()
    return [_listed(row) for row in rows]


def _listed(row: Mapping[Any, Any]) -> ListedRequest:
    kind = None if row["kind"] is None else RequestKind(row["kind"])
    return ListedRequest(**{**row, "kind": kind, "state": RequestState(row["state"])})


def _parameters(request_id: int, owner: str, told: Told) -> dict[str, Any]:
    return {
        "id": request_id,
        "owner": owner,
        "code": told.code.value,
        "text": told.text,
        "next_step": told.next_step,
    }
