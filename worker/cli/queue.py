"""The queue as Claire's backend uses it: plain Celery, no task of ours imported."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, cast

from celery import Celery
from celery.exceptions import TaskRevokedError
from celery.exceptions import TimeoutError as NoAnswer
from celery.result import AsyncResult
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from worker.cli.exits import Ended, Exit, ended_by_code
from worker.names import QueueName, TaskName
from worker.publishing import CONNECT_SECONDS, ONCE_AGAIN, SOCKET_SECONDS
from worker.settings import Settings

#: A request that no worker took by then is dropped, as the backend asks for it.
EXPIRES_SECONDS = 15
# A worker that took the request at the last moment still has its whole deadline, and a moment to answer.
_GRACE_SECONDS = 2
_OF_REDIS = {"socket_timeout": SOCKET_SECONDS, "socket_connect_timeout": CONNECT_SECONDS}
# Celery says RuntimeError where it lost the store of the answers.
_AWAY = (OperationalError, RedisError, RuntimeError)
_CHECK_TLS = (
    "Give its authority's certificate in TWODRIVE_SERVICE_CA_BUNDLE, and the URL the host's own name."
)
_LOOK = "See who listens: celery -A worker.app inspect active_queues, or Flower's page Workers."


class Queue:
    """Sends requests and waits for their answers."""

    def __init__(self, settings: Settings, expires_seconds: int = EXPIRES_SECONDS) -> None:
        self._expires_seconds = expires_seconds
        self._broker_is_redis = settings.broker_is_redis
        self._deadline_seconds = settings.interactive_deadline_seconds
        self._app = Celery(
            "twodrive-cli",
            broker=settings.broker_url.reveal(),
            backend=settings.result_url.reveal(),
            set_as_current=False,
        )
        self._app.conf.update(
            accept_content=["json"],
            broker_use_ssl=settings.broker_tls,
            task_publish_retry_policy=ONCE_AGAIN,
            broker_transport_options={**(_OF_REDIS if settings.broker_is_redis else {}), **ONCE_AGAIN},
            broker_connection_timeout=CONNECT_SECONDS,
            result_backend_transport_options={"retry_policy": ONCE_AGAIN},
            redis_socket_timeout=SOCKET_SECONDS,
            redis_socket_connect_timeout=CONNECT_SECONDS,
        )

    def ask(self, task: TaskName, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """The answer of `task`. Raises `Ended` where there is none: the task failed, nobody took it, or the
        queue is away."""
        with _told_when_away(broker_is_redis=self._broker_is_redis):
            return _answer(self._wait(task, self._send(task, arguments, self._expires_seconds)))

    def tell(self, task: TaskName, arguments: Mapping[str, Any], expires_seconds: int) -> None:
        """Send `task` for nobody to wait for its answer. Raises `Ended` where the queue is away."""
        with _told_when_away(broker_is_redis=self._broker_is_redis):
            self._send(task, arguments, expires_seconds, ignore_result=True)

    def close(self) -> None:
        backend: Any = self._app.backend
        backend.result_consumer.stop()
        # Otherwise a result that is collected later would connect again to say that nobody waits for it.
        backend.result_consumer.subscribed_to.clear()
        backend.client.connection_pool.disconnect()
        self._app.close()

    def _send(
        self, task: TaskName, arguments: Mapping[str, Any], expires_seconds: int, **options: Any
    ) -> "AsyncResult[Any]":
        return self._app.send_task(
            task.value,
            kwargs=dict(arguments),
            queue=task.queue.value,
            expires=expires_seconds,
            argsrepr="()",
            kwargsrepr=repr({"dealer_id": arguments["dealer_id"]}),
            **options,
        )

    def _wait(self, task: TaskName, asked: "AsyncResult[Any]") -> object:
        try:
            return asked.get(timeout=self._expires_seconds, propagate=False)
        except NoAnswer:
            if self._still_queued(task.queue, asked.id):
                raise _not_taken(task.queue, asked.id, self._expires_seconds) from None
        try:
            return asked.get(timeout=self._deadline_seconds + _GRACE_SECONDS, propagate=False)
        except NoAnswer:
            raise Ended(
                Exit.UNAVAILABLE,
                f"A worker took the request {asked.id}, and no answer came.",
                "Its log has the task id; try again.",
            ) from None

    def _still_queued(self, queue: QueueName, task_id: str) -> bool:
        with self._app.connection_for_read() as connection:
            channel: Any = connection.default_channel
            if not self._broker_is_redis:
                # RabbitMQ does not show its messages, and has dropped this one by now.
                return int(channel.queue_declare(queue.value, passive=True).consumer_count) == 0
            return any(task_id.encode() in message for message in channel.client.lrange(queue.value, 0, -1))


@contextmanager
def _told_when_away(*, broker_is_redis: bool) -> Iterator[None]:
    try:
        yield
    except _AWAY as error:
        if "CERTIFICATE_VERIFY_FAILED" in str(error):
            raise Ended(
                Exit.CONFIGURATION, "The queue's server did not prove itself by TLS.", _CHECK_TLS
            ) from None
        if isinstance(error, OperationalError):
            kind = "Redis" if broker_is_redis else "RabbitMQ"
            what, url = f"broker ({kind})", "TWODRIVE_BROKER_URL"
        else:
            what, url = "store of answers (Redis)", "TWODRIVE_RESULT_URL"
        raise Ended(
            Exit.UNAVAILABLE,
            f"The {what} cannot be reached.",
            f"Check that it runs, and {url}; or use --local.",
        ) from None


def _answer(given: object) -> dict[str, Any]:
    if isinstance(given, TaskRevokedError):
        raise Ended(Exit.UNAVAILABLE, "Every worker was busy until the request expired.", _LOOK)
    if isinstance(given, BaseException):
        said = [str(part) for part in given.args]
        if len(said) == 3:
            raise ended_by_code(*said)
        raise Ended(
            Exit.FAILED,
            f"The worker failed with {type(given).__name__}.",
            "See its log; is it of the same version as this program?",
        )
    return cast("dict[str, Any]", given)


def _not_taken(queue: QueueName, task_id: str, expires_seconds: int) -> Ended:
    return Ended(
        Exit.UNAVAILABLE,
        f"No worker took the request {task_id} within {expires_seconds} s; it will not be done any more.",
        f"Start one: celery -A worker.app worker -P threads -Q {queue}. {_LOOK}",
    )
