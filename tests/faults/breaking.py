"""What breaks under a dealer's history: children, workers, servers, connections; how histories are drawn."""

import os
import time
from contextlib import suppress
from dataclasses import dataclass
from signal import SIGKILL, SIGQUIT

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from tests.faults import history as did
from tests.faults.history import History, Step
from worker.errors import StorageUnavailable

_NUMBERS = st.integers(100_001, 100_030)


@dataclass(frozen=True)
class KillChildren(Step):
    def on(self, history: History) -> None:
        history.house.kill_children(history.house.bulk())


@dataclass(frozen=True)
class KillBulkWorker(Step):
    def on(self, history: History) -> None:
        with suppress(ProcessLookupError):
            os.killpg(history.house.bulk().process.pid, SIGKILL)
        history.house.end("bulk")
        history.house.bulk()


@dataclass(frozen=True)
class KillRequests(Step):
    def on(self, history: History) -> None:
        history.house.requests()
        history.house.end("requests", SIGKILL)
        history.house.requests()


@dataclass(frozen=True)
class BulkWorkerVanishes(Step):
    """Frozen wherever it is; others may take its run; then it wakes and goes on as if nothing had been."""

    tenths: int

    def on(self, history: History) -> None:
        house = history.house
        worker = house.bulk()
        worker.freeze()
        # A transaction that it holds open may keep the row from us, as it would from others.
        with suppress(StorageUnavailable):
            house.lease_runs_out()
        house.bulk("other")
        house.send("workorders.refresh_due", "maintenance").forget()
        time.sleep(self.tenths / 10)
        worker.thaw()


@dataclass(frozen=True)
class CutPostgres(Step):
    def on(self, history: History) -> None:
        history.house.rows(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'twodrive'"
        )


@dataclass(frozen=True)
class CutRedis(Step):
    def on(self, history: History) -> None:
        with history.house.redis(0) as server:
            server.client_kill_filter(_type="normal")
        history.house.tidy_backend()


@dataclass(frozen=True)
class RestartPostgres(Step):
    def on(self, history: History) -> None:
        history.house.stack.postgres.stop(SIGQUIT)
        history.house.stack.postgres.start()


@dataclass(frozen=True)
class RestartRedis(Step):
    """Killed: what it was told within the last second may be gone."""

    def on(self, history: History) -> None:
        history.house.stack.redis.stop(SIGKILL)
        history.house.stack.redis.start()
        history.house.tidy_backend()


@dataclass(frozen=True)
class ForgetTheQueue(Step):
    def on(self, history: History) -> None:
        with history.house.redis(0) as queues:
            queues.delete("bulk")


@dataclass(frozen=True)
class SpoilVinacles(Step):
    kind: str
    times: int
    after: int

    def on(self, history: History) -> None:
        history.house.dms.add_fault(self.kind, times=self.times, after=self.after)


def steps(least: int, most: int) -> SearchStrategy[list[Step]]:
    """Histories of so many steps; what is listed first is what a failing one shrinks to."""
    spoiled = st.sampled_from(["status", "reset", "cut", "unparsable", "expire_tokens"])
    one: SearchStrategy[Step] = st.one_of(
        st.builds(did.TimePasses, st.integers(1, 4)),
        st.builds(did.RefreshAll),
        st.builds(did.Search, _NUMBERS),
        st.builds(did.WriteRow, _NUMBERS),
        st.builds(did.ChangeWorkorder, _NUMBERS, st.integers(1, 200_000)),
        st.builds(did.ChangePrice, _NUMBERS, st.integers(1, 900)),
        st.builds(did.DeleteJob, _NUMBERS),
        st.builds(did.DeleteWorkorder, _NUMBERS),
        st.builds(did.StartWork, _NUMBERS),
        st.builds(did.Ring),
        st.builds(did.LeaseRunsOut),
        st.builds(SpoilVinacles, spoiled, st.integers(1, 3), st.integers(0, 3)),
        st.builds(ForgetTheQueue),
        st.builds(CutPostgres),
        st.builds(CutRedis),
        st.builds(RestartRedis),
        st.builds(RestartPostgres),
        st.builds(KillChildren),
        st.builds(BulkWorkerVanishes, st.integers(1, 20)),
        st.builds(KillRequests),
        st.builds(KillBulkWorker),
    )
    return st.lists(one, min_size=least, max_size=most)
