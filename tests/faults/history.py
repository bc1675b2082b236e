"""A dealer's DMS, people, workers and servers, moved on by steps that hypothesis draws and shrinks."""

import os
import time
from abc import ABC, abstractmethod
from contextlib import suppress
from dataclasses import dataclass
from signal import SIGKILL

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from schemas.dealer import Dealer
from schemas.workorder import workorder_id
from tests.faults.house import House

_NUMBERS = st.integers(100_001, 100_030)


class History:
    """What has happened to one dealer since its first refresh."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.dealer: Dealer = house.dealer()
        #: What each workorder held when work had started on it.
        self.started: dict[int, list[str]] = {}
        #: What the DMS does not have any more.
        self.deleted: set[int] = set()


class Step(ABC):
    """One thing that happens; its `repr` is what a person needs to do it again."""

    @abstractmethod
    def on(self, history: History) -> None: ...


@dataclass(frozen=True)
class ChangeWorkorder(Step):
    number: int
    mileage: int

    def on(self, history: History) -> None:
        history.house.dms.patch_rows("Workorder", {"WorkorderId": self.number}, {"Mileage": self.mileage})


@dataclass(frozen=True)
class ChangePrice(Step):
    number: int
    euros: int

    def on(self, history: History) -> None:
        where = {"WorkorderId": self.number, "JobNumber": 1}
        history.house.dms.patch_rows("WorkorderLine", where, {"Price": f"{self.euros}.5000"})


@dataclass(frozen=True)
class DeleteJob(Step):
    number: int

    def on(self, history: History) -> None:
        history.house.dms.delete_rows("WorkorderLine", {"WorkorderId": self.number, "JobNumber": 2})


@dataclass(frozen=True)
class DeleteWorkorder(Step):
    number: int

    def on(self, history: History) -> None:
        history.house.dms.delete_rows("Workorder", {"WorkorderId": self.number})
        history.deleted.add(self.number)


@dataclass(frozen=True)
class RefreshAll(Step):
    def on(self, history: History) -> None:
        history.house.refresh_all(history.dealer).forget()


@dataclass(frozen=True)
class Search(Step):
    number: int

    def on(self, history: History) -> None:
        history.house.search(history.dealer, str(self.number + 99_999)).forget()


@dataclass(frozen=True)
class StartWork(Step):
    """By writing the column, as Claire may: no message can be lost on the way."""

    number: int

    def on(self, history: History) -> None:
        house, number = history.house, self.number
        if number in history.started or not house.content(history.dealer, [number]):
            return
        house.run(
            "UPDATE workorders SET work_started_at = now() WHERE id = :id",
            id=workorder_id(history.dealer.dealer_id, number),
        )
        history.started[number] = house.content(history.dealer, [number])


@dataclass(frozen=True)
class TimePasses(Step):
    """Otherwise faults would come before there is anything to break."""

    tenths: int

    def on(self, history: History) -> None:
        time.sleep(self.tenths / 10)


@dataclass(frozen=True)
class KillChildren(Step):
    def on(self, history: History) -> None:
        history.house.kill_children(history.house.bulk())


@dataclass(frozen=True)
class KillBulkWorker(Step):
    def on(self, history: History) -> None:
        with suppress(ProcessLookupError):
            os.killpg(history.house.bulk().process.pid, SIGKILL)
        history.house.end("bulk")
        history.house.bulk()


@dataclass(frozen=True)
class LeaseRunsOut(Step):
    def on(self, history: History) -> None:
        history.house.lease_runs_out()


@dataclass(frozen=True)
class Ring(Step):
    def on(self, history: History) -> None:
        history.house.send("workorders.refresh_due", "maintenance").forget()


@dataclass(frozen=True)
class CutPostgres(Step):
    def on(self, history: History) -> None:
        history.house.rows(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'twodrive'"
        )


@dataclass(frozen=True)
class CutRedis(Step):
    def on(self, history: History) -> None:
        with history.house.redis(0) as server:
            server.client_kill_filter(_type="normal")
        history.house.tidy_backend()


@dataclass(frozen=True)
class ForgetTheQueue(Step):
    def on(self, history: History) -> None:
        with history.house.redis(0) as queues:
            queues.delete("bulk")


@dataclass(frozen=True)
class SpoilVinacles(Step):
    kind: str
    times: int
    after: int

    def on(self, history: History) -> None:
        history.house.dms.add_fault(self.kind, times=self.times, after=self.after)


def steps(least: int, most: int) -> SearchStrategy[list[Step]]:
    """Histories of so many steps; what is listed first is what a failing one shrinks to."""
    spoiled = st.sampled_from(["status", "reset", "cut", "unparsable", "expire_tokens"])
    one: SearchStrategy[Step] = st.one_of(
        st.builds(TimePasses, st.integers(1, 4)),
        st.builds(RefreshAll),
        st.builds(Search, _NUMBERS),
        st.builds(ChangeWorkorder, _NUMBERS, st.integers(1, 200_000)),
        st.builds(ChangePrice, _NUMBERS, st.integers(1, 900)),
        st.builds(DeleteJob, _NUMBERS),
        st.builds(DeleteWorkorder, _NUMBERS),
        st.builds(StartWork, _NUMBERS),
        st.builds(Ring),
        st.builds(LeaseRunsOut),
        st.builds(SpoilVinacles, spoiled, st.integers(1, 3), st.integers(0, 3)),
        st.builds(ForgetTheQueue),
        st.builds(CutPostgres),
        st.builds(CutRedis),
        st.builds(KillChildren),
        st.builds(KillBulkWorker),
    )
    return st.lists(one, min_size=least, max_size=most)
