"""Rows that hold anything, over a real connection into a real database: each ends in one outcome."""

import itertools
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text

from sandbox.services import Redis
from schemas.dealer import Connection, Dealer, Secret
from schemas.messages import ImportRequest, WhyRequest
from schemas.outcome import ImportResult, Outcome, Reason
from schemas.verdicts import Verdict
from schemas.vinacles import CONTACT, LINE, WORKORDER, Row
from schemas.workorder import workorder_id
from tests.integration.parts_on_simulator import settings_for
from tests.unit.schemas import invented
from tests.unit.schemas.arbitrary import json_values, rows_of
from tests.unit.vinacles.bad_server import TOKEN_PATH, BadServer, Exchange
from worker.bulk import BulkRefresh
from worker.bulk_dates import Dateless
from worker.bulk_pages import BulkPages
from worker.errors import VinaclesRefused
from worker.store.columns import RunState
from worker.store.runs import Run
from worker.store.tables import import_attempts, workorders
from worker.store.workorders import card
from worker.vinacles.bulk import BulkReader
from worker.wiring import Parts, build

Rows = Mapping[str, Sequence[Row]]


@dataclass
class Line:
    """One dealer whose Vinacles answers whatever it is asked with `rows` by entity."""

    parts: Parts
    server: BadServer
    rows: Rows = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.server.api = self._answer

    def search(self, typed: str) -> ImportResult:
        request = ImportRequest(1, typed)
        return self.parts.importer.search(request, None, self.parts.interactive_deadline())

    def refresh(self, bulk: BulkRefresh | None = None) -> Run:
        bulk = bulk or self.parts.bulk
        run_id = bulk.start(1).run_id
        while True:
            run = bulk.work(run_id, "task-1", lambda _: None)
            assert run is not None
            if not run.state.is_open:
                return run

    def why(self, typed: str, *, offline: bool = False) -> list[tuple[Verdict, Reason | None]]:
        request = WhyRequest(1, typed, offline)
        answer = self.parts.inquiry.why(request, self.parts.interactive_deadline())
        return [(finding.verdict, finding.reason) for finding in answer.findings]

    def attempts(self) -> int:
        with self.parts.database.transaction() as connection:
            return len(connection.execute(select(import_attempts.c.id)).all())

    def read_all(self) -> int:
        """Every stored workorder, read as the program reads it; how many there are."""
        with self.parts.database.transaction() as connection:
            numbers = connection.execute(select(workorders.c.dms_number)).scalars().all()
            for number in numbers:
                stored = card(connection, 1, workorder_id(1, number))
                assert stored is not None
                assert stored.workorder is not None
                assert stored.workorder.dms_number == number
        return len(numbers)

    def _answer(self, exchange: Exchange) -> None:
        rows = self.rows.get(exchange.request.path.rpartition("/")[2], ())
        exchange.reply(200, as_json({"value": list(rows)}).encode(), "application/json")


@pytest.fixture
def line(database_url: str, redis_server: Redis) -> Iterator[Line]:
    server, parts = BadServer(), build(settings_for(database_url, redis_server))
    connection = Connection(server.url, server.url + TOKEN_PATH, "noord", "claire", Secret("s3cret"))
    dealer = Dealer(1, "Garage Testweg", connection, import_new_in_bulk=True, requests_per_second=1000)
    with parts.database.transaction() as transaction:
        parts.dealers.add(transaction, dealer)
    yield Line(parts, server)
    parts.close()
    server.close()


def as_json(value: Any) -> str:
    """JSON whose numbers are as long and as large as they come; half surrogate pairs are escaped."""
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(name)}:{as_json(inner)}" for name, inner in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(map(as_json, value)) + "]"
    return json.dumps(value)


def _is_json(value: Any) -> bool:
    """NaN and infinity are none: a page with one is unreadable as a whole, which has tests of its own."""
    if isinstance(value, float | Decimal):
        return Decimal(value).is_finite()
    if isinstance(value, dict):
        return all(map(_is_json, value.values()))
    return all(map(_is_json, value)) if isinstance(value, list | tuple) else True


unasked = st.dictionaries(st.text(st.characters(exclude_categories=())), json_values, max_size=2)


def rows(entity: Any, *likely: Row) -> st.SearchStrategy[Row]:
    """With columns that nobody asked for, now and then."""
    found = st.one_of([rows_of(entity, row) for row in likely]).filter(lambda row: isinstance(row, dict))
    widened = st.builds(lambda row, more: {**more, **row}, found, st.just({}) | unasked)
    return widened.filter(_is_json)


headers = rows(WORKORDER, invented.HEADER)
lines = st.lists(rows(LINE, invented.LABOR, invented.PART), max_size=4)
contacts = st.lists(rows(CONTACT, invented.CONTACT), max_size=3)


@settings(max_examples=150)
@given(headers, lines, contacts)
def test_any_workorder_that_is_found_ends_in_one_outcome(
    line: Line, header: Row, lines: list[Row], contacts: list[Row]
) -> None:
    line.rows = {WORKORDER.name: [header], LINE.name: lines, CONTACT.name: contacts}
    before = line.attempts()
    result = line.search(str(invented.HEADER["WONUMMER"]))
    [one] = result.workorders
    assert one.outcome in Outcome
    assert (one.reason is not None) == (one.outcome in {Outcome.REJECTED, Outcome.NOT_FOUND})
    assert line.attempts() == before + 1
    if one.outcome is Outcome.CREATED:
        assert line.read_all() >= 1
    [again] = line.search(str(invented.HEADER["WONUMMER"])).workorders
    assert (again.outcome, again.reason) == (
        (one.outcome, one.reason) if one.reason else (Outcome.UNCHANGED, None)
    )
    line.read_all()


