"""What the day's report says of those who were told to wait."""

import pytest

from sandbox.day.records import Answer
from sandbox.day.report import waiting

_AWAY, _OPEN, _NOT_TAKEN = "vinacles_unavailable", "vinacles_circuit_open", "not_taken"


def answer(minute: float, code: str, subject: str = "WO-1", dealer_id: int = 21) -> Answer:
    failed = code not in ("created", "unchanged")
    return Answer(f"day-{minute}", dealer_id, "workorders.import", subject, minute, 0.1, code, failed)


def test_nothing_is_said_where_nobody_had_to_wait() -> None:
    assert waiting([answer(1, "created"), answer(2, "internal")]) == ""


def test_all_were_answered_only_where_each_question_has_a_later_good_answer() -> None:
    answers = [answer(1, _AWAY), answer(2, _OPEN), answer(9, "created"), answer(9, "created", "WO-2")]
    assert waiting(answers) == (
        "2 of 4 questions were told to try again later, while Vinacles was down or busy."
        " Each of these was answered when it was asked again."
    )


@pytest.mark.parametrize(
    "other",
    [
        answer(0, "created"),
        answer(9, "created", "WO-2"),
        answer(9, "created", dealer_id=22),
        answer(9, _AWAY),
    ],
    ids=["before", "another question", "another branch", "in vain"],
)
def test_who_has_no_later_good_answer_is_counted(other: Answer) -> None:
    answers = [answer(1, _AWAY, "WO-3"), answer(2, "unchanged", "WO-3"), answer(3, _OPEN), other]
    gave_up = 2 if other.code == _AWAY else 1
    assert f" 1 of these were answered when asked again; people gave up on the other {gave_up}." in waiting(
        answers
    )


def test_a_worker_that_was_away_is_not_laid_at_vinacles_door() -> None:
    said = waiting([answer(1, _NOT_TAKEN), answer(2, "created")])
    assert "while Vinacles was down or busy, or a part of the house was away." in said
