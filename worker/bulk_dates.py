"""Reading a window where a server cannot select by dates: what is asked instead, and that it is asked once
in a run and not again for each page of it."""

from dataclasses import replace

import redis

from worker.errors import ErrorCode, TwoDriveError
from worker.redis_client import shared_memory
from worker.vinacles.bulk import BulkQuery
from worker.vinacles.failures import DatetimeFilterRefused

#: No run takes as long; one that does asks once more.
_KEPT_SECONDS = 86_400


def instead(query: BulkQuery, refusal: TwoDriveError) -> BulkQuery | None:
    """What to ask after such a refusal, None where nothing easier helps.

    First without the last change, whose column may be gone or not be ours to read any more; then without any
    date.
    """
    not_by_date = isinstance(refusal, DatetimeFilterRefused)
    if query.modified_since is not None and (not_by_date or refusal.code is ErrorCode.VINACLES_NOT_ALLOWED):
        return replace(query, modified_since=None)
    return replace(query, dates_filtered=False) if not_by_date else None


class Dateless:
    """The runs whose Vinacles refuses conditions on dates, known to all workers through Redis: a run's next
    slice may be another's. Raises StorageUnavailable while Redis is away."""

    def __init__(self, redis_client: redis.Redis) -> None:
        self._redis = redis_client

    def __contains__(self, run_id: int) -> bool:
        with shared_memory():
            return bool(self._redis.exists(_name(run_id)))

    def add(self, run_id: int) -> bool:
        """Whether this is news."""
        with shared_memory():
            return bool(self._redis.set(_name(run_id), b"1", nx=True, ex=_KEPT_SECONDS))


def _name(run_id: int) -> str:
    return f"twodrive:run:{run_id}:dateless"
