"""What waited while no worker was there: Celery would take each message to see that it has expired, a few
hundred a second, and whoever asks now would wait behind them all."""

from collections.abc import Callable, Container
from typing import Any

from worker import wiring
from worker.counting import EXPIRED
from worker.names import QueueName, TaskName
from worker.unread import UnreadRequests

#: Longer than anybody waits for an answer, so nobody misses being told that the message has expired.
GRACE_SECONDS = 60.0
_TASKS = {task.value for task in TaskName}


def count(task: object) -> None:
    """One of ours that was dropped, among those that Celery drops; another name may be any text."""
    if isinstance(task, str) and task in _TASKS:
        wiring.process_wide.counters().add(EXPIRED, task)


def drop_backlog(connection: Any, queues: Container[str], tell: Callable[[object], None] = count) -> None:
    """Before the first message is taken over kombu's `connection`: drop people's requests that expired longer
    than `GRACE_SECONDS` ago; `tell` hears the task of each. RabbitMQ drops its own."""
    if QueueName.INTERACTIVE.value not in queues or connection.transport.driver_type != "redis":
        return
    unread = UnreadRequests(connection.default_channel.client, grace_seconds=GRACE_SECONDS, tell=tell)
    while unread.drop():
        """There may be more behind them."""
