"""The day's program: when people come and when something happens. Pure, and the same for the same seed."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from sandbox.day.group import ASSEN, ZUID, ZWOLLE


class Kind(StrEnum):
    """What begins at a moment; the first six are for people, the rest happens to them."""

    VISIT = "visit"
    BOOKING = "booking"
    WORK_STARTS = "work_starts"
    VINACLES_CHANGES = "vinacles_changes"
    SWAPPED_DATE = "swapped_date"
    NO_LABOR = "no_labor"
    DELETED = "deleted"
    BULK = "bulk"
    TOKENS = "tokens"
    SLOW = "slow"
    BUSY = "busy"
    ERRORS = "errors"
    DOWN = "down"
    DEPLOY_PEOPLE = "deploy_people"
    DEPLOY_BULK = "deploy_bulk"


@dataclass(frozen=True, slots=True)
class Event:
    """`minute` is played, since the doors opened; `lasts` are played minutes."""

    minute: float
    kind: Kind
    dealer_id: int = ZWOLLE
    lasts: float = 0


@dataclass(frozen=True, slots=True)
class Program:
    """`per_hour` visits come to each branch in an usual hour; bulk is due each `bulk_every` minutes."""

    minutes: int
    minutes_per_second: float
    workorders: int
    per_hour: int
    bulk_every: float
    happens: tuple[Event, ...]


#: How busy each hour is, from 8 to 18.
_BUSY = (1.7, 1.5, 1.1, 0.9, 0.6, 0.7, 0.9, 1.0, 1.4, 1.2)
_BRANCHES = (ZWOLLE, ASSEN, ZUID)

WHOLE_DAY = Program(
    minutes=600,
    minutes_per_second=3.0,
    workorders=900,
    per_hour=22,
    bulk_every=30,
    happens=(
        Event(48, Kind.TOKENS),
        Event(65, Kind.SWAPPED_DATE),
        Event(75, Kind.NO_LABOR),
        Event(112, Kind.SLOW, lasts=25),
        Event(165, Kind.ERRORS, lasts=20),
        Event(212, Kind.DEPLOY_PEOPLE),
        Event(255, Kind.DELETED),
        Event(290, Kind.BUSY, lasts=25),
        Event(345, Kind.DOWN, ZUID, lasts=75),
        Event(485, Kind.TOKENS),
        # In the middle of the runs that are due at 16:30.
        Event(510.4, Kind.DEPLOY_BULK),
    ),
)
ONE_HOUR = Program(
    minutes=60,
    minutes_per_second=4.0,
    workorders=120,
    per_hour=24,
    bulk_every=28,
    happens=(
        Event(2, Kind.NO_LABOR),
        Event(3, Kind.DOWN, ZUID, lasts=20),
        Event(3, Kind.SWAPPED_DATE),
        Event(4, Kind.DELETED),
        Event(8, Kind.TOKENS),
        Event(29, Kind.DEPLOY_PEOPLE),
        Event(44, Kind.DEPLOY_BULK),
        Event(48, Kind.ERRORS, lasts=4),
        Event(53, Kind.BUSY, lasts=4),
    ),
)


def events(program: Program, chance: random.Random) -> list[Event]:
    """All that begins over the day, in its order."""
    found = [*program.happens, *_people(program, chance), *_bulk(program)]
    return sorted(found, key=lambda event: event.minute)


def _people(program: Program, chance: random.Random) -> Iterator[Event]:
    for hour in range(-(-program.minutes // 60)):
        for dealer_id in _BRANCHES:
            visits = round(program.per_hour * _BUSY[hour])
            kinds = (
                *[Kind.VISIT] * visits,
                *[Kind.BOOKING] * round(visits * 0.12),
                *[Kind.WORK_STARTS] * round(visits * 0.2),
                *[Kind.VINACLES_CHANGES] * round(visits * 0.5),
            )
            # The last minutes are left to what began before.
            latest = min(60 * hour + 60, program.minutes - 15)
            for kind in kinds:
                yield Event(chance.uniform(60 * hour, latest), kind, dealer_id)


def _bulk(program: Program) -> Iterator[Event]:
    minute = 0.0
    while minute < program.minutes:
        yield Event(minute, Kind.BULK)
        minute += program.bulk_every
