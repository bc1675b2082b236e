"""Who restarts what `twodrive-health live` says no of: never for a broker that is away, once for the deaf."""

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from sandbox.demo.scenes import only
from sandbox.processes import wait_until
from sandbox.simulator import known
from tests.faults.house import House
from tests.faults.report import Fault
from worker.health import DEAF_SECONDS

Begin = Callable[[str, str, float], Fault]
QUEUE = "interactive"
_FROZEN_SECONDS = 60
#: Beyond what a worker is given that hears nothing of its broker.
_AWAY_SECONDS = DEAF_SECONDS + 20
_LOOKS_EVERY_SECONDS = 2
_PROGRAM = str(Path(sys.executable).with_name("twodrive-health"))


class Supervisor:
    """Keeps a worker running as Kubernetes does, and takes the first no for an answer."""

    def __init__(self, house: House) -> None:
        self._house = house
        # A pulse of its own: nothing of an earlier worker is judged.
        house.end(QUEUE)
        self._worker = house.interactive()
        self._env = {"TWODRIVE_HEALTH_PATH": str(house.stack.folder / f"{QUEUE}.health")}
        self.restarts: list[str] = []

    def looks(self) -> None:
        asked = subprocess.run(
            [_PROGRAM, "live"], env=self._env, capture_output=True, text=True, check=False, timeout=5
        )
        if asked.returncode == 0 and self._worker.process.poll() is None:
            return
        self.restarts.append(asked.stdout.strip())
        self._house.end(QUEUE)
        self._worker = self._house.interactive()

    def looks_on(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.looks()
            time.sleep(_LOOKS_EVERY_SECONDS)

    def looks_until(self, true: Callable[[], bool], seconds: float, what: str) -> None:
        def looked() -> bool:
            self.looks()
            return true()

        wait_until(looked, seconds, what, every=_LOOKS_EVERY_SECONDS)


@pytest.mark.faults
def test_a_broker_that_is_away_for_long_has_nobody_restarted(house: House, fault: Begin) -> None:
    row = fault(
        f"Redis is frozen for {_FROZEN_SECONDS} s, then gone: {_AWAY_SECONDS:.0f} s, under a supervisor",
        "no restart; ready when Redis is back",
        _AWAY_SECONDS + 60,
    )
    dealer, supervisor = house.dealer(), Supervisor(house)
    wait_until(lambda: house.stack.health(QUEUE).ready, 20, "ready")
    row.strikes()
    house.stack.redis.program.freeze()
    supervisor.looks_on(_FROZEN_SECONDS)
    house.stack.redis.stop()
    supervisor.looks_on(_AWAY_SECONDS - _FROZEN_SECONDS)
    assert not house.stack.health(QUEUE).ready
    house.stack.redis.start()
    supervisor.looks_until(lambda: house.stack.health(QUEUE).ready, 50, "ready again")
    row.over(f"{len(supervisor.restarts)} restarts")
    assert supervisor.restarts == []
    house.tidy_backend()
    only(house.desk(dealer).search(known.COMPLETE), outcome="created")


@pytest.mark.faults
def test_a_worker_that_does_not_consume_is_restarted_once(house: House, fault: Begin) -> None:
    row = fault(
        "worker-interactive stops asking for its queue, under a supervisor",
        f"one restart, after {DEAF_SECONDS:.0f} s, and no other",
        DEAF_SECONDS + 90,
    )
    dealer, supervisor = house.dealer(), Supervisor(house)
    wait_until(lambda: house.stack.health(QUEUE).ready, 20, "ready")
    row.strikes()
    assert "'ok'" in str(house.backend.control.cancel_consumer(QUEUE, reply=True, timeout=10))
    supervisor.looks_until(lambda: bool(supervisor.restarts), DEAF_SECONDS + 20, "a restart")
    supervisor.looks_until(lambda: house.stack.health(QUEUE).ready, 20, "ready again")
    supervisor.looks_on(30)
    row.over(f"{len(supervisor.restarts)} restart: {supervisor.restarts[0]}")
    assert len(supervisor.restarts) == 1
    assert "alive but not consuming" in supervisor.restarts[0]
    only(house.desk(dealer).search(known.COMPLETE), outcome="created")
