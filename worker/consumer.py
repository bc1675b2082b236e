"""The worker's consumer, able to survive a restart of Redis and discreet about messages it cannot use."""

import logging
from importlib import import_module
from typing import Any

from celery.worker.consumer.consumer import Consumer

# Celery's stubs leave out its log texts.
_celery: Any = import_module("celery.worker.consumer.consumer")
#: Celery's log texts that repeat a message's whole body, and what is logged instead.
_REPEATING_BODIES = {
    _celery.UNKNOWN_FORMAT: "message_of_unknown_format",
    _celery.UNKNOWN_TASK_ERROR: "message_of_unknown_task",
    _celery.INVALID_TASK_ERROR: "message_refused",
    _celery.MESSAGE_DECODE_ERROR: "message_undecodable",
}


class SteadyConsumer(Consumer):
    """Celery 5.7.0 closes a broken connection a second time after cleaning it up; with an unacknowledged
    message that raises an AttributeError which ends the worker. The clean-up alone suffices, as in 5.6."""

    def on_connection_error_after_connected(self, exc: Exception) -> Any:
        if self.connection is not None:
            setattr(self.connection, "close", _already_cleaned_up)  # noqa: B010  a method, replaced on purpose
        return super().on_connection_error_after_connected(exc)


def _already_cleaned_up() -> None:
    """Stands in for the second close."""


def keep_bodies_out_of_the_log() -> None:
    """A message may hold personal data; of one that cannot be used, only what is wrong is logged."""
    _celery.logger.addFilter(_without_body)


def _without_body(record: logging.LogRecord) -> bool:
    instead = _REPEATING_BODIES.get(str(record.msg))
    if instead is not None:
        record.msg, record.args = instead, ()
        record.exc_info = record.exc_text = None
    return True
