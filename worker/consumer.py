"""The worker's consumer: it survives a restart of Redis and any message, and is discreet about messages that
it cannot use."""

import json
import logging
from collections.abc import Callable, Container
from contextlib import suppress
from importlib import import_module
from typing import Any, NoReturn

import structlog
from celery.worker.consumer.consumer import Consumer
from kombu.exceptions import DecodeError, KombuError

from worker import refusals
from worker.backlog import drop_backlog
from worker.heartbeat import heartbeat
from worker.refusals import Refusal

_log = structlog.get_logger(__name__)

# Celery's stubs leave out its log texts.
_celery: Any = import_module("celery.worker.consumer.consumer")
# They know `get_encoder` as something else than it is.
_compression: Any = import_module("kombu.compression")
#: Celery's log texts that repeat a message's whole body, and what is logged instead.
_REPEATING_BODIES = {
    _celery.UNKNOWN_FORMAT: "message_of_unknown_format",
    _celery.UNKNOWN_TASK_ERROR: "message_of_unknown_task",
    _celery.INVALID_TASK_ERROR: "message_refused",
    _celery.MESSAGE_DECODE_ERROR: "message_undecodable",
}
#: Of a message's parts; ours have four.
_MOST_LEVELS = 20
#: What Celery raises where a message's headers or body are not what it takes for granted.
_OF_A_WRONG_SHAPE = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)


class SteadyConsumer(Consumer):
    """Celery's, without four of its ends."""

    # An attribute of Celery's class that its stubs leave out.
    connection_errors: tuple[type[Exception], ...]

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.pulse = heartbeat(self.hostname)

    def ensure_connected(self, conn: Any) -> Any:
        """Celery's, and while it waits for the broker it says so."""
        ensure = conn.ensure_connection

        def ensure_and_tell(errback: Any, max_retries: Any, callback: Callable[[], None]) -> Any:
            def tell() -> None:
                self.pulse.away()
                callback()

            return ensure(errback, max_retries, callback=tell)

        conn.ensure_connection = ensure_and_tell
        connected = super().ensure_connected(conn)
        begin_time_limits_anew(self.pool)
        drop_backlog(connected, self.app.amqp.queues.consume_from)
        return connected

    def on_connection_error_after_connected(self, exc: Exception) -> Any:
        """Celery 5.7.0 closes a broken connection a second time after cleaning it up; with an unacknowledged
        message that raises an AttributeError which ends the worker. The clean-up alone suffices."""
        self.pulse.away()
        watch_dying_children_anew(self.pool)
        if self.connection is not None:
            setattr(self.connection, "close", _already_cleaned_up)  # noqa: B010  a method, replaced on purpose
        return super().on_connection_error_after_connected(exc)

    def create_task_handler(self, *args: Any, **options: Any) -> Callable[[Any], None]:
        """A message of a wrong shape ends Celery's worker, which puts it back in the queue for the next one.
        Here it is dropped, and so is one that is too large, before its body is read."""
        handle = super().create_task_handler(*args, **options)
        largest = self.app.conf["largest_message_bytes"]

        def drop(message: Any) -> None:
            if not message.acknowledged:
                message.reject_log_error(_celery.logger, self.connection_errors)

        def handle_or_drop(message: Any) -> None:
            try:
                size = size_of(message.body, message.headers)
                if size > largest:
                    task = known_task(message.headers, self.app.tasks)
                    _log.error("message_too_large", bytes=size, largest=largest, task=task)
                    refusals.count(Refusal.TOO_LARGE)
                    drop(message)
                    return
                # Celery logs the id as it stands before it stumbles over it, and hands all parts to a child:
                # where it cannot, that child's slot is never free again.
                if not isinstance(message.headers.get("id", ""), str) or any(map(is_deep, parts_of(message))):
                    raise TypeError
                handle(message)
            except _OF_A_WRONG_SHAPE as error:
                _log.error("message_of_wrong_shape", kind=type(error).__name__)
                refusals.count(Refusal.OF_WRONG_SHAPE)
                drop(message)

        return handle_or_drop

    # What Celery itself logs and drops. Each counts what it has dealt with: where it stumbles, the message is
    # of a wrong shape.

    def on_unknown_message(self, body: Any, message: Any) -> None:
        super().on_unknown_message(body, message)
        refusals.count(Refusal.OF_UNKNOWN_FORMAT)

    def on_unknown_task(self, body: Any, message: Any, exc: Exception) -> None:
        super().on_unknown_task(body, message, exc)
        refusals.count(Refusal.OF_UNKNOWN_TASK)

    def on_invalid_task(self, body: Any, message: Any, exc: Exception) -> None:
        super().on_invalid_task(body, message, exc)
        refusals.count(Refusal.REFUSED)

    def on_decode_error(self, message: Any, exc: Exception) -> None:
        super().on_decode_error(message, exc)
        refusals.count(Refusal.UNDECODABLE)


