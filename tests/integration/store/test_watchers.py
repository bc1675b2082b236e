"""Who waits for a run, whose turn a message is for, and how a dealer that failed is treated afterwards."""

import pytest

from tests.integration.store.conftest import Store
from worker.errors import ErrorCode
from worker.store.columns import RunState
from worker.store.due import claim_due, dismiss_watchers, join_run, overdue_runs, start_run
from worker.store.runs import (
    RING_SECONDS,
    Run,
    StartedRun,
    Turn,
    finish,
    on_a_new_day,
    pause_seconds,
    release,
    run_state,
    take_lease,
)


def ask(store: Store, watcher: str) -> StartedRun:
    with store.database.transaction() as connection:
        return start_run(connection, 7, watcher)


def take(store: Store, run_id: int, turn: int | None = None, owner: str = "a") -> Run | None:
    with store.database.transaction() as connection:
        return take_lease(connection, run_id, owner, 60, turn)


def let_go(store: Store, run_id: int, code: ErrorCode | None = None, owner: str = "a") -> None:
    with store.database.transaction() as connection:
        assert release(connection, run_id, owner, code)


def end(store: Store, run_id: int, state: RunState, code: ErrorCode | None = None) -> None:
    assert take(store, run_id)
    with store.database.transaction() as connection:
        assert finish(connection, run_id, "a", state, code)


def watching(store: Store, run_id: int) -> list[str]:
    with store.database.transaction() as connection:
        run = run_state(connection, run_id)
    assert run is not None
    return sorted(run.watchers)


def told(store: Store, run_id: int, *watchers: str) -> None:
    with store.database.transaction() as connection:
        dismiss_watchers(connection, run_id, watchers)


def rung(store: Store) -> list[int]:
    with store.database.transaction() as connection:
        return [run.run_id for run in overdue_runs(connection, 10)]


def test_who_asks_waits_until_told(store: Store) -> None:
    run_id = ask(store, "first").run_id
    assert ask(store, "second").run_id == ask(store, "second").run_id == run_id
    with store.database.transaction() as connection:
        assert join_run(connection, run_id, 7, "third") is not None
        assert join_run(connection, run_id, 8, "a stranger's") is None
    assert watching(store, run_id) == ["first", "second", "third"]
    told(store, run_id, "first", "a stranger's")
    told(store, run_id + 1, "second")
    assert watching(store, run_id) == ["second", "third"]
    told(store, run_id, "second", "third")
    assert watching(store, run_id) == []


@pytest.mark.parametrize("state", [RunState.DONE, RunState.FAILED])
def test_an_ended_run_is_rung_for_until_all_are_told(store: Store, state: RunState) -> None:
    run_id = ask(store, "first").run_id
    assert ask(store, "second").run_id == run_id
    end(store, run_id, state, ErrorCode.INTERNAL)
    assert rung(store) == [], "whoever ended it is telling them"
    told(store, run_id, "first")
    minutes_ago = "UPDATE refresh_runs SET finished_at = now() - interval '{0}', ring_at = now()"
    store.run(minutes_ago.format("5 minutes"))
    assert rung(store) == [run_id]
    assert rung(store) == [], "rung for once a minute"
    store.run(minutes_ago.format("6 minutes"))
    assert rung(store) == [run_id]
    told(store, run_id, "second")
    store.run(minutes_ago.format("7 minutes"))
    assert rung(store) == []


def test_an_ended_run_is_watched_by_nobody_more(store: Store) -> None:
    run_id = ask(store, "first").run_id
    end(store, run_id, RunState.DONE)
    with store.database.transaction() as connection:
        assert join_run(connection, run_id, 7, "late") is None
    assert ask(store, "next").run_id != run_id
    assert watching(store, run_id) == ["first"]


