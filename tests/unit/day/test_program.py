"""The day's program."""

import random

import pytest

from sandbox.day.program import ONE_HOUR, WHOLE_DAY, Kind, Program, events


@pytest.mark.parametrize("program", [WHOLE_DAY, ONE_HOUR], ids=["day", "hour"])
def test_the_same_seed_is_the_same_day(program: Program) -> None:
    first = events(program, random.Random(1))
    assert first == events(program, random.Random(1))
    assert first != events(program, random.Random(2))
    assert [event.minute for event in first] == sorted(event.minute for event in first)
    assert all(0 <= event.minute < program.minutes for event in first)


def test_a_whole_day_has_everything() -> None:
    kinds = [event.kind for event in events(WHOLE_DAY, random.Random(1))]
    assert set(kinds) == set(Kind)
    assert kinds.count(Kind.BULK) == 20
    assert kinds.count(Kind.VISIT) > 600
