"""In which order a worker of several queues takes their messages."""

from kombu.utils.scheduling import priority_cycle

from worker.names import QueueName

_ORDER = [queue.value for queue in QueueName]


class PeopleFirst(priority_cycle):  # type: ignore[type-arg]  # kombu knows of none
    """For kombu's `queue_order_strategy`: whatever order a worker's `--queues` has, a queue is served only
    while those before it in `QueueName` are empty. kombu's own orders take them in turn, or as given."""

    items: list[str]

    def consume(self, n: int) -> list[str]:  # type: ignore[override]  # kombu reads it twice
        return sorted(self.items[:n], key=_rank)


def _rank(queue: str) -> int:
    return _ORDER.index(queue) if queue in _ORDER else len(_ORDER)
