"""Messages that are no call of a task: each is dropped, and the worker goes on with the next."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from kombu import Connection

from sandbox.demo.desk import Desk
from sandbox.demo.scenes import only
from sandbox.processes import Program
from sandbox.simulator import known
from sandbox.stack import Stack

_SECRET = "GEHEIM-ZOEK-4"
_ARGUMENTS = {"dealer_id": 12, "search": _SECRET}
_HEADERS = {"task": "workorders.import", "id": "5a1f0c9e"}
_BODY = [[], _ARGUMENTS, {}]


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        ([[], _ARGUMENTS], _HEADERS),
        ([], _HEADERS),
        (None, _HEADERS),
        (5, _HEADERS),
        (_BODY, {"task": "workorders.import"}),
        (_BODY, {**_HEADERS, "id": {"a": _SECRET}}),
        (_BODY, {**_HEADERS, "task": ["workorders.import"]}),
        (_BODY, {**_HEADERS, "timelimit": [1]}),
        (_BODY, {**_HEADERS, "expires": 1e300}),
    ],
)
def test_a_message_of_a_wrong_shape_ends_nothing(
    desk: Desk, stack: Stack, worker: Program, body: object, headers: Mapping[str, Any]
) -> None:
    with Connection(stack.redis.url_of(0)) as connection:
        sender = connection.Producer(serializer="json")
        sender.publish(body, exchange="interactive", routing_key="interactive", headers=dict(headers))
    only(desk.search(known.COMPLETE), outcome="created")
    assert worker.process.poll() is None
    log = worker.log.read_text()
    assert "Unrecoverable error" not in log
    assert "Connection to broker lost" not in log
    assert _SECRET not in log


def test_an_argument_by_any_name_is_answered(desk: Desk) -> None:
    arguments = {"dealer_id": desk.dealer.dealer_id, "search": "x", "self": 1, "args": 2, "arguments": 3}
    sent = desk.backend.send_task("workorders.import", kwargs=arguments, queue="interactive")
    with pytest.raises(Exception) as raised:  # noqa: PT011  the backend has none of our classes
        sent.get(timeout=40)
    code, text, _ = raised.value.args
    assert code == "message_invalid"
    assert "`self` is not an argument of this task" in text


@pytest.mark.parametrize(
    ("arguments", "headers", "task"),
    [
        ({**_ARGUMENTS, "request_id": "x" * 70_000}, _HEADERS, "workorders.import"),
        ({"dealer_id": 12, "search": _SECRET}, {**_HEADERS, "argsrepr": "x" * 70_000}, "workorders.import"),
        ({**_ARGUMENTS, "request_id": "x" * 3_000_000}, {**_HEADERS, "task": _SECRET}, None),
    ],
)
def test_a_message_that_is_too_large_is_dropped(
    desk: Desk,
    stack: Stack,
    worker: Program,
    arguments: Mapping[str, Any],
    headers: Mapping[str, Any],
    task: str | None,
) -> None:
    before = len(worker.log.read_text())
    with Connection(stack.redis.url_of(0)) as connection:
        sender = connection.Producer(serializer="json")
        sender.publish(
            [[], arguments, {}], exchange="interactive", routing_key="interactive", headers=dict(headers)
        )
    only(desk.search(known.COMPLETE), outcome="created")
    assert worker.process.poll() is None
    log = worker.log.read_text()[before:]
    lines = [json.loads(line) for line in log.splitlines() if "message_too_large" in line]
    [told] = lines
    assert told["task"] == task
    assert told["bytes"] > 70_000
    assert told["largest"] == 64 * 1024
    assert _SECRET not in log
    assert "x" * 100 not in log
