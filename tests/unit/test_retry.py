"""When to try again: values in, a delay or None out."""

import gc
import weakref
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.deadline import Deadline
from worker.errors import CircuitOpen, ConfigurationError, ErrorCode, RetryableError, VinaclesUnavailable
from worker.retry import RetryRule, delay_seconds, rest_seconds, retrying

RULE = RetryRule(base_seconds=0.25, cap_seconds=4, most_tries=8, few_tries=3, least_attempt_seconds=0.5)


@pytest.mark.parametrize(
    ("attempt", "remaining", "retry_after", "few", "jitter", "expected"),
    [
        (1, 20, None, False, 0.0, 0.125),  # 0.25 * 2**0 * 1/2
        (1, 20, None, False, 0.5, 0.1875),  # 0.25 * 2**0 * 1.5/2
        (2, 20, None, False, 0.0, 0.25),  # 0.25 * 2**1 * 1/2
        (5, 20, None, False, 0.0, 2.0),  # 0.25 * 2**4 = 4; 4 * 1/2
        (7, 20, None, False, 0.0, 2.0),  # 0.25 * 2**6 = 16, capped to 4; 4 * 1/2
        (8, 20, None, False, 0.0, None),  # the eighth try was the last
        (2, 20, None, True, 0.0, 0.25),  # few tries: one is left
        (3, 20, None, True, 0.0, None),  # few tries: the third was the last
        (1, 20, 3.0, False, 0.0, 3.0),  # as the server says
        (1, 20, 3.0, False, 0.5, 3.125),  # 3 + 0.25 * 0.5
        (3, 20, 0.0, False, 0.0, 0.5),  # 0 s is no less than our own 0.25 * 2**2 * 1/2
        (1, 20, 3600.0, False, 0.0, None),  # obeyed by giving up
        (1, 0.625, None, False, 0.0, 0.125),  # 0.125 + 0.5 just fits
        (1, 0.6, None, False, 0.0, None),  # 0.125 + 0.5 does not
        (1, 0.0, None, False, 0.0, None),  # nobody waits any longer
    ],
)
def test_delay(
    attempt: int,
    remaining: float,
    retry_after: float | None,
    few: bool,
    jitter: float,
    expected: float | None,
) -> None:
    assert expected == delay_seconds(
        RULE,
        attempt=attempt,
        remaining_seconds=remaining,
        retry_after_seconds=retry_after,
        few_tries=few,
        jitter=jitter,
    )


def test_a_waiting_person_gets_the_whole_deadline() -> None:
    """At the least jitter 0.125 + 0.25 + 0.5 + 1 + 8 * 2 = 17.875 s; another 2 would not leave 0.5 of 20."""
    remaining, attempt = 20.0, 1
    while (wait := delay(RetryRule(), attempt, remaining)) is not None:
        remaining, attempt = remaining - wait, attempt + 1
    assert remaining < 4


def delay(rule: RetryRule, attempt: int, remaining: float) -> float | None:
    return delay_seconds(
        rule,
        attempt=attempt,
        remaining_seconds=remaining,
        retry_after_seconds=None,
        few_tries=False,
        jitter=0.0,
    )


@given(
    st.integers(1, 100),
    st.floats(0, 1e6),
    st.none() | st.floats(0, 1e9),
    st.booleans(),
    st.floats(0, 1, exclude_max=True),
)
def test_a_delay_obeys_the_server_and_leaves_time_for_an_attempt(
    attempt: int, remaining: float, retry_after: float | None, few: bool, jitter: float
) -> None:
    delay = delay_seconds(
        RULE,
        attempt=attempt,
        remaining_seconds=remaining,
        retry_after_seconds=retry_after,
        few_tries=few,
        jitter=jitter,
    )
    assert delay is None or (retry_after or 0) <= delay <= remaining - RULE.least_attempt_seconds


class Moved:
    """A clock that moves by what is slept."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def unavailable(retry_after_seconds: float | None = None) -> VinaclesUnavailable:
    return VinaclesUnavailable(
        ErrorCode.VINACLES_UNAVAILABLE, "Busy.", "Wait.", retry_after_seconds=retry_after_seconds
    )


class Work:
    """Fails with each of `errors`, then succeeds."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.calls = 0

    def __call__(self) -> str:
        self.calls += 1
        if self.errors:
            raise self.errors.pop(0)
        return "done"


def test_it_waits_between_tries_and_returns_the_first_success() -> None:
    clock, work = Moved(), Work(unavailable(), unavailable(retry_after_seconds=2))
    answer = retrying(work, RULE, Deadline.after(20, clock), sleep=clock.sleep, jitter=lambda: 0.0)
    assert (answer, work.calls, clock.slept) == ("done", 3, [0.125, 2.0])


def test_it_gives_up_with_the_last_error_before_the_deadline() -> None:
    clock, last = Moved(), unavailable()
    work = Work(unavailable(), unavailable(), last, unavailable())
    with pytest.raises(RetryableError) as caught:
        # 0.125 + 0.25 waited; after the third failure 0.5 + 0.5 no longer fit into 1.2 - 0.375.
        retrying(work, RULE, Deadline.after(1.2, clock), sleep=clock.sleep, jitter=lambda: 0.0)
    assert caught.value is last
    assert clock.slept == [0.125, 0.25]


def test_what_is_fatal_is_not_tried_again() -> None:
    clock, work = Moved(), Work(ConfigurationError(ErrorCode.CONFIGURATION, "Wrong.", "Mend it."))
    with pytest.raises(ConfigurationError):
        retrying(work, RULE, Deadline.after(20, clock), sleep=clock.sleep)
    assert (work.calls, clock.slept) == (1, [])


class _Body:
    """Something that can be seen to be gone."""


def test_what_a_try_had_in_hand_does_not_outlive_its_error() -> None:
    seen: list[weakref.ref[_Body]] = []

    def work() -> None:
        body = _Body()
        seen.append(weakref.ref(body))
        raise unavailable()

    gc.disable()
    try:
        with suppress(VinaclesUnavailable):
            retrying(work, RetryRule(), Deadline.after(10), sleep=lambda _: None, jitter=lambda: 0.0)
        assert len(seen) == RetryRule().most_tries
        assert [body for body in seen if body() is not None] == []
    finally:
        gc.enable()


@pytest.mark.parametrize(
    ("error", "seconds"),
    [
        (VinaclesUnavailable(ErrorCode.VINACLES_UNAVAILABLE, "", "", retry_after_seconds=7.5), 7.5),
        (VinaclesUnavailable(ErrorCode.VINACLES_UNAVAILABLE, "", "", retry_after_seconds=1e9), 300.0),
        (VinaclesUnavailable(ErrorCode.VINACLES_UNAVAILABLE, "", ""), 0.0),
        # Its end is known better than from here.
        (CircuitOpen(ErrorCode.VINACLES_CIRCUIT_OPEN, "", "", retry_after_seconds=7.5), 0.0),
        (ConfigurationError(ErrorCode.CONFIGURATION, "", ""), 0.0),
    ],
)
def test_how_long_a_server_is_left_alone(error: Exception, seconds: float) -> None:
    assert rest_seconds(error) == seconds
