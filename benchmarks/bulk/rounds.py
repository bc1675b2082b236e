"""One round: every way does the same work, one after the other, before any does the next."""

import statistics
from collections.abc import Callable
from dataclasses import dataclass, field

from rich.console import Console

from benchmarks.bulk.databases import floor, parsed, settle
from benchmarks.bulk.ours import Ours, Refreshed
from benchmarks.bulk.tenant import FIRST_NUMBER, Tenant
from benchmarks.bulk.with_dlt import WithDlt
from benchmarks.bulk.with_orm import WithOrm
from sandbox.stack import Stack

FIRST, ALL, SOME, SOME_MODIFIED, NONE, NONE_MODIFIED = (
    "first load",
    "all changed",
    "2 % changed, everything read",
    "2 % changed, by ModifiedOn",
    "nothing changed, everything read",
    "nothing changed, by ModifiedOn",
)
CASES = (FIRST, ALL, SOME, SOME_MODIFIED, NONE, NONE_MODIFIED)
OURS, DLT, ORM, FLOOR = "ours", "dlt", "one task per workorder, ORM", "COPY + INSERT…SELECT"
WAYS = (OURS, DLT, ORM, FLOOR)


@dataclass(frozen=True)
class Result:
    """`workorders` is how many the way was responsible for, whether it had to read them or not."""

    case: str
    way: str
    seconds: float
    workorders: int
    requests: int | None = None
    counts: dict[str, int] | None = None


@dataclass
class Contest:
    stack: Stack
    ours: Ours
    dlt: WithDlt
    orm: WithOrm
    floor_url: str
    tenant: Tenant
    one_by_one: int
    results: list[Result] = field(default_factory=list)

    def round(self, console: Console) -> None:
        before = len(self.results)
        self.ours.forget()
        self.dlt.forget()
        self._first()
        self.tenant.change_all()
        self._both(ALL, None)
        self.tenant.change_some(2)
        self._both(SOME, None)
        self.tenant.age()
        since = self.tenant.change_some(2)
        self._both(SOME_MODIFIED, since)
        self.tenant.age()
        self._both(NONE, None)
        self._both(NONE_MODIFIED, since)
        for result in self.results[before:]:
            console.log(f"{result.case}, {result.way}: {result.seconds:.2f} s {result.counts or ''}")

    def _first(self) -> None:
        self._both(FIRST, None)
        taken = parsed(self.stack.database_url)
        stored = taken["workorders"][1].count("\n")
        self._add(FIRST, FLOOR, lambda: floor(self.floor_url, taken), stored)
        numbers = list(range(FIRST_NUMBER, FIRST_NUMBER + self.one_by_one))
        self._add(FIRST, ORM, lambda: self.orm.first_load(numbers), self.one_by_one)

    def _both(self, case: str, since: str | None) -> None:
        settle(self.stack.postgres)
        refreshed = self.ours.refresh(by_modified_on=since is not None)
        self._check(case, refreshed)
        self.results.append(
            Result(
                case,
                OURS,
                refreshed.seconds,
                self.tenant.workorders,
                refreshed.requests,
                refreshed.counts,
            )
        )
        self._add(case, DLT, lambda: self.dlt.run(since), self.tenant.workorders)
        if self.dlt.count() != self.tenant.rows():
            raise RuntimeError(f"dlt has {self.dlt.count()} rows of {self.tenant.rows()}")

    def _add(self, case: str, way: str, run: Callable[[], float], workorders: int) -> None:
        settle(self.stack.postgres)
        self.results.append(Result(case, way, run(), workorders))

    def _check(self, case: str, refreshed: Refreshed) -> None:
        """Whether what was measured is what the case says."""
        everything = case not in (SOME_MODIFIED, NONE_MODIFIED)
        changed = refreshed.counts.get("updated", 0)
        some = self.tenant.workorders // 50
        expected = {FIRST: 0, NONE: 0, NONE_MODIFIED: 0}.get(case)
        right = changed == expected if expected is not None else changed > some * 0.8
        if everything and refreshed.seen != self.tenant.workorders:
            right = False
        if case in (SOME, SOME_MODIFIED) and changed > some * 1.1:
            right = False
        if not right or (case != FIRST and refreshed.counts.get("created")):
            raise RuntimeError(f"{case}: {refreshed}")


def summarized(results: list[Result]) -> list[dict[str, object]]:
    """Medians per case and way; ratios are medians of the ratios within a round."""
    rows: list[dict[str, object]] = []
    for case in CASES:
        ours = [result for result in results if (result.case, result.way) == (case, OURS)]
        for way in WAYS:
            mine = [result for result in results if (result.case, result.way) == (case, way)]
            if not mine:
                continue
            rates = [result.workorders / result.seconds for result in mine]
            ratios = [one.workorders / one.seconds / rate for one, rate in zip(ours, rates, strict=True)]
            rows.append(
                {
                    "case": case,
                    "way": way,
                    "workorders": mine[0].workorders,
                    "seconds": statistics.median(result.seconds for result in mine),
                    "rate": statistics.median(rates),
                    "rate_lowest": min(rates),
                    "rate_highest": max(rates),
                    "ours_times_faster": statistics.median(ratios),
                    "requests_per_1000": None
                    if mine[0].requests is None
                    else statistics.median(1000 * (r.requests or 0) / r.workorders for r in mine),
                }
            )
    return rows
