"""`twodrive bulk` and `twodrive runs`: a whole run, with workers and without."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from sandbox.processes import Program
from sandbox.simulator.admin import SimulatorAdmin
from sandbox.stack import Stack
from tests.unit.cli.running import Run
from worker.cli.bulk import followed
from worker.cli.exits import Ended
from worker.store.columns import RunState
from worker.store.runs import release, take_lease
from worker.wiring import Parts


@pytest.fixture(scope="session")
def bulk_worker(cli_stack: Stack) -> Program:
    return cli_stack.start_bulk_worker(children=1)


@pytest.fixture(params=["--local", "queue"])
def how(request: pytest.FixtureRequest) -> list[str]:
    """The option that says how; both ways must come to the same."""
    if request.param == "--local":
        return ["--local"]
    assert isinstance(request.getfixturevalue("bulk_worker"), Program)
    return []


@pytest.fixture
def eager(twodrive: Run, dealer: str) -> str:
    """A dealer that imports new workorders in bulk, without limits that would be felt."""
    limits = ("--requests-per-second", "1000", "--concurrent-requests", "8")
    assert twodrive("dealers", "set", dealer, "--import-new-in-bulk", *limits).exit_code == 0
    return dealer


def _json(twodrive: Run, *arguments: str) -> Any:
    result = twodrive(*arguments, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_from_start_to_summary(twodrive: Run, eager: str, how: list[str]) -> None:
    first = twodrive("bulk", eager, *how)
    assert first.exit_code == 0, first.output
    assert "done" in first.stdout
    assert " created" in first.stdout
    again = _json(twodrive, "bulk", eager, *how)
    assert (again["state"], again["created"]) == ("done", 0)
    assert again["dealer_id"] == int(eager)
    listed = _json(twodrive, "runs", eager)
    assert [run["run_id"] for run in listed] == [again["run_id"], listed[1]["run_id"]]
    assert listed[1]["created"] > 0
    shown = twodrive("runs", eager).stdout
    for run in listed:
        assert str(run["run_id"]) in shown


def test_a_start_without_waiting_is_joined(
    twodrive: Run, cli_stack: Stack, eager: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Where no worker is woken that may be done before anybody joins
    monkeypatch.setenv("TWODRIVE_BROKER_URL", cli_stack.redis.url_of(6))
    started = _json(twodrive, "bulk", eager, "--no-wait")
    joined = _json(twodrive, "bulk", eager, "--local")
    assert joined["run_id"] == started["run_id"]
    assert joined["state"] == "done"


@pytest.fixture
def held(cli_stack: Stack, eager: str) -> Iterator[tuple[Parts, int, Callable[[], None]]]:
    """A run of the dealer that somebody works on, and how he leaves it."""
    parts = cli_stack.parts()
    run_id = parts.bulk.start(int(eager)).run_id
    with parts.database.transaction() as connection:
        assert take_lease(connection, run_id, "somebody", 600)

    def leave() -> None:
        with parts.database.transaction() as connection:
            release(connection, run_id, "somebody")

    yield parts, run_id, leave
    leave()
    parts.close()


def test_what_somebody_holds_is_watched_and_then_taken_up(
    held: tuple[Parts, int, Callable[[], None]],
) -> None:
    parts, run_id, leave = held
    run = followed(parts, run_id, local=True, sleep=lambda _: leave())
    assert (run.run_id, run.state) == (run_id, RunState.DONE)


def test_ctrl_c_ends_the_watching_alone(twodrive: Run, held: tuple[Parts, int, Callable[[], None]]) -> None:
    def press(_: float) -> None:
        raise KeyboardInterrupt

    parts, run_id, _ = held
    with pytest.raises(Ended) as ended:
        followed(parts, run_id, local=True, sleep=press)
    assert ended.value.exit_code == 1
    assert ended.value.message == f"Stopped watching; run {run_id} is open."
    assert run_id in [run["run_id"] for run in _json(twodrive, "runs")]


def test_open_runs_are_shown_of_all_dealers(twodrive: Run, cli_stack: Stack, eager: str) -> None:
    parts = cli_stack.parts()
    try:
        run_id = parts.bulk.start(int(eager)).run_id
    finally:
        parts.close()
    assert run_id in [run["run_id"] for run in _json(twodrive, "runs")]
    assert "waiting" in twodrive("runs").stdout
    _json(twodrive, "bulk", eager, "--local")
    assert run_id not in [run["run_id"] for run in _json(twodrive, "runs")]


def test_a_run_that_fails(twodrive: Run, dms: SimulatorAdmin, eager: str, how: list[str]) -> None:
    dms.answer_status(403, times=None)
    result = twodrive("bulk", eager, *how)
    assert result.exit_code == 3, result.output
    assert "What to do: " in result.stderr
    [run] = _json(twodrive, "runs", eager)
    assert (run["state"], run["error_code"]) == ("failed", "vinacles_not_allowed")


def test_what_cannot_be_started(twodrive: Run, dealer: str, new_id: str) -> None:
    nobody = str(int(new_id) + 1_000_000)
    for command in ("bulk", "runs"):
        unknown = twodrive(command, nobody)
        assert unknown.exit_code == 4
        assert f"There is no dealer {nobody}." in unknown.stderr
    assert twodrive("dealers", "set", dealer, "--paused").exit_code == 0
    paused = twodrive("bulk", dealer, "--local")
    assert paused.exit_code == 3
    assert f"twodrive dealers set {dealer} --no-paused" in paused.stderr
    assert "has had no run yet" in twodrive("runs", dealer).stdout


def test_a_queue_that_is_away(twodrive: Run, dealer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TWODRIVE_BROKER_URL", "redis://:canary@127.0.0.1:1/0")
    result = twodrive("bulk", dealer)
    assert result.exit_code == 5
    assert "The broker (Redis) cannot be reached." in result.stderr
