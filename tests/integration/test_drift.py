"""Differences of a Vinacles, noticed while workorders are imported from the simulator."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import text
from structlog.testing import capture_logs

from sandbox.services import Redis
from sandbox.simulator import known
from sandbox.simulator.running import SimulatorProcess
from schemas.drift import Action, Drift, Kind
from schemas.messages import ImportRequest
from schemas.outcome import ImportResult, Outcome
from tests.integration.parts_on_simulator import dealer_on, parts_with, running_simulator, settings_for
from worker.deadline import Deadline
from worker.drift import NOTED_AGAIN_SECONDS, DriftWatch
from worker.errors import ConfigurationError, ErrorCode
from worker.store.columns import Document, RunState
from worker.store.drift import EVERYBODY, OVER_AFTER_DAYS, Noted, Policy, acknowledge, noted, set_policy
from worker.wiring import Parts

QUANTITY = Drift("WorkorderLine", "Quantity", Kind.MISSING_COLUMN)
SUBLET = Drift("WorkorderLine", "LineType", Kind.NEW_LINE_TYPE, "Sublet")


@pytest.fixture(scope="module")
def simulator() -> Iterator[SimulatorProcess]:
    with running_simulator(workorders=30) as simulator:
        yield simulator


@pytest.fixture
def parts(database_url: str, redis_server: Redis, simulator: SimulatorProcess) -> Iterator[Parts]:
    """Dealers 1 and 2, both on the simulator."""
    simulator.admin.reset()
    chosen = {"modified_on_works": False, "import_new_in_bulk": True, "requests_per_second": 1000}
    dealers = [dealer_on(simulator, number, **chosen) for number in (1, 2)]
    with parts_with(settings_for(database_url, redis_server), *dealers) as parts:
        yield parts


def _search(parts: Parts, dealer_id: int = 1) -> ImportResult:
    request = ImportRequest(dealer_id, known.COMPLETE, None)
    return parts.importer.search(request, None, Deadline.after(10))


def _noted(parts: Parts, dealer_id: int | None = None) -> list[Noted]:
    with parts.database.transaction() as connection:
        return noted(connection, dealer_id)


def _choose(parts: Parts, dealer_id: int, field: str, action: Action) -> None:
    with parts.database.transaction() as connection:
        set_policy(connection, Policy(dealer_id, field, action))


def _events(logs: list[Any]) -> list[tuple[int, str, str]]:
    return [(log["dealer_id"], log["field"], log["found"]) for log in logs if log["event"] == "schema_drift"]


def test_what_is_as_expected_is_no_news(parts: Parts) -> None:
    assert _search(parts).workorders[0].outcome is Outcome.CREATED
    assert _noted(parts) == []


def test_a_change_is_reported_once_by_all_workers_together(parts: Parts, simulator: SimulatorProcess) -> None:
    simulator.admin.add_fault("omitted_column", match="WorkorderLine", column="Quantity", times=None)
    with capture_logs() as logs:
        _search(parts)
        _search(parts)
        DriftWatch(parts.database).note(1, [_noted(parts, 1)[0].drift], {})
    assert _events(logs) == [(1, "WorkorderLine.Quantity", "")]
    [one] = _noted(parts)
    assert one.drift == Drift("WorkorderLine", "Quantity", Kind.MISSING_COLUMN)
    # Once by this process within a minute, once by the other.
    assert one.times == 2
    assert one.first_seen_at < one.last_seen_at


def test_what_lasts_is_noted_again_after_a_minute(parts: Parts) -> None:
    moment = [0.0]
    watch = DriftWatch(parts.database, clock=lambda: moment[0])
    for at in (0.0, NOTED_AGAIN_SECONDS - 1, NOTED_AGAIN_SECONDS):
        moment[0] = at
        watch.note(1, [SUBLET], {})
    assert [one.times for one in _noted(parts)] == [2]


def test_a_new_line_type_is_named(parts: Parts, simulator: SimulatorProcess) -> None:
    simulator.admin.add_fault("line_type", match="WorkorderLine", value="Sublet", times=None)
    with capture_logs() as logs:
        _search(parts)
    assert _events(logs) == [(1, "WorkorderLine.LineType", "Sublet")]


def test_what_is_allowed_is_not_reported(parts: Parts, simulator: SimulatorProcess) -> None:
    simulator.admin.add_fault("line_type", match="WorkorderLine", value="Sublet", times=None)
    _choose(parts, EVERYBODY, SUBLET.field, Action.ALLOW)
    _choose(parts, 2, SUBLET.field, Action.WARN)
    with capture_logs() as logs:
        _search(parts, 1)
        _search(parts, 2)
    assert _events(logs) == [(2, "WorkorderLine.LineType", "Sublet")]


def test_what_is_acknowledged_is_neither_listed_nor_reported_again(
    parts: Parts, simulator: SimulatorProcess
) -> None:
    simulator.admin.add_fault("line_type", match="WorkorderLine", value="Sublet", times=None)
    _search(parts)
    with parts.database.transaction() as connection:
        assert acknowledge(connection, 1, "WorkorderLine.Price") == 0
        assert acknowledge(connection, 1, SUBLET.field) == 1
    with capture_logs() as logs:
        DriftWatch(parts.database).note(1, [SUBLET], {})
    assert (_noted(parts), _events(logs)) == ([], [])


def _days_pass(parts: Parts, days: int) -> None:
    with parts.database.transaction() as connection:
        connection.execute(
            text(
                "UPDATE schema_drift SET first_seen_at = first_seen_at - make_interval(days => :days),"
                " last_seen_at = last_seen_at - make_interval(days => :days)"
            ),
            {"days": days},
        )


def _seen_again(parts: Parts, drift: Drift, days: int) -> tuple[list[tuple[int, str, str]], list[int]]:
    """What is told of what was acknowledged, and then seen again so many days later; and how often it counts
    as seen, where it is listed."""
    DriftWatch(parts.database).note(1, [drift], {})
    with parts.database.transaction() as connection:
        acknowledge(connection, 1)
    _days_pass(parts, days)
    with capture_logs() as logs:
        DriftWatch(parts.database).note(1, [drift], {})
    return _events(logs), [one.times for one in _noted(parts)]


def test_what_was_over_is_reported_anew_when_it_comes_back(parts: Parts) -> None:
    assert _seen_again(parts, QUANTITY, OVER_AFTER_DAYS - 1) == ([], [])
    assert _seen_again(parts, QUANTITY, OVER_AFTER_DAYS + 1) == ([(1, QUANTITY.field, "")], [1])
    [one] = _noted(parts)
    assert one.first_seen_at == one.last_seen_at


def test_a_new_column_that_went_away_is_news_when_it_comes_back(
    parts: Parts, simulator: SimulatorProcess
) -> None:
    def told() -> list[tuple[int, str, str]]:
        with capture_logs() as logs:
            assert parts.listing.look(1) is Document.LISTED
        return [event for event in _events(logs) if event[1] == "Workorder.VIN"]

    assert told() == []
    fault = simulator.admin.add_fault("missing_column", match="Workorder", column="VIN", times=None)
    for days in (1, OVER_AFTER_DAYS):
        _days_pass(parts, days)
        assert told() == []
    simulator.admin.remove_fault(fault)
    assert told() == [(1, "Workorder.VIN", "string")]


def test_a_line_type_that_is_rare_is_known_for_good(parts: Parts) -> None:
    assert _seen_again(parts, SUBLET, 400) == ([], [])


@pytest.mark.parametrize(("whose", "left"), [(1, [2]), (EVERYBODY, [2])])
def test_what_is_allowed_need_not_be_acknowledged(parts: Parts, whose: int, left: list[int]) -> None:
    """Dealer 2 has a choice of its own."""
    _choose(parts, 2, SUBLET.field, Action.WARN)
    for dealer_id in (1, 2):
        DriftWatch(parts.database).note(dealer_id, [SUBLET], {})
    _choose(parts, whose, SUBLET.field, Action.ALLOW)
    assert [one.dealer_id for one in _noted(parts)] == left


def test_a_blocked_field_stops_its_dealer_and_nobody_else(parts: Parts, simulator: SimulatorProcess) -> None:
    _choose(parts, 1, QUANTITY.field, Action.BLOCK)
    assert _search(parts).workorders[0].outcome is Outcome.CREATED
    fault = simulator.admin.add_fault("omitted_column", match="WorkorderLine", column="Quantity", times=None)
    with pytest.raises(ConfigurationError) as raised:
        _search(parts)
    assert raised.value.code is ErrorCode.SCHEMA_DRIFT
    assert "WorkorderLine.Quantity: is missing" in raised.value.text
    assert [one.drift for one in _noted(parts, 1)] == [QUANTITY]
    assert _search(parts, 2).workorders[0].outcome is Outcome.CREATED
    simulator.admin.remove_fault(fault)
    assert _search(parts).workorders[0].outcome is Outcome.UNCHANGED


def test_a_blocked_field_stops_a_bulk_run_before_anything_is_stored(
    parts: Parts, simulator: SimulatorProcess
) -> None:
    _choose(parts, 1, SUBLET.field, Action.BLOCK)
    simulator.admin.add_fault("line_type", match="WorkorderLine", value="Sublet", times=None)
    run = parts.bulk.start(1)
    with pytest.raises(ConfigurationError) as raised:
        parts.bulk.work(run.run_id, None, lambda _: None)
    assert raised.value.code is ErrorCode.SCHEMA_DRIFT
    ended = parts.bulk.state(run.run_id)
    assert ended is not None
    assert (ended.state, ended.pages) == (RunState.FAILED, 0)


def test_imports_go_on_where_nothing_can_be_noted(parts: Parts, simulator: SimulatorProcess) -> None:
    simulator.admin.add_fault("line_type", match="WorkorderLine", value="Sublet", times=None)
    with parts.database.transaction() as connection:
        connection.exec_driver_sql("DROP TABLE schema_drift")
    with capture_logs() as logs:
        assert _search(parts).workorders[0].outcome is Outcome.CREATED
    assert "schema_drift_not_noted" in [log["event"] for log in logs]
