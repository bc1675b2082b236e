"""What bulk must have at the day's end, where midnight comes before it."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from sandbox.day.expecting import Refreshed
from schemas.dealer import Connection, Dealer, Secret

_NOWHERE = Connection("https://noord.example", "https://login.example/token", "noord", "claire", Secret("x"))
_DEALER = Dealer(12, "Garage Testweg", _NOWHERE, days_back=14, days_ahead=60)
_AMSTERDAM = ZoneInfo("Europe/Amsterdam")


@pytest.mark.parametrize(
    ("appointment", "seen"),
    [
        (date(2026, 3, 17), False),
        (date(2026, 3, 18), True),  # 14 days before the first refresh
        (date(2026, 5, 31), True),  # 60 days after the first one
        (date(2026, 6, 1), True),  # 60 days after the last one
        (date(2026, 6, 2), False),
    ],
)
def test_each_refresh_has_its_own_window(appointment: date, seen: bool) -> None:
    first = datetime(2026, 4, 1, 23, 59, tzinfo=_AMSTERDAM)
    last = datetime(2026, 4, 2, 0, 1, tzinfo=_AMSTERDAM)
    refreshed = Refreshed(first, last)
    assert refreshed.saw(_DEALER, appointment) == seen
    assert refreshed.today(_DEALER) == date(2026, 4, 2)
