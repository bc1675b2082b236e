"""Runs that nobody works on are rung for again."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from sqlalchemy import text

from tests.integration.store.conftest import Store
from tests.integration.store.scheduling import add_dealers, claimed, make_due, started
from worker.store.columns import RunState
from worker.store.due import overdue_runs
from worker.store.runs import (
    StartedRun,
    finish,
    release,
    take_lease,
)


def overdue(store: Store) -> list[StartedRun]:
    with store.database.transaction() as connection:
        return overdue_runs(connection, 10)


def later(store: Store, seconds: int) -> None:
    """As if so much time had passed."""
    store.run("UPDATE refresh_runs SET ring_at = ring_at - make_interval(secs => :s)", s=seconds)


def test_a_run_that_nobody_takes_is_overdue_after_a_minute_and_then_once_a_minute(store: Store) -> None:
    run = started(store)
    assert overdue(store) == []
    later(store, 45)
    assert overdue(store) == []
    later(store, 15)
    assert overdue(store) == [run]
    assert overdue(store) == []
    later(store, 60)
    assert overdue(store) == [run]


def test_a_run_that_somebody_holds_is_overdue_when_the_lease_has_run_out(store: Store) -> None:
    run = started(store)
    with store.database.transaction() as connection:
        assert take_lease(connection, run.run_id, "a", 300)
    later(store, 285)
    assert overdue(store) == []
    with store.database.transaction() as connection:
        assert release(connection, run.run_id, "a")
    assert overdue(store) == []
    later(store, 60)
    with store.database.transaction() as connection:
        assert take_lease(connection, run.run_id, "b", 30)
    later(store, 30)
    assert overdue(store) == [replace(run, turn=2)]
    later(store, 60)
    with store.database.transaction() as connection:
        connection.execute(text("UPDATE refresh_runs SET lease_until = now() - interval '1 second'"))
        assert take_lease(connection, run.run_id, "c", 30)
        assert finish(connection, run.run_id, "c", RunState.DONE)
    later(store, 600)
    assert overdue(store) == []


def test_a_ring_from_before_the_clock_was_set_back_is_overdue(store: Store) -> None:
    run = started(store)
    for minutes, expected in ((14, []), (16, [run]), (0, [run])):
        store.run("UPDATE refresh_runs SET ring_at = now() + make_interval(mins => :m)", m=minutes)
        with store.database.transaction() as connection:
            assert overdue_runs(connection, 10) == expected


def test_two_sweepers_share_the_overdue(store: Store) -> None:
    add_dealers(store, 39)
    make_due(store)
    assert len(claimed(store)) == 40
    store.run("UPDATE refresh_runs SET ring_at = now()")
    together = threading.Barrier(2, timeout=20)

    def sweep(_: int) -> list[int]:
        with store.database.transaction() as connection:
            runs = overdue_runs(connection, 20)
            together.wait()
            return [run.dealer_id for run in runs]

    with ThreadPoolExecutor(2) as pool:
        one, two = pool.map(sweep, range(2))
    assert len({*one, *two}) == 40
