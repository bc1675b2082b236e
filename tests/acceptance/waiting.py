"""What tests have before them when they begin: queues without others' messages, a Flower that listens, a
Vinacles that keeps its answers until all have asked."""

from collections.abc import Iterator
from contextlib import contextmanager

import requests
from kombu import Queue

from sandbox.processes import wait_until
from sandbox.stack import Stack


def drop_bulk_waiting(stack: Stack) -> None:
    """Empties the queues of bulk work."""
    with stack.backend() as backend, backend.connection_for_write() as connection:
        for queue in ("bulk", "maintenance"):
            Queue(queue, channel=connection.default_channel).purge()


def until_flower_hears(stack: Stack, url: str) -> None:
    """Until it shows the worker's pulse. It answers before it listens, and what was said before is not said
    again."""

    def hears() -> bool:
        found = requests.get(f"{url}/api/workers?status=1", auth=stack.flower_login, timeout=10)
        return found.ok and "interactive@" in found.text

    wait_until(hears, 30, "Flower hears the worker")


@contextmanager
def no_answer_yet(stack: Stack) -> Iterator[None]:
    """Vinacles takes requests and answers them when the block has ended; to be used for a moment."""
    stack.simulator.program.freeze()
    try:
        yield
    finally:
        stack.simulator.program.thaw()
