"""A dealer's limits, shared by all workers."""

import multiprocessing
import re
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from multiprocessing.synchronize import Event
from pathlib import Path

import pytest
import redis
from structlog.testing import capture_logs

from sandbox.services import Redis
from tests.deadlines import soon
from tests.integration.vinacles.conftest import DATABASE
from worker.deadline import Deadline
from worker.errors import ConfigurationError, StorageUnavailable, VinaclesUnavailable
from worker.limits import GRACE_SECONDS, Limits

ROOT = Path(__file__).parents[3]
#: A rate that never stands in the way.
FAST = 10_000.0


def run_fleet(redis_server: Redis, processes: int, *arguments: object) -> list[float]:
    """The grants of all processes, in their order."""
    command = [sys.executable, "-m", "tests.integration.vinacles.limit_fleet"]
    fleet = [
        subprocess.Popen(
            [*command, redis_server.url_of(DATABASE), *map(str, arguments)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(processes)
    ]
    for process in fleet:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
    for process in fleet:
        assert process.stdin
        process.stdin.write("go\n")
        process.stdin.flush()
    said = "".join(process.communicate(timeout=100)[0] for process in fleet)
    return sorted(map(float, said.split()))


def test_no_fleet_exceeds_the_concurrency(redis_client: redis.Redis, redis_server: Redis) -> None:
    grants = run_fleet(redis_server, 4, 5, FAST, 3, 4, 25)
    assert len(grants) == 4 * 4 * 25
    assert redis_client.get("most") == b"3"
    assert redis_client.get("inside") == b"0"
    assert redis_client.zcard("twodrive:limit:{5}:slots") == 0


def test_no_fleet_exceeds_the_rate(redis_client: redis.Redis, redis_server: Redis) -> None:
    """20 per second: the 21st grant comes a second after the first, the 22nd after the second, and so on."""
    grants = run_fleet(redis_server, 4, 5, 20, 8, 4, 4)
    assert len(grants) == 64
    between = [later - earlier for earlier, later in zip(grants, grants[20:], strict=False)]
    assert min(between) >= 1.0 - 1e-5


def test_bulk_keeps_to_four_fifths_of_the_rate_and_all_but_one_slot(limits: Limits) -> None:
    with ExitStack() as held:

        def take(interactive: bool, within: Deadline) -> None:
            held.enter_context(limits.slot(5, 0.05, 9, interactive, within))

        def take_of(dealer: int, interactive: bool, within: Deadline) -> None:
            held.enter_context(limits.slot(dealer, FAST, 3, interactive, within))

        take(False, soon())
        with pytest.raises(VinaclesUnavailable, match="limits allow"):
            take(False, soon(0.2))
        take_of(6, False, soon())
        take_of(6, False, soon())
        with pytest.raises(VinaclesUnavailable, match="limits allow"):
            take_of(6, False, soon(0.2))
        take_of(6, True, soon())
        with pytest.raises(VinaclesUnavailable, match="limits allow"):
            take_of(6, True, soon(0.2))
        take_of(7, False, soon())  # another dealer's are its own


def test_a_person_starts_at_once_while_bulk_fills_its_share(redis_client: redis.Redis) -> None:
    """Bulk threads take every slot that they may, again and again; nobody who types ever has to wait."""
    stop, asked = threading.Event(), Limits(redis_client)

    def never(_: float) -> None:
        raise AssertionError("somebody had to wait")

    typed = Limits(redis_client, sleep=never)

    def bulk() -> int:
        done = 0
        while not stop.is_set():
            with asked.slot(5, 1_000, 4, False, soon()):
                done += 1
        return done

    with ThreadPoolExecutor(8) as pool:
        workers = [pool.submit(bulk) for _ in range(8)]
        try:
            for _ in range(100):
                with typed.slot(5, 1_000, 4, True, soon()):
                    pass
        finally:
            stop.set()
        assert sum(worker.result() for worker in workers) > 0


def test_with_four_fifths_of_the_rate_taken_only_people_go_on(
    limits: Limits, redis_client: redis.Redis
) -> None:
    """Whoever took them: so what leaves the window belongs first to people who wait."""
    seconds, microseconds = redis_client.time()
    ahead = (seconds + 1) * 1_000_000 + microseconds
    redis_client.zadd("twodrive:limit:{5}:rate", {f"request {number}": ahead for number in range(4)})
    with pytest.raises(VinaclesUnavailable, match="limits allow"):
        limits.slot(5, 5, 9, False, soon(0.5)).__enter__()
    with limits.slot(5, 5, 9, True, soon()), pytest.raises(VinaclesUnavailable, match="limits allow"):
        limits.slot(5, 5, 9, True, soon(0.1)).__enter__()


def test_the_slot_of_somebody_who_died_frees_itself(
    limits: Limits, redis_client: redis.Redis, redis_server: Redis
) -> None:
    context = multiprocessing.get_context("spawn")
    told = context.Event()
    holder = context.Process(target=hold, args=(redis_server.url_of(DATABASE), told))
    holder.start()
    assert told.wait(60)
    holder.kill()
    holder.join()
    with pytest.raises(VinaclesUnavailable):
        limits.slot(5, FAST, 1, True, soon(0.1)).__enter__()
    now, _ = redis_client.time()
    latest = (now + 1 + 60 + GRACE_SECONDS) * 1_000_000
    assert redis_client.zcount("twodrive:limit:{5}:slots", "-inf", latest) == 1
    [holder_name] = redis_client.zrange("twodrive:limit:{5}:slots", 0, -1)
    assert isinstance(holder_name, bytes)
    redis_client.zadd("twodrive:limit:{5}:slots", {holder_name: 1_000_000 * now})  # all that later
    with limits.slot(5, FAST, 1, True, soon()) as granted:
        assert granted is not None


def hold(url: str, told: Event) -> None:
    with Limits(redis.Redis.from_url(url)).slot(5, FAST, 1, True, soon(60)):
        told.set()
        threading.Event().wait()


def test_a_slot_is_given_back_whatever_happens_inside(limits: Limits, redis_client: redis.Redis) -> None:
    with pytest.raises(KeyError), limits.slot(5, FAST, 1, True, soon()):
        raise KeyError
    assert redis_client.zcard("twodrive:limit:{5}:slots") == 0
    assert 0 < redis_client.pttl("twodrive:limit:{5}:rate") <= 1_250


def test_longer_leases_outlive_shorter_ones(limits: Limits, redis_client: redis.Redis) -> None:
    with limits.slot(5, FAST, 9, True, soon(100)), limits.slot(5, FAST, 9, True, soon(1)):
        assert redis_client.pttl("twodrive:limit:{5}:slots") > 90_000


def test_with_redis_away_people_go_on_and_bulk_does_not(unreachable: redis.Redis) -> None:
    limits = Limits(unreachable)
    with capture_logs() as logs:
        for _ in range(2):
            with limits.slot(5, 5, 4, True, soon()) as granted:
                assert granted is None
    assert [line["event"] for line in logs] == ["limits_not_counted"]
    with pytest.raises(StorageUnavailable) as caught, limits.slot(5, 5, 4, False, soon()):
        raise AssertionError("let through")
    assert caught.value.__context__ is None or caught.value.__suppress_context__


def test_each_time_that_redis_goes_away_is_told(redis_client: redis.Redis, unreachable: redis.Redis) -> None:
    limits, away = Limits(redis_client), Limits(unreachable)
    there = limits._take
    with capture_logs() as logs:
        for take in (there, away._take, there, away._take):
            limits._take = take
            with limits.slot(5, 5, 4, True, soon()):
                pass
    assert [line["event"] for line in logs] == ["limits_not_counted"] * 2


@pytest.mark.parametrize("interactive", [True, False])
def test_a_login_that_redis_refuses_lets_nobody_through(redis_server: Redis, interactive: bool) -> None:
    url = redis_server.url_of(DATABASE)
    with redis.Redis.from_url(re.sub(r"//[^@]*@", "//:wrong@", url)) as stranger:
        limits = Limits(stranger)
        with pytest.raises(ConfigurationError), limits.slot(5, 5, 4, interactive, soon()):
            raise AssertionError("let through")


def test_redis_may_go_away_inside(redis_client: redis.Redis, unreachable: redis.Redis) -> None:
    limits = Limits(redis_client)
    with limits.slot(5, 5, 4, False, soon()) as granted:
        limits._redis = unreachable
    assert granted is not None


def test_what_was_granted_before_the_clock_was_set_back_holds_nobody_up_for_long(
    limits: Limits, redis_client: redis.Redis
) -> None:
    """It counts as if it were granted now: one more window, and a slot as long as a request may take."""
    names = [f"twodrive:limit:{{5}}:{part}" for part in ("slots", "rate")]
    seconds, _ = redis_client.time()
    for name in names:
        redis_client.zadd(name, {"before": (seconds + 3600) * 1_000_000})
    # A rate of 2 per second, one place of two taken by somebody who died.
    with limits.slot(5, 2, 2, interactive=True, deadline=soon()):
        free_at = redis_client.zscore(names[0], "before")
        assert free_at is not None
        assert free_at / 1e6 - seconds < 120
        with pytest.raises(VinaclesUnavailable), limits.slot(5, 2, 2, True, Deadline.after(0.7)):
            pass
    with limits.slot(5, 2, 2, interactive=True, deadline=soon()):
        pass
