"""When a dealer's turn is, by its interval and its opening window on the wall clock."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import hypothesis.strategies as st
import pytest
from hypothesis import given

from worker.schedule import is_open, next_at, turn_of
from worker.store.runs import DueDealer, Turn

AMSTERDAM = ZoneInfo("Europe/Amsterdam")


def at(text: str) -> datetime:
    """A moment by the clocks of Amsterdam, in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=AMSTERDAM).astimezone(UTC)


def dealer(
    due: str, now: str, every: int = 30, opens: time | None = None, closes: time | None = None
) -> DueDealer:
    return DueDealer(7, "Europe/Amsterdam", every, opens, closes, due_at=at(due), now=at(now))


@pytest.mark.parametrize(
    ("due", "now", "expected"),
    [
        ("2026-11-23 09:00", "2026-11-23 09:00", "2026-11-23 09:30"),
        ("2026-11-23 09:00", "2026-11-23 09:01", "2026-11-23 09:30"),
        ("2026-11-23 09:00", "2026-11-23 09:30", "2026-11-23 10:00"),
        ("2026-11-23 09:00", "2026-11-23 10:10", "2026-11-23 10:30"),
        ("2025-11-23 09:10", "2026-11-23 10:10:01", "2026-11-23 10:40"),
    ],
)
def test_turns_that_went_by_are_dropped(due: str, now: str, expected: str) -> None:
    assert turn_of(dealer(due, now)) == Turn(True, at(expected))


DAY = (time(7), time(18, 30))
NIGHT = (time(22), time(6))


@pytest.mark.parametrize(
    ("window", "now", "starts", "expected"),
    [
        (DAY, "2026-11-23 06:59:59", False, "2026-11-23 07:00"),
        (DAY, "2026-11-23 07:00", True, "2026-11-23 07:30"),
        (DAY, "2026-11-23 17:59", True, "2026-11-23 18:00"),
        (DAY, "2026-11-23 18:00", True, "2026-11-24 07:00"),
        (DAY, "2026-11-23 18:30", False, "2026-11-24 07:00"),
        (DAY, "2026-11-23 23:00", False, "2026-11-24 07:00"),
        (NIGHT, "2026-11-23 21:00", False, "2026-11-23 22:00"),
        (NIGHT, "2026-11-23 23:45", True, "2026-11-24 00:00"),
        (NIGHT, "2026-11-24 05:30", True, "2026-11-24 22:00"),
        (NIGHT, "2026-11-24 06:00", False, "2026-11-24 22:00"),
        ((time(7), None), "2026-11-23 23:30", True, "2026-11-24 07:00"),
        ((None, time(7)), "2026-11-23 08:00", False, "2026-11-24 00:00"),
        ((time(9), time(9)), "2026-11-23 03:00", True, "2026-11-23 03:30"),
    ],
)
def test_nothing_starts_while_the_dealer_is_closed(
    window: tuple[time | None, time | None], now: str, starts: bool, expected: str
) -> None:
    assert turn_of(dealer("2026-11-23 00:00", now, 30, *window)) == Turn(starts, at(expected))


def test_the_opening_follows_the_wall_clock_when_it_is_put_forward_and_back() -> None:
    """In winter 7:00 is 6:00 UTC, in summer 5:00 UTC; the clocks change on 29 March and 25 October 2026."""
    spring = dealer("2026-03-28 18:00", "2026-03-28 18:00", 60, *DAY)
    assert next_at(spring) == datetime(2026, 3, 29, 5, tzinfo=UTC)
    autumn = dealer("2026-10-24 18:00", "2026-10-24 18:00", 60, *DAY)
    assert next_at(autumn) == datetime(2026, 10, 25, 6, tzinfo=UTC)


def test_the_interval_is_elapsed_time() -> None:
    """The hour from 2:00 to 3:00 is skipped in spring and comes twice in autumn."""
    hourly = dealer("2026-03-29 01:30", "2026-03-29 01:30", 60)
    assert next_at(hourly) == at("2026-03-29 03:30")
    twice = dealer("2026-10-25 02:30", "2026-10-25 02:30", 60)
    assert next_at(twice) == at("2026-10-25 02:30") + timedelta(hours=1)
    assert next_at(twice).astimezone(AMSTERDAM).time() == time(2, 30)


def test_an_opening_in_the_skipped_hour_is_an_hour_later_that_day() -> None:
    closed = dealer("2026-03-29 01:00", "2026-03-29 01:00", 30, time(2, 30), time(5))
    assert next_at(closed) == at("2026-03-29 03:30")


def test_a_window_in_the_hour_that_comes_twice_opens_twice() -> None:
    """On 25 October 2026 the clocks go from 3:00 back to 2:00, which is 1:00 UTC."""
    closed = dealer("2026-10-25 01:00", "2026-10-25 01:00", 15, time(2, 15), time(2, 45))
    assert next_at(closed) == datetime(2026, 10, 25, 0, 15, tzinfo=UTC)
    minutes = [datetime(2026, 10, 25, 0, minute, tzinfo=UTC) for minute in (14, 15, 44, 45)]
    assert [is_open(closed, minute) for minute in minutes] == [False, True, True, False]
    assert [is_open(closed, minute + timedelta(hours=1)) for minute in minutes] == [False, True, True, False]
    between = replace(closed, now=minutes[-1])
    assert turn_of(between) == Turn(False, datetime(2026, 10, 25, 1, 15, tzinfo=UTC))
    after = replace(closed, now=minutes[-1] + timedelta(hours=1))
    assert turn_of(after) == Turn(False, at("2026-10-26 02:15"))


def test_the_rest_of_a_night_is_open_after_its_opening_has_come_twice() -> None:
    """Between 1:00 and 1:30 UTC it is 2:00 to 2:30 again, and closed."""
    begun = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    night = replace(dealer("2026-10-25 01:00", "2026-10-25 01:00", 30, time(2, 30), time(5)), due_at=begun)
    assert turn_of(replace(night, now=begun)) == Turn(True, begun + timedelta(hours=1))


def test_a_window_that_is_skipped_altogether_waits_for_the_next_day() -> None:
    closed = dealer("2026-03-29 01:00", "2026-03-29 01:00", 30, time(2, 10), time(2, 50))
    assert next_at(closed) == at("2026-03-30 02:10")


_times = st.none() | st.times().map(lambda t: t.replace(microsecond=0))
_moments = st.datetimes(datetime(2026, 3, 27), datetime(2026, 3, 31)) | st.datetimes(
    datetime(2026, 10, 23),
    datetime(2026, 10, 27),
)


@given(
    now=_moments.map(lambda moment: moment.replace(tzinfo=UTC)),
    late=st.timedeltas(timedelta(0), timedelta(days=400)),
    every=st.integers(1, 3_000),
    opens=_times,
    closes=_times,
    zone=st.sampled_from(["Europe/Amsterdam", "America/St_Johns", "Pacific/Apia", "UTC"]),
)
def test_the_next_turn_is_later_soon_and_while_open(
    now: datetime, late: timedelta, every: int, opens: time | None, closes: time | None, zone: str
) -> None:
    due = DueDealer(7, zone, every, opens, closes, due_at=now - late, now=now)
    turn = turn_of(due)
    assert turn.starts == is_open(due, now)
    assert turn.next_at > now
    assert is_open(due, turn.next_at)
    assert turn.next_at - now <= timedelta(minutes=every) + timedelta(days=3)
    assert turn_of(replace(due, due_at=turn.next_at, now=turn.next_at)).starts
