"""The exporter beside real workers: what they did is counted once, by threads and by forked children."""

import subprocess
import sys
from collections.abc import Iterator

import pytest
import redis
import requests
from prometheus_client.openmetrics.parser import text_string_to_metric_families
from prometheus_client.parser import text_string_to_metric_families as classic

from sandbox.demo.desk import Desk
from sandbox.demo.scenes import only
from sandbox.processes import free_port, wait_until
from sandbox.simulator import known
from sandbox.stack import CELERY, Stack
from tests.acceptance.waiting import drop_bulk_waiting
from worker.metrics.queues import sent_at_of

_TWODRIVE = (sys.executable, "-m", "worker.cli")
_OPENMETRICS = {"Accept": "application/openmetrics-text;version=1.0.0"}


@pytest.fixture(scope="module")
def exporter(stack: Stack) -> Iterator[str]:
    port = free_port()
    program = stack.start("metrics", [*_TWODRIVE, "metrics", "--port", str(port)])
    program.wait_ready(lambda: "Serving" in program.said())
    yield f"http://127.0.0.1:{port}"
    assert program.stop() == 0, program.tail()


def values(exporter: str, name: str, **labels: str) -> list[float]:
    """All samples with these labels."""
    answer = requests.get(f"{exporter}/metrics", headers=_OPENMETRICS, timeout=20)
    assert answer.headers["Content-Type"].startswith("application/openmetrics-text")
    return [
        sample.value
        for family in text_string_to_metric_families(answer.text)  # type: ignore[no-untyped-call]  # it has no types
        for sample in family.samples
        if sample.name == name and labels.items() <= sample.labels.items()
    ]


def value(exporter: str, name: str, **labels: str) -> float:
    """The sum over all samples with these labels."""
    return sum(values(exporter, name, **labels))


def test_an_import_is_counted(exporter: str, desk: Desk) -> None:
    def created() -> float:
        return value(exporter, "twodrive_workorders_total", trigger="search", outcome="created")

    before = created()
    only(desk.search(known.COMPLETE), outcome="created")
    wait_until(lambda: created() > before, 20, "the import counted")
    assert value(exporter, "twodrive_vinacles_request_seconds_count", call="read", result="ok") > 0
    assert value(exporter, "twodrive_vinacles_request_seconds_count", call="token", result="ok") > 0
    dealer_id = str(desk.dealer.dealer_id)
    [overdue] = values(exporter, "twodrive_dealer_overdue_seconds", dealer_id=dealer_id)
    assert 0 <= overdue < 600


def test_failures_are_counted_by_their_code(exporter: str, desk: Desk) -> None:
    def failed() -> float:
        labels = {"task": "workorders.import", "result": "message_invalid"}
        return value(exporter, "twodrive_task_seconds_count", **labels)

    # Others' counts may still be on their way, so that it may be more than one.
    before = failed()
    with pytest.raises(Exception, match="message_invalid"):
        desk.search("")
    wait_until(lambda: failed() > before, 20, "the failure counted")


@pytest.mark.usefixtures("no_bulk_waiting")
def test_forked_children_leave_their_counts_at_the_end(exporter: str, stack: Stack, desk: Desk) -> None:
    def counted() -> float:
        return value(exporter, "twodrive_task_seconds_count", task="workorders.refresh_dealer")

    before = counted()
    with stack.start_bulk_worker(name="bulk-counted") as worker:
        arguments = {"dealer_id": desk.dealer.dealer_id}
        desk.backend.send_task("workorders.refresh_dealer", kwargs=arguments, queue="bulk").get(timeout=60)
        assert worker.stop() == 0, worker.tail()
    assert counted() >= before + 1


@pytest.mark.usefixtures("no_bulk_waiting")
def test_waiting_messages_have_an_age(exporter: str, stack: Stack) -> None:
    # Sent by one of our own programs, to a queue that no worker of this stack consumes.
    subprocess.run(
        [*CELERY, "call", "workorders.refresh_due"], env=stack.env, check=True, capture_output=True
    )
    assert value(exporter, "twodrive_queue_messages", queue="maintenance") == 1
    assert value(exporter, "twodrive_queue_oldest_seconds", queue="maintenance") > 0
    with redis.Redis.from_url(stack.redis.url_of(0)) as queues:
        [message] = queues.lrange("maintenance", 0, -1)
    assert sent_at_of(message) is not None
    drop_bulk_waiting(stack)


@pytest.mark.usefixtures("no_bulk_waiting")
def test_messages_of_a_plain_client_have_an_age(exporter: str, stack: Stack, desk: Desk) -> None:
    def age() -> float:
        return value(exporter, "twodrive_queue_oldest_seconds", queue="maintenance")

    # Given two messages whose sender says nothing of time, in a queue that nobody consumes
    for _ in range(2):
        desk.backend.send_task("workorders.refresh_due", queue="maintenance")
    wait_until(lambda: age() > 3, 30, "an age")
    # When the first is taken, then the second has an age too, though it was never the next one before
    with redis.Redis.from_url(stack.redis.url_of(0)) as queues:
        taken = queues.rpop("maintenance")
    assert isinstance(taken, bytes)
    assert sent_at_of(taken) is None
    assert age() > 1
    drop_bulk_waiting(stack)


def test_what_nobody_took_in_time_is_counted(exporter: str, desk: Desk) -> None:
    def dropped() -> float:
        return value(exporter, "twodrive_messages_expired_total", task="workorders.import")

    # A worker that has worked before; what it dropped before that is not counted.
    only(desk.search(known.COMPLETE))
    before = dropped()
    arguments = {"dealer_id": desk.dealer.dealer_id, "search": known.COMPLETE}
    desk.backend.send_task("workorders.import", kwargs=arguments, queue="interactive", expires=-1)
    wait_until(lambda: dropped() > before, 20, "the drop counted")


def test_once(stack: Stack) -> None:
    done = subprocess.run(
        [*_TWODRIVE, "metrics", "--once"], env=stack.env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert any(family.name == "twodrive_queue_messages" for family in classic(done.stdout))


def test_once_says_what_is_away(stack: Stack) -> None:
    nowhere = {"TWODRIVE_BROKER_URL": f"redis://:secret-1@127.0.0.1:{free_port()}/0"}
    done = subprocess.run(
        [*_TWODRIVE, "metrics", "--once"],
        env=stack.env | nowhere,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 5
    assert "Could not be read: queues." in done.stderr
    assert "secret-1" not in done.stdout + done.stderr
    assert "twodrive_dealers" in done.stdout


def test_a_taken_port_is_told(stack: Stack, exporter: str) -> None:
    port = exporter.rpartition(":")[2]
    done = subprocess.run(
        [*_TWODRIVE, "metrics", "--port", port], env=stack.env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 3
    assert f"127.0.0.1:{port}" in done.stderr
