"""What several processes count is one sum in Redis."""

import pytest
import redis
from hypothesis import given
from hypothesis import strategies as st

from sandbox.processes import wait_until
from sandbox.services import Redis, temporary_folder
from tests.integration.metrics.conftest import Value
from worker.counting import KEY, OUTCOMES, REQUESTS, Counters, read

_NEVER = 3600.0


def test_processes_add_up(state: redis.Redis, value: Value) -> None:
    for number in (1, 2):
        counters = Counters(state, _NEVER)
        counters.add(OUTCOMES, "bulk", "rejected", "no_labor_item", amount=number)
        counters.observe(REQUESTS, "read", "ok", seconds=0.3)
        counters.close()
        counters.close()
    labels = {"trigger": "bulk", "outcome": "rejected", "reason": "no_labor_item"}
    assert value("twodrive_workorders_total", **labels) == 3
    assert value("twodrive_vinacles_request_seconds_count", call="read", result="ok") == 2
    assert value("twodrive_vinacles_request_seconds_sum", call="read", result="ok") == 0.6
    assert value("twodrive_vinacles_request_seconds_bucket", call="read", result="ok", le="0.25") == 0
    assert value("twodrive_vinacles_request_seconds_bucket", call="read", result="ok", le="0.5") == 2


@pytest.mark.parametrize(
    ("name", "labels"),
    [
        ("workorders_total", {"trigger": "bulk", "outcome": "rejected", "reason": "unreadable_price"}),
        ("workorders_total", {"trigger": "search", "outcome": "unchanged", "reason": ""}),
        ("vinacles_request_seconds_count", {"call": "token", "result": "denied"}),
        ("vinacles_request_seconds_bucket", {"call": "read", "result": "no_answer", "le": "+Inf"}),
        ("messages_expired_total", {"task": "workorders.import"}),
        ("messages_refused_total", {"reason": "unreadable"}),
        ("messages_expired_total", {"task": "import_requests"}),
        ("task_seconds_count", {"task": "import_requests", "result": "internal"}),
        ("task_seconds_count", {"task": "workorders.refresh", "result": "answered"}),
    ],
)
@pytest.mark.usefixtures("state")
def test_what_alerts_watch_is_told_before_it_happens(value: Value, name: str, labels: dict[str, str]) -> None:
    assert value(f"twodrive_{name}", **labels) == 0


def test_it_writes_by_itself(state: redis.Redis) -> None:
    counters = Counters(state, 0.01)
    counters.add(OUTCOMES, "search", "created", "")
    wait_until(lambda: bool(state.hlen(KEY)), 10, "the counts in Redis")
    counters.close()
    assert [count.total for count in read(state)[OUTCOMES.name]] == [1]


def test_nothing_is_lost_while_redis_is_away() -> None:
    with temporary_folder() as folder:
        server = Redis(folder)
        with redis.Redis.from_url(server.url_of(0), socket_timeout=2) as client:
            counters = Counters(client, _NEVER)
            counters.add(OUTCOMES, "search", "created", "")
            server.stop()
            counters.write()
            counters.add(OUTCOMES, "search", "created", "")
            server.start()
            counters.close()
            assert [count.total for count in read(client)[OUTCOMES.name]] == [2]
        server.stop()


def test_fields_of_other_versions_are_left_out(state: redis.Redis) -> None:
    state.hset(KEY, mapping={"twodrive_later|a|n": 5, f"{OUTCOMES.name}|bulk|n": 5, "odd": "x", "": "1"})
    assert all(counts == [] for counts in read(state).values())


@given(durations=st.lists(st.floats(0, 100), min_size=1, max_size=20))
def test_a_histogram_holds_every_duration_once(state: redis.Redis, durations: list[float]) -> None:
    state.flushdb()
    counters = Counters(state, _NEVER)
    for seconds in durations:
        counters.observe(REQUESTS, "read", "ok", seconds=seconds)
    counters.close()
    [count] = read(state)[REQUESTS.name]
    assert count.total == sum(count.buckets) == len(durations)
    for place, bound in enumerate(REQUESTS.buckets):
        assert sum(count.buckets[: place + 1]) == sum(seconds <= bound for seconds in durations)
