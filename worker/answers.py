"""Where tasks' answers are stored: Celery's own Redis backend, patient with a Redis that is full."""

from celery.backends.redis import RedisBackend
from redis.exceptions import OutOfMemoryError


class PatientRedis(RedisBackend):
    """An answer that found no room is tried again, as `result_backend_max_retries` says; Celery's own does so
    only when the connection is lost, and drops it otherwise: the person waits for nothing."""

    def exception_safe_to_retry(self, exc: Exception) -> bool:
        return isinstance(exc, OutOfMemoryError) or bool(super().exception_safe_to_retry(exc))
