"""Many requests at the machine's limit, beside bulk work and with faults: exact counts, and nothing leaks."""

import json
import os
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import quantiles

import pytest
from celery.result import AsyncResult
from celery.states import READY_STATES

from sandbox.processes import Program, children_of
from sandbox.simulator import known
from schemas.dealer import Dealer
from tests.faults.house import House
from tests.faults.report import Fault

Begin = Callable[[str, str, float], Fault]
REQUESTS = int(os.environ.get("LOAD_REQUESTS", "2000"))
_AT_ONCE = 48
_NUMBERS = (known.COMPLETE, known.BELGIAN, known.SWAPPED_DATE, known.WITHOUT_LABOR, *known.AWKWARD, "WO-404")
_STABLE = {"vinacles_unavailable", "storage_unavailable"}
#: Of Vinacles' answers that are spoiled. Each is asked for again, so that no larger share of people is told.
_SPOILED = 0.01
#: What memory may grow between the middle and the end: what its allocator does with as much of it as before,
#: and for each request.
_ROOM_KIB, _LEAK_KIB = 6 * 1024, 0.1


def footprint(house: House, workers: list[Program]) -> dict[str, int]:
    """What a leak would make grow. Redis' keys without answers, which expire by themselves."""
    parents = [worker.process.pid for worker in workers]
    processes = [*parents, *(child for parent in parents for child in children_of(parent))]
    status = [Path(f"/proc/{process}/status").read_text() for process in processes]
    with house.redis(0) as queues, house.redis(2) as state:
        keys = queues.dbsize() + state.dbsize()
        clients = len(queues.client_list())
    return {
        "RSS KiB": sum(int(text.split("VmRSS:")[1].split()[0]) for text in status),
        "threads": sum(int(text.split("Threads:")[1].split()[0]) for text in status),
        "files": sum(len(list(Path(f"/proc/{process}/fd").iterdir())) for process in processes),
        "PostgreSQL": len(house.rows("SELECT FROM pg_stat_activity WHERE application_name = 'twodrive'")),
        "Redis clients": clients,
        "Redis keys": keys,
    }


@pytest.mark.load
@pytest.mark.timeout(7200)
def test_every_request_has_one_answer(house: House, fault: Begin) -> None:
    row = fault(
        f"{REQUESTS} interactive requests, bulk running, 1 % of Vinacles' answers spoiled",
        "each has one answer or stable error; nothing leaks",
        REQUESTS / 10 + 120,
    )
    workers = [house.interactive(), house.interactive("second"), house.bulk()]
    dealer = house.dealer(concurrent_requests=200)
    others = [house.dealer() for _ in range(3)]
    ask(house, dealer.dealer_id, 0, 400, others)
    before = footprint(house, workers)
    for kind in ("status", "reset"):
        house.dms.add_fault(kind, times=None, rate=_SPOILED / 2)
    row.strikes()
    half = 400 + REQUESTS // 2
    seconds, outcomes = ask(house, dealer.dealer_id, 400, half, others)
    middle = footprint(house, workers)
    more_seconds, more_outcomes = ask(house, dealer.dealer_id, half, 400 + REQUESTS, others)
    seconds += more_seconds
    outcomes += more_outcomes
    house.dms.clear_faults()
    assert outcomes.total() == REQUESTS
    assert set(outcomes) <= {"unchanged", "updated", "rejected", "not_found", *_STABLE}
    assert sum(outcomes[code] for code in _STABLE) <= _SPOILED * REQUESTS, outcomes
    asked = house.rows(
        "SELECT count(*) AS all, count(DISTINCT request_id) AS different FROM import_attempts "
        "WHERE dealer_id = :id AND CAST(substr(request_id, 6) AS int) >= 400",
        id=dealer.dealer_id,
    )
    assert asked == [{"all": REQUESTS, "different": REQUESTS}]
    with house.redis(0) as queues:
        assert queues.llen("interactive") == 0
        assert queues.hlen("unacked") <= len(others)
    after = footprint(house, workers)
    marks = quantiles(seconds, n=20)
    row.over(
        f"{dict(outcomes)}; p50 {marks[9] * 1000:.0f} ms, p95 {marks[18] * 1000:.0f} ms; "
        + ", ".join(f"{name} {before[name]} → {middle[name]} → {after[name]}" for name in before)
    )
    grown = after["RSS KiB"] - middle["RSS KiB"]
    assert grown <= _ROOM_KIB + _LEAK_KIB * REQUESTS / 2, f"{2 * grown / REQUESTS:.2f} KiB per request"
    for name in ("threads", "files", "PostgreSQL", "Redis clients", "Redis keys"):
        assert after[name] <= before[name] * 1.25 + 10, name
        assert after[name] <= middle[name] + 10, name
    house.end("second")


def ask(
    house: House, dealer_id: int, first: int, last: int, others: Sequence[Dealer]
) -> tuple[list[float], Counter[str]]:
    """Requests with these numbers, so many under way at a time: how long each took, and what came of them."""
    waiting: dict[str, tuple[AsyncResult[object], float]] = {}
    numbers = iter(range(first, last))
    seconds: list[float] = []
    outcomes: Counter[str] = Counter()
    with house.redis(1) as answers:
        while True:
            for number in numbers:
                sent = house.send(
                    "workorders.import",
                    "interactive",
                    dealer_id=dealer_id,
                    search=_NUMBERS[number % len(_NUMBERS)],
                    # Or equal searches of the same moment would be one question.
                    fresh=True,
                    request_id=f"load-{number}",
                )
                waiting[sent.id] = (sent, time.monotonic())
                if number % 500 == 0:
                    for other in others:
                        house.refresh_all(other).forget()
                if len(waiting) >= _AT_ONCE:
                    break
            if not waiting:
                return seconds, outcomes
            there = answers.mget([f"celery-task-meta-{task}" for task in waiting])
            for task in [task for task, told in zip(list(waiting), there, strict=True) if ended(told)]:
                sent, began = waiting.pop(task)
                seconds.append(time.monotonic() - began)
                outcomes[what_came_of(sent)] += 1
            time.sleep(0.005)


def ended(told: bytes | str | None) -> bool:
    """Whether that is a task's end: one that waits for its turn is told as RETRY meanwhile."""
    return told is not None and json.loads(told)["status"] in READY_STATES


def what_came_of(sent: AsyncResult[object]) -> str:
    answer = sent.get(timeout=5, propagate=False)
    sent.forget()
    if isinstance(answer, dict):
        return str(answer["workorders"][0]["outcome"])
    assert isinstance(answer, Exception)
    return str(answer.args[0])