def test_only_a_run_that_nobody_attends_needs_another_worker(store: Store) -> None:
    started = ask(store, "first")
    assert started.unattended, "it is new, and no message is under way for it"
    assert not ask(store, "second").unattended
    assert take(store, started.run_id)
    assert not ask(store, "third").unattended, "somebody works on it"
    let_go(store, started.run_id)
    assert not ask(store, "fourth").unattended, "a message is under way for its next turn"
    store.run("UPDATE refresh_runs SET ring_at = now()")
    assert ask(store, "fifth").unattended, "that message was lost"
    assert take(store, started.run_id)
    store.run("UPDATE refresh_runs SET ring_at = now() + interval '1 hour'")
    let_go(store, started.run_id, ErrorCode.VINACLES_UNAVAILABLE)
    assert ask(store, "sixth").unattended, "it rests after a failure, and somebody wants to know now"


def test_of_messages_for_the_same_turn_one_counts(store: Store) -> None:
    started = ask(store, "first")
    first = take(store, started.run_id, started.turn)
    assert first is not None
    let_go(store, started.run_id)
    assert take(store, started.run_id, started.turn) is None, "sent twice, or come again"
    # Rung for as often as it may be, there is one next turn
    bells = []
    for _ in range(2):
        store.run("UPDATE refresh_runs SET ring_at = now()")
        with store.database.transaction() as connection:
            bells += overdue_runs(connection, 10)
    assert [run.turn for run in bells] == [first.turns, first.turns]
    assert take(store, started.run_id, bells[0].turn)
    let_go(store, started.run_id)
    assert take(store, started.run_id, bells[1].turn) is None
    assert take(store, started.run_id) is not None, "whoever names no turn may have any"


@pytest.mark.parametrize(("state", "attempts"), [(RunState.DONE, 1), (RunState.FAILED, 2)])
def test_after_a_failed_run_the_next_begins_as_a_second_attempt(
    store: Store, state: RunState, attempts: int
) -> None:
    for scheduled in (False, True):
        end(store, ask(store, "a").run_id, state, ErrorCode.VINACLES_UNAVAILABLE)
        if scheduled:
            with store.database.transaction() as connection:
                store.run("UPDATE dealers SET next_refresh_at = now() - interval '1 minute'")
                [started] = claim_due(connection, 1, lambda dealer: Turn(True, dealer.now))
        else:
            started = ask(store, "b")
        run = take(store, started.run_id, owner="b")
        assert run is not None
        assert run.attempts == attempts
        store.run("DELETE FROM refresh_runs")


def test_rests_grow_with_the_attempts() -> None:
    assert [pause_seconds(attempts) for attempts in range(5)] == [60, 60, 120, 240, 480]
    assert pause_seconds(0) == RING_SECONDS


def test_the_first_run_of_a_new_day_is_known(store: Store) -> None:
    def new_day(run_id: int) -> bool:
        with store.database.transaction() as connection:
            return on_a_new_day(connection, run_id)

    def begun(run_id: int, of_today: str, others: str) -> None:
        for which, at in (("<>", others), ("=", of_today)):
            store.run(
                "UPDATE refresh_runs SET started_at = date_trunc('day', now(), 'UTC') + "
                f"CAST(:at AS interval) WHERE id {which} :run_id",
                run_id=run_id,
                at=at,
            )

    run_id = ask(store, "a").run_id
    assert not new_day(run_id), "it has never been otherwise"
    end(store, run_id, RunState.DONE)
    second = ask(store, "a").run_id
    begun(second, "2 hours", "1 hour")
    assert not new_day(second)
    begun(second, "2 hours", "-1 minute")
    assert new_day(second)
    end(store, second, RunState.FAILED, ErrorCode.INTERNAL)
    third = ask(store, "a").run_id
    begun(third, "2 hours", "-1 minute")
    store.run("UPDATE refresh_runs SET started_at = started_at + interval '1 hour' WHERE id = :id", id=second)
    assert new_day(third), "the failed one does not count"


def test_a_watcher_who_comes_at_the_very_end_is_told_or_has_a_run_of_its_own(store: Store) -> None:
    run_id = ask(store, "first").run_id
    assert take(store, run_id)
    with store.database.transaction() as connection:
        assert finish(connection, run_id, "a", RunState.DONE)
    late = ask(store, "late")
    assert late.run_id != run_id
    assert late.unattended
    with store.database.transaction() as connection:
        run = run_state(connection, run_id)
    assert run is not None
    assert run.watchers == ["first"]
