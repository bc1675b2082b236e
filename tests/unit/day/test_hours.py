"""The day's answers by the hour."""

import pytest

from sandbox.day.charts import spoken
from sandbox.day.clock import shown
from sandbox.day.hours import Slots, counted, group_of, percentile, slots, waited
from sandbox.day.records import Answer


def answer(minute: float, code: str = "created", seconds: float = 0.1, *, failed: bool = False) -> Answer:
    return Answer("day-1", 21, "workorders.import", "WO-1", minute, seconds, code, failed)


def test_what_was_asked_after_closing_belongs_to_the_last_hour() -> None:
    cut = slots(600)
    assert (cut.count, cut.names[0], cut.names[-1]) == (10, "08–09 h", "17–18 h")
    series = counted([answer(0), answer(59.9), answer(60), answer(700, "held")], cut)
    assert series["imported"][1] == [2, 1, *[0] * 8]
    assert series["held"][1] == [*[0] * 9, 1]
    assert set(series) == {"imported", "held"}


def test_an_hour_is_cut_into_pieces_of_ten_minutes() -> None:
    assert slots(60) == Slots(6, 10)


@pytest.mark.parametrize(
    ("code", "failed", "group"),
    [
        ("unchanged", False, "unchanged"),
        ("not_found", False, "not found"),
        ("recorded", False, "work started"),
        ("vinacles_circuit_open", True, "try again later"),
        ("internal", True, "try again later"),
    ],
)
def test_every_answer_has_its_group(code: str, failed: bool, group: str) -> None:
    assert group_of(answer(0, code, failed=failed)) == group


def test_percentiles_are_values_that_were_seen() -> None:
    values = [float(number) for number in range(1, 101)]
    assert percentile(values, 0.5) == 50
    assert percentile(values, 0.95) == 95
    assert percentile([7.0], 0.95) == 7
    assert percentile([], 0.5) is None
    assert waited([answer(5, seconds=2), answer(15, seconds=4)], slots(60), 0.5) == [2, 4, *[None] * 4]


def test_moments_and_seconds_as_people_write_them() -> None:
    assert (shown(0), shown(95.5), shown(600)) == ("08:00", "09:35", "18:00")
    assert (spoken(0.0234), spoken(4.56)) == ("23 ms", "4.6 s")
