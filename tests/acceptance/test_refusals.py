"""Whatever a worker takes from a queue and cannot use is counted once, by its reason, in any pool."""

import subprocess
import sys
from collections.abc import Mapping
from typing import Any

import pytest
from kombu import Connection
from prometheus_client.parser import text_string_to_metric_families
from redis import Redis

from sandbox.processes import Program, wait_until
from sandbox.stack import Stack
from worker.refusals import Refusal

#: Databases of Redis that no other program of the stack knows, so that all counts are ours.
_BROKER, _STATE = 8, 9
_HEADERS = {"task": "workorders.refresh_dealer", "id": "5a1f0c9e"}
_BODY: Any = [[], {"dealer_id": 12}, {}]
#: Body, headers and further options of a message for each reason; no message at all for `unreadable`.
_UNUSABLE: Mapping[Refusal, tuple[Any, Mapping[str, Any], Mapping[str, Any]]] = {
    Refusal.TOO_LARGE: ([[], {"request_id": "x" * 70_000}, {}], _HEADERS, {}),
    Refusal.OF_WRONG_SHAPE: (5, _HEADERS, {}),
    Refusal.OF_UNKNOWN_FORMAT: ({"no": "task"}, {}, {}),
    Refusal.OF_UNKNOWN_TASK: (_BODY, {**_HEADERS, "task": "workorders.refesh"}, {}),
    Refusal.REFUSED: (b"[]", _HEADERS, {"content_type": "text/plain", "content_encoding": "utf-8"}),
    Refusal.UNDECODABLE: (
        b"[]",
        {**_HEADERS, "compression": "application/x-gzip"},
        {"content_type": "application/json", "content_encoding": "utf-8"},
    ),
}


@pytest.fixture
def env(stack: Stack) -> dict[str, str]:
    with Redis.from_url(stack.redis.url_of(_STATE)) as state:
        state.flushdb()
    return {
        "TWODRIVE_BROKER_URL": stack.redis.url_of(_BROKER),
        "TWODRIVE_STATE_URL": stack.redis.url_of(_STATE),
    }


@pytest.mark.parametrize("pool", ["threads", "prefork"])
def test_each_is_counted_once_by_its_reason(stack: Stack, env: dict[str, str], pool: str) -> None:
    queue = {"threads": "interactive", "prefork": "bulk"}[pool]
    # Given a worker that has never done anything
    name = f"refusing-{pool}"
    threads = pool == "threads"
    worker = (
        stack.start_worker(name=name, env=env) if threads else stack.start_bulk_worker(name=name, env=env)
    )
    # When it takes one of each
    with Redis.from_url(stack.redis.url_of(_BROKER)) as broker:
        broker.lpush(queue, b"not json")
    with Connection(stack.redis.url_of(_BROKER)) as connection:
        sender = connection.Producer(serializer="json")
        for body, headers, options in _UNUSABLE.values():
            sender.publish(body, exchange=queue, routing_key=queue, headers=dict(headers), **options)
    backend = stack.backend(_BROKER)
    backend.send_task("workorders.import", kwargs={}, queue=queue, expires=-1, ignore_result=True)
    wait_until(lambda: "message_expired" in worker.log.read_text(), 20, "the last of them")
    _stopped(worker)
    # Then each is there, and none twice
    told = _samples(stack, env)
    assert {reason: told["twodrive_messages_refused_total", reason] for reason in Refusal} == dict.fromkeys(
        Refusal, 1
    )
    assert told["twodrive_messages_expired_total", "workorders.import"] == 1


def _stopped(worker: Program) -> None:
    assert worker.stop() == 0, worker.tail()


def _samples(stack: Stack, env: Mapping[str, str]) -> dict[tuple[str, str], float]:
    """What the exporter tells of metrics with one label, by name and that label's value."""
    done = subprocess.run(
        [sys.executable, "-m", "worker.cli", "metrics", "--once"],
        env={**stack.env, **env},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return {
        (sample.name, next(iter(sample.labels.values()))): sample.value
        for family in text_string_to_metric_families(done.stdout)
        for sample in family.samples
        if len(sample.labels) == 1
    }
