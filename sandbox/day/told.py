"""What the report is made of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sandbox.day.comparison import Compared
from sandbox.day.program import Program
from sandbox.day.records import CIRCUIT_OPEN, PASSING, Answer, Journal, Scene
from sandbox.day.runs import BulkRun


@dataclass(frozen=True)
class Told:
    """`branches` are names by dealer; `began` is when it was really played."""

    program: Program
    seed: int
    began: datetime
    seconds: float
    branches: Mapping[int, str]
    journal: Journal
    runs: Sequence[BulkRun]
    compared: Compared

    @property
    def answers(self) -> list[Answer]:
        return self.journal.answers


@dataclass(frozen=True, slots=True)
class LeftAlone:
    """A branch whose circuit was open, in played minutes as people saw it: from the first answer that said so
    until the first good one after it."""

    branch: str
    began: float
    ended: float


def place(name: str) -> str:
    """The town of a branch."""
    return name.rsplit(", ", 1)[-1]


def lettered(told: Told) -> list[tuple[str, Scene]]:
    """The stories in their order, with a letter each."""
    scenes = sorted(told.journal.scenes, key=lambda scene: scene.minute)
    return [(chr(ord("a") + number), scene) for number, scene in enumerate(scenes)]


def told_to_wait(answers: Sequence[Answer]) -> tuple[list[Answer], list[Answer]]:
    """The answers that said to try again later, and those of them whose question had a good answer when it
    was asked again, by whomever."""
    last: dict[tuple[int, str, str], float] = {}
    for answer in answers:
        if not answer.failed:
            last[_question(answer)] = max(answer.minute, last.get(_question(answer), 0))
    waited = [answer for answer in answers if answer.code in PASSING]
    return waited, [answer for answer in waited if last.get(_question(answer), -1) > answer.minute]


def _question(answer: Answer) -> tuple[int, str, str]:
    return answer.dealer_id, answer.task, answer.subject


def left_alone(told: Told) -> list[LeftAlone]:
    found = []
    for dealer_id, name in told.branches.items():
        answers = [answer for answer in told.answers if answer.dealer_id == dealer_id]
        opened = [answer.minute for answer in answers if answer.code == CIRCUIT_OPEN]
        if opened:
            last = max(opened)
            well = (a.minute for a in answers if not a.failed and a.asks_vinacles and a.minute > last)
            found.append(LeftAlone(place(name), min(opened), min(well, default=last)))
    return found
