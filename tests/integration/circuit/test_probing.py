"""Whose the probe is, and what waits for it."""

from dataclasses import replace

import pytest
from sqlalchemy import text

from schemas.outcome import Outcome
from tests.integration.circuit.line import Line
from tests.integration.parts_on_simulator import bulk_of
from worker.circuit import CLOSED
from worker.errors import CircuitOpen, ErrorCode, TwoDriveError, VinaclesUnavailable
from worker.store.columns import RunState
from worker.store.runs import MAX_ATTEMPTS, Run


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
    line.simulator.admin.answer_status(500, times=None)  # Data API builder's UnexpectedError
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
    hasty = bulk_of(line.parts, page_seconds=1)
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
