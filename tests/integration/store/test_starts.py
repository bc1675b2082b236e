"""Starts of work: before, after and in the middle of an import; none is ever lost."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from sandbox.processes import wait_until
from schemas.answers import StartRecord, StartState
from schemas.messages import MarkStarted
from schemas.outcome import Outcome
from tests.integration.store.conftest import LINEAGE, Store
from tests.workorders import NOON, WORKORDER, fetched
from worker.errors import MessageInvalid
from worker.store.pages import Accepted, LockedPage, Page
from worker.store.starts import mark_started
from worker.store.workorders import lock_page, store_page, write_page

SAAB = replace(WORKORDER, make="Saab")
HOUR = timedelta(hours=1)


def mark(store: Store, at: datetime = NOON) -> StartState:
    with store.database.transaction() as connection:
        return mark_started(connection, MarkStarted(store.dealer_id, store.key, at))


def started_at(store: Store) -> datetime | None:
    stored = store.card()
    assert stored is not None
    return stored.work_started_at


@pytest.mark.parametrize("imported_first", [True, False])
def test_the_earliest_moment_stands(store: Store, imported_first: bool) -> None:
    if imported_first:
        store.put(fetched())
    moments = [mark(store, NOON), mark(store, NOON + HOUR), mark(store, NOON), mark(store, NOON - HOUR)]
    assert [state.started_at for state in moments] == [NOON, NOON, NOON, NOON - HOUR]
    recorded, already = StartRecord.RECORDED, StartRecord.ALREADY_RECORDED
    assert [state.state for state in moments] == (
        [recorded, already, already, recorded] if imported_first else [StartRecord.RECORDED_BEFORE_IMPORT] * 4
    )
    store.put(fetched())
    assert started_at(store) == NOON - HOUR


def test_a_start_before_the_import_holds_what_comes_after_it(store: Store) -> None:
    mark(store)
    assert store.put(fetched()) == [Outcome.CREATED]
    assert store.rows("SELECT count(*) FROM early_work_starts") == [(0,)]
    assert store.put(fetched(SAAB, 1)) == [Outcome.HELD]


def test_another_dealers_workorder_is_not_marked(store: Store, new_store: Callable[[], Store]) -> None:
    store.put(fetched())
    other = new_store()
    assert mark(other).state is StartRecord.RECORDED_BEFORE_IMPORT
    assert started_at(store) is None
    with pytest.raises(MessageInvalid):
        mark(replace(store, dealer_id=999))


@pytest.fixture
def at_once() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(8) as pool:
        yield pool


def waiting(store: Store, how_many: int = 1) -> None:
    """Until so many connections of this database wait for a lock."""
    query = (
        "SELECT count(*) FROM pg_locks l JOIN pg_stat_activity a USING (pid) "
        "WHERE NOT l.granted AND a.datname = current_database()"
    )
    wait_until(lambda: store.rows(query) == [(how_many,)], 20, "a waiting connection")


def test_a_start_waits_for_the_import_that_inserts_its_workorder(
    store: Store, at_once: ThreadPoolExecutor
) -> None:
    """The import has read that there is no workorder and no start, and has not written yet."""
    with store.database.transaction() as connection:
        page = lock_page(connection, store.dealer_id, {WORKORDER.dms_number: fetched().digest})
        marking = at_once.submit(mark, store)
        waiting(store)
        write_page(connection, store.dealer_id, store.deciding([fetched()])(page), LINEAGE)
    assert marking.result(20).state is StartRecord.RECORDED
    assert started_at(store) == NOON


def test_an_import_waits_for_the_start_that_came_first(store: Store, at_once: ThreadPoolExecutor) -> None:
    with store.database.transaction() as connection:
        mark_started(connection, MarkStarted(store.dealer_id, store.key, NOON))
        importing = at_once.submit(store.put, fetched())
        waiting(store)
    assert importing.result(20) == [Outcome.CREATED]
    assert started_at(store) == NOON


def test_a_start_waits_for_the_update_that_was_decided_before_it(
    store: Store, at_once: ThreadPoolExecutor
) -> None:
    store.put(fetched())
    answer = fetched(SAAB, 1)
    with store.database.transaction() as connection:
        page = lock_page(connection, store.dealer_id, {WORKORDER.dms_number: answer.digest})
        marking = at_once.submit(mark, store)
        waiting(store)
        write_page(connection, store.dealer_id, store.deciding([answer])(page), LINEAGE)
    assert marking.result(20).state is StartRecord.RECORDED
    stored = store.card()
    assert stored is not None
    assert (stored.workorder, stored.work_started_at) == (SAAB, NOON)


def test_an_update_that_waited_for_a_start_is_held(store: Store, at_once: ThreadPoolExecutor) -> None:
    store.put(fetched())
    with store.database.transaction() as connection:
        mark_started(connection, MarkStarted(store.dealer_id, store.key, NOON))
        refreshing = at_once.submit(store.put, fetched(SAAB, 1))
        waiting(store)
    assert refreshing.result(20) == [Outcome.HELD]
    stored = store.card()
    assert stored is not None
    assert stored.workorder == WORKORDER


def test_two_imports_of_a_new_workorder_create_it_once(store: Store, at_once: ThreadPoolExecutor) -> None:
    """Both have read that it is new; the second to insert decides again and knows better."""
    both_read = threading.Barrier(2, timeout=20)
    tries: list[int] = []

    def put(seconds: int) -> list[Outcome]:
        answer = fetched(replace(WORKORDER, mileage_km=seconds), seconds)
        decide = store.deciding([answer])

        def decide_together(page: LockedPage) -> Page:
            tries.append(seconds)
            if tries.count(seconds) == 1:
                both_read.wait()
            return decide(page)

        digests = {WORKORDER.dms_number: answer.digest}
        items = store_page(store.database, store.dealer_id, digests, decide_together, LINEAGE)
        return [item.decision.outcome for item in items if isinstance(item, Accepted)]

    older, newer = at_once.submit(put, 1), at_once.submit(put, 2)
    outcomes = [older.result(20), newer.result(20)]
    assert [Outcome.CREATED] in outcomes
    assert outcomes in ([[Outcome.CREATED], [Outcome.UPDATED]], [[Outcome.UNCHANGED], [Outcome.CREATED]])
    assert len(tries) == 3
    stored = store.card()
    assert stored is not None
    assert stored.workorder is not None
    assert stored.workorder.mileage_km == 2


def test_however_they_meet_no_start_is_lost(
    new_store: Callable[[], Store], at_once: ThreadPoolExecutor
) -> None:
    """Imports, refreshes and starts of one workorder let go at the same moment, again and again."""
    for _ in range(25):
        store = new_store()
        together = threading.Barrier(4, timeout=20)

        def run(work: Callable[[], object], together: threading.Barrier = together) -> object:
            together.wait()
            return work()

        def importing(seconds: int, store: Store = store) -> Callable[[], object]:
            answer = fetched(replace(WORKORDER, mileage_km=seconds), seconds)
            return lambda: store.put(answer)

        def marking(at: datetime, store: Store = store) -> Callable[[], object]:
            return lambda: mark(store, at)

        works: list[Future[object]] = [
            at_once.submit(run, importing(1)),
            at_once.submit(run, importing(2)),
            at_once.submit(run, marking(NOON + HOUR)),
            at_once.submit(run, marking(NOON)),
        ]
        for work in works:
            work.result(30)
        assert started_at(store) == NOON
        assert store.rows("SELECT count(*) FROM early_work_starts") == [(0,)]


def test_the_lock_is_the_dealers_own(store: Store, new_store: Callable[[], Store]) -> None:
    """An unknown workorder of one dealer never waits for another dealer's imports."""
    other = new_store()
    with store.database.transaction() as connection:
        lock_page(connection, store.dealer_id, {})
        assert mark(other).state is StartRecord.RECORDED_BEFORE_IMPORT
