"""One dealer's Vinacles hangs, is overloaded or down: it is left alone, and other dealers notice nothing."""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from celery.result import AsyncResult

from sandbox.connections import connection_to
from sandbox.demo.scenes import only
from sandbox.services import temporary_folder
from sandbox.simulator import known
from sandbox.simulator.running import SimulatorProcess
from schemas.dealer import Dealer
from tests.faults.house import House
from tests.faults.report import Fault

_AT_ONCE = 10


@pytest.fixture(scope="module")
def second() -> Iterator[SimulatorProcess]:
    with temporary_folder() as folder:
        simulator = SimulatorProcess(folder, workorders=5)
        yield simulator
        simulator.stop()


@pytest.fixture
def ill(house: House, second: SimulatorProcess) -> Dealer:
    """A dealer with a Vinacles of its own."""
    second.admin.reset()
    like = house.dealer()
    dealer = replace(like, dealer_id=like.dealer_id + 90_000, connection=connection_to(second))
    with house.parts.database.transaction() as connection:
        assert house.parts.dealers.add(connection, dealer)
    return dealer


def codes(asked: list[AsyncResult[Any]]) -> Counter[str]:
    """Of searches that all fail."""
    errors = [sent.get(timeout=40, propagate=False) for sent in asked]
    return Counter(str(error.args[0]) for error in errors)


def seconds_of(house: House, dealer: Dealer) -> float:
    began = time.monotonic()
    only(house.search(dealer, known.COMPLETE, fresh=True).get(timeout=30))
    return time.monotonic() - began


def crowd(house: House, dealer: Dealer, people: int) -> list[AsyncResult[Any]]:
    """Each asks something else: equal questions would be one."""
    return [house.search(dealer, f"WO-{9_000_000 + number}") for number in range(people)]


@pytest.mark.faults
@pytest.mark.parametrize(
    ("name", "fault_fields"),
    [
        ("first byte after 60 s", {"kind": "slow", "seconds": 60, "match": "Workorder"}),
        ("429 without Retry-After", {"kind": "status", "status": 429}),
        ("503", {"kind": "status", "status": 503}),
    ],
)
def test_the_others_notice_nothing(
    house: House,
    ill: Dealer,
    second: SimulatorProcess,
    fault: Callable[[str, str, float], Fault],
    name: str,
    fault_fields: dict[str, Any],
) -> None:
    row = fault(
        f"Vinacles of one of two dealers: {name}, for good; two workers",
        "left alone after three questions, one probe by both workers; the other dealer is answered as always",
        75,
    )
    house.interactive()
    house.interactive("other")
    well = house.dealer()
    before = max(seconds_of(house, well) for _ in range(20))
    # When three people search, and others at the other dealer meanwhile
    second.admin.add_fault(**fault_fields, times=None)
    row.strikes()
    struck_at = time.monotonic()
    asked, meanwhile = crowd(house, ill, 3), [seconds_of(house, well)]
    while not all(sent.ready() for sent in asked):
        meanwhile.append(seconds_of(house, well))
    assert codes(asked) == {"vinacles_unavailable": 3}
    assert time.monotonic() - struck_at < 22
    # Then nobody asks it any more, and whoever would is told at once
    second.admin.clear_journal()
    began = time.monotonic()
    assert codes(crowd(house, ill, _AT_ONCE)) == {"vinacles_circuit_open": _AT_ONCE}
    assert time.monotonic() - began < 3
    assert second.admin.journal() == []
    # And when the pause is over, one of both workers' probes
    house.run("UPDATE circuits SET probe_at = now() WHERE dealer_id = :id", id=ill.dealer_id)
    asked = crowd(house, ill, _AT_ONCE)
    while not all(sent.ready() for sent in asked):
        meanwhile.append(seconds_of(house, well))
    assert codes(asked) == {"vinacles_unavailable": 1, "vinacles_circuit_open": _AT_ONCE - 1}
    assert max(meanwhile) < 2
    second.admin.clear_faults()
    house.run("UPDATE circuits SET probe_at = now() WHERE dealer_id = :id", id=ill.dealer_id)
    only(house.search(ill, known.COMPLETE).get(timeout=30), outcome="created")
    row.over(
        f"one probe of {_AT_ONCE}; the other dealer's slowest search took {before:.2f} s before, "
        f"{max(meanwhile):.2f} s meanwhile"
    )
