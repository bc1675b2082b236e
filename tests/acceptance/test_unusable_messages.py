"""Messages that are no call of a task: each is dropped, and the worker goes on with the next."""

import bz2
import json
import lzma
import pickle
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
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


_MESSAGEPACK = b"\x93\x90\x82\xa9dealer_id\x0c\xa6search\xa3abc\x80"


class _Touch:
    """Unpickled or read as YAML by whoever trusts it, this makes a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.path,)


@pytest.mark.parametrize(
    ("content_type", "encoding", "event"),
    [
        ("application/x-python-serialize", "binary", "message_refused"),
        ("application/x-yaml", "utf-8", "message_refused"),
        ("application/x-msgpack", "binary", "message_refused"),
        ("text/plain", "utf-8", "message_refused"),
        ("application/xml", "utf-8", "message_refused"),
        # kombu hands these over as they are: bytes and a text, which are no call of a task.
        ("application/data", "binary", "message_of_wrong_shape"),
        ("application/text", "utf-8", "message_of_wrong_shape"),
    ],
)
def test_whatever_is_no_json_is_refused_unread(
    desk: Desk, stack: Stack, worker: Program, tmp_path: Path, content_type: str, encoding: str, event: str
) -> None:
    made = tmp_path / "made"
    bodies = {
        "application/x-python-serialize": pickle.dumps([[], {"dealer_id": _Touch(made)}, {}]),
        "application/x-yaml": yaml.dump([[], {"dealer_id": _Touch(made)}, {}]).encode(),
        "application/x-msgpack": _MESSAGEPACK,
    }
    before = len(worker.log.read_text())
    with Connection(stack.redis.url_of(0)) as connection:
        connection.Producer().publish(
            bodies.get(content_type, json.dumps(_BODY).encode()),
            exchange="interactive",
            routing_key="interactive",
            headers=dict(_HEADERS),
            content_type=content_type,
            content_encoding=encoding,
        )
    only(desk.search(known.COMPLETE), outcome="created")
    assert worker.process.poll() is None
    log = worker.log.read_text()[before:]
    assert event in log
    assert _SECRET not in log
    assert not made.exists()


#: 256 MiB of blanks are 11 KiB in bz2's packing, and still JSON.
_UNPACKED_BYTES = 256 * 1024 * 1024


@pytest.mark.parametrize(
    ("compression", "pack"),
    [
        ("application/x-gzip", zlib.compress),
        ("bzip2", bz2.compress),
        ("application/x-lzma", lzma.compress),
        ("application/x-unheard-of", bytes),
    ],
)
def test_a_compressed_message_is_dropped_without_being_unpacked(
    desk: Desk, stack: Stack, worker: Program, compression: str, pack: Any
) -> None:
    blanks = _UNPACKED_BYTES if compression == "bzip2" else 1024
    body = pack(json.dumps(_BODY).encode() + b" " * blanks)
    assert len(body) < 32 * 1024
    desk.search("WARM-1")
    before, most_before = len(worker.log.read_text()), _most_memory_bytes(worker)
    with Connection(stack.redis.url_of(0)) as connection:
        connection.Producer().publish(
            body,
            exchange="interactive",
            routing_key="interactive",
            headers={**_HEADERS, "compression": compression},
            content_type="application/json",
            content_encoding="utf-8",
        )
    only(desk.search(known.COMPLETE), outcome="created")
    assert worker.process.poll() is None
    log = worker.log.read_text()[before:]
    assert "message_undecodable" in log
    assert _SECRET not in log
    # Unpacked it would have been there once at least; an eighth of it is room for everything else.
    assert _most_memory_bytes(worker) - most_before < _UNPACKED_BYTES / 8


def _most_memory_bytes(worker: Program) -> int:
    """The most that the process has had of the machine's memory so far."""
    status = Path(f"/proc/{worker.process.pid}/status").read_text()
    [line] = [line for line in status.splitlines() if line.startswith("VmHWM:")]
    return int(line.split()[1]) * 1024
