"""The day's end: does PostgreSQL have what Vinacles has, but for what the policy holds?

Vinacles' rows are read over plain HTTP. Counts and sums are made of the raw rows; field by field the
product's reading of rows, `schemas.reading`, says what a row means.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from sandbox.day.expecting import Expected, Refreshed, expected_of
from sandbox.day.group import Branch, Group
from sandbox.day.stories import Books
from sandbox.day.tenant import everything
from schemas.decision import Fetched, Stored
from schemas.vinacles import RawWorkorder
from schemas.workorder import Workorder, workorder_id
from worker import policy
from worker.store.workorders import card

_MOST_NAMED = 8
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the comparison. `where` is a branch, or the whole house."""

    where: str
    what: str
    expected: str
    found: str
    good: bool
    differing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Held:
    """What the policy keeps: names of fields that differ in Vinacles."""

    branch: str
    wo_number: str
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Compared:
    checks: tuple[Check, ...]
    held: tuple[Held, ...]

    @property
    def good(self) -> bool:
        return all(check.good for check in self.checks)


def compare_branches(group: Group, books: Books, refreshed: Refreshed) -> Compared:
    """Every branch, by Vinacles' rows as they are at this moment."""
    checks: list[Check] = []
    held: list[Held] = []
    tenants = {
        simulator.base_url: everything(simulator)
        for simulator in {b.tenant.simulator for b in group.branches.values()}
    }
    for branch in group.branches.values():
        records = tenants[branch.tenant.simulator.base_url]
        expected = expected_of(branch, records, books, refreshed)
        stored = _stored(group, branch)
        checks += _checks(group, branch, expected, stored)
        held += [_held(branch, expected, number) for number in expected.now]
    return Compared(tuple(checks), tuple(held))


def _stored(group: Group, branch: Branch) -> dict[int, Workorder | None]:
    """None for a row that the product does not find by the id that its number has."""
    rows = group.rows("SELECT dms_number FROM workorders WHERE dealer_id = :id", id=branch.dealer_id)
    found: dict[int, Workorder | None] = {}
    with group.parts.database.transaction() as connection:
        for number in (int(row["dms_number"]) for row in rows):
            stored = card(connection, branch.dealer_id, workorder_id(branch.dealer_id, number))
            found[number] = None if stored is None else stored.workorder
    return found


def _checks(
    group: Group, branch: Branch, expected: Expected, stored: Mapping[int, Workorder | None]
) -> list[Check]:
    name, wanted = branch.dealer.name, expected.workorders
    apart = wanted.keys() ^ stored.keys()
    unequal = [number for number in wanted.keys() & stored.keys() if wanted[number] != stored[number]]
    quarantine = _numbers(
        group, branch, "SELECT dms_number FROM quarantine WHERE dealer_id = :id AND reason IS NOT NULL"
    )
    missing = _numbers(
        group,
        branch,
        "SELECT dms_number FROM workorders WHERE dealer_id = :id AND missing_in_dms_since IS NOT NULL",
    )
    held = _numbers(
        group,
        branch,
        "SELECT DISTINCT dms_number FROM import_attempts WHERE dealer_id = :id AND outcome = 'held'",
    )
    return [
        Check(name, "Workorders", str(len(wanted)), str(len(stored)), not apart, _named(apart)),
        Check(
            name,
            "Workorders equal in every field",
            str(len(wanted)),
            str(len(wanted.keys() & stored.keys()) - len(unequal)),
            not unequal and not apart,
            _named(unequal),
        ),
        *_sums(group, branch, expected.rows.values()),
        _same(name, "In quarantine", expected.rejected, quarantine),
        _same(name, "Marked as deleted in Vinacles", expected.deleted, missing),
        _same(name, "Held, and recorded as held", expected.now, held),
    ]


def _sums(group: Group, branch: Branch, rows: Iterable[RawWorkorder]) -> list[Check]:
    """Counted from the raw rows, without the product's reading."""
    raws = list(rows)
    lines = [line for raw in raws for line in raw.lines]
    jobs = {(line["WorkorderId"], line["JobNumber"]) for line in lines}
    parts = [line for line in lines if str(line["LineType"]).strip().lower() == "part"]
    euros = sum((Decimal(str(line["Price"] or 0)) for line in lines), Decimal(0)).quantize(Decimal("0.01"))
    [found] = group.rows(
        "WITH w AS (SELECT id FROM workorders WHERE dealer_id = :id) SELECT"
        " (SELECT count(*) FROM interventions JOIN w ON workorder_id = w.id WHERE removed_at IS NULL)"
        "  AS jobs,"
        " (SELECT count(*) FROM parts JOIN w ON workorder_id = w.id WHERE removed_at IS NULL) AS parts,"
        " (SELECT count(*) FROM contacts JOIN w ON workorder_id = w.id WHERE removed_at IS NULL) AS contacts,"
        " (SELECT coalesce(sum(total_price), 0) FROM interventions JOIN w ON workorder_id = w.id"
        "  WHERE removed_at IS NULL) AS euros",
        id=branch.dealer_id,
    )
    contacts = sum(len(raw.contacts) for raw in raws)
    counts = (
        ("Interventions", len(jobs), "jobs"),
        ("Parts", len(parts), "parts"),
        ("Contacts", contacts, "contacts"),
    )
    name = branch.dealer.name
    checks = [equal(name, what, number, found[key]) for what, number, key in counts]
    return [
        *checks,
        Check(name, "Sum of all prices", f"€ {euros:,}", f"€ {found['euros']:,}", euros == found["euros"]),
    ]


def equal(where: str, what: str, expected: int, found: int) -> Check:
    return Check(where, what, f"{expected:,}", f"{found:,}", expected == found)


def _same(where: str, what: str, expected: Iterable[int], found: Iterable[int]) -> Check:
    wanted, there = set(expected), set(found)
    return Check(where, what, str(len(wanted)), str(len(there)), wanted == there, _named(wanted ^ there))


def _numbers(group: Group, branch: Branch, statement: str) -> list[int]:
    return [int(row["dms_number"]) for row in group.rows(statement, id=branch.dealer_id)]


def _named(numbers: Iterable[int]) -> tuple[str, ...]:
    ordered = sorted(numbers)
    more = (f"and {len(ordered) - _MOST_NAMED} more",) if len(ordered) > _MOST_NAMED else ()
    return tuple(f"DMS number {number}" for number in ordered[:_MOST_NAMED]) + more


def _held(branch: Branch, expected: Expected, number: int) -> Held:
    kept = expected.workorders[number]
    stored = Stored(kept, b"kept", _EPOCH, _EPOCH)
    fetched = Fetched(expected.now[number], b"now", _EPOCH)
    decision = policy.decide(False, stored, fetched)
    return Held(branch.dealer.name, kept.wo_number, tuple(change.path for change in decision.changes))
