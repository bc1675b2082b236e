"""From the wall clock at a branch to a moment, and dates that look mistyped."""

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from schemas.outcome import Warning

FAR_AHEAD = timedelta(days=60)
NEAR = timedelta(days=14)


@lru_cache(maxsize=4096)  # many appointments begin at the same quarters of an hour
def to_instant(local: datetime, time_zone: str) -> tuple[datetime, tuple[Warning, ...]]:
    """The moment in UTC at which the clocks of an IANA `time_zone` show `local` (naive).

    A time that summer time skips counts with the offset before the change, so 02:30 is 03:30; of a time
    that comes twice the first is meant (PEP 495, fold=0).
    """
    first = local.replace(tzinfo=ZoneInfo(time_zone), fold=0)
    offset, other = first.utcoffset(), first.replace(fold=1).utcoffset()
    warnings: tuple[Warning, ...] = ()
    if offset is not None and other is not None and offset != other:
        warnings = (
            (Warning.APPOINTMENT_IN_CLOCK_GAP,) if offset < other else (Warning.APPOINTMENT_HOUR_TWICE,)
        )
    return first.astimezone(UTC), warnings


def is_possible_day_month_swap(appointment: date, today: date) -> bool:
    """Whether a date that is past or over 60 days ahead would lie within 14 days of today with day and month
    exchanged: on 4 June, 10 June entered as 6 October."""
    if (
        today <= appointment <= today + FAR_AHEAD
        or appointment.day > 12
        or appointment.day == appointment.month
    ):
        return False
    swapped = appointment.replace(month=appointment.day, day=appointment.month)
    return abs(swapped - today) <= NEAR
