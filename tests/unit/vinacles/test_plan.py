"""Few requests for many workorders: whatever the numbers, all are asked for and every request line fits."""

from math import ceil
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.vinacles.plan import Batch, Cost, plan

NUMBERS = st.lists(st.one_of(st.integers(1, 400), st.integers(1, 2**53 - 1)), max_size=200)
COSTS = st.builds(
    Cost,
    st.sampled_from([0.5, 1.0, 3.0, 12.0]),
    st.sampled_from([1, 100, 500, 5_000]),
    st.integers(150, 5_500),
    st.integers(1, 6),
)


def encoded(batch: Batch) -> str:
    return quote(batch.condition("WorkorderId").text, safe="")


def in_singles(numbers: set[int], cost: Cost) -> int:
    """How many requests it takes to name each number alone, in even batches."""
    longest = max(len(encoded(Batch(((number, number),)))) for number in numbers) + len("%20or%20")
    batches = ceil(len(numbers) / max(1, (cost.room_bytes - len("%28%29")) // longest))
    size = ceil(len(numbers) / batches)
    return batches * max(1, ceil(size * cost.rows_each / cost.page_rows))


@given(NUMBERS, COSTS)
def test_every_number_is_asked_for_once_in_lines_that_fit(numbers: list[int], cost: Cost) -> None:
    batches = plan("WorkorderId", numbers, cost)
    for number in numbers:
        assert sum(a <= number <= b for batch in batches for a, b in batch.spans) == 1
    for batch in batches:
        assert len(encoded(batch)) <= cost.room_bytes
        assert all(first in numbers and last in numbers for first, last in batch.spans)


@given(NUMBERS.filter(bool), COSTS)
def test_no_plan_is_worse_than_naming_each_number(numbers: list[int], cost: Cost) -> None:
    alone = in_singles(set(numbers), Cost(cost.rows_each, cost.page_rows, cost.room_bytes))
    planned = cost.requests(plan("WorkorderId", numbers, cost))
    assert planned <= alone + cost.at_once  # parts of their own may each leave a page half empty


@given(NUMBERS, COSTS)
def test_order_and_repetition_do_not_matter(numbers: list[int], cost: Cost) -> None:
    assert plan("WorkorderId", numbers * 2, cost) == plan("WorkorderId", sorted(numbers), cost)


@pytest.mark.parametrize(
    ("numbers", "cost", "spans"),
    [
        (range(1, 501), Cost(10, 5_000, 5_000), [((1, 500),)]),
        # One number missing: a second term costs nothing, its rows would.
        ([*range(1, 6), *range(7, 11)], Cost(10, 5_000, 5_000), [((1, 5), (7, 10))]),
        # No room for two terms, room for the row of the gap: 9 and 10 workorders are one page each.
        ([*range(1, 6), *range(7, 11)], Cost(10, 100, 70), [((1, 10),)]),
        # No room for two terms, and the rows of the gap cost more pages than a request.
        ([1, 1_000], Cost(10, 100, 50), [((1, 1),), ((1_000, 1_000),)]),
        # 8 full pages are worth two requests at a time, 7 are not.
        (range(1, 81), Cost(10, 100, 5_000, 4), [((1, 40),), ((41, 80),)]),
        (range(1, 71), Cost(10, 100, 5_000, 4), [((1, 70),)]),
        (range(1, 1_001), Cost(10, 100, 5_000, 2), [((1, 500),), ((501, 1_000),)]),
        ([], Cost(10, 100, 5_000), []),
    ],
)
def test_plans(numbers: list[int], cost: Cost, spans: list[tuple[tuple[int, int], ...]]) -> None:
    assert [batch.spans for batch in plan("WorkorderId", numbers, cost)] == spans


def test_the_condition_of_a_batch() -> None:
    both = Batch(((4, 4), (7, 9)))
    assert both.condition("Id").text == "(Id eq 4 or (Id ge 7 and Id le 9))"
    assert Batch(((7, 9),)).condition("Id").text == "(Id ge 7 and Id le 9)"
    assert both.numbers == 4


def test_scattered_numbers_share_request_lines() -> None:
    """500 of 6 digits: 33 bytes each, so 160 fit into a line."""
    numbers = range(100_000, 600_000, 1_000)
    assert len(plan("WorkorderId", numbers, Cost(12, 5_000, 5_300, 4))) == 4
