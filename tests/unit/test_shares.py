"""How many threads a dealer may have, and how long a message rests that came when it had them."""

from collections import Counter
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.shares import PAUSES, left_seconds, pause_seconds
from worker.errors import DealerBusy, ErrorCode
from worker.shares import QUICK_SECONDS, Shares, may_take


@pytest.mark.parametrize(
    ("threads", "held", "by_all", "quick", "may"),
    [
        (16, 7, 7, False, True),
        (16, 8, 8, False, False),  # 8 of 16: half
        (16, 8, 8, True, True),
        (16, 5, 10, False, True),
        (16, 5, 11, False, False),
        (16, 0, 15, False, True),
        (1, 0, 0, False, True),
        (2, 1, 1, False, False),
        (3, 1, 1, False, True),
    ],
)
def test_a_slow_dealer_has_no_more_than_are_free(
    threads: int, held: int, by_all: int, quick: bool, may: bool
) -> None:
    assert may_take(threads, held, by_all, quick=quick) is may


@given(dealers=st.integers(1, 5), data=st.data())
def test_however_much_few_slow_dealers_ask_a_thread_stays_free(dealers: int, data: st.DataObject) -> None:
    """Each halves at most what is free: of 2^n threads n dealers leave one."""
    threads = data.draw(st.integers(2**dealers, 2**dealers + 20))
    wishes = data.draw(st.lists(st.integers(1, dealers), max_size=300))
    shares, held = Shares(threads), Counter[int]()
    with ExitStack() as under_way:
        for dealer in wishes:
            try:
                under_way.enter_context(shares.share(dealer))
            except DealerBusy:
                continue
            held[dealer] += 1
        assert held.total() < threads
        assert all(held[dealer] >= 1 for dealer in wishes)


def test_a_refusal_is_the_same_code_and_says_that_others_are_under_way() -> None:
    shares = Shares(2)
    with shares.share(1), pytest.raises(DealerBusy, match="under way") as refused, shares.share(1):
        pass
    assert (refused.value.code, refused.value.trouble) == (ErrorCode.VINACLES_UNAVAILABLE, None)
    with shares.share(1):
        pass


def test_a_dealer_that_answers_quickly_may_have_all_until_one_of_its_requests_is_slow() -> None:
    at = [100.0]
    shares = Shares(8, lambda: at[0])
    with shares.share(1):
        at[0] += QUICK_SECONDS
    with ExitStack() as under_way:
        for _ in range(6):
            assert shares.full() == []
            under_way.enter_context(shares.share(1))
        with shares.share(1):
            at[0] += QUICK_SECONDS
        at[0] += 0.1
        # The last to end was quick, and yet the others are slow.
        assert shares.full() == [1]
    assert shares.full() == []


def test_a_slow_answer_makes_nobody_quick() -> None:
    at = [100.0]
    shares = Shares(2, lambda: at[0])
    with shares.share(1):
        at[0] += QUICK_SECONDS + 0.1
    with shares.share(1), pytest.raises(DealerBusy), shares.share(1):
        pass


@pytest.mark.parametrize(
    ("tries", "left", "jitter", "pause"),
    [
        (1, 15.0, 0.0, 0.3),
        (1, None, 0.5, 0.27),  # 0.3 × (1 - 0.2 × 0.5)
        (7, 8.0, 0.0, 2.0),
        (8, 15.0, 0.0, None),
        (7, 1.0, 0.0, None),  # it would expire while it rests
        (-3, 15.0, 0.0, None),  # a header that nobody of us wrote
    ],
)
def test_a_message_rests_longer_each_time(
    tries: int, left: float | None, jitter: float, pause: float | None
) -> None:
    assert pause_seconds(tries, left, jitter) == (pause and pytest.approx(pause))


def test_all_rests_fit_into_half_of_a_messages_life() -> None:
    assert sum(PAUSES) <= 15 / 2


def test_the_life_that_is_left_is_read_as_senders_write_it() -> None:
    assert left_seconds(None) is None
    assert left_seconds("tomorrow") is None
    moment = datetime.now(UTC) + timedelta(seconds=10)
    for written in (moment.isoformat(), moment.replace(tzinfo=None).isoformat()):
        assert left_seconds(written) == pytest.approx(10, abs=5)
