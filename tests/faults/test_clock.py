"""Clocks that jump, and the two nights on which they are changed in the Netherlands: the wall clock of
PostgreSQL, Redis and the workers is set for real, under the running programs."""

import os
from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from signal import SIGKILL

import pytest

from sandbox.demo.scenes import only
from sandbox.simulator import known
from schemas.dealer import Dealer
from tests.faults.clocked import Place, server_now
from tests.faults.house import House, until
from tests.faults.report import Fault
from tests.faults.under_way import run_under_way

pytestmark = pytest.mark.faults
Begin = Callable[[str, str, float], Fault]


@pytest.mark.parametrize(("hours", "how"), [(1, "forward"), (-1, "back")])
def test_a_jump_during_a_run(place: Place, fault: Begin, hours: int, how: str) -> None:
    house, clock = place.house, place.clock
    row = fault(
        f"all clocks jump {how} by an hour during a run",
        "the run goes on and is done; content as of a quiet import, nothing twice",
        60,
    )
    worker = house.bulk()
    dealer = run_under_way(house)
    before = server_now(house)
    row.strikes()
    clock.move(3600 * hours)
    assert abs((server_now(house) - before) - timedelta(hours=hours)) < timedelta(minutes=1)
    # Forward, the lease has run out, and the next look rings for another.
    rung = house.look()
    done = house.until_done(dealer)
    assert house.content(dealer) == house.quiet_content()
    stored = house.rows("SELECT FROM workorders WHERE dealer_id = :id", id=dealer.dealer_id)
    assert done["created"] == len(stored)
    assert worker.process.poll() is None
    row.over(
        f"{'rung again' if rung else 'nobody else rung'}; {done['pages']} pages, {done['created']} created"
    )


def test_a_jump_back_and_a_dead_worker(place: Place, fault: Begin) -> None:
    house, clock = place.house, place.clock
    row = fault(
        "all clocks jump back by an hour, and worker-bulk is killed during its run",
        "nobody waits for the hour: the next look rings",
        60,
    )
    worker = house.bulk()
    dealer = run_under_way(house)
    row.strikes()
    clock.move(-3600)
    os.killpg(worker.process.pid, SIGKILL)
    house.end("bulk")
    [left] = house.rows(
        "SELECT lease_until - clock_timestamp() AS lease FROM refresh_runs WHERE dealer_id = :id",
        id=dealer.dealer_id,
    )
    assert left["lease"] > timedelta(minutes=59)
    house.bulk()
    assert house.look() != []
    done = house.until_done(dealer)
    assert house.content(dealer) == house.quiet_content()
    row.over(f"a lease of {left['lease'].seconds // 60} minutes held nobody out; {done['pages']} pages")


def test_a_jump_back_between_two_imports(place: Place, fault: Begin) -> None:
    house, clock = place.house, place.clock
    row = fault(
        "all clocks jump back by an hour between two imports of a workorder",
        "newer_answer_stored, nothing overwritten, until the clock has caught up",
        30,
    )
    house.interactive()
    desk = house.desk(house.dealer())
    key = only(desk.search(known.COMPLETE))["workorder_id"]
    change = {"Mileage": 91_000}
    house.dms.patch_rows("Workorder", {"WorkorderId": known.COMPLETE_ID}, change)
    row.strikes()
    clock.move(-3600)
    early = only(desk.refresh(key))
    assert (early["outcome"], early["changed"]) == ("unchanged", [])
    assert "newer_answer_stored" in early["warnings"]
    clock.move(3600)
    late = only(desk.refresh(key))
    assert (late["outcome"], late["changed"]) == ("updated", ["mileage_km"])
    row.over("unchanged with newer_answer_stored; an hour later updated")


SPRING, AUTUMN = datetime(2027, 3, 28, tzinfo=UTC), datetime(2027, 10, 31, tzinfo=UTC)
NIGHTS = pytest.mark.parametrize("night", [SPRING, AUTUMN], ids=["forward", "back"])
#: In minutes after midnight UTC: when a dealer that is open from 2:30 to 5:00 is refreshed each half hour. In
#: spring it is never 2:30, and 5:00 comes an hour sooner; in autumn 2:30 comes twice, and 2:00 in between.
_OPEN_AT_NIGHT = {SPRING: [90, 120, 150], AUTUMN: [30, 90, 120, 150, 180]}
_WARNING = {SPRING: "appointment_in_clock_gap", AUTUMN: "appointment_hour_twice"}
#: 2:30 of the dealer's wall clock, likewise.
_APPOINTMENT = {SPRING: 90, AUTUMN: 30}


