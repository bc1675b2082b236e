"""What somebody types arrives at Vinacles and PostgreSQL as a value, or is refused with a reason."""

from collections.abc import Iterator
from urllib.parse import unquote

import pytest
from hypothesis import assume, given, settings

from sandbox.services import Redis
from sandbox.simulator import known, tables
from sandbox.simulator.grammar import parse_filter
from sandbox.simulator.nodes import ColumnRef, Comparison, Literal, Logical, Predicate
from sandbox.simulator.running import SimulatorProcess
from schemas.messages import ImportRequest, WhyRequest
from schemas.outcome import Outcome, Reason
from schemas.search import NotSearchable, SearchTerms, near_misses, parse_search
from schemas.verdicts import Verdict
from tests.injections import TEXTS, changed, fingerprints, typed
from tests.integration.parts_on_simulator import dealer_on, parts_with, running_simulator, settings_for
from tests.integration.test_importer import Line

#: Where a search leaves a trace, and the dealer's circuit.
_TRACES = {"import_attempts", "circuits"}
#: What the simulator has under awkward numbers.
_THERE = {number.casefold() for number in known.AWKWARD}


@pytest.fixture(scope="module")
def simulator() -> Iterator[SimulatorProcess]:
    with running_simulator(workorders=5) as simulator:
        yield simulator


@pytest.fixture
def line(database_url: str, redis_server: Redis, simulator: SimulatorProcess) -> Iterator[Line]:
    """A dealer of one branch that has imported a workorder."""
    simulator.admin.reset()
    dealer = dealer_on(simulator, affiliates=(1,), requests_per_second=1000)
    with parts_with(settings_for(database_url, redis_server), dealer) as parts:
        line = Line(parts, simulator)
        line.search(known.COMPLETE)
        yield line


def _state(line: Line) -> dict[str, str]:
    with line.parts.database.transaction() as connection:
        return fingerprints(connection)


def _asked(line: Line) -> list[Predicate]:
    """What the server understood of each question about workorders since the last look."""
    filters = []
    for entry in line.simulator.admin.journal():
        if entry.path == "/api/Workorder":
            assert entry.status == 200
            names = [part.partition("=")[0] for part in entry.query.split("&")]
            assert sorted(names) == sorted(
                set(names) & {"$select", "$filter", "$orderby", "$first", "$after"}
            )
            [said] = [part for part in entry.query.split("&") if part.startswith("$filter=")]
            filters.append(parse_filter(unquote(said.partition("=")[2], errors="strict"), tables.WORKORDER))
    line.simulator.admin.clear_journal()
    return filters


def _literals(node: Predicate, column: str) -> set[object]:
    """What `column` is compared with for equality; anything else but a chain of such is a changed filter."""
    if isinstance(node, Logical):
        return set().union(*(_literals(term, column) for term in node.terms))
    assert isinstance(node, Comparison)
    assert node.operator == "eq"
    assert isinstance(node.left, ColumnRef)
    assert isinstance(node.right, Literal)
    return {node.right.value} if node.left.column.name == column else set()


def _is_a_question_for(node: Predicate, terms: SearchTerms, *, branch: bool) -> None:
    """The server's own reading of the filter: the branch, and one literal for each spelling."""
    assert _literals(node, "WONUMMER") == set(terms.wo_numbers)
    assert _literals(node, "LicensePlate") == set(terms.plates)
    assert _literals(node, "AffiliateId") == ({1} if branch else set())
    spellings = len(terms.wo_numbers) + len(set(terms.plates))
    assert _comparisons(node) == spellings + branch
    if branch:
        assert isinstance(node, Logical)
        assert (node.operator, len(node.terms)) == ("and", 2)


def _comparisons(node: Predicate) -> int:
    return sum(map(_comparisons, node.terms)) if isinstance(node, Logical) else 1


@settings(max_examples=150)
@given(typed)
def test_a_search_is_a_value_or_a_reason(line: Line, text: str) -> None:
    assume(text.strip().casefold() not in _THERE)
    _searched(line, text)


@settings(max_examples=100)
@given(typed)
def test_why_asks_by_values_and_changes_nothing(line: Line, text: str) -> None:
    _explained(line, text)


def test_texts_that_have_worked_elsewhere(line: Line) -> None:
    for text in TEXTS:
        _searched(line, text)
        _explained(line, text)


def _searched(line: Line, text: str) -> None:
    before = _state(line)
    line.simulator.admin.clear_journal()
    found = line.parts.importer.search(ImportRequest(1, text), None, line.parts.interactive_deadline())
    terms = parse_search(text)
    questions = _asked(line)
    if isinstance(terms, NotSearchable):
        [refused] = found.workorders
        assert (refused.outcome, refused.reason) == (Outcome.NOT_FOUND, Reason.NOT_SEARCHABLE)
        assert questions == []
    else:
        # Exactly the text, as a spelling of its own.
        said = text.strip()
        assert not said.isprintable() or terms.plates or said in terms.wo_numbers
        [question] = questions
        _is_a_question_for(question, terms, branch=True)
        assert [one.outcome for one in found.workorders] == [Outcome.NOT_FOUND]
    assert changed(before, _state(line)) <= _TRACES


def _explained(line: Line, text: str) -> None:
    before = _state(line)
    line.simulator.admin.clear_journal()
    answer = line.parts.inquiry.why(WhyRequest(1, text), line.parts.interactive_deadline())
    terms = parse_search(text)
    questions = _asked(line)
    if isinstance(terms, NotSearchable):
        assert [finding.verdict for finding in answer.findings] == [Verdict.NOT_SEARCHABLE]
        assert questions == []
    else:
        _is_a_question_for(questions[0], terms, branch=True)
        _is_a_question_for(questions[1], terms, branch=False)
        for question, near in zip(questions[2:], [near_misses(text)], strict=False):
            assert near is not None
            _is_a_question_for(question, near, branch=False)
        assert len(questions) <= 3
    assert changed(before, _state(line)) == set()
