"""What is known of a dealer's workorders, and what the DMS no longer has."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from schemas.outcome import Outcome, Reason
from tests.integration.store.conftest import LINEAGE, Store, statements_of
from tests.workorders import NOON, WORKORDER, fetched, numbered
from worker.store import run_statements
from worker.store.known import digests_of, known_between, known_outside, mark_missing, mark_seen
from worker.store.pages import Refused
from worker.store.runs import Window
from worker.store.workorders import store_page


def missing(store: Store) -> dict[int, datetime]:
    rows = store.rows("SELECT dms_number, missing_in_dms_since FROM workorders ORDER BY dms_number")
    return {number: since for number, since in rows if since is not None}


def mark(store: Store, *numbers: int, seconds: float = 10) -> int:
    with store.database.transaction() as connection:
        return mark_missing(connection, store.dealer_id, numbers, NOON + timedelta(seconds=seconds))


def see(store: Store, *numbers: int, seconds: float = 20) -> int:
    with store.database.transaction() as connection:
        return mark_seen(connection, store.dealer_id, numbers, NOON + timedelta(seconds=seconds))


def moment(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def test_digests_are_of_this_dealers_own(store: Store, new_store: Callable[[], Store]) -> None:
    one, two = fetched(numbered(1)), fetched(numbered(2))
    store.put(one, two)
    new_store().put(fetched(numbered(3)))
    with store.database.transaction() as connection:
        assert digests_of(connection, 7, [1, 3, 4]) == {1: one.digest}
        assert digests_of(connection, 7, []) == {}


def test_known_are_told_apart_by_the_window(store: Store) -> None:
    """Seven workorders: days from today -200, -30, -1, 0, 5, 10, 90; the window is today until the tenth."""
    ((today,),) = store.rows("SELECT CAST(now() AS date)::timestamp")
    assert isinstance(today, datetime)
    for number, days in enumerate([-200, -30, -1, 0, 5, 10, 90], 1):
        store.put(
            fetched(replace(numbered(number), appointment_local=today + timedelta(days=days)), digest=b"x")
        )
    window = Window(today, today + timedelta(days=10))
    with store.database.transaction() as connection:
        assert known_outside(connection, 7, window, 0, 10) == [2, 3, 6, 7]
        assert known_outside(connection, 7, window, 2, 2) == [3, 6]
        assert known_outside(connection, 8, window, 0, 10) == []
        assert known_between(connection, 7, window, 0, None) == [4, 5]
        assert known_between(connection, 7, window, 4, None) == [5]
        assert known_between(connection, 7, window, 0, 4) == [4]
    assert mark(store, 3, 5) == 2
    with store.database.transaction() as connection:
        assert known_outside(connection, 7, window, 0, 10) == [2, 6, 7]
        assert known_between(connection, 7, window, 0, None) == [4]


def test_missing_since_the_first_time_and_only_if_nothing_newer_is_known(store: Store) -> None:
    store.put(fetched(numbered(1)), fetched(numbered(2), 60))
    before = [row for row in store.fingerprint() if row[0] != "workorders"]
    assert mark(store, 1, 2, 3) == 1
    assert mark(store, 1, seconds=30) == 0
    assert missing(store) == {1: moment(10)}
    assert [row for row in store.fingerprint() if row[0] != "workorders"] == before, "nothing is deleted"


def test_the_mark_survives_a_partial_read_and_the_other_workorders_of_a_page(store: Store) -> None:
    store.put(fetched(numbered(1)), fetched(numbered(2)))
    mark(store, 1)
    store.put(fetched(replace(numbered(2), make="Saab"), 20), fetched(numbered(3), 20))
    assert see(store, 2, 3) == 0
    cut_off = Refused(Outcome.REJECTED, Reason.NO_LABOR_ITEM, moment(20), 2, "WO-2")
    store_page(store.database, 7, {}, lambda _: [cut_off], LINEAGE)
    assert missing(store) == {1: moment(10)}


def test_who_is_seen_again_is_missing_no_more(store: Store) -> None:
    store.put(*(fetched(numbered(number)) for number in range(1, 6)))
    mark(store, 1, 2, 3, 4, 5)
    assert see(store, 1, seconds=9) == 0, "asked for before it was missed"
    assert see(store, 1) == 1
    assert store.put(fetched(numbered(2), 20)) == [Outcome.UNCHANGED]
    assert store.put(fetched(numbered(3), 20, digest=b"new")) == [Outcome.UNCHANGED]
    assert store.put(fetched(replace(numbered(4), make="Saab"), 20)) == [Outcome.UPDATED]
    assert missing(store) == {5: moment(10)}
    rejected = Refused(Outcome.REJECTED, Reason.NO_LABOR_ITEM, moment(20), 5, "WO-5")
    store_page(store.database, 7, {}, lambda _: [rejected], LINEAGE)
    assert missing(store) == {}


def test_an_older_answer_does_not_take_the_mark(store: Store) -> None:
    store.put(fetched(numbered(1)), fetched(numbered(2)), fetched(numbered(3)))
    mark(store, 1, 2, 3)
    store.put(
        fetched(numbered(1), 5),
        fetched(numbered(2), 5, digest=b"new"),
        fetched(replace(numbered(3), make="Saab"), 5),
    )
    assert set(missing(store)) == {1, 2, 3}


def test_a_workorder_that_is_worked_on_can_be_missing_and_come_back(store: Store) -> None:
    store.put(fetched(numbered(1)))
    store.start_work()
    assert mark(store, 1) == 1
    assert store.put(fetched(replace(numbered(1), make="Saab"), 20)) == [Outcome.HELD]
    assert missing(store) == {}
    assert store.rows("SELECT make FROM workorders") == [("Volvo",)]


def test_a_refresh_that_finds_nothing_marks_it(store: Store) -> None:
    store.put(fetched(numbered(1)), fetched(numbered(2), 60))

    def gone(number: int, seconds: float) -> None:
        refused = Refused(Outcome.NOT_FOUND, Reason.GONE_FROM_DMS, moment(seconds), number)
        store_page(store.database, 7, {}, lambda _: [refused], LINEAGE)

    gone(1, 10)
    gone(1, 30)
    gone(2, 10)
    gone(404, 10)
    assert missing(store) == {1: moment(10)}


def test_each_question_is_one_statement(store: Store) -> None:
    store.put(*(fetched(numbered(number)) for number in range(1, 200)))
    some, many = [1], list(range(1, 200))
    with store.database.transaction() as connection:
        for numbers in (some, many):
            assert statements_of(store, lambda n=numbers: digests_of(connection, 7, n)) == 1  # type: ignore[misc]  # as it is now
            assert statements_of(store, lambda n=numbers: mark_missing(connection, 7, n, moment(10))) == 1  # type: ignore[misc]  # as it is now
            assert statements_of(store, lambda n=numbers: mark_seen(connection, 7, n, moment(20))) == 1  # type: ignore[misc]  # as it is now


def test_a_large_dealers_workorders_are_found_through_indexes(store: Store) -> None:
    """A dealer with 60,000 of 100,000 workorders."""
    store.put(fetched(WORKORDER))
    store.run(
        "INSERT INTO dealers SELECT (d).* FROM (SELECT jsonb_populate_record(d, jsonb_build_object("
        "'dealer_id', n)) AS d FROM dealers d, generate_series(100, 199) n) many"
    )
    store.run(
        "INSERT INTO workorders SELECT (w).* FROM (SELECT jsonb_populate_record(w, jsonb_build_object("
        "'id', gen_random_uuid(), 'dms_number', n, "
        "'dealer_id', CASE WHEN n % 5 < 3 THEN 7 ELSE 100 + n % 100 END, "
        "'appointment_local', now()::timestamp - make_interval(hours => n / 4 % 8000))) AS w "
        "FROM workorders w, generate_series(10000, 109999) n) many"
    )
    store.run("ANALYZE workorders")
    parameters = {
        "dealer_id": 7,
        "numbers": list(range(50_000, 50_500)),
        "after": 50_000,
        "until": 51_000,
        "limit": 500,
        "begins": datetime(2026, 11, 1),
        "ends": datetime(2027, 1, 1),
        "at": NOON,
    }
    for name in ("DIGESTS", "KNOWN_OUTSIDE", "KNOWN_BETWEEN", "MARK_MISSING"):
        plan = _plan(store, getattr(run_statements, name), parameters)
        assert "uq_workorders_dealer_id_dms_number" in plan, plan
        assert "Seq Scan" not in plan, plan
    assert "ix_workorders_missing" in _plan(store, run_statements.MARK_SEEN, parameters)


def _plan(store: Store, statement: str, parameters: dict[str, object]) -> str:
    return "\n".join(row[0] for row in store.rows(f"EXPLAIN {statement}", **parameters))
