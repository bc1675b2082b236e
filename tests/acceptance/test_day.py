"""An hour of a dealer group, played on the real house; and that it ends red where something differs."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from sandbox.day.__main__ import close
from sandbox.day.group import ASSEN, ZUID, ZWOLLE
from sandbox.day.play import Day, played
from sandbox.day.program import ONE_HOUR
from sandbox.simulator import known
from schemas.workorder import workorder_id

# Whoever is first pays for what the fixtures prepare.
pytestmark = pytest.mark.timeout(300)


@dataclass(frozen=True)
class Closed:
    """How the day ended when nobody meddled with it."""

    day: Day
    code: int
    report: str
    said: str


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Closed]:
    with played(ONE_HOUR, seed=1) as day:
        yield Closed(day, *ended(day, tmp_path_factory.mktemp("day")))


def ended(day: Day, folder: Path) -> tuple[int, str, str]:
    screen = StringIO()
    code = close(day, folder / "day.html", Console(file=screen, width=200))
    return code, (folder / "day.html").read_text("utf-8"), screen.getvalue()


def test_the_day_ends_as_vinacles_has_it(closed: Closed) -> None:
    assert closed.code == 0, closed.said
    assert "Nothing was lost, nothing was doubled." in closed.report
    assert "questions were told to try again later, while Vinacles was down" in closed.report
    assert "has left quarantine." in closed.report
    outcomes = {answer.code for answer in closed.day.journal.answers}
    assert outcomes >= {"created", "updated", "unchanged", "held", "rejected", "not_found", "possible_swap"}
    assert {row["dealer_id"] for row in closed.day.group.rows("SELECT dealer_id FROM workorders")} == {
        ZWOLLE,
        ASSEN,
        ZUID,
    }


def test_every_trouble_came_and_went(closed: Closed) -> None:
    troubles = closed.day.journal.troubles
    assert len(troubles) == 6
    assert all(trouble.recovered_seconds is not None for trouble in troubles)
    codes = {a.code for a in closed.day.journal.answers if a.dealer_id == ZUID and a.failed}
    assert codes >= {"vinacles_unavailable", "vinacles_circuit_open"}


def test_the_report_is_one_file_without_personal_data(closed: Closed) -> None:
    assert not re.search(r"https?://|<script|<link|@import|url\(", closed.report)
    for branch in closed.day.group.branches.values():
        for record in branch.records:
            assert record.plate is None or f">{record.plate}<" not in closed.report
            for contact in record.contacts:
                for name in ("EmailBusiness", "PhoneBusiness"):
                    assert not contact[name] or str(contact[name]).strip() not in closed.report


_FIRST_JOB = "WHERE id = (SELECT min(id) FROM interventions)"
_A_HELD_ONE = (
    "WHERE id = (SELECT id FROM workorders WHERE work_started_at IS NOT NULL AND mileage_km IS NOT NULL"
    f" AND dealer_id <> {ZUID} ORDER BY dms_number LIMIT 1)"
)
_OF_ZWOLLE = f"WHERE id = '{workorder_id(ZWOLLE, known.SWAPPED_DATE_ID)}'"
_LAST_ATTEMPT = "WHERE id = (SELECT max(id) FROM import_attempts)"
_EQUAL = "Workorders equal in every field"
#: What somebody does to PostgreSQL behind the product's back, how it is undone, and which checks see it.
MEDDLING = {
    "a price": (
        f"UPDATE interventions SET total_price = total_price + 0.01 {_FIRST_JOB}",
        f"UPDATE interventions SET total_price = total_price - 0.01 {_FIRST_JOB}",
        {_EQUAL, "Sum of all prices"},
    ),
    "what is held": (
        f"UPDATE workorders SET mileage_km = mileage_km + 1 {_A_HELD_ONE}",
        f"UPDATE workorders SET mileage_km = mileage_km - 1 {_A_HELD_ONE}",
        {_EQUAL},
    ),
    "a contact": (
        "UPDATE contacts SET removed_at = 'epoch' WHERE id = (SELECT min(id) FROM contacts)",
        "UPDATE contacts SET removed_at = NULL WHERE removed_at = 'epoch'",
        {_EQUAL, "Contacts"},
    ),
    "another dealer's workorder": (
        f"UPDATE workorders SET dealer_id = {ASSEN} {_OF_ZWOLLE}",
        f"UPDATE workorders SET dealer_id = {ZWOLLE} {_OF_ZWOLLE}",
        {"Workorders", _EQUAL, "Interventions", "Parts", "Contacts", "Sum of all prices"},
    ),
    "a mark": (
        "UPDATE workorders SET missing_in_dms_since = NULL WHERE missing_in_dms_since IS NOT NULL",
        "UPDATE workorders SET missing_in_dms_since = now()"
        f" WHERE id = '{workorder_id(ZWOLLE, known.BELGIAN_ID)}'",
        {"Marked as deleted in Vinacles"},
    ),
    "an answer recorded twice": (
        f"UPDATE import_attempts SET request_id = 'day-1' {_LAST_ATTEMPT}",
        f"UPDATE import_attempts SET request_id = NULL {_LAST_ATTEMPT}",
        {"Answers recorded once, or shared with an equal question"},
    ),
}


@pytest.mark.parametrize("what", MEDDLING)
def test_a_difference_ends_the_day_red(what: str, closed: Closed, tmp_path: Path) -> None:
    done, undone, seen = MEDDLING[what]
    closed.day.group.run(done)
    try:
        code, report, said = ended(closed.day, tmp_path)
        differing = bad(closed.day)
    finally:
        closed.day.group.run(undone)
    assert (code, differing) == (1, seen)
    assert "checks differ" in report
    assert "differs" in said
    assert bad(closed.day) == set()


def test_what_changes_in_vinacles_after_the_last_refresh_is_seen(closed: Closed) -> None:
    branch = closed.day.group.branches[ZUID]
    record = branch.tenant.records[known.COMPLETE_ID]
    before = record.header["Mileage"]
    branch.tenant.patch(record, Mileage=123_456)
    try:
        assert bad(closed.day) == {_EQUAL}
    finally:
        branch.tenant.patch(record, Mileage=before)


def bad(day: Day) -> set[str]:
    return {check.what for check in day.compare().checks if not check.good}
