"""One row per rule of the policy."""

from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.decision import Decision, Fetched, Stored
from schemas.outcome import Outcome, Warning
from schemas.workorder import Workorder
from tests.workorders import NOON, WORKORDER, fetched, workorders
from worker.policy import MILEAGE_LEAP_KM, decide

OTHER_MAKE = replace(WORKORDER, make="Saab")
SAME_DIGEST = fetched().digest


def stored(
    workorder: Workorder | None = WORKORDER,
    *,
    seconds: float = -60,
    started: bool = False,
    digest: bytes = SAME_DIGEST,
) -> Stored:
    return Stored(workorder, digest, NOON + timedelta(seconds=seconds), NOON if started else None)


@dataclass(frozen=True)
class Case:
    rule: str
    stored: Stored | None
    fetched: Fetched
    outcome: Outcome
    keep_importing: bool = False
    paths: tuple[str, ...] = ()
    warnings: tuple[Warning, ...] = ()


CASES = [
    Case("unknown so far", None, fetched(), Outcome.CREATED),
    Case("same digest", stored(None), fetched(), Outcome.UNCHANGED),
    Case("same digest, work started", stored(None, started=True), fetched(), Outcome.UNCHANGED),
    Case("same digest, older answer: no warning", stored(None, seconds=9), fetched(), Outcome.UNCHANGED),
    Case(
        "older answer",
        stored(seconds=1),
        fetched(OTHER_MAKE),
        Outcome.UNCHANGED,
        warnings=(Warning.NEWER_ANSWER_STORED,),
    ),
    Case(
        "older answer, even though the dealer keeps importing",
        stored(seconds=1, started=True),
        fetched(OTHER_MAKE),
        Outcome.UNCHANGED,
        keep_importing=True,
        warnings=(Warning.NEWER_ANSWER_STORED,),
    ),
    Case(
        "answer of the same moment", stored(seconds=0), fetched(OTHER_MAKE), Outcome.UPDATED, paths=("make",)
    ),
    Case("no field differs", stored(digest=b"other"), fetched(), Outcome.UNCHANGED),
    Case("no field differs, work started", stored(digest=b"o", started=True), fetched(), Outcome.UNCHANGED),
    Case("a field differs", stored(), fetched(OTHER_MAKE), Outcome.UPDATED, paths=("make",)),
    Case("work started", stored(started=True), fetched(OTHER_MAKE), Outcome.HELD, paths=("make",)),
    Case(
        "work started, the dealer keeps importing",
        stored(started=True),
        fetched(OTHER_MAKE),
        Outcome.UPDATED,
        keep_importing=True,
        paths=("make",),
    ),
    Case(
        "a held mileage was not taken over, so nothing is said of it",
        stored(started=True),
        fetched(replace(WORKORDER, mileage_km=1)),
        Outcome.HELD,
        paths=("mileage_km",),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.rule)
def test_rule(case: Case) -> None:
    decision = decide(case.keep_importing, case.stored, case.fetched)
    assert decision.outcome is case.outcome
    assert tuple(change.path for change in decision.changes) == case.paths
    assert decision.warnings == case.warnings


@pytest.mark.parametrize(
    ("before", "now", "warnings"),
    [
        (80_000, 79_999, (Warning.MILEAGE_FELL,)),
        (80_000, 80_001, ()),
        (80_000, 80_000 + MILEAGE_LEAP_KM, ()),
        (80_000, 80_001 + MILEAGE_LEAP_KM, (Warning.MILEAGE_LEAPT,)),
        (None, 5, ()),
        (5, None, ()),
    ],
)
def test_mileage(before: int | None, now: int | None, warnings: tuple[Warning, ...]) -> None:
    decision = decide(
        False, stored(replace(WORKORDER, mileage_km=before)), fetched(replace(WORKORDER, mileage_km=now))
    )
    assert decision.outcome is Outcome.UPDATED
    assert decision.warnings == (warnings)


def test_a_workorder_that_was_not_read_cannot_be_compared() -> None:
    with pytest.raises(ValueError, match="must be read"):
        decide(False, stored(None, digest=b"other"), fetched())


@given(workorders(), workorders(), st.booleans(), st.booleans())
def test_every_pair_is_decided_by_whether_a_field_differs(
    before: Workorder, now: Workorder, started: bool, keep: bool
) -> None:
    decision = decide(keep, stored(before, started=started, digest=b"before"), fetched(now, digest=b"now"))
    if before == now:
        assert decision == Decision(Outcome.UNCHANGED)
    else:
        assert decision.outcome is (Outcome.HELD if started and not keep else Outcome.UPDATED)
        paths = [change.path for change in decision.changes]
        assert paths
        assert len(paths) == len(set(paths))
