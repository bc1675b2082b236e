"""Messages that keep coming in while workers come and go."""

import json
import threading
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from celery.states import READY_STATES

from tests.faults.house import House


@dataclass(frozen=True)
class Counted:
    """What became of messages: answered, still in Redis (they come again after the visibility timeout), or
    neither."""

    sent: int
    answered: int
    kept: int
    lost: int


class Stream:
    """A context manager: `send` is called `per_second` times until it is left; then `sent` has what was
    sent."""

    def __init__(self, send: Callable[[int], str], per_second: float) -> None:
        self._send = send
        self._pause = 1 / per_second
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        #: The ids of what was sent.
        self.sent: list[str] = []

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        due = time.monotonic()
        while not self._over.wait(max(0.0, due - time.monotonic())):
            self.sent.append(self._send(len(self.sent)))
            due += self._pause


def counted(house: House, tasks: Collection[str]) -> Counted:
    """What became of these tasks so far."""
    with house.redis(1) as answers:
        there = answers.mget([f"celery-task-meta-{task}" for task in tasks])
    answered = {
        task
        for task, answer in zip(tasks, there, strict=True)
        if answer and json.loads(answer)["status"] in READY_STATES
    }
    kept = _kept(house, set(tasks) - answered)
    return Counted(len(tasks), len(answered), kept, len(tasks) - len(answered) - kept)


def _kept(house: House, tasks: Collection[str]) -> int:
    with house.redis(0) as queues:
        lists = [queues.lrange(name, 0, -1) for name in ("interactive", "bulk", "maintenance")]
        entries = [entry for one in lists for entry in one] + queues.hvals("unacked")
    return sum(any(task.encode() in entry for entry in entries) for task in tasks)
