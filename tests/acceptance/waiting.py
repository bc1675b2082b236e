"""Messages that wait for a worker."""

from kombu import Queue

from sandbox.stack import Stack


def drop_bulk_waiting(stack: Stack) -> None:
    """Empties the queues of bulk work."""
    with stack.backend() as backend, backend.connection_for_write() as connection:
        for queue in ("bulk", "maintenance"):
            Queue(queue, channel=connection.default_channel).purge()
