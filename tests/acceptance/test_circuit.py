"""A dealer whose Vinacles goes down and comes back, through real workers and the command line."""

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import text

from sandbox.demo.desk import Desk
from sandbox.demo.scenes import only
from sandbox.processes import Program, wait_until
from sandbox.simulator import known
from sandbox.stack import Stack
from tests.acceptance.test_bulk import look, refresh_all, run_row
from tests.acceptance.test_failures import failure
from worker.circuit import Circuit
from worker.store.circuits import circuit_of


@pytest.fixture(scope="module")
def bulk_worker(stack: Stack, no_bulk_waiting: None) -> Iterator[Program]:
    worker = stack.start_bulk_worker(name="bulk-of-circuits", children=1)
    yield worker
    worker.stop()


def search(desk: Desk) -> tuple[str, str, str]:
    return failure(desk, "workorders.import", dealer_id=desk.dealer.dealer_id, search=known.COMPLETE)


def goes_down(desk: Desk) -> None:
    """A gateway says that the host behind it is down; of that, three tries are enough for a question. The
    pause lasts for as long as the test wants."""
    desk.dms.answer_status(522, times=None)
    for _ in range(3):
        assert search(desk)[0] == "vinacles_unavailable"
    pause(desk, seconds=240)
    desk.dms.clear_journal()


def pause(desk: Desk, seconds: int) -> None:
    """What is left of it."""
    with desk.database.transaction() as connection:
        connection.execute(
            text(
                "UPDATE circuits SET probe_at = now() + make_interval(secs => :seconds) "
                "WHERE dealer_id = :dealer_id"
            ),
            {"dealer_id": desk.dealer.dealer_id, "seconds": seconds},
        )


def pause_passes(desk: Desk) -> None:
    pause(desk, seconds=0)


def circuit(desk: Desk) -> Circuit:
    with desk.database.transaction() as connection:
        return circuit_of(connection, desk.dealer.dealer_id)


def twodrive(stack: Stack, *words: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "worker.cli", *words]
    return subprocess.run(
        command, env=stack.env, cwd=stack.folder, capture_output=True, text=True, check=False
    )


def state(stack: Stack, desk: Desk) -> dict[str, Any]:
    shown = twodrive(stack, "dealers", "show", str(desk.dealer.dealer_id), "--json").stdout
    circuit: dict[str, Any] = json.loads(shown)["circuit"]
    return circuit


def test_down_then_left_alone_then_one_probe_then_well(desk: Desk, stack: Stack) -> None:
    # Given a Vinacles that failed often enough
    goes_down(desk)
    # Then people are told at once, and it is left alone
    with ThreadPoolExecutor(10) as people:
        answers = list(people.map(lambda _: search(desk), range(10)))
    assert {code for code, _, _ in answers} == {"vinacles_circuit_open"}
    assert "server errors" in answers[0][1]
    assert "tried next at" in answers[0][1]
    assert desk.dms.journal() == []
    assert state(stack, desk)["state"] == "open"
    # When the pause is over, of ten who ask at once one is the probe, and it fails
    pause_passes(desk)
    with ThreadPoolExecutor(10) as people:
        answers = list(people.map(lambda _: search(desk), range(10)))
    assert Counter(code for code, _, _ in answers) == {"vinacles_unavailable": 1, "vinacles_circuit_open": 9}
    assert {entry.path for entry in desk.dms.journal()} == {"/api/Workorder"}
    assert len(desk.dms.journal()) == 3, "the tries of one question"
    # When Vinacles is well again, one slow probe closes it, whoever else asks meanwhile
    desk.dms.clear_faults()
    desk.dms.clear_journal()
    desk.dms.set(latency_ms=700)
    pause_passes(desk)
    sent = desk.backend.send_task(
        "workorders.import",
        kwargs={"dealer_id": desk.dealer.dealer_id, "search": known.COMPLETE},
        queue="interactive",
        expires=15,
    )
    wait_until(lambda: circuit(desk).probe_owner is not None, 20, "the probe")
    only(sent.get(timeout=30), outcome="created")
    assert desk.dms.request_counts()["Workorder"] == 1
    assert state(stack, desk)["state"] == "closed"
    desk.dms.set(latency_ms=0)
    only(desk.search(known.COMPLETE_PLATE), outcome="unchanged")


def test_another_dealer_on_the_same_workers_is_served(desk: Desk, stack: Stack) -> None:
    goes_down(desk)
    desk.dms.clear_faults()
    other = stack.add_dealer(desk.dealer.dealer_id + 60_000, "Garage Anders")
    assert search(desk)[0] == "vinacles_circuit_open"
    sent = desk.backend.send_task(
        "workorders.import",
        kwargs={"dealer_id": other.dealer_id, "search": known.COMPLETE},
        queue="interactive",
        expires=15,
    )
    only(sent.get(timeout=30), outcome="created")


@pytest.mark.usefixtures("bulk_worker")
def test_a_bulk_run_waits_for_the_probe_and_an_operators_check_wakes_it(desk: Desk, stack: Stack) -> None:
    goes_down(desk)
    with pytest.raises(Exception, match="vinacles_circuit_open"):
        refresh_all(desk).get(timeout=30)
    waiting = run_row(desk)
    assert (waiting["state"], waiting["attempts"], waiting["lease_owner"]) == ("running", 0, None)
    assert waiting["error_code"] == "vinacles_circuit_open"
    assert desk.dms.journal() == []
    watched = twodrive(stack, "bulk", str(desk.dealer.dealer_id))
    assert (watched.returncode, "waits" in watched.stderr) == (5, True), watched.stderr
    desk.dms.clear_faults()
    checked = twodrive(stack, "check", str(desk.dealer.dealer_id))
    assert checked.returncode == 0, checked.stdout
    assert "closed by this check" in checked.stdout
    assert waiting["id"] in look(desk)
    wait_until(lambda: run_row(desk)["state"] == "done", 60, "the run's end")
