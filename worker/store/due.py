"""Which dealers are to be refreshed now, and which runs nobody works on any more: asked every minute, by any
number of askers at once."""

import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, Row

from worker.store import run_statements
from worker.store.failures import unknown_dealer
from worker.store.runs import RING_SECONDS, DueDealer, StartedRun, Turn
from worker.store.sql import text


def claim_due(connection: Connection, limit: int, turn_of: Callable[[DueDealer], Turn]) -> list[StartedRun]:
    """Start a run for dealers that are due, those waiting longest first, and say when they are due again.

    Dealers that others are claiming are left to them; one with an open run stays due until that ends. However
    many turns went by, a dealer gets one run.
    """
    rows = connection.execute(text(run_statements.DUE), {"limit": limit}).mappings()
    turns = [(dealer, turn_of(dealer)) for dealer in (DueDealer(**row) for row in rows)]
    if not turns:
        return []
    planned = [{"dealer_id": dealer.dealer_id, "next_at": turn.next_at.isoformat()} for dealer, turn in turns]
    connection.execute(text(run_statements.PLAN), {"planned": json.dumps(planned)})
    starting = [dealer.dealer_id for dealer, turn in turns if turn.starts]
    started = _start(connection, run_statements.START, starting) if starting else []
    order = {dealer_id: place for place, dealer_id in enumerate(starting)}
    return sorted(started, key=lambda run: order[run.dealer_id])


def start_run(connection: Connection, dealer_id: int, watcher: str | None = None) -> StartedRun:
    """The dealer's open run, or a new one, whatever its schedule says; `watcher` is a task that wants to know
    its end.

    Raises `MessageInvalid` for an unknown dealer.
    """
    started = _start(connection, run_statements.START_OR_JOIN, [dealer_id], watcher=watcher)
    if not started:
        raise unknown_dealer(dealer_id)
    return started[0]


def join_run(connection: Connection, run_id: int, dealer_id: int, watcher: str) -> StartedRun | None:
    """Watch one open run of the dealer; None when it is no such."""
    started = _start(connection, run_statements.JOIN, [dealer_id], run_id=run_id, watcher=watcher)
    return started[0] if started else None


def dismiss_watchers(connection: Connection, run_id: int, told: Sequence[str]) -> None:
    """These have been answered and wait no more."""
    connection.execute(text(run_statements.DISMISS), {"run_id": run_id, "told": [*told]})


def overdue_runs(connection: Connection, limit: int) -> list[StartedRun]:
    """Open runs that nobody holds, though a message was sent for each over `RING_SECONDS` ago, and runs that
    ended as long ago and have watchers still: send another.

    Each is returned once in `RING_SECONDS`, however many ask.
    """
    parameters = {"limit": limit, "ring_seconds": RING_SECONDS}
    statements = (run_statements.OVERDUE, run_statements.UNTOLD)
    return [run for one in statements for run in _started(connection.execute(text(one), parameters))]


def _start(
    connection: Connection,
    statement: str,
    dealer_ids: list[int],
    *,
    run_id: int | None = None,
    watcher: str | None = None,
) -> list[StartedRun]:
    parameters = {
        "dealer_ids": dealer_ids,
        "run_id": run_id,
        "ring_seconds": RING_SECONDS,
        "watchers": [] if watcher is None else [watcher],
    }
    return _started(connection.execute(text(statement), parameters))


def _started(rows: Iterable[Row[Any]]) -> list[StartedRun]:
    return [StartedRun(**row._mapping) for row in rows]
