"""What people do over the day: receptionists at the counter, the workshop, and whoever works in Vinacles."""

import random
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal

from sandbox.day.group import Branch
from sandbox.day.player import Ask, Pause, Player, Story
from sandbox.day.records import PASSING, Answer, Scene
from sandbox.day.tenant import Record
from sandbox.simulator import known
from schemas.vinacles import RawWorkorder
from schemas.workorder import workorder_id

#: More than the two seconds in which equal questions share an answer, at any speed of the day's clock.
_SHARED_SECONDS = 2.5
_ASKED_AGAIN_AFTER_MINUTES = 20.0
#: Whose stories are told, so nobody else asks for them.
_TOLD_OF = (known.SWAPPED_DATE_ID, known.WITHOUT_LABOR_ID, known.BELGIAN_ID)
#: What became of a workorder that can be used now, by the answer to the next search.
_OUT_OF_QUARANTINE = {
    "created": "was imported by the next search and has left quarantine.",
    "unchanged": "was imported by a bulk refresh before anyone searched, and has left quarantine.",
}

Steps = Generator[Pause | Sequence[Ask], list[Answer], Answer]


@dataclass
class Books:
    """What Claire must have at the day's end, as far as people know: what they typed, by dealer; rows as they
    were when work started, by dealer and DMS number; and what was imported and then deleted in Vinacles."""

    typed: set[tuple[int, str]] = field(default_factory=set)
    started: dict[tuple[int, int], RawWorkorder] = field(default_factory=dict)
    deleted: dict[tuple[int, int], RawWorkorder] = field(default_factory=dict)


