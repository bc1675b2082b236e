"""When to try again, decided from values alone; tenacity does the waiting."""

import math
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from tenacity import RetryCallState, Retrying, retry_if_exception_type

from worker.deadline import Deadline
from worker.errors import RetryableError, TwoDriveError, VinaclesUnavailable

T = TypeVar("T")
#: Of a Retry-After that outlives whoever got it, so much is heeded by all: it can be wrong by years.
LONGEST_REST_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class RetryRule:
    """Waits double from `base_seconds` up to `cap_seconds`: 0.25, 0.5, 1, 2, 4, 4, … before jitter. As they
    stand, they fill the 20 s that a person waits, whatever the jitter: it is the deadline that ends them.

    `most_tries` and `few_tries` count attempts, the first included. No attempt is begun with less than
    `least_attempt_seconds` left: it would be cut off before Vinacles could answer.
    """

    base_seconds: float = 0.25
    cap_seconds: float = 4.0
    most_tries: int = 14
    few_tries: int = 3
    least_attempt_seconds: float = 0.5


def delay_seconds(
    rule: RetryRule,
    *,
    attempt: int,
    remaining_seconds: float,
    retry_after_seconds: float | None,
    few_tries: bool,
    jitter: float,
) -> float | None:
    """Seconds to wait after failed attempt number `attempt` (from 1), or None to give up.

    `jitter` in [0, 1) spreads the wait between half and the whole of the step. A server's Retry-After is a
    lower bound; where it does not fit into `remaining_seconds`, giving up now is obeying it.
    """
    if attempt >= (rule.few_tries if few_tries else rule.most_tries):
        return None
    step = min(rule.cap_seconds, rule.base_seconds * 2 ** (attempt - 1))
    delay = step * (1 + jitter) / 2
    if retry_after_seconds is not None:
        delay = max(delay, retry_after_seconds + rule.base_seconds * jitter)
    return delay if delay + rule.least_attempt_seconds <= remaining_seconds else None


def rest_seconds(error: BaseException) -> float:
    """For how long Vinacles asked to be left alone, of which at most five minutes are heeded."""
    asked = error.retry_after_seconds if isinstance(error, VinaclesUnavailable) else None
    return min(asked or 0.0, LONGEST_REST_SECONDS)


def retrying(
    work: Callable[[], T],
    rule: RetryRule,
    deadline: Deadline,
    *,
    sleep: Callable[[float], None] = time.sleep,
    jitter: Callable[[], float] = random.random,
) -> T:
    """Call `work` until it succeeds, fails for good, or `rule` gives up; then its last error is raised."""

    def wait(state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        assert isinstance(error, RetryableError)  # noqa: S101  what the Retrying below lets through
        delay = delay_seconds(
            rule,
            attempt=state.attempt_number,
            remaining_seconds=deadline.remaining(),
            retry_after_seconds=error.retry_after_seconds,
            few_tries=error.few_tries,
            jitter=jitter(),
        )
        return math.inf if delay is None else delay

    loop = Retrying(
        retry=retry_if_exception_type(RetryableError),
        wait=wait,
        stop=lambda state: state.upcoming_sleep == math.inf,
        sleep=sleep,
        reraise=True,
    )
    try:
        return loop(work)
    except TwoDriveError as error:
        # tenacity's frames hold the error and its traceback them: what `work` had in hand would stay, too.
        raise error.with_traceback(None)  # noqa: B904  the same error
