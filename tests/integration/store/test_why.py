"""Since when Vinacles leaves a dealer's questions unanswered, by what attempts and runs have left behind."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from schemas.outcome import Outcome, Reason
from tests.integration.store.conftest import LINEAGE, Store
from tests.integration.store.leases import let_go, page, take
from tests.workorders import fetched
from worker.errors import ErrorCode
from worker.store.attempts import record_failure
from worker.store.due import start_run
from worker.store.why import failing_since, kept

NOW = datetime.now(UTC).replace(microsecond=0)
MONDAY, TUESDAY, WEDNESDAY = (NOW - timedelta(days=days) for days in (2, 1, 0))
MANY = 1_000
AWAY = ErrorCode.VINACLES_UNAVAILABLE


def fail(store: Store, at: datetime, code: ErrorCode = AWAY) -> None:
    with store.database.transaction() as connection:
        record_failure(connection, store.dealer_id, code, replace(LINEAGE, started_at=at))


def answered(store: Store, at: datetime, *, requests: int) -> None:
    store.run(
        "INSERT INTO import_attempts (dealer_id, trigger, outcome, reason, started_at, duration_ms, requests)"
        " VALUES (:dealer_id, 'search', :outcome, :reason, :at, 1, :requests)",
        **{"dealer_id": store.dealer_id, "outcome": Outcome.NOT_FOUND, "reason": Reason.NO_MATCH},
        **{"at": at, "requests": requests},
    )


def since(store: Store, failures: int = MANY) -> datetime | None:
    with store.database.transaction() as connection:
        return failing_since(connection, store.dealer_id, failures)


def test_the_first_of_those_that_failed_in_a_row(store: Store) -> None:
    assert since(store) is None
    for at in (MONDAY, TUESDAY, WEDNESDAY):
        fail(store, at)
    assert since(store) == MONDAY
    answered(store, MONDAY + timedelta(hours=1), requests=2)
    assert since(store) == TUESDAY
    answered(store, WEDNESDAY + timedelta(hours=1), requests=2)
    assert since(store) is None


@pytest.mark.parametrize("code", [code for code in ErrorCode if code is not AWAY])
def test_no_other_error_says_that_vinacles_was_away(store: Store, code: ErrorCode) -> None:
    fail(store, MONDAY, code)
    assert since(store) is None
    fail(store, TUESDAY)
    assert since(store) == TUESDAY


@pytest.mark.parametrize(
    "code",
    [
        ErrorCode.VINACLES_LOGIN_FAILED,
        ErrorCode.VINACLES_NOT_ALLOWED,
        ErrorCode.VINACLES_REFUSED,
        ErrorCode.SCHEMA_DRIFT,
    ],
)
def test_who_refuses_is_there(store: Store, code: ErrorCode) -> None:
    fail(store, MONDAY)
    fail(store, TUESDAY, code)
    fail(store, WEDNESDAY)
    assert since(store) == WEDNESDAY


def test_what_was_never_asked_says_nothing(store: Store) -> None:
    fail(store, MONDAY)
    answered(store, TUESDAY, requests=0)
    assert since(store) == MONDAY


def test_a_page_of_a_run_is_an_answer_though_nothing_has_changed(store: Store) -> None:
    fail(store, MONDAY)
    with store.database.transaction() as connection:
        run_id = start_run(connection, store.dealer_id).run_id
    assert take(store, run_id, "a") is not None
    assert let_go(store, run_id, "a", AWAY)
    assert since(store) == MONDAY, "taken up, and not a page further"
    assert take(store, run_id, "b") is not None
    assert page(store, run_id, "b")
    assert since(store) is None
    later = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1)
    fail(store, later)
    assert since(store) == later


def test_no_more_count_than_the_circuit_has_failures(store: Store) -> None:
    """A question that was answered and left no other trace has emptied it."""
    for at in (MONDAY, TUESDAY, WEDNESDAY):
        fail(store, at)
    assert [since(store, failures) for failures in range(4)] == [None, WEDNESDAY, TUESDAY, MONDAY]


def test_other_dealers_attempts_do_not_count(store: Store) -> None:
    fail(replace(store, dealer_id=store.dealer_id + 1), MONDAY)
    assert since(store) is None


def test_held_since_ends_where_the_dms_has_again_what_claire_has(store: Store) -> None:
    def held_since() -> datetime | None:
        with store.database.transaction() as connection:
            return kept(connection, store.dealer_id, [answer.workorder.wo_number], [])[number].held_since

    answer = fetched()
    number = answer.workorder.dms_number
    store.put(answer)
    store.start_work()
    changed = replace(answer.workorder, mileage_km=1)
    assert store.put(fetched(changed, seconds=10)) == [Outcome.HELD]
    first = held_since()
    assert first is not None
    assert store.put(fetched(changed, seconds=20)) == [Outcome.HELD]
    assert held_since() == first
    assert store.put(fetched(seconds=30)) == [Outcome.UNCHANGED]
    assert held_since() is None
    assert store.put(fetched(changed, seconds=40)) == [Outcome.HELD]
    assert held_since() is not None
