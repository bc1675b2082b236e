"""What waited while no worker was there: Celery would take each message to see that it has expired, a few
hundred a second, and whoever asks now would wait behind them all."""

from collections.abc import Container
from typing import Any

from worker import wiring
from worker.counting import EXPIRED
from worker.names import QueueName, TaskName
from worker.unread import UnreadRequests

#: Longer than anybody waits for an answer, so nobody misses being told that the message has expired.
GRACE_SECONDS = 60.0
_TASKS = {task.value for task in TaskName}


def drop_backlog(connection: Any, queues: Container[str]) -> None:
    """Before the first message is taken over kombu's `connection`: drop people's requests that expired longer
    than `GRACE_SECONDS` ago, counted as those that Celery drops. RabbitMQ drops its own."""
    if QueueName.INTERACTIVE.value not in queues or connection.transport.driver_type != "redis":
        return
    unread = UnreadRequests(connection.default_channel.client, grace_seconds=GRACE_SECONDS, tell=_count)
    while unread.drop():
        """There may be more behind them."""


def _count(task: object) -> None:
    if isinstance(task, str) and task in _TASKS:
        wiring.process_wide.counters().add(EXPIRED, task)