class People:
    """Makes stories; all chance comes from `chance`."""

    def __init__(self, player: Player, chance: random.Random) -> None:
        self.books = Books()
        self._player = player
        self._chance = chance

    # At the counter

    def visit(self, branch: Branch) -> Story:
        """A customer comes in; the workorder is looked up, perhaps with a typing mistake first."""
        record = self._chance.choice([r for r in branch.records if r.number not in _TOLD_OF])
        typed = self._spelled(record)
        if self._chance.random() < 0.08:
            yield from self._until_answered(self._search(branch, _mistyped(typed, self._chance)))
            yield Pause(1)
        answer = yield from self._until_answered(self._search(branch, typed))
        outcomes = {found["dms_number"]: found["outcome"] for found in answer.workorders}
        if outcomes.get(record.number) not in ("created", "updated", "unchanged"):
            return
        if self._chance.random() < 0.35:
            yield Pause(self._chance.uniform(8, 25))
            yield [_refresh(branch, record)] * self._chance.choice((1, 1, 2, 4))

    def booking(self, branch: Branch) -> Story:
        """A new workorder is made in Vinacles, and looked up in Claire some minutes later."""
        record = branch.tenant.book(like=self._chance.choice(self._plain(branch)))
        self._player.journal.dms_changes += 1
        yield Pause(self._chance.uniform(2, 6))
        yield from self._until_answered(self._search(branch, record.wo_number))

    # In the workshop

    def work_starts(self, branch: Branch) -> Story:
        """Work begins on a workorder, prices change in Vinacles after that, and somebody presses refresh."""
        record = self._chance.choice(self._plain(branch))
        branch.tenant.left_alone.add(record.number)
        yield from self._until_answered(self._search(branch, record.wo_number))
        yield self._a_little_later()
        yield from self._until_answered(_refresh(branch, record))
        as_it_was = record.frozen()
        started_at = datetime.now(UTC).isoformat()
        arguments = {"workorder_id": _id(branch, record), "started_at": started_at}
        yield from self._until_answered(Ask(branch.dealer_id, "workorders.mark_started", arguments))
        self.books.started[branch.dealer_id, record.number] = as_it_was
        if self._chance.random() < 0.8:
            yield Pause(self._chance.uniform(5, 25))
            branch.tenant.reprice(record, _price(self._chance))
            if self._chance.random() < 0.4:
                branch.tenant.add_line(record, "Part", "Luchtfilter", _price(self._chance))
            self._player.journal.dms_changes += 1
            yield self._a_little_later()
            yield [_refresh(branch, record)]

    # In Vinacles

    def vinacles_changes(self, branch: Branch) -> Story:
        """Somebody corrects a workorder that is in nobody's hands."""
        record = self._chance.choice(self._plain(branch))
        match self._chance.randrange(4):
            case 0:
                branch.tenant.patch(record, Mileage=self._chance.randint(10_000, 180_000))
            case 1:
                branch.tenant.reprice(record, _price(self._chance))
            case 2:
                branch.tenant.add_line(record, "Part", "Ruitenwisser", _price(self._chance))
            case _:
                branch.tenant.telephone(record, f"06-{self._chance.randint(10_000_000, 59_999_999)}")
        self._player.journal.dms_changes += 1
        yield Pause(0)

    # Worth telling

    def swapped_date(self, branch: Branch) -> Story:
        """10 June typed for 6 October: nobody finds it on the planning board, `why` tells."""
        record = branch.tenant.records[known.SWAPPED_DATE_ID]
        branch.tenant.left_alone.add(record.number)
        yield from self._until_answered(self._search(branch, record.wo_number))
        yield Pause(3)
        asked = Ask(branch.dealer_id, "workorders.why", {"search": record.wo_number})
        answer = yield from self._until_answered(asked)
        finding = answer.result["findings"][0]
        self._tell(
            answer,
            branch,
            "A date that was swapped",
            f"{finding['en']} {finding['next_en']}",
            "possible_swap",
        )
        yield Pause(10)
        branch.tenant.patch(record, AppointmentDate=finding["swapped"])
        self._player.journal.dms_changes += 1
        yield self._a_little_later()
        answer = yield from self._until_answered(_refresh(branch, record))
        changed = ", ".join(answer.workorders[0]["changed"])
        self._tell(
            answer,
            branch,
            "The date is put right",
            f"Corrected in Vinacles, refresh says {answer.code}: {changed}.",
            "updated",
            "unchanged",  # a bulk run or another receptionist was there before
        )

    def no_labor(self, branch: Branch) -> Story:
        """A workorder that cannot be used, until a labor line is added."""
        record = branch.tenant.records[known.WITHOUT_LABOR_ID]
        branch.tenant.left_alone.add(record.number)
        answer = yield from self._until_answered(self._search(branch, record.wo_number))
        reason = answer.workorders[0]["reason"]
        self._tell(
            answer,
            branch,
            "A workorder without labor",
            f"{record.wo_number} is {answer.code} ({reason}) and waits in quarantine.",
            "rejected",
        )
        yield Pause(15)
        branch.tenant.add_line(record, "Labor", "Ruitenwissers vervangen", Decimal("24.5000"))
        self._player.journal.dms_changes += 1
        yield self._a_little_later()
        answer = yield from self._until_answered(self._search(branch, record.wo_number))
        told = f"{record.wo_number} {_OUT_OF_QUARANTINE.get(answer.code, f'is {answer.code}.')}"
        self._tell(answer, branch, "Labor is added in Vinacles", told, *_OUT_OF_QUARANTINE)

    def deleted(self, branch: Branch) -> Story:
        """A workorder that Claire has is deleted in Vinacles; Claire keeps it and marks it."""
        record = branch.tenant.records[known.BELGIAN_ID]
        branch.tenant.left_alone.add(record.number)
        yield from self._until_answered(self._search(branch, record.wo_number))
        yield self._a_little_later()
        yield from self._until_answered(_refresh(branch, record))
        self.books.deleted[branch.dealer_id, record.number] = record.frozen()
        branch.tenant.delete(record)
        yield self._a_little_later()
        answer = yield from self._until_answered(_refresh(branch, record))
        self._tell(
            answer,
            branch,
            "Deleted in Vinacles",
            f"{record.wo_number} is {answer.code}; Claire keeps what it has.",
            "not_found",
        )

    # Habits

    def _until_answered(self, ask: Ask) -> Steps:
        """Ask, and ask again a while later when the answer is that it does not work just now."""
        while True:
            [answer] = yield [ask]
            if answer.code not in PASSING:
                return answer
            yield Pause(_ASKED_AGAIN_AFTER_MINUTES)

    def _a_little_later(self) -> Pause:
        return Pause(_SHARED_SECONDS * self._player.clock.minutes_per_second)

    def _search(self, branch: Branch, typed: str) -> Ask:
        self.books.typed.add((branch.dealer_id, typed))
        return Ask(branch.dealer_id, "workorders.import", {"search": typed})

    def _spelled(self, record: Record) -> str:
        plate = record.plate
        if plate is None or self._chance.random() < 0.5:
            return self._chance.choice((record.wo_number, record.wo_number.lower(), f" {record.wo_number}"))
        return self._chance.choice((plate, plate.lower(), plate.replace("-", ""), plate.upper()))

    def _plain(self, branch: Branch) -> list[Record]:
        """Workorders that read well and that no story has in its hands."""
        return [r for r in branch.records if r.number not in branch.tenant.left_alone and _usual(r)]

    def _tell(self, answer: Answer, branch: Branch, title: str, told: str, *wanted: str) -> None:
        scene = Scene(answer.minute, branch.dealer_id, title, told, answer.code in wanted)
        self._player.journal.scenes.append(scene)


def _usual(record: Record) -> bool:
    """With an appointment around today, a labor line, a line whose price is a number, and a contact."""
    return (
        isinstance(record.header["AppointmentDate"], str)
        and record.number < known.COMPLETE_ID
        and any(
            str(line["LineType"]).strip().lower() in ("labor", "labour", "arbeid") for line in record.lines
        )
        and any(isinstance(line["Price"], Decimal) for line in record.lines)
        and bool(record.contacts)
    )


def _refresh(branch: Branch, record: Record) -> Ask:
    return Ask(branch.dealer_id, "workorders.refresh", {"workorder_id": _id(branch, record)})


def _id(branch: Branch, record: Record) -> str:
    return str(workorder_id(branch.dealer_id, record.number))


def _price(chance: random.Random) -> Decimal:
    return Decimal(chance.randint(1_000, 45_000)) / 100


def _mistyped(text: str, chance: random.Random) -> str:
    """Two neighbors change places."""
    place = chance.randrange(len(text) - 1) if len(text) > 1 else 0
    return text[:place] + text[place + 1 : place + 2] + text[place : place + 1] + text[place + 2 :]
