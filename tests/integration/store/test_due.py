"""Who is due, and which runs nobody works on: asked by many at once."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, time, timedelta

import pytest

from tests.integration.store.conftest import Store, statements_of
from tests.integration.store.scheduling import add_dealers, claimed, end, make_due, started
from worker.schedule import turn_of
from worker.store import run_statements
from worker.store.due import claim_due, overdue_runs
from worker.store.runs import (
    DueDealer,
    Turn,
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
    ["paused = true", "refresh_every_minutes = NULL", "next_refresh_at = now() + interval '1 hour'"],
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
    opening = datetime.now(UTC) + timedelta(days=1)
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
    store.run("UPDATE dealers SET next_refresh_at = now() + interval '1 day'")
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


def test_claiming_costs_the_same_statements_for_any_number(store: Store) -> None:
    make_due(store)
    costs = [statements_of(store, lambda: claimed(store))]
    add_dealers(store, 300)
    make_due(store)
    costs.append(statements_of(store, lambda: claimed(store)))
    assert costs == [3, 3]
    store.run("UPDATE refresh_runs SET ring_at = now()")
    with store.database.transaction() as connection:
        assert statements_of(store, lambda: overdue_runs(connection, 500)) == 2
    assert statements_of(store, lambda: claimed(store)) == 1


@pytest.fixture
def country(store: Store) -> Store:
    """A million dealers, ten of them due, and a day of runs."""
    for part in range(10):
        add_dealers(store, 100_000, first=1000 + 100_000 * part)
    # Nor do any become due while the test goes on.
    later = "now() + interval '1 hour'"
    store.run(f"UPDATE dealers SET next_refresh_at = {later} WHERE next_refresh_at < {later}")
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
