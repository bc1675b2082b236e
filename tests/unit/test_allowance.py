"""How much of a dealer's limits is whose."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.limits import Allowance, allowance

RATES = st.floats(0.05, 500)
CONCURRENT = st.integers(1, 20)


@pytest.mark.parametrize(
    ("rate", "concurrent", "people", "bulk"),
    [
        (5, 4, Allowance(4, 5, 1.0), Allowance(3, 4, 1.0)),
        (2.5, 2, Allowance(2, 2, 0.8), Allowance(1, 1, 0.8)),
        (1, 1, Allowance(1, 1, 1.0), Allowance(1, 1, 1.25)),
        (0.5, 4, Allowance(4, 1, 2.0), Allowance(3, 1, 2.5)),
        (100, 10, Allowance(10, 100, 1.0), Allowance(9, 80, 1.0)),
    ],
)
def test_allowances(rate: float, concurrent: int, people: Allowance, bulk: Allowance) -> None:
    assert allowance(rate, concurrent, interactive=True) == people
    assert allowance(rate, concurrent, interactive=False) == bulk


@given(RATES, CONCURRENT)
def test_nobody_exceeds_the_rate_and_bulk_leaves_a_fifth(rate: float, concurrent: int) -> None:
    people = allowance(rate, concurrent, interactive=True)
    bulk = allowance(rate, concurrent, interactive=False)
    assert people.requests / people.window_seconds == pytest.approx(rate)
    assert people.requests <= max(1, rate)
    assert people.concurrent == concurrent
    assert bulk.requests / bulk.window_seconds <= 0.8 * rate * (1 + 1e-9)
    assert bulk.requests >= 1
    assert 1 <= bulk.concurrent <= max(1, concurrent - 1)


@pytest.mark.parametrize(("rate", "concurrent"), [(0, 1), (-1, 1), (1, 0)])
def test_a_limit_of_nothing_is_a_mistake(rate: float, concurrent: int) -> None:
    with pytest.raises(ValueError, match="never be asked"):
        allowance(rate, concurrent, interactive=True)
