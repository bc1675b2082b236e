"""Builds the real sources, for the program `twodrive metrics` alone."""

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager

from prometheus_client import CollectorRegistry, Metric
from redis import Redis

from schemas.dealer import Secret
from worker.metrics import circuits, dealers, drift, quarantine, requests, rows, runs
from worker.metrics.collector import Sources
from worker.metrics.counted import counted
from worker.metrics.queues import Queues, looking
from worker.names import QueueName
from worker.redis_client import client_of
from worker.settings import Settings
from worker.store.session import Database, Limits

#: In all, what is away must cost less than Prometheus waits for a scrape (10 s).
_SECONDS = 2
QUEUES = tuple(queue.value for queue in QueueName)
#: Each reads by one statement.
_READERS = (dealers.read, runs.read, circuits.read, quarantine.read, drift.read, requests.read, rows.read)


@contextmanager
def registry(settings: Settings) -> Iterator[CollectorRegistry]:
    """Nothing connects before the first scrape or look at the queues."""
    limits = Limits(pool_size=1, connect_seconds=_SECONDS, statement_seconds=_SECONDS, lock_seconds=1)
    database = Database(settings.database_url.reveal(), "twodrive-metrics", limits)

    def stored() -> Iterable[Metric]:
        with database.transaction() as connection:
            return [metric for read in _READERS for metric in read(connection)]

    with ExitStack() as stack:
        stack.callback(database.close)
        state = stack.enter_context(closing(_redis(settings.state_url)))
        sources = {"counters": lambda: counted(state), "postgresql": stored}
        # RabbitMQ has an exporter of its own.
        if settings.broker_is_redis:
            broker = stack.enter_context(closing(_redis(settings.broker_url)))
            queues = Queues(broker, QUEUES)
            stack.enter_context(looking(queues))
            sources = {"queues": queues.read, **sources}
        built = CollectorRegistry()
        built.register(Sources(sources))
        yield built


def _redis(url: Secret) -> Redis:
    return client_of(url, seconds=_SECONDS, connect_seconds=_SECONDS, retries=0, name="twodrive-metrics")