@settings(max_examples=60)
@given(st.lists(headers, max_size=4), lines, contacts)
def test_any_page_of_a_run_is_counted_row_by_row(
    line: Line, headers: list[Row], lines: list[Row], contacts: list[Row]
) -> None:
    line.rows = {WORKORDER.name: headers, LINE.name: lines, CONTACT.name: contacts}
    run = line.refresh()
    assert run.state is RunState.DONE
    counts = run.counts
    ended = counts.created + counts.updated + counts.unchanged + counts.held + counts.rejected
    assert ended + counts.skipped == run.seen
    line.read_all()


@pytest.mark.parametrize("number", [True, False, 10**400, -(10**19), "7001", 7001.0, None, [7001]])
def test_a_page_with_a_number_that_is_none_is_read_to_its_end(line: Line, number: object) -> None:
    other = {**invented.HEADER, "WorkorderId": 7002}
    line.rows = {WORKORDER.name: [{**invented.HEADER, "WorkorderId": number}, other]}
    run = line.refresh()
    assert run.state is RunState.DONE
    assert run.counts.rejected == run.seen >= 2


@pytest.mark.parametrize("number", [True, 10**400, "7001", Decimal("7001.0"), None, [7001], {"is": 7001}])
@pytest.mark.parametrize("imported", [False, True])
def test_nobody_is_told_that_one_is_gone_whose_number_cannot_be_read(
    line: Line, number: object, imported: bool
) -> None:
    header, wo_number = invented.HEADER, str(invented.HEADER["WONUMMER"])
    rejected = [(Verdict.REJECTED, Reason.UNREADABLE_NUMBER)]
    if imported:
        line.rows = {WORKORDER.name: [header], LINE.name: [invented.LABOR]}
        line.search(wo_number)
    line.rows = {WORKORDER.name: [{**header, "WorkorderId": number}]}
    assert line.why(wo_number) == rejected
    [result] = line.search(wo_number).workorders
    assert result.reason is Reason.UNREADABLE_NUMBER
    assert line.why(wo_number) == rejected
    assert line.why(wo_number, offline=True) == ([(Verdict.IMPORTED, None)] if imported else rejected)


@pytest.mark.parametrize("value", [None, 5, "text", [[]], {"a": 1}, [1], ["a"], [None], [{}, []]])
def test_what_is_no_list_of_rows_is_an_error_of_ours(line: Line, value: object) -> None:
    line.server.api = lambda exchange: exchange.json({"value": value})
    with pytest.raises(Exception, match="unexpected shape") as raised:
        line.search("WO-1")
    assert raised.value.code.value == "vinacles_unavailable"  # type: ignore[attr-defined]  # an error of ours


@pytest.mark.parametrize(
    "appointment",
    [
        "9999-12-31T23:59:59.9999999",
        "0001-01-01T00:00:00",
        "10000-01-01T00:00:00",
        "-0001-01-01T00:00:00",
        "2026-02-30T08:00:00",
        "2026-06-15T25:00:00",
        "\u0662\u0660\u0662\u0666-06-15T08:30:00",
        Decimal("1E+999999999"),
        10**400,
    ],
)
def test_a_date_that_no_calendar_of_ours_has_is_a_reason(line: Line, appointment: object) -> None:
    line.rows = {WORKORDER.name: [{**invented.HEADER, "AppointmentDate": appointment}]}
    [one] = line.search(str(invented.HEADER["WONUMMER"])).workorders
    assert (one.outcome, one.reason) == (Outcome.REJECTED, Reason.UNREADABLE_APPOINTMENT_DATE)


def one_more(rows_each: int) -> Callable[[Exchange], None]:
    """Workorders that nobody has seen yet, and always a page after this one."""
    numbers = itertools.count(1)

    def answer(exchange: Exchange) -> None:
        if not exchange.request.path.endswith(WORKORDER.name):
            exchange.rows()
            return
        new = [{**invented.HEADER, "WorkorderId": next(numbers)} for _ in range(rows_each)]
        exchange.rows(*new, next_link=f"?$after={new[-1]['WorkorderId']}")

    return answer


def test_a_dealer_with_no_end_of_workorders_ends_its_run(line: Line) -> None:
    line.server.api = one_more(3)
    parts = line.parts
    reader, dateless = BulkReader(parts.client), Dateless(parts.state)
    pages = BulkPages(parts.database, parts.dealers, reader, parts.importer, dateless, most_pages=4)
    bulk = BulkRefresh(parts.database, pages, parts.importer)
    with pytest.raises(VinaclesRefused, match="no end"):
        line.refresh(bulk)
    with parts.database.transaction() as connection:
        [run] = connection.execute(text("SELECT state, pages, error_code FROM refresh_runs"))
    assert tuple(run) == ("failed", 4, "vinacles_refused")
