"""What writing pages of 500 workorders costs: `python -m benchmarks.writing`.

Every way writes the same 10,000 workorders (3 interventions, 5 parts, 3 contacts each), already read, to the
same PostgreSQL with `fsync` on, into the real tables with their indexes and foreign keys, and commits every
page. The ways take turns; figures are medians of the rounds. The others get what ours stored, as texts or
tuples that are made before the clock starts; ours starts from values, and writes attempts and history too.

With `--stored 10000,100000,1000000` it also shows what a page costs among so many of
1,000 dealers.
"""

import argparse
import json
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path

from rich.console import Console
from sqlalchemy import text

from benchmarks import filling, page_writers
from benchmarks.bulk.databases import DEALER_ID, create, empty, settle
from benchmarks.found import Grid, ratio_of_rounds
from benchmarks.invented import invented
from benchmarks.report import table
from sandbox.services import Postgres, temporary_folder
from schemas.dealer import Connection, Dealer, Secret
from schemas.reading import Accepted
from worker import assessment
from worker.assessment import Reading
from worker.store.known import digests_of
from worker.store.pages import Lineage, LockedPage, PageItem
from worker.store.session import Database
from worker.store.tables import Trigger
from worker.store.workorders import store_page

PAGE = 500
CREATED, CHANGED, UNCHANGED = "created", "all changed", "unchanged, recognized by digest"
OURS = "ours"
_NOW = datetime(2026, 6, 4, 8, tzinfo=UTC)
Pages = Sequence[Sequence[Reading]]
Measured = dict[str, dict[str, list[float]]]


def read_pages(count: int, dealer: Dealer) -> list[list[Reading]]:
    readings = [assessment.read(raw, dealer, _NOW) for raw in invented(count)]
    return [readings[start : start + PAGE] for start in range(0, count, PAGE)]


def changed(pages: Pages) -> list[list[Reading]]:
    """Another mileage, and another price of each intervention's labor."""
    return [[_changed(reading) for reading in page] for page in pages]


def _changed(reading: Reading) -> Reading:
    if not isinstance(reading.outcome, Accepted):
        raise TypeError("The benchmark's own workorders are all readable.")
    workorder = reading.outcome.workorder
    jobs = tuple(
        replace(job, labor_price=job.labor_price + 1, total_price=job.total_price + Decimal(1))
        for job in workorder.interventions
    )
    other = replace(workorder, mileage_km=(workorder.mileage_km or 0) + 1, interventions=jobs)
    return Reading(replace(reading.outcome, workorder=other), bytes(b ^ 1 for b in reading.digest))


@dataclass
class Writer:
    """Our own write path, as a bulk refresh uses it."""

    database: Database
    dealer: Dealer
    at: datetime = field(default_factory=lambda: datetime.now(UTC))

    def write(self, page: Sequence[Reading]) -> None:
        self.at += timedelta(seconds=1)
        digests = {n: reading.digest for reading in page if (n := reading.dms_number) is not None}

        def decide(locked: LockedPage) -> Sequence[PageItem]:
            return [assessment.decided(reading, self.at, locked) for reading in page]

        lineage = Lineage(Trigger.BULK, self.at, 3, "benchmark")
        store_page(
            self.database, self.dealer.dealer_id, digests, decide, lineage, record_unchanged=len(page) == 1
        )

    def recognize(self, page: Sequence[Reading]) -> None:
        digests = {n: reading.digest for reading in page if (n := reading.dms_number) is not None}
        with self.database.transaction() as connection:
            if digests_of(connection, self.dealer.dealer_id, list(digests)) != digests:
                raise RuntimeError("Not everything is unchanged.")

    def expect(self, table: str, rows: int) -> None:
        with self.database.transaction() as connection:
            found = connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one()  # noqa: S608  a name of our own
        if found != rows:
            raise RuntimeError(f"{table} has {found} rows instead of {rows}")


def seconds(write: Callable[[Sequence[Reading]], None], pages: Pages) -> list[float]:
    """Seconds of each page."""
    taken = []
    for page in pages:
        began = time.perf_counter()
        write(page)
        taken.append(time.perf_counter() - began)
    return taken


