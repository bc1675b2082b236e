"""The clock that rings: beat away, doubled, and looks at the same time."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from sandbox.processes import wait_until
from sandbox.stack import CELERY
from tests.faults.house import House, until
from tests.faults.report import Fault

Begin = Callable[[str, str, float], Fault]


def test_beat_was_away_for_an_hour(house: House, fault: Begin) -> None:
    row = fault("nobody rang for an hour, 12 turns of 5 dealers went by", "one run per dealer, no burst", 30)
    house.bulk()
    dealers = [house.dealer() for _ in range(5)]
    ids = [dealer.dealer_id for dealer in dealers]
    house.run(
        "UPDATE dealers SET next_refresh_at = now() - interval '1 hour' WHERE dealer_id = ANY(:ids)", ids=ids
    )
    row.strikes()
    assert len(house.look()) == 5
    assert house.look() == []
    for dealer in dealers:
        house.until_done(dealer)
    runs = house.rows("SELECT dealer_id FROM refresh_runs WHERE dealer_id = ANY(:ids)", ids=ids)
    assert sorted(run["dealer_id"] for run in runs) == ids
    late = house.rows("SELECT FROM dealers WHERE dealer_id = ANY(:ids) AND next_refresh_at <= now()", ids=ids)
    assert late == []
    row.over("5 runs, the next turns lie ahead")


def test_ten_looks_at_once(house: House, fault: Begin) -> None:
    row = fault("ten looks at the due list at the same moment (many beats)", "one run per dealer", 30)
    house.bulk()
    dealers = [house.dealer() for _ in range(5)]
    ids = [dealer.dealer_id for dealer in dealers]
    house.run("UPDATE dealers SET next_refresh_at = now() WHERE dealer_id = ANY(:ids)", ids=ids)
    row.strikes()
    with ThreadPoolExecutor(10) as beats:
        rung = [run for runs in beats.map(lambda _: look_here(house), range(10)) for run in runs]
    assert len(rung) == len(set(rung)) == 5
    runs = house.rows("SELECT dealer_id FROM refresh_runs WHERE dealer_id = ANY(:ids)", ids=ids)
    assert sorted(run["dealer_id"] for run in runs) == ids
    row.over("5 runs, each rung once")


def look_here(house: House) -> list[int]:
    return [started.run_id for started in house.parts.bulk.due()]


def test_a_worker_that_was_off_while_beat_rang(house: House, fault: Begin) -> None:
    row = fault(
        "worker-bulk off while beat rings 30 times",
        "expired bells are dropped; one run per dealer, no burst",
        30,
    )
    house.end("bulk")
    dealers = [house.dealer() for _ in range(5)]
    ids = [dealer.dealer_id for dealer in dealers]
    house.run("UPDATE dealers SET next_refresh_at = now() WHERE dealer_id = ANY(:ids)", ids=ids)
    # Beat's bells expire after 55 s; here all but the last have.
    bells = [
        house.backend.send_task("workorders.refresh_due", queue="maintenance", expires=-1) for _ in range(29)
    ]
    last = house.send("workorders.refresh_due", "maintenance")
    row.strikes()
    house.bulk()
    assert len(last.get(timeout=20)["rung"]) == 5
    for dealer in dealers:
        house.until_done(dealer)
    runs = house.rows("SELECT dealer_id FROM refresh_runs WHERE dealer_id = ANY(:ids)", ids=ids)
    assert sorted(run["dealer_id"] for run in runs) == ids
    assert {type(bell.get(timeout=5, propagate=False)).__name__ for bell in bells} == {"TaskRevokedError"}
    row.over("29 of 30 bells dropped; 5 runs")


@pytest.mark.faults
def test_two_beats_and_one_of_them_killed(house: House, fault: Begin) -> None:
    row = fault(
        "two beats, one killed; Redis restarts meanwhile", "both pulses tell; a due dealer gets one run", 120
    )
    house.bulk()
    beats = {}
    for name in ("beat-one", "beat-two"):
        pulse = house.stack.folder / f"{name}.health"
        command = [*CELERY, "beat", "--schedule", str(house.stack.folder / name)]
        beats[name] = house.stack.start(name, command, {"TWODRIVE_HEALTH_PATH": str(pulse)})
        wait_until(lambda name=name: house.stack.health(name).ready, 30, name)  # type: ignore[misc]  # as it is now
    dealer = house.dealer()
    house.run("UPDATE dealers SET next_refresh_at = now() WHERE dealer_id = :id", id=dealer.dealer_id)
    row.strikes()
    beats["beat-one"].stop()
    house.stack.redis.stop()
    house.stack.redis.start()
    until(lambda: house.run_row(dealer).get("state") == "done", 110, "the run")
    assert beats["beat-two"].process.poll() is None
    assert house.stack.health("beat-two").ready
    assert len(house.rows("SELECT FROM refresh_runs WHERE dealer_id = :id", id=dealer.dealer_id)) == 1
    row.over("one run; the other beat went on")
    beats["beat-two"].stop()


@pytest.mark.faults
def test_a_worker_whose_loop_hangs(house: House, fault: Begin) -> None:
    row = fault(
        "a worker's loop hangs (SIGSTOP)", "not ready, and says stuck; well again when it goes on", 90
    )
    worker = house.interactive()
    assert house.stack.health("interactive").ready
    row.strikes()
    worker.freeze()
    wait_until(lambda: not house.stack.health("interactive").ready, 80, "not ready")
    wait_until(lambda: "stuck" in house.stack.health("interactive").text, 60, "stuck")
    said = house.stack.health("interactive").text
    assert "stuck" in said
    worker.thaw()
    wait_until(lambda: house.stack.health("interactive").ready, 20, "ready again")
    row.over(said)


@pytest.mark.faults
def test_a_worker_whose_broker_is_away(house: House, fault: Begin) -> None:
    row = fault(
        "a worker's broker is away for longer than its loop may stand", "live but not ready, says why", 120
    )
    worker = house.interactive()
    row.strikes()
    house.stack.redis.stop()
    wait_until(lambda: "broker is away since 6" in house.stack.health("interactive").text, 80, "a minute")
    health = house.stack.health("interactive")
    assert (health.live, health.ready) == (True, False)
    house.stack.redis.start()
    wait_until(lambda: house.stack.health("interactive").ready, 40, "ready again")
    assert worker.process.poll() is None
    row.over(f"live; {health.text}")
