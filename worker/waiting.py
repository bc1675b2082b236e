"""Looking into the queue: whether an import is waiting there for its turn."""

import time
from collections.abc import Callable
from typing import Any

import redis
from redis.exceptions import RedisError

from schemas.search import NotSearchable, SearchTerms, parse_search
from worker.envelope import arguments_of, headers_of
from worker.names import TaskName
from worker.unread import expires_at

#: Of a longer queue only the messages that are taken next are looked at.
_MOST_LOOKED_AT = 1_000

#: Whether an import of this search is waiting, for a dealer's number and a text as typed.
Waiting = Callable[[int, str], bool]


class QueueLook:
    """Reads the broker's list and takes nothing from it. `broker` must return bytes."""

    def __init__(self, broker: redis.Redis, clock: Callable[[], float] = time.time) -> None:
        self._broker = broker
        self._clock = clock

    def waits(self, dealer_id: int, search: str) -> bool:
        """Not one that has expired, which the worker that takes it drops. False also where the queue cannot
        be read: it is a hint, no more."""
        terms = parse_search(search)
        if isinstance(terms, NotSearchable):
            return False
        try:
            messages: list[Any] = self._broker.lrange(TaskName.IMPORT.queue.value, -_MOST_LOOKED_AT, -1)
        except RedisError:
            return False
        now = self._clock()
        return any(_asks(message, dealer_id, search) and expires_at(message) > now for message in messages)


def _asks(message: bytes, dealer_id: int, search: str) -> bool:
    """Whether a message asks for the same."""
    if headers_of(message).get("task") != TaskName.IMPORT:
        return False
    arguments = arguments_of(message)
    asked = arguments.get("search")
    return arguments.get("dealer_id") == dealer_id and isinstance(asked, str) and same(asked, search)


def same(one: str, other: str) -> bool:
    """Whether two texts as typed would find the same."""
    mine, theirs = parse_search(one), parse_search(other)
    if isinstance(mine, NotSearchable) or isinstance(theirs, NotSearchable):
        return False
    return not _folded(mine).isdisjoint(_folded(theirs))


def _folded(terms: SearchTerms) -> set[str]:
    return {*map(str.casefold, terms.wo_numbers), *terms.bare_plates}
