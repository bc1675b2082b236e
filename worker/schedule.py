"""When a dealer is to be refreshed: every so many minutes, within its opening window."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from worker.store.runs import DueDealer, Turn


def turn_of(dealer: DueDealer) -> Turn:
    """Whether a dealer that is due starts now, and when it is due again.

    While it is closed nothing starts, and it is due when it opens.
    """
    return Turn(is_open(dealer, dealer.now), next_at(dealer))


def next_at(dealer: DueDealer) -> datetime:
    """The first of the dealer's turns after `now`, in UTC.

    Turns follow each other from `due_at` at the interval, whatever the clocks are doing; those that went by
    are dropped: due at 9:00 every 30 minutes, and looked at only at 10:10, the next is 10:30. A turn that
    falls outside the opening window is put off until it opens.
    """
    if not is_open(dealer, dealer.now):
        return _opening(dealer, dealer.now)
    interval = timedelta(minutes=dealer.refresh_every_minutes)
    gone_by = (dealer.now - dealer.due_at) // interval
    slot = dealer.due_at + interval * (gone_by + 1)
    return slot if is_open(dealer, slot) else _opening(dealer, slot)


def is_open(dealer: DueDealer, moment: datetime) -> bool:
    """By the dealer's wall clock, from the opening until before the closing, over midnight where that comes
    first; equal times mean always."""
    opens, closes = _opens(dealer), dealer.refresh_until or time.min
    clock = moment.astimezone(ZoneInfo(dealer.time_zone)).time()
    if opens < closes:
        return opens <= clock < closes
    return opens == closes or clock >= opens or clock < closes


def _opening(dealer: DueDealer, moment: datetime) -> datetime:
    """The first opening after `moment`: two on a day on which its hour comes twice, and none on one on which
    summer time skips the whole window."""
    zone = ZoneInfo(dealer.time_zone)
    day = moment.astimezone(zone).date()
    while True:
        for fold in (0, 1):
            local = datetime.combine(day, _opens(dealer), zone).replace(fold=fold)
            opening = local.astimezone(UTC)
            if opening > moment and is_open(dealer, opening):
                return opening
        day += timedelta(days=1)


def _opens(dealer: DueDealer) -> time:
    return dealer.refresh_from or time.min
