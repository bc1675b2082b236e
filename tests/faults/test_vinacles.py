"""Vinacles is down, slow, drips, cuts, refuses and forgets: each ends in one answer within the 20 s."""

import time
from collections.abc import Callable
from typing import Any

import pytest

from sandbox.demo.scenes import only
from sandbox.simulator import known
from tests.faults.house import House
from tests.faults.report import Fault

Begin = Callable[[str, str, float], Fault]
_GIVES_UP = "vinacles_unavailable within 20 s, nothing stored; works again afterwards"


def ask(house: House, **dealer: Any) -> tuple[str, float]:
    """The outcome or the error code of one search, and how long it took."""
    began = time.monotonic()
    sent = house.search(house.dealer(**dealer), known.COMPLETE)
    try:
        return only(sent.get(timeout=40))["outcome"], time.monotonic() - began
    except Exception as error:  # the backend has none of our classes
        return str(error.args[0]), time.monotonic() - began


def lasts(house: House, row: Fault, fault: dict[str, Any]) -> None:
    """A fault that outlasts the person's patience."""
    house.interactive()
    house.dms.add_fault(**fault, times=None)
    row.strikes()
    code, seconds = ask(house)
    assert code == "vinacles_unavailable"
    assert seconds < 22
    assert house.rows(
        "SELECT count(*) AS n FROM workorders WHERE dealer_id = (SELECT max(dealer_id) FROM dealers)"
    )[0] == {"n": 0}
    house.dms.clear_faults()
    with house.redis(2) as state:
        # As if the time were over for which Vinacles asked to be left alone.
        for mark in list(state.scan_iter("twodrive:limit:*:rest")):
            state.delete(mark)
    assert ask(house)[0] == "created"
    row.over(f"{code} after {seconds:.1f} s and {house.asked('Workorder')} requests; then created")


@pytest.mark.faults
@pytest.mark.parametrize(
    ("name", "fault_fields"),
    [
        ("503 for good", {"kind": "status", "status": 503}),
        ("first byte after 60 s", {"kind": "slow", "seconds": 60, "match": "Workorder"}),
        ("bodies that drip over 60 s", {"kind": "drip", "seconds": 60, "match": "Workorder"}),
        ("half bodies", {"kind": "cut"}),
        ("connection resets", {"kind": "reset"}),
        ("429 without Retry-After", {"kind": "status", "status": 429}),
        ("429 with Retry-After: 2", {"kind": "status", "status": 429, "retry_after": "2"}),
        ("429 with Retry-After: 120", {"kind": "status", "status": 429, "retry_after": "120"}),
        ("JSON that breaks off", {"kind": "unparsable"}),
        ("token URL answers 503", {"kind": "status", "status": 503, "match": "token"}),
        ("token URL over quota (429)", {"kind": "status", "status": 429, "match": "token"}),
        ("token URL silent for 60 s", {"kind": "slow", "seconds": 60, "match": "token"}),
    ],
)
def test_what_lasts(house: House, fault: Begin, name: str, fault_fields: dict[str, Any]) -> None:
    lasts(house, fault(f"Vinacles: {name}", _GIVES_UP, 30), fault_fields)


@pytest.mark.faults
@pytest.mark.parametrize(
    ("name", "fault_fields"),
    [
        ("three times 503", {"kind": "status", "status": 503, "times": 3}),
        ("a first byte after 3 s", {"kind": "slow", "seconds": 3, "times": 1}),
        ("two half bodies", {"kind": "cut", "times": 2}),
        ("two resets", {"kind": "reset", "times": 2}),
        ("429 with Retry-After: 1", {"kind": "status", "status": 429, "retry_after": "1", "times": 2}),
        ("expired tokens", {"kind": "expire_tokens", "times": 1}),
        ("every second request fails", {"kind": "status", "status": 503, "times": None, "rate": 0.5}),
        ("token URL fails twice", {"kind": "status", "status": 503, "match": "token", "times": 2}),
    ],
)
def test_what_passes(house: House, fault: Begin, name: str, fault_fields: dict[str, Any]) -> None:
    row = fault(f"Vinacles: {name}", "tried again; created", 22)
    house.interactive()
    house.dms.add_fault(**fault_fields)
    row.strikes()
    outcome, _ = ask(house)
    assert outcome == "created"
    hits = sum(armed["hits"] for armed in house.dms.faults())
    assert hits > 0
    row.over(f"{hits} hits, then created")


@pytest.mark.faults
def test_a_run_through_all_of_it(house: House, fault: Begin) -> None:
    row = fault(
        "Vinacles flaps during a run: 503, resets, half bodies, expired tokens",
        "content as of a quiet import",
        90,
    )
    house.bulk()
    dealer = house.dealer()
    house.small_pages()
    for kind, rate in (("status", 0.1), ("reset", 0.1), ("cut", 0.1)):
        house.dms.add_fault(kind, times=None, rate=rate)
    for after in (5, 20, 35):
        house.dms.add_fault("expire_tokens", after=after)
    row.strikes()
    house.refresh_all(dealer)
    house.ring_until_done(dealer, 80)
    hits = sum(armed["hits"] for armed in house.dms.faults())
    house.dms.clear_faults()
    assert hits > 5
    assert house.content(dealer) == house.quiet_content()
    row.over(f"{hits} of {house.asked('requests')} requests spoiled; content as of a quiet import")
