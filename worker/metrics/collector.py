"""All sources together. One that is away is told as such and hides nothing of the others."""

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping

import structlog
from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from redis.exceptions import RedisError

from worker.errors import TwoDriveError

_log = structlog.get_logger(__name__)

Read = Callable[[], Iterable[Metric]]


class Sources(Collector):
    """Reads every source anew for each scrape, one scrape at a time."""

    def __init__(self, sources: Mapping[str, Read], clock: Callable[[], float] = time.monotonic) -> None:
        self._sources = sources
        self._clock = clock
        self._lock = threading.Lock()

    def collect(self) -> Iterator[Metric]:
        with self._lock:
            up = GaugeMetricFamily(
                "twodrive_source_up", "1 where these metrics could be read just now.", labels=["source"]
            )
            took = GaugeMetricFamily(
                "twodrive_source_seconds", "How long reading them took.", labels=["source"]
            )
            for name, read in self._sources.items():
                began = self._clock()
                metrics = _read(name, read)
                up.add_metric([name], 0 if metrics is None else 1)
                took.add_metric([name], self._clock() - began)
                yield from metrics or ()
            yield from (up, took)


def _read(name: str, read: Read) -> list[Metric] | None:
    try:
        return list(read())
    except (TwoDriveError, RedisError) as error:
        _log.warning("metrics_source_away", source=name, kind=type(error).__name__)
        return None
