"""How this project connects to Redis, apart from Celery."""

from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from schemas.dealer import Secret


def client_of(url: Secret) -> Redis:
    return Redis.from_url(
        url.reveal(),
        socket_timeout=5,
        socket_connect_timeout=3,
        socket_keepalive=True,
        health_check_interval=30,
        # A Redis that is away is told within the time of one wait; the caller's own retries follow.
        retry=Retry(NoBackoff(), 1),
    )