def watch_dying_children_anew(pool: Any) -> None:
    """Celery 5.7.0 stops watching a child when that closes its files, a moment before it can be waited for. A
    connection that breaks in between would end the worker, which is then told to watch None. A child that was
    never watched is watched from the beginning, and its end is seen."""
    for child in getattr(getattr(pool, "_pool", None), "_pool", ()):
        if getattr(child, "_sentinel_poll", ...) is None:
            del child._sentinel_poll


def begin_time_limits_anew(pool: Any) -> None:
    """While the broker is away nobody reads what children have to say. Celery 5.7.0 then strikes first at
    those tasks whose time was up meanwhile, ended or not; and a child that is struck while it writes a long
    answer leaves half of it, which ends the worker. With their time begun anew, those that have ended are
    heard first."""
    for task in list(getattr(getattr(pool, "_pool", None), "_cache", {}).values()):
        if task.accepted() and not task.ready():
            # Celery's own pair of functions; the second asks for the limits that the first forgot.
            task._on_timeout_cancel(task)
            task._on_timeout_set(task, task._soft_timeout, task._timeout)


def size_of(body: bytes | str, headers: object) -> int:
    """Bytes of a message's body and headers: Celery copies arguments into both."""
    # Transports hand over a text that was not encoded as it is.
    content = body.encode("utf-8", "surrogatepass") if isinstance(body, str) else body
    return len(content) + len(json.dumps(headers, default=str))


def parts_of(message: Any) -> tuple[Any, ...]:
    """Headers, properties, and the body if it can be read; Celery sees to one that cannot."""
    with suppress(KombuError):
        return message.headers, message.properties, message.payload
    return message.headers, message.properties


def is_deep(value: object, levels: int = _MOST_LEVELS) -> bool:
    """Whether lists and objects of JSON stand in each other on more than `levels` levels."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return levels == 0 or any(is_deep(one, levels - 1) for one in inner)


def known_task(headers: object, tasks: Container[str]) -> str | None:
    """The task that a message calls, where it is one of ours; another name may be any text."""
    name = headers.get("task") if isinstance(headers, dict) else None
    return name if isinstance(name, str) and name in tasks else None


def _already_cleaned_up() -> None:
    """Stands in for the second close."""


def refuse_compressed_messages() -> None:
    """kombu unpacks a message before anybody can look at its size, without a limit: a few hundred bytes may
    become gigabytes. Ours are small, so none is compressed, and one that is counts as undecodable."""
    for kind in _compression.encoders():
        encoder, _ = _compression.get_encoder(kind)
        _compression.register(encoder, _not_unpacked, kind)


def _not_unpacked(_body: object) -> NoReturn:
    raise DecodeError("a compressed message")


def keep_bodies_out_of_the_log() -> None:
    """A message may hold personal data; of one that cannot be used, only what is wrong is logged."""
    _celery.logger.addFilter(_without_body)


def _without_body(record: logging.LogRecord) -> bool:
    instead = _REPEATING_BODIES.get(str(record.msg))
    if instead is not None:
        record.msg, record.args = instead, ()
        record.exc_info = record.exc_text = None
    return True
