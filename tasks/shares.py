"""A message whose dealer has its share of the worker's threads waits without one, behind everybody else's."""

import random
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import structlog
from celery import Task
from celery.exceptions import Reject

from worker.envelope import moment_of
from worker.errors import DealerBusy

#: How long a message rests before its next try, in seconds; then its sender is told. All of it is less than
#: half of the 15 s in which somebody is still there.
PAUSES = (0.3, 0.4, 0.6, 0.8, 1.1, 1.5, 2.0)

_log = structlog.get_logger(__name__)


def pause_seconds(tries: int, left_seconds: float | None, jitter: float) -> float | None:
    """How long to rest after `tries` tries, or None to give up: they were enough, or it would expire
    meanwhile, which tells its sender nothing. `left_seconds` of its life, None for one that does not
    expire; `jitter` in [0, 1) spreads those who came together over a fifth."""
    if not 1 <= tries <= len(PAUSES):
        return None
    pause = PAUSES[tries - 1] * (1 - 0.2 * jitter)
    return pause if left_seconds is None or pause < left_seconds else None


def put_off(task: Task[..., Any], busy: DealerBusy, jitter: Callable[[], float] = random.random) -> None:
    """Have the message come again later, under its id and with its expiry; raises Celery's `Retry` for that.
    Returns where it does not come again, and the sender is to be told."""
    request: Any = task.request  # Celery's stubs know less of it than there is
    pause = pause_seconds(request.retries + 1, left_seconds(request.expires), jitter())
    if pause is None:
        return
    _log.info("task_waits_for_its_turn", seconds=round(pause, 1))
    try:
        # What may be shown of the arguments is what came: Celery would write them all out.
        shown = {"argsrepr": request.argsrepr, "kwargsrepr": request.kwargsrepr}
        task.retry(exc=busy, countdown=pause, max_retries=len(PAUSES), **shown)
    except Reject:
        # The queue cannot be reached. Celery would drop the message without a word to its sender.
        return


def left_seconds(expires: str | None) -> float | None:
    """Of the life of a message, by the moment in its header."""
    moment = moment_of(expires)
    return None if moment is None else (moment - datetime.now(UTC)).total_seconds()
