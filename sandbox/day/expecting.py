"""What Claire must have at the day's end, made of Vinacles' rows and of what people know (`stories.Books`),
never of what the product answered or stored."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sandbox.day.group import Branch
from sandbox.day.stories import Books
from sandbox.day.tenant import Record
from schemas.dealer import Dealer
from schemas.reading import Accepted, read_workorder
from schemas.reading import Branch as Where
from schemas.vinacles import RawWorkorder
from schemas.workorder import Workorder


@dataclass(frozen=True, slots=True)
class Expected:
    """What Claire must have of one branch, by DMS number, and what must stand in its quarantine. `now` is
    what Vinacles has at the day's end of those that are held."""

    rows: Mapping[int, RawWorkorder]
    workorders: Mapping[int, Workorder]
    rejected: frozenset[int]
    deleted: frozenset[int]
    now: Mapping[int, Workorder]


@dataclass(frozen=True, slots=True)
class Refreshed:
    """When the day's first refresh and its last one began. Midnight may lie between them."""

    first: datetime
    last: datetime

    def today(self, dealer: Dealer) -> date:
        """At the last one."""
        return self.last.astimezone(ZoneInfo(dealer.time_zone)).date()

    def saw(self, dealer: Dealer, appointment: date) -> bool:
        """Whether it lay in the window of any of them."""
        first = self.first.astimezone(ZoneInfo(dealer.time_zone)).date()
        earliest, latest = timedelta(dealer.days_back), timedelta(dealer.days_ahead)
        return first - earliest <= appointment <= self.today(dealer) + latest


def expected_of(
    branch: Branch, records: Mapping[int, Record], books: Books, refreshed: Refreshed
) -> Expected:
    """By the rules that people know: what was typed is imported, what lies in the window too where the dealer
    imports new workorders in bulk; once work has started it stays as it was then, unless the dealer wants
    otherwise; what was deleted in Vinacles stays as it was."""
    dealer = branch.dealer
    where = Where(dealer.time_zone, dealer.phone_region, refreshed.today(dealer))
    typed = [text for dealer_id, text in books.typed if dealer_id == dealer.dealer_id]
    rows: dict[int, RawWorkorder] = {}
    now: dict[int, Workorder] = {}
    for number, record in records.items():
        if dealer.affiliates and record.header["AffiliateId"] not in dealer.affiliates:
            continue
        if not (dealer.import_new_in_bulk and _in_window(dealer, record, refreshed)) and not _typed(
            record, typed
        ):
            continue
        rows[number] = record.frozen()
        as_it_was = books.started.get((dealer.dealer_id, number))
        if as_it_was is not None and not dealer.keep_importing_after_start:
            if (current := _read(rows[number], where)) != _read(as_it_was, where) and current is not None:
                now[number] = current
            rows[number] = as_it_was
    deleted = {
        number: raw for (dealer_id, number), raw in books.deleted.items() if dealer_id == dealer.dealer_id
    }
    rows |= deleted
    read = {number: _read(raw, where) for number, raw in rows.items()}
    accepted = {number: workorder for number, workorder in read.items() if workorder is not None}
    rejected = frozenset(number for number, workorder in read.items() if workorder is None)
    return Expected(
        {number: rows[number] for number in accepted}, accepted, rejected, frozenset(deleted), now
    )


def _typed(record: Record, typed: Iterable[str]) -> bool:
    plate = _bare(record.plate or "")
    return any(
        text.strip().casefold() == record.wo_number.casefold() or (plate and _bare(text) == plate)
        for text in typed
    )


def _bare(text: str) -> str:
    return "".join(sign for sign in text.upper() if sign.isalnum())


def _in_window(dealer: Dealer, record: Record, refreshed: Refreshed) -> bool:
    written = record.header["AppointmentDate"]
    if not isinstance(written, str):
        return False
    return refreshed.saw(dealer, date.fromisoformat(written[:10]))


def _read(raw: RawWorkorder, where: Where) -> Workorder | None:
    """None where it is rejected."""
    found = read_workorder(raw, where)
    return found.workorder if isinstance(found, Accepted) else None
