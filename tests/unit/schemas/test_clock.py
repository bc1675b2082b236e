from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.clock import is_possible_day_month_swap, to_instant
from schemas.outcome import Warning

AMSTERDAM = "Europe/Amsterdam"


@pytest.mark.parametrize(
    ("local", "instant", "warnings"),
    [
        ("2026-01-05T08:30", datetime(2026, 1, 5, 7, 30, tzinfo=UTC), ()),
        ("2026-07-05T08:30", datetime(2026, 7, 5, 6, 30, tzinfo=UTC), ()),
        # 29 March 2026: 02:00 becomes 03:00; 02:30 counts as 03:30 summer time.
        ("2026-03-29T01:59", datetime(2026, 3, 29, 0, 59, tzinfo=UTC), ()),
        (
            "2026-03-29T02:30",
            datetime(2026, 3, 29, 1, 30, tzinfo=UTC),
            (Warning.APPOINTMENT_IN_CLOCK_GAP,),
        ),
        ("2026-03-29T03:00", datetime(2026, 3, 29, 1, 0, tzinfo=UTC), ()),
        # 25 October 2026: 03:00 becomes 02:00; 02:30 is 00:30 and 01:30 UTC.
        (
            "2026-10-25T02:30",
            datetime(2026, 10, 25, 0, 30, tzinfo=UTC),
            (Warning.APPOINTMENT_HOUR_TWICE,),
        ),
        ("2026-10-25T03:00", datetime(2026, 10, 25, 2, 0, tzinfo=UTC), ()),
    ],
)
def test_from_wall_clock_to_instant(local: str, instant: datetime, warnings: tuple[Warning, ...]) -> None:
    assert to_instant(datetime.fromisoformat(local), AMSTERDAM) == (instant, warnings)


@pytest.mark.parametrize(
    ("appointment", "today", "suspicious"),
    [
        (date(2026, 10, 6), date(2026, 6, 4), True),  # 124 days ahead; 10 June is 6 days away
        (date(2026, 6, 10), date(2026, 10, 6), True),  # past; 6 October is today
        (date(2026, 10, 6), date(2026, 5, 27), True),  # 10 June is 14 days away
        (date(2026, 10, 6), date(2026, 5, 26), False),  # 15 days away
        (date(2026, 10, 6), date(2026, 8, 7), False),  # 60 days ahead: a normal appointment
        (date(2026, 2, 3), date(2026, 2, 3), False),  # today
        (date(2026, 2, 3), date(2026, 3, 2), True),  # past, and the other way round it is today
        (date(2026, 10, 13), date(2026, 6, 4), False),  # there is no 13th month
        (date(2026, 10, 10), date(2026, 6, 4), False),  # the same either way
    ],
)
def test_day_and_month_may_be_swapped(appointment: date, today: date, suspicious: bool) -> None:
    assert is_possible_day_month_swap(appointment, today) is suspicious


@given(st.dates(), st.dates(min_value=date(2000, 1, 1), max_value=date(2100, 1, 1)))
def test_any_date_can_be_judged(appointment: date, today: date) -> None:
    if is_possible_day_month_swap(appointment, today):
        assert appointment.day <= 12
