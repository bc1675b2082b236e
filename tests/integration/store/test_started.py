"""What a run is to do when it starts: its window, whether it is incremental, how much it expects."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest

from tests.integration.store.conftest import Store
from tests.integration.store.scheduling import end, started
from worker.errors import ErrorCode, MessageInvalid
from worker.store.columns import RunState
from worker.store.runs import (
    run_state,
)


def expected(store: Store) -> object:
    """Of a run that starts now."""
    started(store)
    [(found,)] = store.rows("SELECT expected FROM refresh_runs WHERE finished_at IS NULL")
    return found


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


def past(store: Store, hours: int, state: str, since: str = "NULL") -> datetime:
    """A run that began so long ago, and when."""
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


def test_only_with_a_full_run_of_the_last_day_is_a_run_incremental(store: Store) -> None:
    def next_since(dealer: str = "modified_on_works = true") -> datetime | None:
        store.run(f"UPDATE dealers SET {dealer}")
        run_id = started(store).run_id
        with store.database.transaction() as connection:
            run = run_state(connection, run_id)
        assert run is not None
        store.run("DELETE FROM refresh_runs WHERE id = :run", run=run_id)
        return run.modified_since

    overlap = timedelta(minutes=15)
    assert next_since() is None
    past(store, 25, "done")
    past(store, 5, "failed")
    past(store, 4, "done", "now()")
    assert next_since() is None
    full = past(store, 6, "done")
    assert next_since("modified_on_works = false") is None
    assert next_since("modified_on_works = NULL") is None
    newest = past(store, 2, "done", "now()")
    past(store, 1, "failed")
    assert next_since() == newest - overlap
    store.run("DELETE FROM refresh_runs WHERE started_at > :full", full=full)
    assert next_since() == full - overlap


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
