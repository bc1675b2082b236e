"""In which order a worker of several queues takes their messages."""

from kombu.utils.scheduling import priority_cycle

#: People first; then what rings for others, lest its messages expire behind long work; then the long work.
ORDER = ("interactive", "maintenance", "bulk")


class PeopleFirst(priority_cycle):  # type: ignore[type-arg]  # kombu knows of none
    """For kombu's `queue_order_strategy`: whatever order a worker's `--queues` has, a queue is served only
    while those before it in `ORDER` are empty. kombu's own orders take the queues in turn, or as given."""

    items: list[str]

    def consume(self, n: int) -> list[str]:  # type: ignore[override]  # kombu reads it twice
        return sorted(self.items[:n], key=_rank)


def _rank(queue: str) -> int:
    return ORDER.index(queue) if queue in ORDER else len(ORDER)
