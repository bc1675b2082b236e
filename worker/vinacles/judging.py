"""What a reply of the API means: an answer, or an error of ours."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Generic, TypeVar

from worker.vinacles.answers import error_code, json_object, retry_after_seconds, server_time
from worker.vinacles.failures import not_allowed, of_status, page_too_big
from worker.vinacles.wire import Reply

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Answer(Generic[T]):
    """`started_at` is the start of the request that succeeded, on the Deadline's clock; `server_time` and
    `received_at` are wall clocks, theirs and ours."""

    content: T
    started_at: float
    server_time: datetime | None
    received_at: datetime


def judged(reply: Reply, read: Callable[[dict[str, object]], T], *, doubted: bool) -> Answer[T]:
    """The JSON object as `read` understands it. Raises what the status says otherwise; `doubted`: see
    `of_status`."""
    now = datetime.now(UTC)
    if reply.status == 401:  # only where it says nothing about our login
        raise not_allowed()
    if reply.status != 200:
        code = error_code(reply.body, reply.headers)
        raise of_status(reply.status, code, retry_after_seconds(reply.headers, now), doubted=doubted)
    if reply.body is None:
        raise page_too_big()
    content = read(json_object(reply.body, reply.headers))
    return Answer(content, reply.started_at, server_time(reply.headers), now)
