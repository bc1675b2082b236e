"""What happens to a dealer: its DMS changes, people search and begin to work, time passes; a step each."""

import time
from abc import ABC, abstractmethod
from dataclasses import dataclass

from schemas.dealer import Dealer
from schemas.workorder import workorder_id
from tests.faults.house import House


class History:
    """What has happened to one dealer since its first refresh."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.dealer: Dealer = house.dealer()
        #: What each workorder held when work had started on it.
        self.started: dict[int, list[str]] = {}
        #: What the DMS does not have any more.
        self.deleted: set[int] = set()
        #: Requests written as rows: none may stay without an answer.
        self.rows: list[int] = []


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
class WriteRow(Step):
    number: int

    def on(self, history: History) -> None:
        [row] = history.house.rows(
            "INSERT INTO import_requests (dealer_id, kind, search) VALUES (:dealer, 'import', :search) "
            "RETURNING id",
            dealer=history.dealer.dealer_id,
            search=str(self.number + 99_999),
        )
        history.rows.append(row["id"])


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
class LeaseRunsOut(Step):
    def on(self, history: History) -> None:
        history.house.lease_runs_out()


@dataclass(frozen=True)
class Ring(Step):
    def on(self, history: History) -> None:
        history.house.send("workorders.refresh_due", "maintenance").forget()
