"""What `twodrive-health` says of real workers: the two ways in which one that lives does no work."""

from collections.abc import Callable

import pytest

from sandbox.demo.scenes import only
from sandbox.processes import wait_until
from sandbox.simulator import known
from tests.faults.house import House
from tests.faults.report import Fault

Begin = Callable[[str, str, float], Fault]
QUEUE = "interactive"


@pytest.mark.faults
def test_a_worker_that_lives_and_does_not_consume(house: House, fault: Begin) -> None:
    row = fault(
        "worker-interactive stops asking for its queue, with Redis there",
        "not ready, and says alive but not consuming; ready when it asks again",
        60,
    )
    worker, dealer = house.interactive(), house.dealer()
    wait_until(lambda: house.stack.health(QUEUE).ready, 20, "ready")
    row.strikes()
    told = house.backend.control.cancel_consumer(QUEUE, reply=True, timeout=10)
    assert "'ok'" in str(told)
    wait_until(lambda: not house.stack.health(QUEUE).ready, 50, "not ready")
    health = house.stack.health(QUEUE)
    assert "alive but not consuming: no answer of the broker" in health.text
    assert health.live
    house.backend.control.add_consumer(QUEUE, reply=True, timeout=10)
    wait_until(lambda: house.stack.health(QUEUE).ready, 20, "ready again")
    row.over(health.text)
    only(house.desk(dealer).search(known.COMPLETE), outcome="created")
    assert worker.process.poll() is None


def test_a_worker_that_lives_while_its_broker_is_away(house: House, fault: Begin) -> None:
    row = fault("Redis is away", "live but not ready, and says that the broker is away", 40)
    worker, dealer = house.interactive(), house.dealer()
    wait_until(lambda: house.stack.health(QUEUE).ready, 20, "ready")
    row.strikes()
    house.stack.redis.stop()
    wait_until(lambda: not house.stack.health(QUEUE).ready, 30, "not ready")
    health = house.stack.health(QUEUE)
    assert "is alive, but the broker is away" in health.text
    assert health.live
    house.stack.redis.start()
    wait_until(lambda: house.stack.health(QUEUE).ready, 30, "ready again")
    row.over(health.text)
    house.tidy_backend()
    only(house.desk(dealer).search(known.COMPLETE), outcome="created")
    assert worker.process.poll() is None
