"""Runs: who may work on one, how far it came, and how it ends."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Connection

from schemas.decision import Fetched
from tests.integration.store.conftest import LINEAGE, Store, statements_of
from tests.integration.store.leases import PAGE, ended, expire, let_go, page, state, take
from tests.workorders import fetched, numbered
from worker.errors import ErrorCode
from worker.store.columns import Phase, RunState
from worker.store.due import start_run
from worker.store.pages import Page
from worker.store.runs import (
    MAX_ATTEMPTS,
    Counts,
    Progress,
    advance,
    open_runs,
    recent_runs,
    run_state,
    take_lease,
)
from worker.store.workorders import store_page


class LeaseLost(Exception):
    pass


@pytest.fixture
def run_id(store: Store) -> int:
    with store.database.transaction() as connection:
        return start_run(connection, store.dealer_id).run_id


def test_a_lease_is_held_by_one(store: Store, run_id: int) -> None:
    run = take(store, run_id, "a")
    assert run is not None
    assert (run.state, run.lease_owner, run.attempts, run.phase) == (RunState.RUNNING, "a", 1, Phase.WINDOW)
    assert run.lease_until is not None
    assert timedelta(seconds=59) < run.lease_until - run.now <= timedelta(seconds=60)
    assert take(store, run_id, "b") is None
    assert take(store, run_id, "a") is None, "a second delivery of the same message"
    assert take(store, run_id + 1, "b") is None
    expire(store)
    run = take(store, run_id, "b")
    assert run is not None
    assert (run.lease_owner, run.attempts) == ("b", 2)


def test_many_at_once_get_one_lease(store: Store, run_id: int) -> None:
    with ThreadPoolExecutor(4) as pool:
        runs = list(pool.map(lambda n: take(store, run_id, str(n)), range(12)))
    assert sum(run is not None for run in runs) == 1
    assert state(store, run_id).attempts == 1


def test_pages_add_up_and_the_next_goes_on_from_there(store: Store, run_id: int) -> None:
    assert take(store, run_id, "a")
    assert page(store, run_id, "a")
    assert page(store, run_id, "a", Progress(Phase.KNOWN, 0, Counts(2, 3, 4, 5, 6, 7, 8), 1, 9))
    assert let_go(store, run_id, "a")
    run = take(store, run_id, "b")
    assert run is not None
    assert (run.phase, run.after_dms_number, run.attempts) == (Phase.KNOWN, 0, 1)
    assert run.counts == Counts(4, 3, 7, 5, 6, 7, 8)
    assert (run.pages, run.requests, run.seen, run.expected) == (2, 5, 14, 80)
    assert run.last_page_at is not None
    assert run.started_at <= run.last_page_at <= run.now


def test_a_lost_lease_can_neither_advance_nor_release_nor_finish(store: Store, run_id: int) -> None:
    assert take(store, run_id, "a")
    expire(store)
    assert page(store, run_id, "a"), "run out, but nobody else has taken it"
    assert take(store, run_id, "b")
    before = state(store, run_id)
    assert not page(store, run_id, "a")
    assert not let_go(store, run_id, "a")
    assert not ended(store, run_id, "a")
    assert replace(state(store, run_id), now=before.now) == before
    assert ended(store, run_id, "b")
    assert not page(store, run_id, "b")
    assert not ended(store, run_id, "b", RunState.FAILED, ErrorCode.INTERNAL)
    assert state(store, run_id).state is RunState.DONE


def _store(store: Store, run_id: int, owner: str, *answers: Fetched) -> Page:
    def checkpoint(connection: Connection, _: Page) -> None:
        if not advance(connection, run_id, owner, PAGE):
            raise LeaseLost

    return store_page(
        store.database,
        store.dealer_id,
        {answer.workorder.dms_number: answer.digest for answer in answers},
        store.deciding(answers),
        LINEAGE,
        alongside=checkpoint,
    )


def test_a_page_and_its_checkpoint_are_committed_together_or_not_at_all(store: Store, run_id: int) -> None:
    assert take(store, run_id, "a")
    _store(store, run_id, "a", fetched(numbered(1)), fetched(numbered(2)))
    assert store.rows("SELECT count(*) FROM workorders") == [(2,)]
    assert state(store, run_id).after_dms_number == 500
    expire(store)
    assert take(store, run_id, "b")
    before = store.fingerprint()
    with pytest.raises(LeaseLost):
        _store(store, run_id, "a", fetched(replace(numbered(1), make="Saab"), 1), fetched(numbered(3)))
    assert store.fingerprint() == before
    assert store.rows("SELECT count(*) FROM import_attempts") == [(2,)]
    assert state(store, run_id).pages == 1


def test_a_page_that_cannot_be_written_leaves_the_checkpoint(store: Store, run_id: int) -> None:
    assert take(store, run_id, "a")

    def fail(connection: Connection, _: Page) -> None:
        assert advance(connection, run_id, "a", PAGE)
        raise LeaseLost

    with pytest.raises(LeaseLost):
        store_page(store.database, store.dealer_id, {}, lambda _: [], LINEAGE, alongside=fail)
    assert (state(store, run_id).pages, state(store, run_id).after_dms_number) == (0, 0)


def test_a_run_that_gets_no_further_fails_with_what_last_went_wrong(store: Store, run_id: int) -> None:
    for n in range(MAX_ATTEMPTS):
        assert take(store, run_id, str(n))
        if n < MAX_ATTEMPTS - 1:
            assert let_go(store, run_id, str(n), ErrorCode.VINACLES_UNAVAILABLE)
        else:
            expire(store)
    assert state(store, run_id).error_code == "vinacles_unavailable"
    assert take(store, run_id, "last") is None
    run = state(store, run_id)
    assert (run.state, run.error_code, run.lease_owner) == (RunState.FAILED, "vinacles_unavailable", None)
    assert run.finished_at is not None
    assert take(store, run_id, "again") is None


def test_workers_that_die_without_a_word_are_told(store: Store, run_id: int) -> None:
    for n in range(MAX_ATTEMPTS + 1):
        take(store, run_id, str(n))
        store.run("UPDATE refresh_runs SET lease_until = now() WHERE lease_until IS NOT NULL")
    run = state(store, run_id)
    assert (run.state, run.error_code) == (RunState.FAILED, "worker_lost")


def test_a_lease_of_the_dead_holds_nobody_out(store: Store, run_id: int) -> None:
    assert take(store, run_id, "task/0/a")
    with store.database.transaction() as connection:
        for dead in ([], ["other/0/"], ["task/1/"]):
            assert take_lease(connection, run_id, "task/1/b", 60, dead=dead) is None
        taken = take_lease(connection, run_id, "task/1/b", 60, dead=["task/0/"])
    assert taken is not None
    assert taken.lease_owner == "task/1/b"
    assert not let_go(store, run_id, "task/0/a", ErrorCode.STORAGE_UNAVAILABLE)


def test_a_lease_from_before_the_clock_was_set_back_holds_nobody_out(store: Store, run_id: int) -> None:
    assert take(store, run_id, "a")
    for minutes, taken in ((14, False), (16, True)):
        store.run("UPDATE refresh_runs SET lease_until = now() + make_interval(mins => :m)", m=minutes)
        assert (take(store, run_id, "b") is not None) is taken


def test_a_page_forgives_earlier_attempts(store: Store, run_id: int) -> None:
    for n in range(3 * MAX_ATTEMPTS):
        assert take(store, run_id, str(n))
        assert let_go(store, run_id, str(n), ErrorCode.STORAGE_UNAVAILABLE)
        if n % 3 == 2:
            assert take(store, run_id, "working")
            assert page(store, run_id, "working")
            assert state(store, run_id).error_code is None
            assert let_go(store, run_id, "working")


@pytest.mark.parametrize(
    ("end", "code", "phase"),
    [(RunState.DONE, None, Phase.DONE), (RunState.FAILED, ErrorCode.VINACLES_REFUSED, Phase.WINDOW)],
)
def test_how_a_run_ends(
    store: Store, run_id: int, end: RunState, code: ErrorCode | None, phase: Phase
) -> None:
    assert take(store, run_id, "a")
    assert ended(store, run_id, "a", end, code)
    run = state(store, run_id)
    assert (run.state, run.error_code, run.phase, run.lease_owner) == (end, code, phase, None)
    assert run.finished_at is not None
    assert take(store, run_id, "b") is None


def test_runs_are_listed(store: Store, run_id: int) -> None:
    def listed() -> tuple[list[int], list[int]]:
        with store.database.transaction() as connection:
            return (
                [run.run_id for run in open_runs(connection)],
                [run.run_id for run in recent_runs(connection, 7, 20)],
            )

    assert listed() == ([run_id], [run_id])
    assert take(store, run_id, "a")
    assert ended(store, run_id, "a")
    with store.database.transaction() as connection:
        second = start_run(connection, 7).run_id
        assert run_state(connection, second + 1) is None
    assert listed() == ([second], [second, run_id])
    with store.database.transaction() as connection:
        assert [run.run_id for run in recent_runs(connection, 7, 1)] == [second]
        assert recent_runs(connection, 8, 20) == []


def test_a_page_with_its_checkpoint_costs_one_statement_more(store: Store, run_id: int) -> None:
    assert take(store, run_id, "a")

    def cost(first: int, size: int) -> int:
        answers = [fetched(numbered(first + n)) for n in range(size)]
        return statements_of(store, lambda: _store(store, run_id, "a", *answers))

    assert cost(1_000, 1) == cost(2_000, 300) == 4
