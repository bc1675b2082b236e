"""Who is in quarantine after any answers, and who leaves it."""

from dataclasses import replace
from datetime import timedelta

import pytest

from schemas.decision import Fetched
from schemas.outcome import Outcome, Reason
from schemas.workorder import workorder_id
from tests.integration.store.conftest import LINEAGE, Store, statements_of
from tests.integration.store.refusing import cases, gone, put, rejected
from tests.workorders import NOON, fetched, numbered
from worker.errors import ErrorCode
from worker.store.columns import Trigger
from worker.store.known import mark_missing
from worker.store.pages import Refused
from worker.store.quarantine import Case, discard, list_failure, quarantined


def fail(
    store: Store,
    code: ErrorCode = ErrorCode.VINACLES_REFUSED,
    number: int | None = None,
    seconds: float = 0,
) -> None:
    lineage = replace(LINEAGE, started_at=NOON + timedelta(seconds=seconds))
    workorder = None if number is None else workorder_id(store.dealer_id, number)
    with store.database.transaction() as connection:
        list_failure(connection, store.dealer_id, code, lineage, workorder)


def test_a_rejected_workorder_is_listed_with_all_that_is_known(store: Store) -> None:
    put(store, rejected(12), fetched())
    [case] = cases(store)
    assert case == Case(
        dealer_id=7,
        subject="workorder/12",
        workorder_id=workorder_id(7, 12),
        dms_number=12,
        wo_number="WO-12",
        reason="unreadable_price",
        error_code=None,
        warnings=["no_price"],
        evidence=case.evidence,
        trigger="search",
        task_id="task",
        request_id="click",
        since=NOON,
        last_seen_at=NOON,
        times=1,
        discarded_at=None,
    )
    assert case.evidence is not None
    [finding] = case.evidence["findings"]
    assert finding == {
        **{"reason": "unreadable_price", "entity": "WorkorderLine", "column": "Price", "row": 1},
        **{"line_id": 11, "job_number": 1, "json_type": "string", "length": 6, "pattern": "99,99x"},
    }


def test_twice_is_one_row_that_says_twice(store: Store) -> None:
    put(store, rejected(12))
    put(store, rejected(12, 5, b"other rows"))
    [case] = cases(store)
    assert (case.times, case.since, case.last_seen_at) == (2, NOON, NOON + timedelta(seconds=5))


def test_an_older_rejection_replaces_no_newer_one(store: Store) -> None:
    put(store, rejected(12, 5, b"newer"))
    put(store, rejected(12, 2, b"older"))
    [case] = cases(store)
    assert (case.times, case.last_seen_at) == (1, NOON + timedelta(seconds=5))


def test_what_is_gone_from_the_dms_leaves(store: Store) -> None:
    put(store, rejected(1), rejected(2), rejected(3))
    put(store, gone(1, 5))
    with store.database.transaction() as connection:
        assert mark_missing(connection, 7, [2], NOON + timedelta(seconds=5)) == 0
    assert [case.dms_number for case in cases(store)] == [3]


def test_an_older_answer_that_it_is_gone_lets_nobody_out(store: Store) -> None:
    put(store, rejected(1, 5))
    put(store, gone(1, 2))
    with store.database.transaction() as connection:
        mark_missing(connection, 7, [1], NOON)
    assert [case.dms_number for case in cases(store)] == [1]


def test_without_a_dms_number_the_wo_number_is_the_name(store: Store) -> None:
    nameless = Refused(Outcome.REJECTED, Reason.UNREADABLE_NUMBER, NOON, None, None, (), b"\x01\x02")
    unnumbered = Refused(Outcome.REJECTED, Reason.UNREADABLE_NUMBER, NOON, None, "WO-9", (), b"\x03")
    put(store, nameless, unnumbered, unnumbered)
    assert {case.subject for case in cases(store)} == {"rows/0102", "number/WO-9"}
    put(store, fetched(numbered(9), 1))
    assert [case.subject for case in cases(store)] == ["rows/0102"]
    put(store, replace(unnumbered, fetched_at=NOON + timedelta(seconds=2)))
    assert len(cases(store)) == 2
    put(store, fetched(numbered(9), 3))
    assert [case.subject for case in cases(store)] == ["rows/0102"]


def test_discarded_is_silent_until_the_rows_change(store: Store) -> None:
    put(store, rejected(1), rejected(2))
    with store.database.transaction() as connection:
        assert discard(connection, 7, ["workorder/1", "workorder/404"]) == 1
        assert discard(connection, 7, ["workorder/1"]) == 0
        assert discard(connection, 8, ["workorder/2"]) == 0
    put(store, rejected(1, 1))
    assert [case.dms_number for case in cases(store)] == [2]
    assert [case.dms_number for case in cases(store, discarded=True)] == [1, 2]
    put(store, rejected(1, 2, b"new rows"))
    assert [case.dms_number for case in cases(store)] == [1, 2]


