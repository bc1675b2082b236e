"""What changes at the tenant between two refreshes."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from sandbox.simulator.admin import SimulatorAdmin, patch
from schemas.vinacles import ENTITIES

FIRST_NUMBER = 100_001
_DAY = timedelta(days=1)


@dataclass
class Tenant:
    """`workorders` in all; each call of a change gives values that were never there before."""

    admin: SimulatorAdmin
    workorders: int
    _changes: int = field(default=0, init=False)

    def prepare(self) -> None:
        """Everything has an appointment, so that a window of dates leaves nothing out."""
        today = datetime.now(UTC).strftime("%Y-%m-%dT09:00:00")
        self.admin.patch_rows("Workorder", {"AppointmentDate": None}, {"AppointmentDate": today})
        self.age()

    def rows(self) -> tuple[int, ...]:
        """Of workorders, lines and contacts."""
        counts = self.admin.row_counts()
        return tuple(counts[entity.name] for entity in ENTITIES)

    def age(self) -> None:
        """What changed, changed two days ago: a refresh by `ModifiedOn` no longer looks at it."""
        then = (datetime.now(UTC) - 2 * _DAY).strftime("%Y-%m-%dT%H:%M:%S.000")
        self.admin.patch_rows("Workorder", {}, {"ModifiedOn": then})

    def change_all(self) -> None:
        """Another mileage on every workorder, another price on every line of labor."""
        self._changes += 1
        price = Decimal(100 + self._changes)
        self.admin.patch_rows("WorkorderLine", {"LineType": "Labor"}, {"Price": price})
        self.admin.patch_rows("Workorder", {}, {"Mileage": 50_000 + self._changes})
        self.age()

    def change_some(self, percent: int) -> str:
        """As `change_all`, spread evenly; returns a moment after which just these changed, in
        ISO 8601 without a zone, in UTC."""
        self._changes += 1
        every = 100 // percent
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.000")
        header = {"Mileage": 150_000 + self._changes, "ModifiedOn": now}
        self.admin.change_rows(
            [
                change
                for number in range(FIRST_NUMBER, FIRST_NUMBER + self.workorders, every)
                for change in (
                    patch(
                        "WorkorderLine",
                        {"WorkorderId": number, "JobNumber": 1, "SortOrder": 10},
                        {"Price": Decimal(500 + self._changes)},
                    ),
                    patch("Workorder", {"WorkorderId": number}, header),
                )
            ]
        )
        return (datetime.now(UTC) - _DAY).strftime("%Y-%m-%dT%H:%M:%S")
