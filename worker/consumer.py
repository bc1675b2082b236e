"""The worker's consumer, able to survive a restart of Redis."""

from typing import Any

from celery.worker.consumer import Consumer


class SteadyConsumer(Consumer):
    """Celery 5.7.0 closes a broken connection a second time after cleaning it up; with an unacknowledged
    message that raises an AttributeError which ends the worker. The clean-up alone suffices, as in 5.6."""

    def on_connection_error_after_connected(self, exc: Exception) -> Any:
        if self.connection is not None:
            setattr(self.connection, "close", _already_cleaned_up)  # noqa: B010  a method, replaced on purpose
        return super().on_connection_error_after_connected(exc)


def _already_cleaned_up() -> None:
    """Stands in for the second close."""