def test_failures_are_listed_by_workorder_or_by_code(store: Store) -> None:
    put(store, fetched())
    fail(store, number=5001)
    fail(store)
    fail(store)
    fail(store, ErrorCode.INTERNAL)
    fail(store, number=404)
    found = {case.subject: (case.why, case.wo_number, case.times) for case in cases(store)}
    assert found == {
        "workorder/5001": ("vinacles_refused", "WO-5001", 1),
        "search/vinacles_refused": ("vinacles_refused", None, 2),
        "search/internal": ("internal", None, 1),
    }
    put(store, fetched(seconds=1), trigger=Trigger.REFRESH)
    assert {case.subject for case in cases(store)} == {"search/vinacles_refused", "search/internal"}


@pytest.mark.parametrize("answer", [fetched(numbered(1), 2), rejected(1, 2)], ids=["imported", "rejected"])
def test_a_search_that_finds_something_ends_what_all_searches_failed_of(
    store: Store, answer: Fetched | Refused
) -> None:
    for code in ErrorCode:
        fail(store, code, seconds=1)
    fail(store, ErrorCode.CONFIGURATION, seconds=3)
    before = {case.subject for case in cases(store)}
    # One that finds nothing reads no rows, and one of the schedule is no search.
    put(store, Refused(Outcome.NOT_FOUND, Reason.NO_MATCH, NOON + timedelta(seconds=2)))
    put(store, answer, trigger=Trigger.BULK)
    assert {case.subject for case in cases(store) if case.error_code} == before
    put(store, answer)
    over = {"vinacles_login_failed", "vinacles_not_allowed", "vinacles_refused", "schema_drift"}
    assert before - {case.subject for case in cases(store)} == {f"search/{code}" for code in over}


def test_nothing_is_listed_for_a_dealer_that_is_not_there(store: Store) -> None:
    with store.database.transaction() as connection:
        list_failure(connection, 404, ErrorCode.INTERNAL, LINEAGE)
    assert cases(store) == []


def test_a_failure_replaces_no_rejection_and_older_ones_are_not_listed(store: Store) -> None:
    put(store, fetched(numbered(1), 1), fetched(numbered(2)))
    put(store, rejected(2, 0.5))
    fail(store, number=1)
    fail(store, number=2, seconds=1)
    assert [(case.dms_number, case.why) for case in cases(store)] == [(2, "unreadable_price")]


def test_discarding_a_failure_forgets_it_until_it_happens_again(store: Store) -> None:
    fail(store)
    with store.database.transaction() as connection:
        assert discard(connection, 7, ["search/vinacles_refused"]) == 1
    assert cases(store, discarded=True) == []
    fail(store)
    assert len(cases(store)) == 1


def test_choices(store: Store) -> None:
    put(store, rejected(1, -3600), rejected(2))
    fail(store)
    store.run("UPDATE quarantine SET since = now()")
    store.run("UPDATE quarantine SET since = now() - interval '2 days' WHERE dms_number = 1")
    assert [case.dms_number for case in cases(store, age=timedelta(days=1))] == [1]
    assert [case.dms_number for case in cases(store, named="2")] == [2]
    assert [case.dms_number for case in cases(store, named="WO-1")] == [1]
    assert [case.subject for case in cases(store, why="vinacles_refused")] == ["search/vinacles_refused"]
    assert [case.dms_number for case in cases(store, why="unreadable_price")] == [1, 2]
    assert cases(store, named="2", why="no_labor_item") == []


def test_any_number_of_rejected_workorders_costs_no_statement_more(store: Store) -> None:
    def costs(first: int, size: int) -> list[int]:
        numbers = range(first, first + size)
        return [
            statements_of(store, lambda: put(store, *(rejected(n, 0) for n in numbers))),
            statements_of(store, lambda: put(store, *(rejected(n, 1, b"new") for n in numbers))),
            statements_of(store, lambda: put(store, *(gone(n, 2) for n in numbers))),
        ]

    assert costs(1, 1) == costs(1000, 500) == [3, 3, 3]
    with store.database.transaction() as connection:
        for numbers in ([1], list(range(1000, 1500))):
            assert statements_of(store, lambda n=numbers: quarantined(connection, 7, n)) == 1  # type: ignore[misc]  # as it is now
