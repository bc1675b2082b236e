"""What opens a circuit on real PostgreSQL, and what that costs."""

from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import event, text

from sandbox.processes import free_port
from sandbox.services import Redis
from schemas.dealer import Secret
from schemas.outcome import Outcome
from tests.integration.circuit.line import Line, dealer_of
from tests.integration.parts_on_simulator import add, settings_for
from worker.circuit import CLOSED
from worker.errors import CircuitOpen, ErrorCode, Trouble, VinaclesUnavailable
from worker.wiring import build


def test_repeated_failures_open_it_and_nobody_asks_any_more(line: Line) -> None:
    line.down()
    codes = [line.fails().code for _ in range(3)]
    assert codes == [ErrorCode.VINACLES_UNAVAILABLE] * 3
    line.simulator.admin.clear_journal()
    error = line.fails()
    assert isinstance(error, CircuitOpen)
    circuit = line.circuit()
    assert (circuit.failures, circuit.trouble) == (3, Trouble.SERVER_ERROR)
    assert "server errors (HTTP 5xx)" in error.text
    assert error.retry_after_seconds is not None
    assert 0 < error.retry_after_seconds <= 15
    assert line.simulator.admin.journal() == []
    recorded = "SELECT error_code FROM import_attempts ORDER BY id DESC LIMIT 1"
    with line.parts.database.transaction() as connection:
        assert connection.execute(text(recorded)).scalar_one() == "vinacles_circuit_open"


def test_what_is_said_has_the_moments_on_the_dealers_clock(line: Line) -> None:
    line.open()
    probe_at = datetime.now(UTC).replace(microsecond=0) + timedelta(minutes=4)
    line.sql(f"UPDATE circuits SET opened_at = '2026-03-01 23:30:05+00', probe_at = '{probe_at.isoformat()}'")
    said = line.fails().text
    assert "since 2026-03-02 00:30:05" in said
    there = probe_at.astimezone(ZoneInfo("Europe/Amsterdam"))
    assert "tried next at" in said
    assert f"{there:%H:%M:%S}" in said


def test_one_success_in_between_starts_the_count_anew(line: Line) -> None:
    for _ in range(3):
        line.down()
        line.fails()
        line.fails()
        line.simulator.admin.clear_faults()
        assert line.search().workorders[0].outcome in (Outcome.CREATED, Outcome.UNCHANGED)
        assert line.circuit() == CLOSED


def test_an_untroubled_dealer_costs_no_statement_more(line: Line) -> None:
    statements: list[str] = []
    line.down()
    line.fails()
    line.simulator.admin.clear_faults()
    line.search()  # closes, and so it writes
    event.listen(
        line.parts.database.engine(), "before_cursor_execute", lambda *args: statements.append(args[2])
    )
    line.search()
    assert len(statements) == 4
    assert [one for one in statements if "UPDATE circuits" in one or "INTO circuits" in one] == []


@pytest.mark.parametrize(
    ("fault", "trouble"),
    [
        ({"kind": "status", "status": 503, "match": "token"}, Trouble.LOGIN_SERVER),
        ({"kind": "reset", "match": "token"}, Trouble.LOGIN_SERVER),
        ({"kind": "slow", "seconds": 9, "match": "token"}, Trouble.LOGIN_SERVER),
        ({"kind": "reset"}, Trouble.UNREACHABLE),
        ({"kind": "cut"}, Trouble.UNREACHABLE),
        ({"kind": "slow", "seconds": 9}, Trouble.TIMEOUT),
        ({"kind": "status", "status": 502, "body": "html"}, Trouble.SERVER_ERROR),
        ({"kind": "status", "status": 429}, Trouble.SERVER_ERROR),
        ({"kind": "status", "status": 429, "retry_after": "0"}, Trouble.SERVER_ERROR),
        ({"kind": "status", "status": 429, "retry_after": "1"}, Trouble.SERVER_ERROR),
        ({"kind": "status", "status": 429, "retry_after": "soon"}, Trouble.SERVER_ERROR),
        ({"kind": "status", "status": 429, "match": "token"}, Trouble.LOGIN_SERVER),
    ],
    ids=str,
)
def test_what_opens_it(line: Line, fault: dict[str, Any], trouble: Trouble) -> None:
    line.simulator.admin.add_fault(times=None, **fault)
    # Silence counts for whoever gave Vinacles a fair time, whatever else took some.
    line.fails(seconds=4 if fault["kind"] == "slow" else 2.2)
    assert (line.circuit().failures, line.circuit().trouble) == (1, trouble)


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "status", "status": 429, "retry_after": "60"},
        {"kind": "status", "status": 429, "match": "token", "retry_after": "60"},
        {"kind": "status", "status": 401, "match": "token"},
        {"kind": "status", "status": 401},
        {"kind": "status", "status": 403},
        {"kind": "status", "status": 400},
        {"kind": "status", "status": 404},
        {"kind": "status", "status": 500},  # Data API builder's UnexpectedError
        {"kind": "unparsable"},
    ],
    ids=str,
)
def test_what_does_not(line: Line, fault: dict[str, Any]) -> None:
    line.simulator.admin.add_fault(times=None, **fault)
    line.fails()
    assert line.circuit() == CLOSED


