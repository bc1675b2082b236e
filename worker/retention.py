"""Removing what has been kept long enough."""

from collections.abc import Mapping

from worker.deadline import Deadline
from worker.store.retention import BATCH_ROWS, RULES, count_overdue, remove_overdue
from worker.store.session import Database

#: Well within a task's time limit; what is left goes the next night.
SECONDS = 180.0


class Retention:
    """`days` has the setting of each rule; 0 is for ever."""

    def __init__(self, database: Database, days: Mapping[str, int], batch_rows: int = BATCH_ROWS) -> None:
        self._database = database
        self._days = days
        self._batch_rows = batch_rows

    def overdue(self) -> dict[str, int]:
        """How many rows of each table `purge` would remove. Raises StorageUnavailable."""
        with self._database.transaction() as connection:
            return {
                rule.table: count_overdue(connection, rule, self._days[name]) if self._days[name] else 0
                for name, rule in RULES.items()
            }

    def purge(self, deadline: Deadline) -> dict[str, int]:
        """Remove them, each batch in a transaction of its own, until none is left or the time is over.
        Returns how many of each table. Raises StorageUnavailable; what is removed by then stays removed."""
        return {rule.table: self._purged(name, deadline) for name, rule in RULES.items()}

    def _purged(self, name: str, deadline: Deadline) -> int:
        total = 0
        while self._days[name] and deadline.remaining() > 0:
            with self._database.transaction() as connection:
                removed = remove_overdue(connection, RULES[name], self._days[name], self._batch_rows)
            total += removed
            if removed < self._batch_rows:
                break
        return total
