"""The law: whatever fails in whatever order over whatever history, after the last retry PostgreSQL holds what
a single quiet import would have stored, minus what the policy holds."""

import random
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from schemas.dealer import Dealer
from schemas.workorder import workorder_id
from tests.faults.house import House
from tests.faults.report import Fault

Begin = Callable[[str, str, float], Fault]
_STEPS = 25
_FIRST, _LAST = 100_001, 100_030


class History:
    """A dealer's DMS, its workers and its receptionists, moved on step by step by a seeded chance."""

    def __init__(self, house: House, seed: int) -> None:
        self.house = house
        self.chance = random.Random(seed)
        self.dealer: Dealer = house.dealer()
        #: What each workorder held when work had started on it.
        self.started: dict[int, list[str]] = {}
        self.done: list[str] = []

    def step(self) -> None:
        name = self.chance.choice([name for name in dir(self) if name.startswith("do_")])
        getattr(self, name)()
        self.done.append(name.removeprefix("do_"))

    def some(self) -> int:
        return self.chance.randint(_FIRST, _LAST)

    def do_change_a_workorder(self) -> None:
        values = {
            "Mileage": self.chance.randint(1, 200_000),
            "Model": self.chance.choice(["Golf", "V60", None]),
        }
        self.house.dms.patch_rows("Workorder", {"WorkorderId": self.some()}, values)

    def do_change_a_price(self) -> None:
        where = {"WorkorderId": self.some(), "JobNumber": 1}
        self.house.dms.patch_rows("WorkorderLine", where, {"Price": f"{self.chance.randint(1, 900)}.5000"})

    def do_delete_a_job(self) -> None:
        self.house.dms.delete_rows("WorkorderLine", {"WorkorderId": self.some(), "JobNumber": 2})

    def do_delete_a_workorder(self) -> None:
        self.house.dms.delete_rows("Workorder", {"WorkorderId": self.some()})

    def do_refresh_all(self) -> None:
        self.house.refresh_all(self.dealer).forget()

    def do_search(self) -> None:
        self.house.search(self.dealer, str(200_000 + self.some() - _FIRST)).forget()

    def do_start_work(self) -> None:
        number = self.some()
        if number in self.started or not self.house.content(self.dealer, [number]):
            return
        key = str(workorder_id(self.dealer.dealer_id, number))
        self.house.desk(self.dealer).start_work(key, datetime.now(UTC).isoformat())
        self.started[number] = self.house.content(self.dealer, [number])

    def do_kill_children(self) -> None:
        self.house.kill_children(self.house.bulk())

    def do_let_a_lease_run_out(self) -> None:
        self.house.lease_runs_out()

    def do_ring(self) -> None:
        self.house.send("workorders.refresh_due", "maintenance").forget()

    def do_cut_postgres(self) -> None:
        self.house.rows(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'twodrive'"
        )

    def do_cut_redis(self) -> None:
        with self.house.redis(0) as server:
            server.client_kill_filter(_type="normal")
        self.house.tidy_backend()

    def do_forget_the_queue(self) -> None:
        with self.house.redis(0) as queues:
            queues.delete("bulk")

    def do_spoil_vinacles(self) -> None:
        kind = self.chance.choice(["status", "reset", "cut", "unparsable", "expire_tokens"])
        self.house.dms.add_fault(kind, times=self.chance.randint(1, 3), after=self.chance.randint(0, 3))


def quick_and_slow(seeds: int) -> list[object]:
    return [0, *(pytest.param(seed, marks=pytest.mark.faults) for seed in range(1, seeds))]


@pytest.mark.parametrize("seed", quick_and_slow(12))
def test_after_the_last_retry_all_is_as_if_nothing_had_happened(
    house: House, fault: Begin, seed: int
) -> None:
    row = fault(
        f"{_STEPS} random faults, changes, starts and requests (seed {seed})",
        "content as of a quiet import, minus what is held",
        90,
    )
    house.interactive()
    house.bulk()
    house.small_pages()
    history = History(house, seed)
    house.refresh_all(history.dealer).get(timeout=60)
    row.strikes()
    for _ in range(_STEPS):
        history.step()
    house.dms.clear_faults()
    last_run(house, history.dealer)
    held = set(history.started)
    assert house.content(history.dealer, without=held) == house.quiet_content(without=held), history.done
    for number, content in history.started.items():
        assert house.content(history.dealer, [number]) in (content, []), (number, history.done)
    row.over(f"{len(set(history.done))} kinds of steps; {len(held)} held, the rest equal")


def last_run(house: House, dealer: Dealer) -> None:
    """The open run comes to its end, and then one more goes from the beginning to the end."""
    house.lease_runs_out()
    if house.run_row(dealer)["state"] in ("waiting", "running"):
        house.ring_until_over(dealer, 80)
    for _ in range(4):
        # Half a minute passes, in which a login is not tried whose fresh token was refused; requests that are
        # still under way may bring that about once more.
        with house.redis(2) as state:
            for refused in list(state.scan_iter("twodrive:token:*:refused")):
                state.delete(refused)
        house.parts.bulk.start(dealer.dealer_id)
        house.ring_until_over(dealer, 80)
        if house.run_row(dealer)["state"] == "done":
            break
    assert house.run_row(dealer)["state"] == "done", house.run_row(dealer)
