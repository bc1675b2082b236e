"""Clocks that are set back by an hour keep nobody waiting for it."""

import os
from collections.abc import Callable, Mapping
from datetime import timedelta
from signal import SIGKILL
from typing import Any

from celery.result import AsyncResult
from sqlalchemy import text

from sandbox.demo.scenes import only
from sandbox.simulator import known
from schemas.dealer import Dealer
from tests.faults.clocked import Place
from tests.faults.house import House, until
from tests.faults.report import Fault

Begin = Callable[[str, str, float], Fault]


def test_a_jump_back_while_a_dealer_is_left_alone(place: Place, fault: Begin) -> None:
    house, clock = place.house, place.clock
    row = fault(
        "all clocks jump back by an hour while a dealer's circuit is open",
        "nobody waits for the hour: the next search is the probe",
        30,
    )
    house.interactive()
    dealer = house.dealer()
    house.dms.answer_status(522, times=None)
    codes = [failure_of(house.search(dealer, known.COMPLETE)) for _ in range(4)]
    assert codes == ["vinacles_unavailable"] * 3 + ["vinacles_circuit_open"]
    house.dms.clear_faults()
    row.strikes()
    clock.move(-3600)
    [left] = house.rows(
        "SELECT probe_at - clock_timestamp() AS pause FROM circuits WHERE dealer_id = :id",
        id=dealer.dealer_id,
    )
    assert left["pause"] > timedelta(minutes=59)
    only(house.search(dealer, known.COMPLETE).get(timeout=30), outcome="created")
    row.over(f"a pause of {left['pause'].seconds // 60} minutes held nobody out; created")


def test_a_jump_back_and_the_limits_of_a_dealer(place: Place, fault: Begin) -> None:
    house, clock = place.house, place.clock
    row = fault(
        "all clocks jump back by an hour, and worker-interactive is killed while it asks a dealer with "
        "concurrent_requests 1 and requests_per_second 0.5",
        "the dealer is asked again when a request of the dead worker would have ended",
        75,
    )
    worker = house.interactive()
    dealer = house.dealer(concurrent_requests=1, requests_per_second=0.5)
    house.dms.add_fault("slow", match="Workorder", seconds=30, times=1)
    house.search(dealer, known.BELGIAN)
    with house.redis(2) as state:
        slots = f"twodrive:limit:{{{dealer.dealer_id}}}:slots"
        until(lambda: state.zcard(slots) == 1, 10, "the request under way")
    row.strikes()
    clock.move(-3600)
    os.killpg(worker.process.pid, SIGKILL)
    house.end("interactive")
    house.interactive()
    seen: list[str] = []

    def answered() -> bool:
        # Another search, lest it wait for the one that died.
        seen.append(failure_of(house.search(dealer, known.COMPLETE)) or "answered")
        return seen[-1] == "answered"

    until(answered, 70, "an answer")
    row.over(f"answered at try {len(seen)}, {house.asked('Workorder')} searches at Vinacles")


def test_a_jump_back_right_after_a_search(place: Place, fault: Begin) -> None:
    house, clock = place.house, place.clock
    row = fault(
        "all clocks jump back by an hour right after a search", "the same search asks Vinacles anew", 30
    )
    house.interactive()
    dealer = house.dealer()
    only(house.search(dealer, known.COMPLETE).get(timeout=30), outcome="created")
    row.strikes()
    clock.move(-3600)
    # The answer of the first would say "created" once more.
    only(house.search(dealer, known.COMPLETE).get(timeout=30), outcome="unchanged")
    row.over("first created, then unchanged")


def test_a_jump_back_and_rows_that_wait(place: Place, fault: Begin) -> None:
    house, clock = place.house, place.clock
    row = fault(
        "all clocks jump back by an hour over import_requests: new, postponed, and of a killed server",
        "none waits for the hour",
        40,
    )
    server = house.stack.start_requests()
    dealer, held, down = (house.dealer() for _ in range(3))
    with house.dealer_held(held):
        of_dead = asked_by_row(house, held)
        until(lambda: house.waiting_for_a_lock() == 1, 20, "work under way")
        house.dms.answer_status(522, times=None)
        postponed = asked_by_row(house, down)
        until(lambda: request_row(house, postponed)["error_code"] is not None, 20, "a first failure")
        os.killpg(server.process.pid, SIGKILL)
    server.stop()
    new = asked_by_row(house, dealer)
    house.dms.clear_faults()
    rows = [request_row(house, number) for number in (new, postponed, of_dead)]
    assert [one["state"] for one in rows] == ["waiting", "waiting", "working"]
    row.strikes()
    clock.move(-3600)
    server = house.stack.start_requests(name="requests-after")
    numbers = (new, postponed, of_dead)
    until(lambda: all(request_row(house, one)["answered_at"] for one in numbers), 35, "the answers")
    assert {request_row(house, one)["state"] for one in numbers} == {"answered"}
    server.stop()
    row.over("all three answered")


def failure_of(sent: "AsyncResult[Any]") -> str | None:
    """The code of a search that failed."""
    try:
        sent.get(timeout=30)
    except Exception as failed:  # the backend has none of our classes
        return str(failed.args[0])
    return None


def asked_by_row(house: House, dealer: Dealer) -> int:
    with house.database.transaction() as connection:
        statement = "INSERT INTO import_requests (dealer_id, kind, search) VALUES (:id, 'import', :search)"
        values = {"id": dealer.dealer_id, "search": known.COMPLETE}
        return int(connection.execute(text(f"{statement} RETURNING id"), values).scalar_one())


def request_row(house: House, number: int) -> Mapping[str, Any]:
    [row] = house.rows("SELECT * FROM import_requests WHERE id = :id", id=number)
    return row
