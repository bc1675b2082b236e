"""What the health check makes of a pulse, and what the pulse says of a program."""

from dataclasses import replace
from pathlib import Path

import pytest

from worker.health import (
    BUSY_SECONDS,
    DEAF_SECONDS,
    LOOP_SECONDS,
    POLL_SECONDS,
    STUCK_SECONDS,
    VARIABLE,
    Pulse,
    answer,
    health_of,
    judge,
)
from worker.heartbeat import Heartbeat

NOW = 10_000.0
WELL = Pulse("bulk@host", loop_at=NOW - 1, polled_at=NOW - 2)


@pytest.mark.parametrize(
    ("pulse", "live", "ready", "says"),
    [
        (WELL, True, True, "consuming"),
        (replace(WELL, loop_at=NOW - LOOP_SECONDS - 1), True, False, "stuck"),
        (replace(WELL, loop_at=NOW - STUCK_SECONDS - 1), False, False, "stuck"),
        (replace(WELL, loop_at=NOW + 50), False, False, "stuck"),
        (replace(WELL, away_since=NOW - 12), True, False, "broker is away since 12 s"),
        (replace(WELL, away_since=NOW - 86_400), True, False, "broker is away"),
        (replace(WELL, away_since=NOW - 500, loop_at=NOW - LOOP_SECONDS - 1), True, False, "broker is away"),
        (replace(WELL, away_since=NOW - 500, loop_at=NOW - STUCK_SECONDS - 1), False, False, "stuck"),
        (replace(WELL, polled_at=NOW - POLL_SECONDS - 1), True, False, "alive but not consuming"),
        (replace(WELL, polled_at=NOW - DEAF_SECONDS - 1), False, False, "alive but not consuming"),
        (replace(WELL, busy_since=NOW - 299, polled_at=NOW - 299), True, True, "working"),
        (replace(WELL, busy_since=NOW - BUSY_SECONDS - 1), False, False, "all slots"),
    ],
)
def test_what_is_live_and_what_is_ready(pulse: Pulse, live: bool, ready: bool, says: str) -> None:
    health = judge(pulse, NOW)
    assert (health.live, health.ready) == (live, ready)
    assert says in health.text


def test_a_program_without_a_pulse_is_not_killed(tmp_path: Path) -> None:
    missing = health_of(tmp_path / "none", NOW)
    assert (missing.live, missing.ready) == (True, False)
    for text in ("", "[]", "{}", '{"name": 1}'):
        (tmp_path / "broken").write_text(text)
        broken = health_of(tmp_path / "broken", NOW)
        assert (broken.live, broken.ready) == (True, False)


def test_wrong_usage_is_neither_yes_nor_no() -> None:
    assert answer([], {})[0] == 2
    assert answer(["well"], {VARIABLE: "/tmp/health"})[0] == 2
    assert VARIABLE in answer(["live"], {})[1]


@pytest.fixture
def at() -> list[float]:
    """The clock's moment; move it by assigning to its only element."""
    return [NOW]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "health"


@pytest.fixture
def pulse(path: Path, at: list[float]) -> Heartbeat:
    return Heartbeat(path, "bulk@host", lambda: at[0])


def test_a_pulse_tells_away_and_back(pulse: Heartbeat, path: Path, at: list[float]) -> None:
    pulse.turned()
    assert health_of(path, at[0]).ready
    pulse.away()
    at[0] += 100
    pulse.away()
    assert "away since 100 s" in health_of(path, at[0]).text
    pulse.polled()
    pulse.turned()
    assert health_of(path, at[0]).ready


def test_a_busy_worker_asks_for_nothing_and_is_well(pulse: Heartbeat, path: Path, at: list[float]) -> None:
    pulse.turned(busy=True)
    at[0] += POLL_SECONDS + 100
    pulse.turned(busy=True)
    assert "taken for 130 s" in health_of(path, at[0]).text
    # The broker's next answer is due from now on.
    pulse.turned()
    assert health_of(path, at[0]).ready
    at[0] += POLL_SECONDS + 1
    pulse.turned()
    assert "not consuming" in health_of(path, at[0]).text


def test_a_resting_beat_has_nothing_to_ask(pulse: Heartbeat, path: Path, at: list[float]) -> None:
    for _ in range(20):
        at[0] += 5
        pulse.rested()
    assert health_of(path, at[0]).ready
    pulse.away()
    at[0] += 5
    pulse.rested()
    assert "broker is away" in health_of(path, at[0]).text


def test_a_program_that_is_not_told_where_writes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    pulse = Heartbeat(None, "bulk@host")
    for happened in (pulse.turned, pulse.polled, pulse.rested, pulse.away):
        happened()
    assert list(tmp_path.iterdir()) == []


def test_a_server_of_requests_says_that_it_is_postgresql_that_is_away(tmp_path: Path) -> None:
    clock = iter([0.0, 1.0, 2.0, 2.0])
    path = tmp_path / "pulse"
    pulse = Heartbeat(path, "requests", lambda: next(clock), asks="PostgreSQL")
    pulse.away()
    away = health_of(path, 2.0)
    assert (away.live, away.ready, "PostgreSQL is away" in away.text) == (True, False, True)
    pulse.polled()
    pulse.turned()
    assert health_of(path, 2.0).ready


def test_a_start_forgets_the_pulse_of_an_earlier_process(path: Path, at: list[float]) -> None:
    """The folder of a container outlives its restarts: a start must be judged by no older pulse."""
    replace(WELL, loop_at=NOW - STUCK_SECONDS - 1).write(path)
    assert not health_of(path, NOW).live
    Heartbeat(path, "bulk@host", lambda: at[0])
    starting = health_of(path, NOW)
    assert (starting.live, starting.ready, "Starting" in starting.text) == (True, False, True)


def test_whoever_asked_meanwhile_had_a_free_slot(pulse: Heartbeat, path: Path, at: list[float]) -> None:
    """All slots taken at each look, by other work each time, is a busy day and no reason to restart."""
    for _ in range(round(BUSY_SECONDS) + 100):
        pulse.polled()
        pulse.turned(busy=True)
        at[0] += 1
    assert health_of(path, at[0]).ready
