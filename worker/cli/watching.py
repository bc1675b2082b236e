"""How long a run of bulk refresh is watched although nobody works on it."""

import time
from collections.abc import Callable

from worker.cli.exits import Ended, Exit
from worker.errors import ErrorCode
from worker.store.runs import RING_SECONDS, Run, pause_seconds

LOOK_SECONDS = 0.5
#: Nobody needs to be there before the next message but one: each comes within `RING_SECONDS` and a minute.
_MOST_SECONDS = 2 * (RING_SECONDS + 60)
#: A worker that may probe has taken the run up by then.
_PROBE_SECONDS = 5.0


class Patience:
    """Runs out when nothing has happened to a run for a while."""

    def __init__(self, seconds: float = _MOST_SECONDS, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._clock = clock
        self._since = clock()
        self._seen: tuple[object, ...] = ()

    def check(self, run: Run) -> None:
        """Raises `Ended` when it has run out."""
        seen = (run.state, run.phase, run.pages, run.attempts, run.lease_owner)
        if seen != self._seen:
            self._seen, self._since = seen, self._clock()
        elif run.error_code == ErrorCode.VINACLES_CIRCUIT_OPEN and not run.lease_owner:
            if self._clock() - self._since > _PROBE_SECONDS:
                raise _put_off(run)
        elif (passed := self._clock() - self._since) > self._seconds + _rest(run):
            last = f" Its last problem: {run.error_code}." if run.error_code else ""
            raise Ended(
                Exit.UNAVAILABLE,
                f"Nothing has happened to run {run.run_id} for {passed:.0f} s.{last}",
                "Are a worker of the queues bulk and maintenance, and beat, running? The run stays open; "
                "look at it: twodrive runs",
            )


def _put_off(run: Run) -> Ended:
    return Ended(
        Exit.UNAVAILABLE,
        f"Run {run.run_id} waits: {ErrorCode.VINACLES_CIRCUIT_OPEN.meaning}",
        "It goes on by itself after the next probe (see: twodrive circuits). "
        f"To try now: twodrive check {run.dealer_id}",
    )


def _rest(run: Run) -> float:
    """After a failure nobody is woken for the run for a while."""
    return pause_seconds(run.attempts) if run.error_code else 0.0
