"""Metrics from values alone: sources that are away, times of messages, results of requests, the paths."""

import json
from collections.abc import Iterable
from typing import Any
from wsgiref.util import setup_testing_defaults

import pytest
from prometheus_client import CollectorRegistry, Metric
from prometheus_client.core import GaugeMetricFamily
from redis.exceptions import ConnectionError as RedisAway
from structlog.testing import capture_logs

from schemas.outcome import Outcome
from worker.counting import EXPIRED, OUTCOMES, REQUESTS, ROWS, Count, Counters
from worker.errors import ErrorCode, StorageUnavailable
from worker.metrics.collector import Sources
from worker.metrics.counted import metric_of
from worker.metrics.queues import sent_at_of
from worker.metrics.server import application
from worker.metrics.unborn import UNBORN
from worker.vinacles.counted import RESULTS, result_of


def _one() -> Iterable[Metric]:
    yield GaugeMetricFamily("twodrive_one", "One.", value=1)


def _redis_away() -> Iterable[Metric]:
    yield GaugeMetricFamily("twodrive_half", "Read before the failure.", value=1)
    raise RedisAway("redis://:secret@host")


def _postgres_away() -> Iterable[Metric]:
    raise StorageUnavailable(ErrorCode.STORAGE_UNAVAILABLE, "PostgreSQL is away.", "Look.")


def test_a_source_that_is_away_hides_no_other() -> None:
    registry = CollectorRegistry()
    with capture_logs() as logs:
        registry.register(Sources({"redis": _redis_away, "postgresql": _postgres_away, "other": _one}))
        logs.clear()
        text = _get(registry, "/metrics")[1].decode()
    assert "twodrive_one 1.0" in text
    assert "twodrive_half" not in text
    assert 'twodrive_source_up{source="redis"} 0.0' in text
    assert 'twodrive_source_up{source="postgresql"} 0.0' in text
    assert 'twodrive_source_up{source="other"} 1.0' in text
    assert [(log["event"], log["source"]) for log in logs] == [
        ("metrics_source_away", "redis"),
        ("metrics_source_away", "postgresql"),
    ]
    assert "secret" not in str(logs)


def test_a_defect_is_not_taken_for_an_absence() -> None:
    def wrong() -> Iterable[Metric]:
        raise LookupError

    with pytest.raises(LookupError):
        list(Sources({"wrong": wrong}).collect())


@pytest.mark.parametrize(
    ("message", "sent_at"),
    [
        ({"headers": {"sent_at": 1795566712.5}}, 1795566712.5),
        ({"headers": {"sent_at": 1795566712}}, 1795566712.0),
        ({"headers": {"sent_at": True}}, None),
        ({"headers": {"sent_at": "2026-11-25"}}, None),
        ({"headers": {}}, None),
        ({"headers": None}, None),
        ([], None),
        ("text", None),
    ],
)
def test_time_of_a_message(message: object, sent_at: float | None) -> None:
    assert sent_at_of(json.dumps(message).encode()) == sent_at


def test_a_message_that_is_no_json_has_no_time() -> None:
    assert sent_at_of(b"\xff{") is None


@pytest.mark.parametrize(
    ("status", "result"),
    [
        (200, "ok"),
        (401, "denied"),
        (403, "denied"),
        (429, "throttled"),
        (404, "refused"),
        (302, "refused"),
        (500, "failed"),
        (503, "failed"),
    ],
)
def test_result_of_a_request(status: int, result: str) -> None:
    assert result_of(status) == result


def test_results_and_tasks_are_closed_lists() -> None:
    assert {result_of(status) for status in range(100, 600)} | {"no_answer"} == set(RESULTS)
    waited_for = ("workorders.import", "workorders.refresh", "workorders.mark_started", "workorders.why")
    assert [(task,) for task in (*waited_for, ROWS)] == UNBORN[EXPIRED]


def test_buckets_add_up() -> None:
    buckets = (3, 2, *[0] * (len(REQUESTS.buckets) - 2), 1)
    metric = metric_of(REQUESTS, [Count(("read", "ok"), 6, buckets, 71.5)])
    values = {
        (sample.name.rpartition("_")[2], sample.labels.get("le")): sample.value for sample in metric.samples
    }
    assert values["bucket", "0.05"] == 3
    assert values["bucket", "0.1"] == values["bucket", "60.0"] == 5
    assert values["bucket", "+Inf"] == values["count", None] == 6
    assert values["sum", None] == 71.5


def test_labels_are_those_of_the_family() -> None:
    with pytest.raises(ValueError, match="has the labels"):
        Counters(None, 3600).add(OUTCOMES, "search", Outcome.CREATED.value)  # type: ignore[arg-type]  # nothing is sent


@pytest.mark.parametrize(("path", "status"), [("/healthz", 200), ("/metrics", 200), ("/", 404), ("/x", 404)])
def test_paths(path: str, status: int) -> None:
    registry = CollectorRegistry()
    registry.register(Sources({"other": _one}))
    assert _get(registry, path)[0].startswith(str(status))


def test_health_asks_nobody() -> None:
    registry = CollectorRegistry()
    asked: list[str] = []

    def ask() -> Iterable[Metric]:
        asked.append("asked")
        return ()

    registry.register(Sources({"other": ask}))
    asked.clear()
    assert _get(registry, "/healthz") == ("200 OK", b"ok\n")
    assert asked == []


def _get(registry: CollectorRegistry, path: str) -> tuple[str, bytes]:
    environ: dict[str, Any] = {}
    setup_testing_defaults(environ)
    environ["PATH_INFO"] = path
    said: list[str] = []
    body = b"".join(application(registry)(environ, lambda status, headers: said.append(status)))
    return said[0], body
