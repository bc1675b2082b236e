"""What is measured is written down where it belongs, and nowhere else."""

import pytest

from benchmarks.found import DOCUMENT, Bar, Found, Grid, p95, ratio_of_rounds, said_of
from benchmarks.measurements import Measurement, all_of_them
from benchmarks.report import bars, marks, section, written_into
from tests.documents import commands


@pytest.mark.parametrize("measurement", all_of_them(), ids=lambda one: one.name)
def test_every_measurement_has_its_place_and_its_command_in_the_document(measurement: Measurement) -> None:
    document = DOCUMENT.read_text("utf-8")
    begin, end = marks(measurement.name)
    assert document.count(begin) == document.count(end) == 1
    assert document.index(begin) < document.index(end)
    assert ("make", "bench", f"ARGS=--only {measurement.name}") in commands(DOCUMENT)


def test_a_measurement_replaces_its_own_words_alone() -> None:
    begin, end = marks("growth")
    document = f"before\n{begin}\nold\n{end}\nafter\n"
    assert written_into(document, "growth", "Growth", "new") == f"before\n{begin}\nnew\n{end}\nafter\n"


def test_a_measurement_that_the_document_lacks_gets_a_section_at_its_end() -> None:
    begin, end = marks("waiting")
    assert written_into("before\n", "waiting", "Waiting", "new") == (
        f"before\n\n## Waiting\n\n{begin}\nnew\n{end}\n"
    )


def test_marks_without_an_end_are_not_overwritten() -> None:
    begin, end = marks("growth")
    with pytest.raises(ValueError, match=end):
        written_into(f"{begin}\nall the rest", "growth", "Growth", "new")


def test_a_table_of_texts_and_numbers() -> None:
    found = Found("Two rounds.", [Grid("Pages", ("case", "way", "ms"), [["new", "COPY", "1.5"]], texts=2)])
    assert section(found, "Today.") == (
        "Today. Two rounds.\n\n**Pages**\n\n| case | way | ms |\n|---|---|--:|\n| new | COPY | 1.5 |"
    )


def test_bars_are_as_long_as_their_values_and_say_them() -> None:
    drawn = bars("Title <b>", "machine", [Bar("one", 10, "10 ms"), Bar("half", 5, "5 ms")])
    assert 'width="440.0"' in drawn
    assert 'width="220.0"' in drawn
    assert "Title &lt;b&gt;" in drawn
    assert ">5 ms<" in drawn


@pytest.mark.parametrize(
    ("values", "expected"),
    # 95 % of 20 values are 19, of 5 values 4.75, which takes all 5.
    [(range(1, 21), 19), (range(1, 6), 5), (range(1, 101), 95), ([7], 7)],
)
def test_p95_is_the_least_value_that_enough_do_not_exceed(values: list[float], expected: float) -> None:
    assert p95(values) == expected


def test_ratios_are_taken_within_rounds() -> None:
    # 2/1, 30/10 and 40/40: the ratio of the medians would be 30/10.
    assert ratio_of_rounds([2, 30, 40], [1, 10, 40]) == 2


def test_one_round_has_no_median() -> None:
    assert (said_of(1), said_of(5)) == ("1 round", "5 rounds, figures are medians")
