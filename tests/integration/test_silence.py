"""What people wait for ends with their deadline also where PostgreSQL falls silent beside the line itself: at
the circuit's row, and where somebody asks why."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import pytest

from sandbox.services import Postgres, Redis
from sandbox.simulator import known
from sandbox.simulator.running import SimulatorProcess
from schemas.messages import WhyRequest
from tests.integration.parts_on_simulator import (
    dealer_on,
    own_postgres,
    parts_with,
    running_simulator,
    settings_for,
)
from worker.attempt import Attempt
from worker.circuit import Circuit
from worker.deadline import Deadline
from worker.errors import StorageUnavailable, Trouble, TwoDriveError, VinaclesUnavailable
from worker.store.tables import Trigger
from worker.vinacles.failures import unavailable
from worker.wiring import Parts

_DEADLINE_SECONDS = 1.5
#: The deadline, and what each wait gets beyond it: a statement 1 s, a new connection 2 s.
_BOUND_SECONDS = 8.0


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    with own_postgres() as server:
        yield server


@pytest.fixture(scope="module")
def simulator() -> Iterator[SimulatorProcess]:
    with running_simulator(workorders=0) as simulator:
        yield simulator


@pytest.fixture(scope="module")
def parts(server: Postgres, redis_server: Redis, simulator: SimulatorProcess) -> Iterator[Parts]:
    with parts_with(settings_for(server.url, redis_server), dealer_on(simulator)) as parts:
        yield parts


@pytest.fixture
def attempt(parts: Parts) -> Attempt:
    with parts.database.transaction() as connection:
        loaded = parts.dealers.load(connection, 1)
    assert loaded is not None
    return Attempt(loaded, time.monotonic(), Trigger.SEARCH, None, None, Deadline.after(_DEADLINE_SECONDS))


@contextmanager
def ends_in_time(server: Postgres, error: type[TwoDriveError]) -> Iterator[None]:
    began = time.monotonic()
    with pytest.raises(error):
        yield
    server.thaw()
    assert time.monotonic() - began < _BOUND_SECONDS


def test_noting_a_failure(parts: Parts, server: Postgres, attempt: Attempt) -> None:
    with ends_in_time(server, VinaclesUnavailable), parts.breaker.question(attempt):
        server.freeze()
        raise unavailable("", trouble=Trouble.UNREACHABLE)


def test_noting_an_answer(parts: Parts, server: Postgres, attempt: Attempt) -> None:
    troubled = replace(attempt, loaded=replace(attempt.loaded, circuit=Circuit(1, Trouble.TIMEOUT)))
    began = time.monotonic()
    with parts.breaker.question(troubled):
        server.freeze()
    server.thaw()
    assert time.monotonic() - began < _BOUND_SECONDS


def test_becoming_the_probe(parts: Parts, server: Postgres, attempt: Attempt) -> None:
    before = attempt.loaded.asked_at - timedelta(minutes=1)
    opened = Circuit(3, Trouble.TIMEOUT, opened_at=before, probe_at=before)
    half_open = replace(attempt, loaded=replace(attempt.loaded, circuit=opened))
    with ends_in_time(server, StorageUnavailable):
        server.freeze()
        with parts.breaker.question(half_open):
            pass


def test_asking_why(parts: Parts, server: Postgres) -> None:
    # Over a connection that is there: a new one has a limit of its own.
    with parts.database.transaction() as connection:
        connection.exec_driver_sql("SELECT 1")
    with ends_in_time(server, StorageUnavailable):
        server.freeze()
        parts.inquiry.why(WhyRequest(1, known.COMPLETE, offline=True), Deadline.after(_DEADLINE_SECONDS))
