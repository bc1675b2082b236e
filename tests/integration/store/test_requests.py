"""Rows of `import_requests`: taken by one, answered once, never too often."""

import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from math import isfinite
from uuid import UUID

import pytest
from sqlalchemy import text

from tests.integration.store.ledger import RESULT, TOLD, Ledger
from worker.store import requests as rows
from worker.store.request_tables import RequestState
from worker.store.requests import DroppedRequest
from worker.store.why import asked_by_row

#: Characters of each text that the backend writes.
_HUGE = 50_000_000


def test_a_request_comes_as_it_was_written(ledger: Ledger) -> None:
    workorder = UUID("0b8a4c1e-7f0d-5a6b-9c3d-2e1f0a9b8c7d")
    number = ledger.ask(None, kind="refresh", workorder_id=workorder, request_id="click-1")
    [taken] = ledger.take()
    assert (taken.id, taken.kind, taken.workorder_id, taken.search) == (number, "refresh", workorder, None)
    assert (taken.request_id, taken.lost) == ("click-1", 0)
    assert rows.MOST_HOURS * 3600 - 60 < taken.seconds_left <= rows.MOST_HOURS * 3600
    assert ledger.row(number).state == RequestState.WORKING


def test_what_was_searched_stays_out_of_the_repr(ledger: Ledger) -> None:
    ledger.ask("GEHEIM-1")
    assert "GEHEIM" not in repr(ledger.take())


def test_many_takers_at_once_share_without_overlap(ledger: Ledger) -> None:
    asked = {ledger.ask() for _ in range(40)}
    with ThreadPoolExecutor(5) as people:
        batches = list(people.map(lambda n: ledger.take(f"taker-{n}", 7), range(10)))
    taken = [request.id for batch in batches for request in batch]
    assert len(taken) == len(set(taken))
    assert set(taken) == asked


def test_a_taker_does_not_wait_for_another(ledger: Ledger) -> None:
    first, second = ledger.ask(), ledger.ask()
    with ledger.database.transaction() as slow:
        assert [request.id for request in rows.take(slow, "slow", 1, 60, suspects=False)] == [first]
        assert [request.id for request in ledger.take("quick")] == [second]


def test_a_lease_keeps_others_out_until_it_runs_out(ledger: Ledger) -> None:
    number = ledger.ask()
    ledger.take("one")
    assert ledger.take("two") == ledger.take("two", suspects=True) == []
    ledger.let_lease_run_out(number)
    assert ledger.take("two") == []
    [again] = ledger.take("two", suspects=True)
    assert (again.id, again.lost) == (number, 1)


def test_an_answer_stands_in_the_row_and_the_search_is_gone(ledger: Ledger) -> None:
    number = ledger.ask()
    ledger.take("one")
    with ledger.database.transaction() as connection:
        assert rows.answer(connection, number, "one", RESULT)
    row = ledger.row(number)
    assert (row.state, row.result, row.search, row.tries, row.lease_owner) == (
        "answered",
        RESULT,
        None,
        0,
        None,
    )
    assert row.answered_at >= row.asked_at


@pytest.mark.parametrize("end", ["answer", "fail", "postpone"])
def test_whoever_lost_the_lease_writes_nothing(ledger: Ledger, end: str) -> None:
    number = ledger.ask()
    ledger.take("one")
    ledger.let_lease_run_out(number)
    ledger.take("two", suspects=True)
    before = ledger.row(number)
    with ledger.database.transaction() as connection:
        told = RESULT if end == "answer" else TOLD
        assert not getattr(rows, end)(connection, number, "one", told)
    assert ledger.row(number) == before


def test_a_failure_that_may_pass_waits_as_long_as_the_request_has(ledger: Ledger) -> None:
    for waited, expected in (("0 s", 2), ("40 s", 40), ("1 hour", 300)):
        number = ledger.ask()
        ledger.take("one")
        ledger.age(number, asked_at=f"now() - interval '{waited}'")
        with ledger.database.transaction() as connection:
            assert rows.postpone(connection, number, "one", TOLD)
        row = ledger.row(number)
        assert (row.state, row.tries, row.error_code, row.search) == (
            "waiting",
            0,
            "vinacles_unavailable",
            "12bdf3",
        )
        pause = ledger_pause(ledger, number)
        assert expected - 1 < pause.total_seconds() <= expected + 1


def ledger_pause(ledger: Ledger, number: int) -> timedelta:
    with ledger.database.transaction() as connection:
        query = text("SELECT try_at - now() FROM import_requests WHERE id = :id")
        pause: timedelta = connection.execute(query, {"id": number}).scalar_one()
    return pause


def test_a_server_that_names_a_later_moment_is_obeyed(ledger: Ledger) -> None:
    number = ledger.ask()
    ledger.take("one")
    with ledger.database.transaction() as connection:
        rows.postpone(connection, number, "one", TOLD, at_least_seconds=900)
    assert 890 < ledger_pause(ledger, number).total_seconds() <= 900


_A_DAY_AGO = "now() - interval '24 hours'"


@pytest.mark.parametrize("late", [{"answer_by": "now()"}, {"asked_at": _A_DAY_AGO, "try_at": _A_DAY_AGO}])
def test_what_is_late_is_dropped_with_a_reason(ledger: Ledger, late: dict[str, str]) -> None:
    number, other = ledger.ask(), ledger.ask()
    ledger.age(number, **late)
    assert ledger.drop_late() == [DroppedRequest(number, untried=True)]
    row = ledger.row(number)
    assert (row.state, row.error_code, row.search) == ("dropped", "request_expired", None)
    assert row.answered_at is not None
    assert [request.id for request in ledger.take()] == [other]


