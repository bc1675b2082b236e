"""A queue where nobody answers, or that is away."""

import base64
import json
import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest
import redis
from cryptography.fernet import Fernet

from sandbox.processes import wait_until
from sandbox.services import Redis
from schemas.dealer import Secret
from worker.cli.exits import Ended, Exit
from worker.cli.queue import Queue
from worker.environment import load
from worker.names import TaskName
from worker.settings import Settings

_ARGUMENTS = {"dealer_id": 12, "search": "canary-plate"}


@pytest.fixture
def settings(redis_server: Redis, monkeypatch: pytest.MonkeyPatch) -> Settings:
    chosen = {
        "DATABASE_URL": "postgresql://127.0.0.1:1/claire",
        "BROKER_URL": redis_server.url_of(11),
        "RESULT_URL": redis_server.url_of(12),
        "STATE_URL": redis_server.url_of(13),
        "SECRET_KEYS": Fernet.generate_key().decode(),
        "INTERACTIVE_DEADLINE_SECONDS": "0.1",
    }
    for name, value in chosen.items():
        monkeypatch.setenv(f"TWODRIVE_{name}", value)
    return load()


@pytest.fixture
def broker(redis_server: Redis) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(redis_server.url_of(11)) as client:
        client.flushdb()
        yield client


def _ask(settings: Settings) -> Ended:
    queue = Queue(settings, expires_seconds=5)
    try:
        with pytest.raises(Ended) as raised:
            queue.ask(TaskName.IMPORT, _ARGUMENTS)
    finally:
        queue.close()
    return raised.value


def test_nobody_takes_it(settings: Settings, broker: redis.Redis) -> None:
    end = _ask(settings)
    assert end.exit_code is Exit.UNAVAILABLE
    assert "No worker took the request" in end.message
    assert "celery -A worker.app inspect active_queues" in end.next_step
    [message] = [json.loads(raw) for raw in broker.lrange("interactive", 0, -1)]
    assert message["headers"]["task"] == TaskName.IMPORT
    assert message["headers"]["expires"]
    assert "canary" not in json.dumps(message["headers"])
    args, kwargs, _ = json.loads(base64.b64decode(message["body"]))
    assert (args, kwargs) == ([], _ARGUMENTS)


def test_somebody_takes_it_and_says_nothing(settings: Settings, broker: redis.Redis) -> None:
    taker = threading.Thread(target=lambda: broker.brpop(["interactive"], timeout=30))
    taker.start()
    end = _ask(settings)
    taker.join()
    assert end.exit_code is Exit.UNAVAILABLE
    assert "no answer came" in end.message


@pytest.mark.parametrize(
    ("setting", "url", "said"),
    [
        ("broker_url", "redis://:canary@127.0.0.1:1/0", "The broker (Redis) cannot be reached."),
        ("broker_url", "amqp://canary:canary@127.0.0.1:1//", "The broker (RabbitMQ) cannot be reached."),
        ("result_url", "redis://:canary@127.0.0.1:1/0", "The store of answers (Redis) cannot be reached."),
    ],
)
def test_what_is_away_is_named(settings: Settings, setting: str, url: str, said: str) -> None:
    end = _ask(replace(settings, **{setting: Secret(url)}))  # type: ignore[arg-type]  # one of the two URLs
    assert (end.exit_code, end.message) == (Exit.UNAVAILABLE, said)
    assert f"TWODRIVE_{setting.upper()}" in end.next_step
    assert "canary" not in end.message + end.next_step


def test_the_answer_of_a_foreign_worker(settings: Settings, broker: redis.Redis, redis_server: Redis) -> None:
    """What comes back when the worker's own code failed: three texts, or an exception of anybody."""

    def answer(stored: dict[str, object]) -> Ended:
        broker.flushdb()

        def work() -> None:
            wait_until(lambda: broker.llen("interactive") == 1, 30, "the request")
            task_id = json.loads(broker.rpop("interactive"))["headers"]["id"]  # type: ignore[arg-type]  # the stubs also know of awaitables
            with redis.Redis.from_url(redis_server.url_of(12)) as results:
                written = json.dumps({"task_id": task_id, "traceback": None, "children": [], **stored})
                results.set(f"celery-task-meta-{task_id}", written)
                results.publish(f"celery-task-meta-{task_id}", written)

        worker = threading.Thread(target=work)
        worker.start()
        end = _ask(settings)
        worker.join()
        return end

    texts = ["dealer_unknown", "No.", "Add."]
    known = {"exc_type": "TaskFailed", "exc_module": "tasks.base", "exc_message": texts}
    end = answer({"status": "FAILURE", "result": known})
    assert (end.exit_code, end.message, end.next_step) == (Exit.NO, "No.", "Add.")
    other = {"exc_type": "MemoryError", "exc_module": "builtins", "exc_message": ["canary"]}
    end = answer({"status": "FAILURE", "result": other})
    assert (end.exit_code, end.message) == (Exit.FAILED, "The worker failed with MemoryError.")
    revoked = {"exc_type": "TaskRevokedError", "exc_module": "celery.exceptions", "exc_message": ["expired"]}
    end = answer({"status": "REVOKED", "result": revoked})
    assert (end.exit_code, end.message) == (
        Exit.UNAVAILABLE,
        "Every worker was busy until the request expired.",
    )
