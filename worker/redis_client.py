"""How this project connects to Redis, apart from Celery; the door at which errors of Redis become ours."""

from collections.abc import Iterator
from contextlib import contextmanager

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import AuthenticationError, NoPermissionError, RedisError
from redis.retry import Retry

from schemas.dealer import Secret
from worker.errors import ConfigurationError, ErrorCode, StorageUnavailable
from worker.publishing import CONNECT_SECONDS, SOCKET_SECONDS


def client_of(
    url: Secret,
    *,
    seconds: float = SOCKET_SECONDS,
    connect_seconds: float = CONNECT_SECONDS,
    retries: int = 1,
    name: str | None = None,
) -> Redis:
    """Answers are bytes. Nothing connects before the first command."""
    return Redis.from_url(
        url.reveal(),
        socket_timeout=seconds,
        socket_connect_timeout=connect_seconds,
        socket_keepalive=True,
        health_check_interval=30,
        # A Redis that is away is told within the time of one wait; the caller's own retries follow.
        retry=Retry(NoBackoff(), retries),
        client_name=name,
    )


@contextmanager
def shared_memory() -> Iterator[None]:
    """Errors of Redis as ours: StorageUnavailable, or ConfigurationError for a refused login
    or certificate."""
    try:
        yield
    except (AuthenticationError, NoPermissionError):
        raise ConfigurationError(
            ErrorCode.CONFIGURATION,
            "The shared memory of the workers (Redis) does not accept this login.",
            "Check the setting TWODRIVE_STATE_URL.",
        ) from None
    except RedisError as error:
        # redis-py wraps Python's error, of which the text is left.
        if "CERTIFICATE_VERIFY_FAILED" in str(error):
            raise ConfigurationError(
                ErrorCode.CONFIGURATION,
                "The shared memory of the workers (Redis) did not prove itself by TLS.",
                "Check the host in TWODRIVE_STATE_URL and the certificates in TWODRIVE_SERVICE_CA_BUNDLE.",
            ) from None
        raise StorageUnavailable(
            ErrorCode.STORAGE_UNAVAILABLE,
            "The shared memory of the workers (Redis) did not answer.",
            "Try again in a minute; if it goes on, check the Redis server.",
        ) from None