@NIGHTS
def test_the_night_of_the_change(place: Place, fault: Begin, night: datetime) -> None:
    house, clock = place.house, place.clock
    row = fault(
        f"the night of {night:%d %B %Y}, when Dutch clocks are changed, in steps of ten minutes",
        "runs at even intervals, and within opening hours; appointments at their moment, with a warning",
        120,
    )
    clock.set(night - timedelta(minutes=15))
    house.interactive()
    house.bulk()
    always = house.dealer(refresh_every_minutes=30)
    window = house.dealer(refresh_every_minutes=30, refresh_from=time(2, 30), refresh_until=time(5))
    house.run(
        "UPDATE dealers SET next_refresh_at = :at WHERE dealer_id = ANY(:ids)",
        at=night,
        ids=[always.dealer_id, window.dealer_id],
    )
    row.strikes()
    for step in range(21):
        # A second after, lest a part of one be missing.
        clock.set(night + timedelta(minutes=10 * step, seconds=1))
        house.look()
        for dealer in (always, window):
            if house.run_row(dealer):
                house.until_done(dealer)
    assert minutes_of(house, always, night) == [0, 30, 60, 90, 120, 150, 180]
    assert minutes_of(house, window, night) == _OPEN_AT_NIGHT[night]
    local = f"{night:%Y-%m-%d}T02:30:00"
    house.dms.patch_rows("Workorder", {"WorkorderId": known.COMPLETE_ID}, {"AppointmentDate": local})
    # Not as the desk does it: its messages would expire by this process' own clock.
    answer = only(house.search(always, known.COMPLETE).get(timeout=30))
    assert _WARNING[night] in answer["warnings"]
    [stored] = house.rows(
        "SELECT appointment_at FROM workorders WHERE dealer_id = :id AND dms_number = :number",
        id=always.dealer_id,
        number=known.COMPLETE_ID,
    )
    assert stored["appointment_at"] == night + timedelta(minutes=_APPOINTMENT[night])
    row.over(
        f"open from 2:30 to 5:00: runs at minutes {_OPEN_AT_NIGHT[night]} after 0:00 UTC; {_WARNING[night]}"
    )


@NIGHTS
def test_a_lease_over_the_change(place: Place, fault: Begin, night: datetime) -> None:
    house, clock = place.house, place.clock
    row = fault(
        f"worker-bulk is killed ten seconds before the change on {night:%d %B %Y}",
        "its lease ends after a minute, not an hour sooner or later",
        60,
    )
    clock.set(night + timedelta(minutes=59, seconds=50))
    worker, dealer = house.bulk(), house.dealer(refresh_every_minutes=None)
    row.strikes()
    with house.dealer_held(dealer):
        house.refresh_all(dealer)
        until(lambda: house.waiting_for_a_lock() == 1, 10, "a page under way")
        os.killpg(worker.process.pid, SIGKILL)
        house.end("bulk")
    clock.set(night + timedelta(minutes=59, seconds=55))
    house.bulk()
    [left] = house.rows("SELECT lease_until FROM refresh_runs WHERE dealer_id = :id", id=dealer.dealer_id)
    assert house.look() == []
    clock.set(left["lease_until"] + timedelta(seconds=1))
    assert len(house.look()) == 1
    house.until_done(dealer)
    after = left["lease_until"] - night - timedelta(minutes=60)
    assert timedelta(0) < after <= timedelta(seconds=70)
    row.over(f"rung again {after.seconds} s after the change")


def minutes_of(house: House, dealer: Dealer, night: datetime) -> list[int]:
    """When the dealer's runs began, in minutes after midnight."""
    rows = house.rows(
        "SELECT started_at FROM refresh_runs WHERE dealer_id = :id ORDER BY id", id=dealer.dealer_id
    )
    return [round((one["started_at"] - night).total_seconds() / 60) for one in rows]
