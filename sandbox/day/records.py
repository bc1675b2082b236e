"""What is written down during the day, for the comparison and the report."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

CIRCUIT_OPEN = "vinacles_circuit_open"
#: Answers that say to try again later because of Vinacles, and all that say so.
OF_VINACLES = frozenset({"vinacles_unavailable", CIRCUIT_OPEN})
PASSING = OF_VINACLES | {"storage_unavailable", "not_taken"}


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one question. `minute` is when it was asked, `seconds` from sending until the worker had
    stored the answer; `code` is an outcome, a verdict or state, or the error's code where `failed`."""

    request_id: str
    dealer_id: int
    task: str
    subject: str
    minute: float
    seconds: float
    code: str
    failed: bool
    result: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @property
    def workorders(self) -> Sequence[Mapping[str, Any]]:
        found: Sequence[Mapping[str, Any]] = self.result.get("workorders", ())
        return found

    @property
    def asks_vinacles(self) -> bool:
        return self.task in ("workorders.import", "workorders.refresh")


@dataclass(slots=True)
class Trouble:
    """Something that hits the house for a while, its moments in played minutes."""

    title: str
    what: str
    dealers: tuple[int, ...]
    began: float
    ended: float = 0
    seconds: float = 0
    #: Real seconds from the end of the trouble to the first good answer after it.
    recovered_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Scene:
    """Something worth telling: what people did and saw; `good` says whether it is what they should see."""

    minute: float
    dealer_id: int
    title: str
    told: str
    good: bool


@dataclass(slots=True)
class Journal:
    """All of one day."""

    answers: list[Answer] = field(default_factory=list)
    troubles: list[Trouble] = field(default_factory=list)
    scenes: list[Scene] = field(default_factory=list)
    dms_changes: int = 0
    asked: int = 0
