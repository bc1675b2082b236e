"""Two that meet at one workorder: answers of different age, and an answer with a start of work."""

from collections.abc import Callable

import pytest

from sandbox.demo.scenes import only
from sandbox.simulator import known
from tests.faults.house import House, until
from tests.faults.report import Fault

Begin = Callable[[str, str, float], Fault]


@pytest.mark.faults
def test_an_answer_that_is_older_when_its_worker_wakes(house: House, fault: Begin) -> None:
    row = fault("a frozen interactive worker wakes with an older answer", "the newer answer stays", 40)
    frozen, dealer = house.interactive(), house.dealer()
    desk = house.desk(dealer)
    key = only(desk.search(known.COMPLETE))["workorder_id"]
    change(house, 85_000)
    house.dms.clear_journal()
    house.dms.add_fault("slow", match="Workorder", seconds=2)
    late = house.send("workorders.refresh", "interactive", dealer_id=dealer.dealer_id, workorder_id=key)
    until(lambda: house.asked("WorkorderContact") == 1, 10, "the older answer under way")
    row.strikes()
    frozen.freeze()
    change(house, 86_000)
    house.interactive("awake")
    with house.redis(2) as state:
        for turn in state.scan_iter("twodrive:once:*"):
            state.delete(turn)
    only(desk.refresh(key), outcome="updated")
    frozen.thaw()
    answer = only(late.get(timeout=30))
    assert answer["outcome"] == "unchanged"
    assert "newer_answer_stored" in answer["warnings"]
    [stored] = house.rows("SELECT mileage_km FROM workorders WHERE id = :id", id=key)
    assert stored["mileage_km"] == 86_000
    row.over("the late one says newer_answer_stored; stored is the newer")
    house.end("awake")


def change(house: House, mileage: int) -> None:
    house.dms.patch_rows("Workorder", {"WorkorderId": known.COMPLETE_ID}, {"Mileage": mileage})


@pytest.mark.faults
@pytest.mark.parametrize("slow_one", ["first", "second"])
def test_two_workers_import_the_same_workorder(house: House, fault: Begin, slow_one: str) -> None:
    row = fault(
        f"two workers import one workorder, the {slow_one} is slow", "one row, of the newer answer", 30
    )
    house.interactive()
    house.interactive("second")
    dealer = house.dealer()
    # The bodies wait after they were made, so the slow answer is as old as its question.
    house.dms.add_fault("slow", match="WorkorderLine", seconds=2, after=0 if slow_one == "first" else 1)
    row.strikes()
    one = house.search(dealer, known.COMPLETE)
    until(lambda: house.asked("WorkorderContact") >= 1, 10, "the first answer")
    change(house, 87_000)
    # By its plate: equal searches share an answer.
    other = house.search(dealer, known.COMPLETE_PLATE)
    outcomes = sorted(only(sent.get(timeout=30))["outcome"] for sent in (one, other))
    stored = house.rows("SELECT mileage_km FROM workorders WHERE dealer_id = :id", id=dealer.dealer_id)
    assert [workorder["mileage_km"] for workorder in stored] == [87_000]
    row.over(f"outcomes {', '.join(outcomes)}; one row, the newer")
    house.end("second")


def test_work_starts_between_reading_and_writing(house: House, fault: Begin) -> None:
    row = fault("work starts after Vinacles was read and before it is stored", "not one column changes", 30)
    house.interactive()
    dealer = house.dealer()
    desk = house.desk(dealer)
    key = only(desk.search(known.COMPLETE))["workorder_id"]
    before = house.content(dealer)
    change(house, 99_000)
    house.dms.clear_journal()
    house.dms.add_fault("slow", match="WorkorderLine", seconds=1.5)
    sent = house.send("workorders.refresh", "interactive", dealer_id=dealer.dealer_id, workorder_id=key)
    until(lambda: house.asked("WorkorderContact") == 1, 10, "the answer under way")
    row.strikes()
    desk.start_work(key, "2026-03-02T09:15:00+01:00")
    answer = only(sent.get(timeout=30))
    assert (answer["outcome"], answer["held"]) == ("held", ["mileage_km"])
    assert house.content(dealer) == before
    row.over("held, with the field that differs")