def contest(postgres: Postgres, url: str, writer: Writer, pages: Pages, rounds: int) -> Measured:
    """Seconds of all pages, per case, way and round."""
    workorders = sum(map(len, pages))
    measured: Measured = {CREATED: {}, CHANGED: {}, UNCHANGED: {}}

    def add(case: str, way: str, run: Callable[[], float]) -> None:
        settle(postgres)
        measured[case].setdefault(way, []).append(run())

    for _ in range(rounds):
        empty(url)
        add(CREATED, OURS, lambda: sum(seconds(writer.write, pages)))
        writer.expect("workorders", workorders)
        add(UNCHANGED, OURS, lambda: sum(seconds(writer.recognize, pages)))
        taken = page_writers.taken(url, DEALER_ID, [[r.dms_number or 0 for r in page] for page in pages])
        add(CHANGED, OURS, lambda: sum(seconds(writer.write, changed(pages))))
        writer.expect("import_attempts WHERE outcome = 'updated'", workorders)
        for name, way in page_writers.WAYS.items():
            empty(url)
            add(CREATED, name, partial(page_writers.timed, url, taken, way))
            writer.expect("workorders", workorders)
    return measured


def growth(
    postgres: Postgres,
    url: str,
    writer: Writer,
    levels: Sequence[int],
    more: Callable[[], dict[str, float]] = dict,
) -> dict[int, dict[str, float]]:
    """Median milliseconds of a page, and of one workorder alone, with so many workorders stored; and what
    `more` finds there."""
    empty(url)
    found: dict[int, dict[str, float]] = {}
    pages, singles = 12, 100
    # The first pages of a process take longer, whatever is stored.
    warm_up = read_pages(2 * PAGE, writer.dealer)
    seconds(writer.write, [*warm_up, *changed(warm_up)])
    stored, done = 0, len(warm_up)
    for level in levels:
        filling.fill(url, stored, level)
        stored = level
        settle(postgres)
        fresh = read_pages((done + pages) * PAGE + singles, writer.dealer)[done:]
        done += pages + 1
        whole, alone = fresh[:pages], [[reading] for reading in fresh[pages]]
        found[level] = {
            "page created": statistics.median(seconds(writer.write, whole)) * 1000,
            "page all changed": statistics.median(seconds(writer.write, changed(whole))) * 1000,
            "page recognized": statistics.median(seconds(writer.recognize, changed(whole))) * 1000,
            "one created": statistics.median(seconds(writer.write, alone)) * 1000,
            "one updated": statistics.median(seconds(writer.write, changed(alone))) * 1000,
            **more(),
        }
    return found


@contextmanager
def server() -> Iterator[tuple[Postgres, str, Writer]]:
    with temporary_folder() as folder:
        postgres = Postgres(folder, durable=True)
        postgres.start()
        url = create(postgres, "writing", tables=True)
        database = Database(url, "benchmark")
        try:
            yield postgres, url, Writer(database, _dealer())
        finally:
            database.close()
            postgres.stop()


def _dealer() -> Dealer:
    nowhere = Connection(base_url="", token_url="", audience="", client_id="", client_secret=Secret(""))
    return Dealer(DEALER_ID, "Garage Meetweg", nowhere)


def contest_grid(measured: Measured, workorders: int) -> Grid:
    rows = []
    for case, ways in measured.items():
        for way, taken in ways.items():
            rates = [workorders / one for one in taken]
            ratio = ratio_of_rounds(taken, ways[OURS])
            rows.append(
                [
                    case,
                    way,
                    f"{statistics.median(rates):,.0f}",
                    f"{min(rates):,.0f}–{max(rates):,.0f}",
                    "" if way == OURS else f"{ratio:.2f}",
                ]
            )
    names = ("case", "way", "workorders/s", "lowest–highest", "ours is … times as fast")
    return Grid(f"Writing {workorders:,} workorders in pages of {PAGE}", names, rows, texts=2)


def growth_grid(found: dict[int, dict[str, float]]) -> Grid:
    """One row per figure, one column per level."""
    levels = list(found)
    first, last = found[levels[0]], found[levels[-1]]
    rows = [
        [name, *(f"{found[level][name]:.1f}" for level in levels), f"{last[name] / first[name]:.2f}"]
        for name in first
    ]
    columns = ("median milliseconds", *(f"{level:,} stored" for level in levels), "last / first")
    return Grid("", columns, rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--workorders", type=int, default=10_000)
    parser.add_argument("--stored", help="how many are stored, such as 10000,100000,1000000")
    parser.add_argument("--json", type=Path, help="keep the figures in this file")
    options = parser.parse_args()
    console = Console()
    found: dict[int, dict[str, float]] = {}
    with server() as (postgres, url, writer):
        pages = read_pages(options.workorders, writer.dealer)
        measured = contest(postgres, url, writer, pages, options.rounds)
        console.print(table(contest_grid(measured, options.workorders)))
        if options.stored:
            found = growth(postgres, url, writer, [int(level) for level in options.stored.split(",")])
            console.print(table(growth_grid(found)))
    if options.json:
        options.json.write_text(json.dumps({"seconds": measured, "growth": found}, indent=2))


if __name__ == "__main__":
    main()
