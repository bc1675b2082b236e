"""Plays the day, compares, writes the report."""

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sandbox.day.bookkeeping import account
from sandbox.day.clock import PlayedClock
from sandbox.day.comparison import Compared, compare_branches
from sandbox.day.expecting import Refreshed
from sandbox.day.group import Group
from sandbox.day.player import Player, Story
from sandbox.day.program import Event, Kind, Program, events
from sandbox.day.records import Journal, Trouble
from sandbox.day.report import report
from sandbox.day.runs import bulk_runs
from sandbox.day.stories import Books, People
from sandbox.day.told import Told
from sandbox.day.troubles import Happenings
from sandbox.processes import wait_until
from sandbox.services import temporary_folder
from sandbox.stack import Stack

_EVENING_SECONDS = 60.0

Say = Callable[[str], None]


@dataclass(frozen=True)
class Day:
    """A day that has been played, its house still up."""

    program: Program
    seed: int
    group: Group
    clock: PlayedClock
    journal: Journal
    books: Books
    began: datetime
    evening: datetime
    seconds: float

    def compare(self) -> Compared:
        """By what is in Vinacles and in PostgreSQL at this moment."""
        found = compare_branches(self.group, self.books, Refreshed(self.began, self.evening))
        return Compared(found.checks + account(self.group, self.journal), found.held)

    def finish(self, path: Path) -> Compared:
        """Compare, and write the report."""
        compared = self.compare()
        told = Told(
            program=self.program,
            seed=self.seed,
            began=self.began,
            seconds=self.seconds,
            branches={b.dealer_id: b.dealer.name for b in self.group.branches.values()},
            journal=self.journal,
            runs=bulk_runs(self.group, self.clock),
            compared=compared,
        )
        path.write_text(report(told), "utf-8")
        return compared


@contextmanager
def played(program: Program, seed: int, say: Say = lambda _: None) -> Iterator[Day]:
    """The day from the first customer to the evening's full refresh; the house is up until the block ends."""
    with temporary_folder() as folder, Stack(folder, workorders=program.workorders, seed=seed) as stack:
        say("Starting PostgreSQL, Redis, two simulators of Vinacles and the workers …")
        with Group(stack, program.workorders) as group:
            chance, began, started = random.Random(seed), datetime.now(UTC), time.monotonic()
            clock, journal = PlayedClock(program.minutes_per_second), Journal()
            player = Player(clock, group.backend, group.answers, journal)
            people, happenings = People(player, chance), Happenings(group, player)
            for event in events(program, chance):
                player.begin(event.minute, _story(event, group, people, happenings))
            player.begin(0, happenings.bell(program.minutes))
            say(f"Playing {program.minutes} minutes at {program.minutes_per_second:g} per second …")
            player.play()
            # A last customer at each branch: what was troubled last has an answer after it, too.
            for branch in group.branches.values():
                player.begin(0, people.visit(branch))
            player.play()
            say("The doors close; every branch is refreshed in full …")
            evening = _evening(group, happenings)
            _recoveries(journal, clock)
            seconds = time.monotonic() - started
            yield Day(program, seed, group, clock, journal, people.books, began, evening, seconds)


def _story(event: Event, group: Group, people: People, happenings: Happenings) -> Story:
    branch = group.branches[event.dealer_id]
    stories = {
        Kind.VISIT: people.visit,
        Kind.BOOKING: people.booking,
        Kind.WORK_STARTS: people.work_starts,
        Kind.VINACLES_CHANGES: people.vinacles_changes,
        Kind.SWAPPED_DATE: people.swapped_date,
        Kind.NO_LABOR: people.no_labor,
        Kind.DELETED: people.deleted,
    }
    of_people = stories.get(event.kind)
    return happenings.story(event) if of_people is None else of_people(branch)


def _evening(group: Group, happenings: Happenings) -> datetime:
    """One refresh of everything: only such a run notices what vanished from Vinacles. Returns when it was
    due."""
    _until_none_is_open(group, happenings)
    due = datetime.now(UTC)
    group.run("UPDATE dealers SET modified_on_works = false, next_refresh_at = now()")
    _until_none_is_open(group, happenings)
    return due


def _until_none_is_open(group: Group, happenings: Happenings) -> None:
    def done() -> bool:
        happenings.ring()
        [row] = group.rows(
            "SELECT (SELECT count(*) FROM refresh_runs WHERE state IN ('waiting', 'running'))"
            " + (SELECT count(*) FROM dealers WHERE next_refresh_at <= now()) AS left"
        )
        return bool(row["left"] == 0)

    wait_until(done, _EVENING_SECONDS, "the end of the runs", every=0.5)


def _recoveries(journal: Journal, clock: PlayedClock) -> None:
    for trouble in journal.troubles:
        trouble.recovered_seconds = _recovered(trouble, journal, clock)


def _recovered(trouble: Trouble, journal: Journal, clock: PlayedClock) -> float | None:
    """Real seconds from the trouble's end until all its branches had a good answer again."""
    firsts = []
    for dealer_id in trouble.dealers:
        moments = [
            clock.seconds(answer.minute - trouble.ended) + answer.seconds
            for answer in journal.answers
            if answer.dealer_id == dealer_id and not answer.failed and answer.asks_vinacles
        ]
        firsts.append(min((moment for moment in moments if moment >= 0), default=None))
    known = [moment for moment in firsts if moment is not None]
    return max(known) if len(known) == len(firsts) else None
