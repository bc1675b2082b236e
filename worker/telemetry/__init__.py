"""What a process tells of its work besides its log: traces and incidents, where settings ask for them.

The libraries for it are extras, and none is imported before a setting asks. What they may send is chosen by
name (`discreet.py`, `incidents.py`): whatever else a library picks up stays here.
"""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Protocol

import structlog

from worker.errors import ErrorCode

#: The identifiers that are told, as the log's lines are bound to them.
IDENTIFIERS = ("task", "task_id", "request_id", "dealer_id", "workorder_id", "run_id", "import_request")


class Observer(Protocol):
    """Must never raise because of what it is for."""

    def work(self, name: str, traceparent: str | None) -> AbstractContextManager[object]:
        """A task, or a row of `import_requests`, is worked on in this block. `traceparent` is the sender's
        (https://www.w3.org/TR/trace-context/)."""

    def failed(self, code: ErrorCode, error: Exception) -> None:
        """It is about to end with this code."""

    def close(self) -> None:
        """Send what has not been sent, within seconds; nothing is told any more."""


class Telemetry:
    """All observers of this process; none by default."""

    def __init__(self, observers: Sequence[Observer] = ()) -> None:
        self._observers = tuple(observers)

    @contextmanager
    def work(self, name: str, traceparent: object = None) -> Iterator[None]:
        parent = traceparent if isinstance(traceparent, str) else None
        with ExitStack() as stack:
            for observer in self._observers:
                stack.enter_context(observer.work(name, parent))
            yield

    def failed(self, code: ErrorCode, error: Exception) -> None:
        for observer in self._observers:
            observer.failed(code, error)

    def close(self) -> None:
        for observer in self._observers:
            observer.close()


def identifiers() -> dict[str, str]:
    """Those of the work at hand, each as a text."""
    bound = structlog.contextvars.get_contextvars()
    return {name: str(bound[name]) for name in IDENTIFIERS if bound.get(name) is not None}