def test_what_is_under_way_is_not_dropped(ledger: Ledger) -> None:
    number = ledger.ask()
    ledger.take("one")
    ledger.age(number, answer_by="now()")
    assert ledger.drop_late() == []
    ledger.let_lease_run_out(number)
    assert ledger.drop_late() == [DroppedRequest(number, untried=False)]


def test_what_was_put_off_until_its_time_was_over_had_been_tried(ledger: Ledger) -> None:
    number = ledger.ask()
    ledger.take("one")
    with ledger.database.transaction() as connection:
        rows.postpone(connection, number, "one", TOLD)
    ledger.age(number, answer_by="now()")
    assert ledger.drop_late() == [DroppedRequest(number, untried=False)]


def test_no_request_however_wrong_breaks_the_backends_transaction(ledger: Ledger) -> None:
    number = ledger.ask("x" * 10_000, dealer_id=2**62, kind="imprt", request_id="spaces in it")
    assert ledger.take()[0].id == number


def test_what_is_too_long_is_fetched_only_so_far_that_it_is_too_long(ledger: Ledger) -> None:
    number = ledger.ask()
    ledger.age(number, **dict.fromkeys(("search", "kind", "request_id"), f"repeat('x', {_HUGE})"))
    tracemalloc.start()
    try:
        [taken] = ledger.take()
        with ledger.database.transaction() as connection:
            [listed] = rows.listed(connection, None, None, 10)
            assert len(asked_by_row(connection, 7)) == 0
            connection.execute(text("UPDATE import_requests SET kind = 'import'"))
            [asked] = asked_by_row(connection, 7)
        assert tracemalloc.get_traced_memory()[1] < _HUGE / 20
    finally:
        tracemalloc.stop()
    assert (len(taken.search or ""), len(taken.request_id or "")) == (501, 65)
    assert len(asked) == 501
    assert listed.kind is None
    assert "x" * 20 not in repr(listed)


@pytest.mark.parametrize(
    ("answer_by", "in_time", "shown"),
    [("-infinity", False, 1), ("4000-1-1 BC", False, 1), ("20000-1-1", True, 9999), ("infinity", True, 9999)],
)
def test_odd_moments_are_moments(ledger: Ledger, answer_by: str, in_time: bool, shown: int) -> None:
    number = ledger.ask(answer_by=answer_by)
    with ledger.database.transaction() as connection:
        [listed] = rows.listed(connection, None, None, 10)
    assert listed.answer_by
    assert listed.answer_by.year == shown
    assert listed.answer_by.isoformat()
    [taken] = ledger.take()
    assert isfinite(taken.seconds_left)
    assert (taken.seconds_left > 0) is in_time
    ledger.let_lease_run_out(number)
    assert [dropped.id for dropped in ledger.drop_late()] == ([] if in_time else [number])


def test_the_database_itself_forgets_the_search(ledger: Ledger) -> None:
    number = ledger.ask()
    with pytest.raises(Exception, match="search_forgotten_with_answer"):
        ledger.age(number, state="'failed'", error_code="'internal'", answered_at="now()")


def test_operators_see_rows_without_what_was_searched(ledger: Ledger) -> None:
    first, second = ledger.ask("GEHEIM-2"), ledger.ask("GEHEIM-2", dealer_id=8)
    ledger.take("one", 1)
    with ledger.database.transaction() as connection:
        everything = rows.listed(connection, None, None, 10)
        assert [request.id for request in everything] == [second, first]
        assert "GEHEIM" not in repr(everything)
        assert [r.id for r in rows.listed(connection, [RequestState.WORKING], None, 10)] == [first]
        assert [r.id for r in rows.listed(connection, None, 8, 10)] == [second]
        assert [r.id for r in rows.listed(connection, None, None, 1)] == [second]


def test_rows_from_before_the_clock_was_set_back_do_not_wait_for_it(ledger: Ledger) -> None:
    """New ones, postponed ones and those of a worker that died, as if written an hour ahead."""
    new, postponed, held = (ledger.ask() for _ in range(3))
    ledger.take("dead")
    with ledger.database.transaction() as connection:
        assert rows.postpone(connection, postponed, "dead", TOLD)
        connection.execute(
            text(
                "UPDATE import_requests SET state = 'waiting', tries = 0, lease_owner = NULL WHERE id = :id"
            ),
            {"id": new},
        )
    ledger.set_clock_back("1 hour")
    assert {request.id for request in ledger.take("two")} == {new, postponed}
    assert [request.id for request in ledger.take("two", suspects=True)] == [held]


def test_a_new_row_from_before_a_small_step_back_begins_at_once(ledger: Ledger) -> None:
    number = ledger.ask()
    ledger.set_clock_back("5 minutes")
    assert [request.id for request in ledger.take()] == [number]


def test_no_pause_is_taken_for_one_from_before_the_clock_was_set_back(ledger: Ledger) -> None:
    """Vinacles may ask for any."""
    number = ledger.ask()
    ledger.take("one")
    with ledger.database.transaction() as connection:
        assert rows.postpone(connection, number, "one", TOLD, at_least_seconds=86_400)
    assert ledger.take("two") == []
