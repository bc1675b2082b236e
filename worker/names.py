"""The queues and the tasks by their names in the broker: the only place that spells them for the product.

The backend spells them for itself, and so do the sandbox and the tests, who stand where it does.
"""

from enum import StrEnum

from schemas.coded import Coded


class QueueName(StrEnum):
    """In the order in which a worker of several takes their messages: people first; then what rings for
    others, lest its messages expire behind long work; then the long work."""

    INTERACTIVE = "interactive"
    MAINTENANCE = "maintenance"
    BULK = "bulk"


class TaskName(Coded):
    """With the queue in which messages of the task wait. Somebody waits for those of `INTERACTIVE`."""

    def __init__(self, _code: str, queue: QueueName) -> None:
        self.queue = queue

    IMPORT = ("workorders.import", QueueName.INTERACTIVE)
    REFRESH = ("workorders.refresh", QueueName.INTERACTIVE)
    MARK_STARTED = ("workorders.mark_started", QueueName.INTERACTIVE)
    WHY = ("workorders.why", QueueName.INTERACTIVE)
    REFRESH_DEALER = ("workorders.refresh_dealer", QueueName.BULK)
    REFRESH_DUE = ("workorders.refresh_due", QueueName.MAINTENANCE)
    PURGE = ("maintenance.purge", QueueName.MAINTENANCE)
    LOOK_AT_COLUMNS = ("maintenance.look_at_columns", QueueName.MAINTENANCE)
