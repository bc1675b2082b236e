"""Who is due, and which runs nobody works on: asked by many at once."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, time, timedelta

import pytest
from sqlalchemy import text

from tests.integration.store.conftest import Store, statements_of
from worker.errors import ErrorCode, MessageInvalid
from worker.schedule import turn_of
from worker.store import run_statements
from worker.store.columns import RunState
from worker.store.due import claim_due, overdue_runs, start_run
from worker.store.runs import (
    DueDealer,
    StartedRun,
    Turn,
    finish,
    release,
    run_state,
    take_lease,
)


def claimed(store: Store, limit: int = 1_000) -> list[int]:
    with store.database.transaction() as connection:
        return [run.dealer_id for run in claim_due(connection, limit, turn_of)]


def started(store: Store, dealer_id: int = 7) -> StartedRun:
    with store.database.transaction() as connection:
        return start_run(connection, dealer_id)


def end(store: Store, state: RunState = RunState.DONE) -> None:
    """Everything that is open ends now."""
    store.run(
        "UPDATE refresh_runs SET state = :state, finished_at = now(), lease_owner = NULL, lease_until = NULL "
        "WHERE finished_at IS NULL",
        state=state.value,
    )


def expected(store: Store) -> object:
    """Of a run that starts now."""
    started(store)
    [(found,)] = store.rows("SELECT expected FROM refresh_runs WHERE finished_at IS NULL")
    return found


def make_due(store: Store, ago: str = "1 minute") -> None:
    store.run("UPDATE dealers SET next_refresh_at = now() - CAST(:ago AS interval)", ago=ago)


def add_dealers(store: Store, count: int) -> None:
    store.run(
        "INSERT INTO dealers (dealer_id, name, base_url, token_url, audience, client_id, "
        "client_secret_encrypted, next_refresh_at) "
        "SELECT n, 'Garage', '', '', '', '', '', now() + make_interval(mins => n - 1000) "
        "FROM generate_series(1000, 999 + :count) n",
        count=count,
    )


def test_a_due_dealer_gets_one_run_and_its_next_turn(store: Store) -> None:
    make_due(store)
    ((due_at,),) = store.rows("SELECT next_refresh_at FROM dealers")
    assert claimed(store) == [7]
    assert claimed(store) == []
    assert store.rows("SELECT dealer_id, state, phase, after_dms_number, attempts FROM refresh_runs") == [
        (7, "waiting", "window", 0, 0)
    ]
    assert store.rows("SELECT next_refresh_at FROM dealers") == [(due_at + timedelta(minutes=30),)]


def test_no_question_for_an_hour_makes_one_run_and_not_many(store: Store) -> None:
    make_due(store, "65 minutes")
    assert claimed(store) == [7]
    end(store)
    assert claimed(store) == []
    ((until_next,),) = store.rows("SELECT next_refresh_at - now() FROM dealers")
    assert timedelta(minutes=24) < until_next <= timedelta(minutes=25)


@pytest.mark.parametrize(
    "state",
    ["paused = true", "refresh_every_minutes = NULL", "next_refresh_at = now() + interval '1 second'"],
)
def test_who_is_paused_or_never_or_not_yet_due_is_left_alone(store: Store, state: str) -> None:
    make_due(store)
    store.run(f"UPDATE dealers SET {state}")
    assert claimed(store) == []


def test_a_dealer_with_an_open_run_stays_due_until_that_ends(store: Store) -> None:
    make_due(store)
    assert claimed(store) == [7]
    make_due(store)
    assert claimed(store) == []
    end(store)
    assert claimed(store) == [7]


def test_a_closed_dealer_is_put_off_and_not_started(store: Store) -> None:
    make_due(store)
    opening = datetime.fromisoformat("2030-01-01T07:00:00+00:00")
    with store.database.transaction() as connection:
        assert claim_due(connection, 10, lambda _: Turn(False, opening)) == []
    assert store.rows("SELECT next_refresh_at FROM dealers") == [(opening,)]
    assert store.rows("SELECT count(*) FROM refresh_runs") == [(0,)]


def test_the_schedule_is_what_the_dealers_row_says(store: Store) -> None:
    make_due(store)
    with store.database.transaction() as connection:
        store.dealers.change(
            connection, 7, {"refresh_every_minutes": 15, "refresh_from": time(7), "refresh_until": time(19)}
        )
    seen: list[DueDealer] = []

    def note(dealer: DueDealer) -> Turn:
        seen.append(dealer)
        return turn_of(dealer)

    with store.database.transaction() as connection:
        claim_due(connection, 10, note)
    ((now,),) = store.rows("SELECT now()")
    (dealer,) = seen
    assert now - timedelta(minutes=1) < dealer.due_at <= dealer.now < now
    assert dealer == DueDealer(7, "Europe/Amsterdam", 15, time(7), time(19), dealer.due_at, dealer.now)


def test_a_changed_schedule_is_due_at_once_and_another_change_is_not(store: Store) -> None:
    store.run("UPDATE dealers SET next_refresh_at = '2030-01-01'")
    with store.database.transaction() as connection:
        store.dealers.change(connection, 7, {"name": "Garage Zuid", "page_rows": 250})
    assert claimed(store) == []
    with store.database.transaction() as connection:
        store.dealers.change(connection, 7, {"refresh_every_minutes": 10})
    assert claimed(store) == [7]


def test_the_longest_waiting_come_first(store: Store) -> None:
    store.run("UPDATE dealers SET paused = true")
    add_dealers(store, 5)
    store.run(
        "UPDATE dealers SET next_refresh_at = now() - make_interval(mins => CAST(dealer_id AS int) % 7)"
    )
    by_waiting = sorted(range(1000, 1005), key=lambda number: -(number % 7))
    assert claimed(store, 2) == by_waiting[:2]
    assert claimed(store, 10) == by_waiting[2:]


def test_two_claimers_at_once_never_claim_the_same_dealer(store: Store) -> None:
    add_dealers(store, 60)
    make_due(store)
    together = threading.Barrier(2, timeout=20)

    def claim(_: int) -> list[int]:
        with store.database.transaction() as connection:
            runs = claim_due(connection, 30, turn_of)
            together.wait()  # both hold their locks now
            return [run.dealer_id for run in runs]

    with ThreadPoolExecutor(2) as pool:
        one, two = pool.map(claim, range(2))
    assert len(one) == len(two) == 30
    assert set(one).isdisjoint(two)
    assert store.rows("SELECT count(*), count(DISTINCT dealer_id) FROM refresh_runs") == [(60, 60)]


def test_a_crowd_of_claimers_starts_each_dealer_once(store: Store) -> None:
    add_dealers(store, 59)
    make_due(store)

    def claim(_: int) -> list[int]:
        return [dealer for _ in range(5) for dealer in claimed(store, 7)]

    with ThreadPoolExecutor(4) as pool:
        everyone = [dealer for dealers in pool.map(claim, range(4)) for dealer in dealers]
    assert sorted(everyone) == [7, *range(1000, 1059)]


def test_what_is_started_meanwhile_is_not_claimed_as_well(store: Store) -> None:
    make_due(store)
    run = started(store)
    assert started(store).run_id == run.run_id
    assert claimed(store) == []
    end(store)
    assert started(store).run_id != run.run_id


def test_askers_at_once_get_the_same_run(store: Store) -> None:
    with ThreadPoolExecutor(4) as pool:
        runs = list(pool.map(lambda _: started(store), range(8)))
    assert len({run.run_id for run in runs}) == 1
    assert sum(run.unattended for run in runs) == 1, "one of them is to work on it"


def test_a_run_of_an_unknown_dealer_is_refused(store: Store) -> None:
    with pytest.raises(MessageInvalid) as caught:
        started(store, 404)
    assert caught.value.code is ErrorCode.DEALER_UNKNOWN


def test_the_window_is_whole_days_by_the_dealers_wall_clock(store: Store) -> None:
    store.run("UPDATE dealers SET days_back = 3, days_ahead = 10, time_zone = 'Pacific/Apia'")
    run = started(store)
    query = (
        "SELECT window_from - CAST(CAST(started_at AT TIME ZONE 'Pacific/Apia' AS date) AS timestamp), "
        "window_until - window_from FROM refresh_runs WHERE id = :run"
    )
    assert store.rows(query, run=run.run_id) == [(timedelta(days=-3), timedelta(days=14))]


def test_only_with_a_full_run_of_the_last_day_is_a_run_incremental(store: Store) -> None:
    def next_since(dealer: str = "modified_on_works = true") -> datetime | None:
        store.run(f"UPDATE dealers SET {dealer}")
        run_id = started(store).run_id
        with store.database.transaction() as connection:
            run = run_state(connection, run_id)
        assert run is not None
        store.run("DELETE FROM refresh_runs WHERE id = :run", run=run_id)
        return run.modified_since

    def past(hours: int, state: str, since: str = "NULL") -> datetime:
        store.run(
            "INSERT INTO refresh_runs (dealer_id, window_from, window_until, ring_at, started_at, state, "
            "finished_at, error_code, modified_since) VALUES (7, now(), now(), now(), "
            f"now() - make_interval(hours => :hours), :state, now(), 'internal', {since})",
            hours=hours,
            state=state,
        )
        ((at,),) = store.rows("SELECT started_at FROM refresh_runs ORDER BY id DESC LIMIT 1")
        assert isinstance(at, datetime)
        return at

    overlap = timedelta(minutes=15)
    assert next_since() is None
    past(25, "done")
    past(5, "failed")
    past(4, "done", "now()")
    assert next_since() is None
    full = past(6, "done")
    assert next_since("modified_on_works = false") is None
    assert next_since("modified_on_works = NULL") is None
    newest = past(2, "done", "now()")
    past(1, "failed")
    assert next_since() == newest - overlap
    store.run("DELETE FROM refresh_runs WHERE started_at > :full", full=full)
    assert next_since() == full - overlap


def test_a_run_that_nobody_takes_is_overdue_after_a_minute_and_then_once_a_minute(store: Store) -> None:
    run = started(store)

    def overdue() -> list[StartedRun]:
        with store.database.transaction() as connection:
            return overdue_runs(connection, 10)

    def later(seconds: int) -> None:
        store.run("UPDATE refresh_runs SET ring_at = ring_at - make_interval(secs => :s)", s=seconds)

    assert overdue() == []
    later(58)
    assert overdue() == []
    later(2)
    assert overdue() == [run]
    assert overdue() == []
    later(60)
    assert overdue() == [run]
    with store.database.transaction() as connection:
        assert take_lease(connection, run.run_id, "a", 300)
    later(299)
    assert overdue() == []
    with store.database.transaction() as connection:
        assert release(connection, run.run_id, "a")
    assert overdue() == []
    later(60)
    with store.database.transaction() as connection:
        assert take_lease(connection, run.run_id, "b", 30)
    later(30)
    assert overdue() == [replace(run, turn=2)], "its lease has run out"
    later(60)
    with store.database.transaction() as connection:
        connection.execute(text("UPDATE refresh_runs SET lease_until = now() - interval '1 second'"))
        assert take_lease(connection, run.run_id, "c", 30)
        assert finish(connection, run.run_id, "c", RunState.DONE)
    later(600)
    assert overdue() == []


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


def test_claiming_costs_the_same_statements_for_any_number(store: Store) -> None:
    make_due(store)
    costs = [statements_of(store, lambda: claimed(store))]
    add_dealers(store, 300)
    make_due(store)
    costs.append(statements_of(store, lambda: claimed(store)))
    assert costs == [3, 3]
    store.run("UPDATE refresh_runs SET ring_at = now()")
    with store.database.transaction() as connection:
        assert statements_of(store, lambda: overdue_runs(connection, 500)) == 1
    assert statements_of(store, lambda: claimed(store)) == 1


@pytest.fixture
def country(store: Store) -> Store:
    """A million dealers, ten of them due, and a day of runs."""
    add_dealers(store, 1_000_000)
    store.run("UPDATE dealers SET next_refresh_at = now() + interval '1 hour' WHERE next_refresh_at < now()")
    store.run("UPDATE dealers SET next_refresh_at = now() WHERE dealer_id BETWEEN 2000 AND 2009")
    store.run(
        "INSERT INTO refresh_runs (dealer_id, window_from, window_until, ring_at, state, finished_at) "
        "SELECT 1000 + n % 2000, now(), now(), now(), 'done', now() FROM generate_series(1, 50000) n"
    )
    store.run("ANALYZE dealers, refresh_runs")
    return store


def test_a_million_dealers_are_asked_through_indexes(country: Store) -> None:
    parameters = {
        "limit": 100,
        "ring_seconds": 60,
        "dealer_ids": list(range(2000, 2010)),
        "dealer_id": 2000,
        "watchers": [],
        "run_id": 1,
    }
    indexes = {
        run_statements.DUE: ["ix_dealers_next_refresh_at"],
        run_statements.START: ["pk_dealers", "ix_refresh_runs_dealer_id_started_at"],
        run_statements.OVERDUE: ["ix_refresh_runs_to_ring"],
        run_statements.ON_A_NEW_DAY: ["pk_refresh_runs", "ix_refresh_runs_dealer_id_started_at"],
        run_statements.RECENT_RUNS: ["ix_refresh_runs_dealer_id_started_at"],
    }
    country.run("UPDATE dealers SET modified_on_works = true WHERE dealer_id BETWEEN 2000 AND 2009")
    for statement, names in indexes.items():
        plan = "\n".join(row[0] for row in country.rows(f"EXPLAIN {statement}", **parameters))
        assert "Seq Scan" not in plan, plan
        for name in names:
            assert name in plan, plan
    assert sorted(claimed(country, 100)) == list(range(2000, 2010))


def test_a_run_is_expected_to_see_what_the_last_of_its_kind_saw(store: Store) -> None:
    # Given a run over everything, one that failed, and one over what changed since
    assert expected(store) is None
    store.run("UPDATE refresh_runs SET seen = 2040")
    end(store)
    assert expected(store) == 2040
    store.run("UPDATE refresh_runs SET seen = 3, error_code = 'internal' WHERE finished_at IS NULL")
    end(store, RunState.FAILED)
    store.run("UPDATE dealers SET modified_on_works = true")
    assert expected(store) is None
    store.run("UPDATE refresh_runs SET seen = 17 WHERE finished_at IS NULL")
    end(store)
    # Then each kind goes by its own
    assert expected(store) == 17
    end(store)
    store.run("UPDATE dealers SET modified_on_works = false")
    assert expected(store) == 2040