def test_silence_within_less_than_a_fair_time_does_not(line: Line) -> None:
    line.simulator.admin.add_fault("slow", times=None, seconds=9)
    line.fails(seconds=1)
    assert line.circuit() == CLOSED


def test_what_an_earlier_try_met_still_holds_when_the_last_says_nothing(line: Line) -> None:
    line.simulator.admin.answer_status(503)
    line.simulator.admin.answer_status(429, times=None, after=1, retry_after="60")
    line.fails(seconds=2)
    assert line.circuit().trouble is Trouble.SERVER_ERROR


def test_our_own_stores_away_are_not_vinacles_fault(
    line: Line, database_url: str, redis_server: Redis
) -> None:
    settings = settings_for(database_url, redis_server)
    nowhere = Secret(f"redis://127.0.0.1:{free_port()}/2")
    parts = build(replace(settings, state_url=nowhere, secret_keys=line.parts.settings.secret_keys))
    lonely = Line(parts, line.simulator)
    with closing(parts):
        assert lonely.fails().code is ErrorCode.STORAGE_UNAVAILABLE
    assert line.circuit() == CLOSED


def test_another_dealer_is_not_affected(line: Line) -> None:
    dead = dealer_of(line.simulator, dealer_id=2)
    away = replace(dead.connection, base_url=f"http://127.0.0.1:{free_port()}")
    add(line.parts, replace(dead, connection=away))
    for _ in range(3):
        assert line.fails(2).code is ErrorCode.VINACLES_UNAVAILABLE
    assert line.fails(2).code is ErrorCode.VINACLES_CIRCUIT_OPEN
    assert line.circuit(2).trouble is Trouble.UNREACHABLE
    assert line.search(1).workorders[0].outcome is Outcome.CREATED
    assert line.circuit(1) == CLOSED


def test_who_asks_to_be_left_alone_is_by_people_and_runs_alike(line: Line) -> None:
    # Given a Vinacles that asked to be left alone for longer than a person waits
    line.simulator.admin.answer_status(429, times=None, match="Workorder", retry_after="60")
    line.fails()
    line.simulator.admin.clear_journal()
    # Then nobody asks it, whoever wants to know, and its circuit has nothing to do with it
    error = line.fails()
    assert (error.code, "not to be asked again before" in error.text) == (
        ErrorCode.VINACLES_UNAVAILABLE,
        True,
    )
    run_id = line.parts.bulk.start(1).run_id
    with pytest.raises(VinaclesUnavailable, match="not to be asked again before"):
        line.parts.bulk.work(run_id, None, lambda _: None)
    assert line.simulator.admin.journal() == []
    assert line.circuit() == CLOSED
    # Unless an operator insists, and an answer ends it for all
    line.simulator.admin.clear_faults()
    assert line.search(insist=True).workorders[0].outcome is Outcome.CREATED
    assert line.search().workorders[0].outcome is Outcome.UNCHANGED
