"""What the simulator lists of its columns, compared with our mapping while nobody looks."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from structlog.testing import capture_logs

from sandbox.services import Redis
from sandbox.simulator.running import SimulatorProcess
from schemas.dealer import Secret
from schemas.drift import Action, Drift, Kind
from schemas.vinacles import ENTITIES
from tests.integration.parts_on_simulator import add, dealer_on, parts_with, running_simulator, settings_for
from worker.circuit import OPENS_AFTER
from worker.deadline import Deadline
from worker.listing import SECONDS
from worker.store.columns import Document
from worker.store.drift import EVERYBODY, Policy, noted, set_policy
from worker.wiring import Parts, build

VIN = Drift("Workorder", "VIN", Kind.NEW_COLUMN, "string")
_numbers = count(1000)


@pytest.fixture(scope="module")
def simulator() -> Iterator[SimulatorProcess]:
    with running_simulator(0) as simulator:
        yield simulator


@pytest.fixture
def parts(database_url: str, redis_server: Redis, simulator: SimulatorProcess) -> Iterator[Parts]:
    """Dealers 1 and 2, both on the simulator."""
    simulator.admin.reset()
    dealers = [dealer_on(simulator, number) for number in (1, 2)]
    with parts_with(settings_for(database_url, redis_server), *dealers) as parts:
        yield parts


@pytest.fixture
def other_worker(parts: Parts) -> Iterator[Parts]:
    other = build(parts.settings)
    yield other
    other.close()


def _ring(parts: Parts) -> tuple[dict[str, int], list[Any]]:
    """What became of the looks that were due, and what was logged."""
    with capture_logs() as logs:
        ended = parts.listing.look_at_due(Deadline.after(SECONDS))
    return dict(ended), [{name: log.get(name) for name in ("event", "dealer_id", "field")} for log in logs]


def _run(parts: Parts, statement: str) -> None:
    with parts.database.transaction() as connection:
        connection.execute(text(statement))


def _hours_pass(parts: Parts, hours: int) -> None:
    _run(parts, f"UPDATE dealers SET next_look_at = next_look_at - interval '{hours} hours'")


def _found(parts: Parts, dealer_id: int) -> list[tuple[Drift, bool]]:
    with parts.database.transaction() as connection:
        listed = noted(connection, dealer_id, everything=True)
    return [(one.drift, one.acknowledged_at is not None) for one in listed]


def _break(simulator: SimulatorProcess, document: Document) -> None:
    if document is Document.HIDDEN:
        simulator.admin.set(hide_openapi=True)
    elif document is Document.EMPTY:
        simulator.admin.answer_status(200, times=None, match="openapi")
    else:
        simulator.admin.answer_status(503, times=None, match="openapi")


def _event(name: str, dealer_id: int, field: str | None = None) -> dict[str, object]:
    return {"event": name, "dealer_id": dealer_id, "field": field}


def test_a_new_column_is_noticed_on_the_next_day_and_told_once(
    parts: Parts, simulator: SimulatorProcess
) -> None:
    fault = simulator.admin.add_fault("missing_column", match="Workorder", column="VIN", times=None)
    ended, events = _ring(parts)
    assert ended == {"listed": 2}
    assert events == [_event("columns_listed", 1), _event("columns_listed", 2)]
    # What was there from the beginning is no news.
    assert all(known for _, known in _found(parts, 1))
    simulator.admin.remove_fault(fault)
    assert _ring(parts) == ({}, [])
    _hours_pass(parts, 24)
    ended, events = _ring(parts)
    assert ended == {"listed": 2}
    assert events == [_event("schema_drift", number, VIN.field) for number in (1, 2)]
    assert (VIN, False) in _found(parts, 1)
    _hours_pass(parts, 24)
    assert _ring(parts) == ({"listed": 2}, [])


def test_each_dealer_costs_one_request_a_day(parts: Parts, simulator: SimulatorProcess) -> None:
    asked = []
    for _ in range(26):
        _ring(parts)
        _hours_pass(parts, 1)
        asked.append(simulator.admin.request_counts().get("openapi", 0))
    assert asked == [2] * 24 + [4] * 2


def test_a_column_that_is_gone_or_of_another_type_is_noticed_without_an_import(
    parts: Parts, simulator: SimulatorProcess
) -> None:
    _ring(parts)
    simulator.admin.add_fault(
        "renamed_column", match="WorkorderLine", column="Price", value="Amount", times=None
    )
    _hours_pass(parts, 24)
    _, events = _ring(parts)
    assert _event("schema_drift", 1, "WorkorderLine.Price") in events
    assert _event("schema_drift", 1, "WorkorderLine.Amount") in events
    _run(parts, "DELETE FROM schema_drift")
    with parts.database.transaction() as connection:
        set_policy(connection, Policy(EVERYBODY, "WorkorderLine.Amount", Action.ALLOW))
    _hours_pass(parts, 24)
    fields = {event["field"] for event in _ring(parts)[1]}
    assert "WorkorderLine.Amount" not in fields


@pytest.mark.parametrize("document", [Document.HIDDEN, Document.EMPTY, Document.UNREADABLE])
def test_a_list_that_cannot_be_had_is_told_once_and_breaks_nothing(
    parts: Parts, simulator: SimulatorProcess, document: Document
) -> None:
    _ring(parts)
    _break(simulator, document)
    _hours_pass(parts, 24)
    before = _found(parts, 1)
    assert _ring(parts) == (
        {document.value: 2},
        [_event("columns_not_listed", number) for number in (1, 2)],
    )
    _hours_pass(parts, 24)
    assert _ring(parts) == ({document.value: 2}, [])
    assert _found(parts, 1) == before
    simulator.admin.reset()
    _hours_pass(parts, 24)
    assert _ring(parts) == ({"listed": 2}, [_event("columns_listed", number) for number in (1, 2)])


def test_one_dealer_who_cannot_be_asked_stops_nobody(parts: Parts) -> None:
    other = Secret("not to be decrypted").reveal()
    _run(parts, f"UPDATE dealers SET client_secret_encrypted = '{other}' WHERE dealer_id = 1")
    assert _ring(parts)[0] == {"unreadable": 1, "listed": 1}
    # Tried again by the next ring.
    _hours_pass(parts, 1)
    assert _ring(parts) == ({"unreadable": 1}, [])


def test_a_vinacles_that_is_left_alone_is_not_asked_and_a_look_counts_for_no_circuit(
    parts: Parts, simulator: SimulatorProcess
) -> None:
    _run(parts, "UPDATE dealers SET paused = true WHERE dealer_id = 2")
    _run(
        parts,
        "INSERT INTO circuits (dealer_id, failures, trouble, opened_at, probe_at) "
        "VALUES (1, 3, 'timeout', now() - interval '1 hour', now() - interval '1 minute')",
    )
    simulator.admin.clear_journal()
    assert _ring(parts) == ({"left_alone": 1}, [])
    assert simulator.admin.request_counts() == {}
    _run(parts, "DELETE FROM circuits")
    _break(simulator, Document.HIDDEN)
    for _ in range(OPENS_AFTER):
        _hours_pass(parts, 24)
        assert _ring(parts)[0] == {"hidden": 1}
    with parts.database.transaction() as connection:
        loaded = parts.dealers.load(connection, 1)
    assert loaded is not None
    assert loaded.circuit.failures == 0


def test_a_look_waits_for_the_dealers_limits_as_bulk_work_does(
    parts: Parts, simulator: SimulatorProcess
) -> None:
    """Of two requests in a second, bulk work gets one."""
    _run(parts, "UPDATE dealers SET requests_per_second = 2, next_look_at = now() - interval '1 day'")
    _run(parts, "UPDATE dealers SET paused = true WHERE dealer_id = 2")
    simulator.admin.clear_journal()
    for _ in range(2):
        _ring(parts)
        _hours_pass(parts, 24)
    first, second = (entry.at for entry in simulator.admin.journal() if entry.path.endswith("openapi"))
    # By when the requests came, which both took their own time to.
    assert second - first >= 0.5


def test_never_is_never(parts: Parts) -> None:
    never = build(replace(parts.settings, look_at_columns_hours=0))
    assert never.listing.look_at_due(Deadline.after(SECONDS)) == {}
    never.close()


_NAMES = st.sampled_from([column for entity in ENTITIES for column in entity.columns]) | st.text(max_size=3)
_COLUMNS = st.dictionaries(
    _NAMES, st.fixed_dictionaries({"type": st.sampled_from(["string", "integer", ""])})
)
_DOCUMENTS = st.dictionaries(
    st.sampled_from([entity.name for entity in ENTITIES]), st.fixed_dictionaries({"properties": _COLUMNS})
)


@settings(max_examples=25)
@given(before=_DOCUMENTS, after=_DOCUMENTS)
def test_twice_equals_once(
    parts: Parts,
    other_worker: Parts,
    simulator: SimulatorProcess,
    before: dict[str, object],
    after: dict[str, object],
) -> None:
    """Also where the second look is another worker's, who remembers nothing."""
    number = next(_numbers)
    add(parts, dealer_on(simulator, number))
    with parts.database.transaction() as connection:
        loaded = parts.dealers.load(connection, number)
    assert loaded is not None

    def compared(by: Parts, schemas: dict[str, object]) -> list[object]:
        with capture_logs() as logs:
            by.listing.compared(loaded, {"components": {"schemas": schemas}})
        return list(logs)

    for schemas in (before, after):
        compared(parts, schemas)
        once = _found(parts, number)
        assert compared(parts, schemas) == compared(other_worker, schemas) == []
        assert _found(parts, number) == once
