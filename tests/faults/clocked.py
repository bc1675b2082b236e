"""A house whose clocks can be set."""

from dataclasses import dataclass
from datetime import datetime

from tests.faults.clock import Clock
from tests.faults.house import House


@dataclass(frozen=True)
class Place:
    """A house of its own, and the clock that all of it but the simulator goes by."""

    house: House
    clock: Clock


def server_now(house: House) -> datetime:
    [row] = house.rows("SELECT clock_timestamp() AS now")
    now: datetime = row["now"]
    return now
