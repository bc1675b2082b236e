"""A run, and whoever holds it."""

from tests.integration.store.conftest import Store
from worker.errors import ErrorCode
from worker.store.columns import Phase, RunState
from worker.store.runs import (
    Counts,
    Progress,
    Run,
    advance,
    finish,
    release,
    run_state,
    take_lease,
)

PAGE = Progress(Phase.WINDOW, 500, Counts(created=2, unchanged=3), requests=4, seen=5, expected=80)


def take(store: Store, run_id: int, owner: str, seconds: float = 60) -> Run | None:
    with store.database.transaction() as connection:
        return take_lease(connection, run_id, owner, seconds)


def let_go(store: Store, run_id: int, owner: str, code: ErrorCode | None = None) -> bool:
    with store.database.transaction() as connection:
        return release(connection, run_id, owner, code)


def page(store: Store, run_id: int, owner: str, progress: Progress = PAGE) -> bool:
    with store.database.transaction() as connection:
        return advance(connection, run_id, owner, progress)


def ended(
    store: Store, run_id: int, owner: str, state: RunState = RunState.DONE, code: ErrorCode | None = None
) -> bool:
    with store.database.transaction() as connection:
        return finish(connection, run_id, owner, state, code)


def state(store: Store, run_id: int) -> Run:
    with store.database.transaction() as connection:
        run = run_state(connection, run_id)
    assert run is not None
    return run


def expire(store: Store) -> None:
    store.run("UPDATE refresh_runs SET lease_until = now() - interval '1 second'")
