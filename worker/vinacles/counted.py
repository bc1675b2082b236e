"""A wire whose requests are counted, by their kind, how they ended and how long they took."""

from collections.abc import Callable, Mapping
from typing import Any

from schemas.dealer import Connection
from worker.deadline import Deadline
from worker.errors import VinaclesUnavailable
from worker.vinacles.wire import Reply, Wire

CALLS = ("read", "token")
RESULTS = ("ok", "denied", "throttled", "refused", "failed", "no_answer")
#: Told the call (of `CALLS`), its result (of `RESULTS`) and its seconds.
Tell = Callable[[str, str, float], None]


class CountedWire(Wire):
    """Tells of each request after its end, whatever that was."""

    def __init__(self, *args: Any, tell: Tell, **options: Any) -> None:
        super().__init__(*args, **options)
        self._tell = tell

    def get(
        self, connection: Connection, target: str, headers: Mapping[str, str], deadline: Deadline
    ) -> Reply:
        return self._counted(
            "read", deadline, lambda: super(CountedWire, self).get(connection, target, headers, deadline)
        )

    def request_token(self, connection: Connection, deadline: Deadline) -> Reply:
        return self._counted(
            "token", deadline, lambda: super(CountedWire, self).request_token(connection, deadline)
        )

    def _counted(self, call: str, deadline: Deadline, send: Callable[[], Reply]) -> Reply:
        if deadline.remaining() <= 0:  # nothing will be sent
            return send()
        started_at = deadline.clock()
        try:
            reply = send()
        except VinaclesUnavailable:
            self._tell(call, "no_answer", deadline.clock() - started_at)
            raise
        self._tell(call, result_of(reply.status), deadline.clock() - started_at)
        return reply


def result_of(status: int) -> str:
    """200 → ok, 401 and 403 → denied, 429 → throttled, 500 and more → failed, any other → refused."""
    if status >= 500:
        return "failed"
    return {200: "ok", 401: "denied", 403: "denied", 429: "throttled"}.get(status, "refused")
