"""Circuits on real PostgreSQL: what opens one, what that costs, and whose the probe is."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Any

import pytest
from sqlalchemy import event, text

from sandbox.processes import free_port
from sandbox.services import Redis
from sandbox.simulator import known
from sandbox.simulator.running import SimulatorProcess
from schemas.dealer import Dealer, Secret
from schemas.messages import ImportRequest
from schemas.outcome import ImportResult, Outcome
from tests.integration.workplace import add, dealer_on, parts_with, running_simulator, settings_for
from worker.bulk import BulkRefresh
from worker.bulk_pages import BulkPages
from worker.circuit import CLOSED, Circuit
from worker.deadline import Deadline
from worker.errors import CircuitOpen, ErrorCode, Trouble, TwoDriveError, VinaclesUnavailable
from worker.store.circuits import circuit_of
from worker.store.columns import RunState
from worker.store.runs import MAX_ATTEMPTS, Run
from worker.vinacles.bulk import BulkReader
from worker.wiring import Parts, build

#: Enough for a few tries; what fails at once fails within it.
_HASTE_SECONDS = 1.0


@dataclass(frozen=True)
class Line:
    """Dealer 1 on the simulator."""

    parts: Parts
    simulator: SimulatorProcess

    def search(
        self, dealer_id: int = 1, seconds: float = _HASTE_SECONDS, *, insist: bool = False
    ) -> ImportResult:
        request = ImportRequest(dealer_id, known.COMPLETE, "request-1")
        return self.parts.importer.search(request, None, Deadline.after(seconds), insist=insist)

    def fails(self, dealer_id: int = 1, seconds: float = _HASTE_SECONDS) -> TwoDriveError:
        with pytest.raises(TwoDriveError) as raised:
            self.search(dealer_id, seconds)
        return raised.value

    def circuit(self, dealer_id: int = 1) -> Circuit:
        with self.parts.database.transaction() as connection:
            return circuit_of(connection, dealer_id)

    def pause_passes(self) -> None:
        self.sql("UPDATE circuits SET probe_at = now() - interval '1 second' WHERE probe_at IS NOT NULL")

    def sql(self, statement: str) -> None:
        with self.parts.database.transaction() as connection:
            connection.execute(text(statement))

    def down(self) -> None:
        self.simulator.admin.answer_status(503, times=None)

    def open(self) -> None:
        self.down()
        for _ in range(3):
            self.fails()
        self.simulator.admin.clear_journal()


@pytest.fixture(scope="module")
def simulator() -> Iterator[SimulatorProcess]:
    with running_simulator(workorders=30) as simulator:
        yield simulator


@pytest.fixture
def line(database_url: str, redis_server: Redis, simulator: SimulatorProcess) -> Iterator[Line]:
    simulator.admin.reset()
    with parts_with(settings_for(database_url, redis_server), _dealer(simulator)) as parts:
        yield Line(parts, simulator)


def _dealer(simulator: SimulatorProcess, dealer_id: int = 1) -> Dealer:
    return dealer_on(simulator, dealer_id, modified_on_works=False, requests_per_second=1000)


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


def test_the_saidhas_the_moments_on_the_dealers_clock(line: Line) -> None:
    line.open()
    line.sql(
        "UPDATE circuits SET opened_at = '2026-03-01 23:30:05+00', probe_at = ('2126-03-01 23:59:59+01')"
    )
    said = line.fails().text
    assert "since 2026-03-02 00:30:05" in said
    assert "tried next at 2126-03-01 23:59:59" in said


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
    ],
    ids=str,
)
def test_what_opens_it(line: Line, fault: dict[str, Any], trouble: Trouble) -> None:
    line.simulator.admin.add_fault(times=None, **fault)
    line.fails(seconds=2.2)
    assert (line.circuit().failures, line.circuit().trouble) == (1, trouble)


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "status", "status": 429, "retry_after": "1"},
        {"kind": "status", "status": 429, "match": "token"},
        {"kind": "status", "status": 401, "match": "token"},
        {"kind": "status", "status": 401},
        {"kind": "status", "status": 403},
        {"kind": "status", "status": 400},
        {"kind": "status", "status": 404},
        {"kind": "status", "status": 500},  # Data API builder's UnexpectedError
        {"kind": "unparsable"},
        {"kind": "slow", "seconds": 9},  # we had no time: the default haste is less than what is fair
    ],
    ids=str,
)
def test_what_does_not(line: Line, fault: dict[str, Any]) -> None:
    line.simulator.admin.add_fault(times=None, **fault)
    line.fails()
    assert line.circuit() == CLOSED


def test_what_an_earlier_try_met_still_holds_when_the_last_says_nothing(line: Line) -> None:
    line.simulator.admin.answer_status(503)
    line.simulator.admin.answer_status(429, times=None, after=1)
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
    dead = _dealer(line.simulator, dealer_id=2)
    away = replace(dead.connection, base_url=f"http://127.0.0.1:{free_port()}")
    add(line.parts, replace(dead, connection=away))
    for _ in range(3):
        assert line.fails(2).code is ErrorCode.VINACLES_UNAVAILABLE
    assert line.fails(2).code is ErrorCode.VINACLES_CIRCUIT_OPEN
    assert line.circuit(2).trouble is Trouble.UNREACHABLE
    assert line.search(1).workorders[0].outcome is Outcome.CREATED
    assert line.circuit(1) == CLOSED


def test_a_person_may_be_the_probe(line: Line) -> None:
    line.open()
    line.pause_passes()
    assert line.fails().code is ErrorCode.VINACLES_UNAVAILABLE, "it was asked"
    assert line.fails().code is ErrorCode.VINACLES_CIRCUIT_OPEN
    circuit = line.circuit()
    assert (circuit.failed_probes, circuit.probe_owner) == (1, None)
    line.simulator.admin.clear_faults()
    line.pause_passes()
    assert line.search().workorders[0].outcome is Outcome.CREATED
    assert line.circuit() == CLOSED


def test_a_probe_that_is_refused_closes_it_and_one_that_says_nothing_is_given_back(line: Line) -> None:
    line.open()
    line.simulator.admin.clear_faults()
    line.simulator.admin.answer_status(429, times=None)
    line.pause_passes()
    line.fails()
    circuit = line.circuit()
    assert (circuit.is_open, circuit.probe_owner, circuit.failed_probes) == (True, None, 0)
    line.simulator.admin.clear_faults()
    line.simulator.admin.answer_status(403, times=None)
    assert line.fails().code is ErrorCode.VINACLES_NOT_ALLOWED
    assert line.circuit() == CLOSED


def test_an_operator_may_insist(line: Line) -> None:
    line.open()
    before = line.circuit()
    with pytest.raises(TwoDriveError) as raised:
        line.search(insist=True)
    assert raised.value.code is ErrorCode.VINACLES_UNAVAILABLE
    assert line.circuit() == replace(before, failures=4)
    line.simulator.admin.clear_faults()
    assert line.search(insist=True).found == 1
    assert line.circuit() == CLOSED


def _slice(line: Line, run_id: int) -> Run | TwoDriveError:
    try:
        run = line.parts.bulk.work(run_id, None, lambda _: None)
    except TwoDriveError as error:
        return error
    assert run is not None
    return run


def _run(line: Line, run_id: int) -> Run:
    run = line.parts.bulk.state(run_id)
    assert run is not None
    return run


def test_a_bulk_run_waits_without_failing_and_goes_on(line: Line) -> None:
    # Given a run that meets an open circuit
    line.open()
    run_id = line.parts.bulk.start(1).run_id
    for _ in range(MAX_ATTEMPTS + 2):
        assert isinstance(_slice(line, run_id), CircuitOpen)
    # Then it is not failed, nobody holds it, and its bell rings when the circuit may be probed
    run, circuit = _run(line, run_id), line.circuit()
    assert (run.state, run.attempts, run.lease_owner) == (RunState.RUNNING, 0, None)
    assert run.error_code == ErrorCode.VINACLES_CIRCUIT_OPEN
    assert _ring_at(line, run_id) == circuit.probe_at
    assert line.simulator.admin.journal() == []
    # When Vinacles is well again and a page is the probe
    line.simulator.admin.clear_faults()
    line.pause_passes()
    # Then it comes to its end
    done = _slice(line, run_id)
    assert isinstance(done, Run)
    assert (done.state, done.error_code) == (RunState.DONE, None)
    assert line.circuit() == CLOSED


def _ring_at(line: Line, run_id: int) -> object:
    query = text("SELECT ring_at FROM refresh_runs WHERE id = :run_id")
    with line.parts.database.transaction() as connection:
        return connection.execute(query, {"run_id": run_id}).scalar_one()


def test_probing_pages_burn_no_attempts(line: Line) -> None:
    line.down()
    parts = line.parts
    pages = BulkPages(
        parts.database, parts.dealers, BulkReader(parts.client), parts.importer, page_seconds=0.6
    )
    hasty = BulkRefresh(parts.database, pages, parts.importer)
    run_id = line.parts.bulk.start(1).run_id
    seen = []
    for _ in range(MAX_ATTEMPTS + 3):
        with pytest.raises(VinaclesUnavailable):
            hasty.work(run_id, None, lambda _: None)
        seen.append((_run(line, run_id).attempts, line.circuit().failed_probes))
        line.pause_passes()
    assert seen == [(1, 0), (2, 0), (2, 0), (2, 1), (2, 2), (2, 3), (2, 4), (2, 5)]
    assert _run(line, run_id).state is RunState.RUNNING


def test_who_closes_it_wakes_the_runs_that_wait(line: Line) -> None:
    line.open()
    run_id = line.parts.bulk.start(1).run_id
    assert isinstance(_slice(line, run_id), CircuitOpen)
    assert line.parts.bulk.due() == []
    line.parts.breaker.close(1)
    assert [started.run_id for started in line.parts.bulk.due()] == [run_id]
    assert _run(line, run_id).error_code is None
