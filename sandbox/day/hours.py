"""The day's answers hour by hour."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from sandbox.day.clock import OPENS_AT, shown
from sandbox.day.records import PASSING, Answer

#: Groups of answers as a manager reads them, with their colors; the first that fits counts.
GROUPS: dict[str, str] = {
    "imported": "#2563eb",
    "updated": "#0891b2",
    "unchanged": "#94a3b8",
    "held": "#d97706",
    "not found": "#a78bfa",
    "rejected": "#db2777",
    "work started": "#65a30d",
    "explained": "#14b8a6",
    "try again later": "#dc2626",
}
_OF_OUTCOMES = {
    "created": "imported",
    "updated": "updated",
    "unchanged": "unchanged",
    "held": "held",
    "not_found": "not found",
    "rejected": "rejected",
}


@dataclass(frozen=True, slots=True)
class Slots:
    """The day cut into pieces of `minutes`; what was asked after closing time belongs to the last."""

    count: int
    minutes: float

    @property
    def names(self) -> list[str]:
        if self.minutes == 60:
            return [f"{OPENS_AT + place:02}–{OPENS_AT + place + 1:02} h" for place in range(self.count)]
        return [f"from {shown(place * self.minutes)}" for place in range(self.count)]

    def of(self, answer: Answer) -> int:
        return min(int(answer.minute // self.minutes), self.count - 1)


def slots(minutes: int) -> Slots:
    """Hours of a long day, pieces of ten minutes of a short one."""
    size = 60 if minutes > 120 else 10
    return Slots(-(-minutes // size), size)


def group_of(answer: Answer) -> str:
    if answer.code in PASSING or answer.failed:
        return "try again later"
    if answer.task == "workorders.why":
        return "explained"
    return _OF_OUTCOMES.get(answer.code, "work started")


def counted(answers: Sequence[Answer], cut: Slots) -> dict[str, tuple[str, list[int]]]:
    """Name of a group → its color and how many answers of it each slot has."""
    found = {name: (color, [0] * cut.count) for name, color in GROUPS.items()}
    for answer in answers:
        found[group_of(answer)][1][cut.of(answer)] += 1
    return {name: each for name, each in found.items() if any(each[1])}


def waited(answers: Sequence[Answer], cut: Slots, part: float) -> list[float | None]:
    """The seconds that this part of each slot's answers did not exceed; None where there was none."""
    return [percentile([a.seconds for a in answers if cut.of(a) == slot], part) for slot in range(cut.count)]


def percentile(values: Sequence[float], part: float) -> float | None:
    """The smallest value that at least this part of all do not exceed."""
    ordered = sorted(values)
    return ordered[math.ceil(len(ordered) * part) - 1] if ordered else None
