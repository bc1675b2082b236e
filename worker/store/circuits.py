"""Circuits of dealers, one row each: locked, decided upon by `worker.circuit`, and written.

Rows come at a dealer's first failure and stay, so that whoever notes something always has a row to lock. An
untroubled dealer is read together with its record and never written.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select, update
from sqlalchemy.dialects.postgresql import insert

from worker.circuit import CLOSED, Circuit, Entry, entry, failed, given_back, probing
from worker.errors import Trouble
from worker.store.circuit_tables import circuits
from worker.store.run_statements import WAKE_PUT_OFF
from worker.store.sql import text
from worker.store.tables import dealers

#: To be selected together with a dealer's record.
COLUMNS = (
    circuits.c.failures,
    circuits.c.trouble,
    circuits.c.opened_at,
    circuits.c.probe_at,
    circuits.c.failed_probes,
    circuits.c.probe_owner,
    circuits.c.probe_until,
)
_TROUBLES = {trouble.value: trouble for trouble in Trouble}
_NOW = func.clock_timestamp().label("now")


@dataclass(frozen=True, slots=True)
class Change:
    """A circuit `before` and `after`, as of `now`."""

    before: Circuit
    after: Circuit
    now: datetime

    @property
    def opened(self) -> bool:
        return self.after.is_open and not self.before.is_open

    @property
    def closed(self) -> bool:
        return self.before.is_open and not self.after.is_open


@dataclass(frozen=True, slots=True)
class DealersCircuit:
    """`now` is the moment of looking."""

    dealer_id: int
    name: str
    circuit: Circuit
    now: datetime


def circuit_from(row: Mapping[Any, Any]) -> Circuit:
    """The circuit in a row with `COLUMNS`, which are all null for a dealer that never failed."""
    if row["failures"] is None:
        return CLOSED
    values = {column.name: row[column.name] for column in COLUMNS}
    return Circuit(**{**values, "trouble": _TROUBLES.get(row["trouble"])})


def circuit_of(connection: Connection, dealer_id: int) -> Circuit:
    query = select(*COLUMNS).where(circuits.c.dealer_id == dealer_id)
    row = connection.execute(query).mappings().one_or_none()
    return CLOSED if row is None else circuit_from(row)


def troubled(connection: Connection) -> list[DealersCircuit]:
    """Every circuit with a failure after its last success, by dealer."""
    query = select(dealers.c.dealer_id, dealers.c.name, *COLUMNS, _NOW).join_from(dealers, circuits)
    query = query.where(circuits.c.failures > 0).order_by(dealers.c.dealer_id)
    rows = connection.execute(query).mappings()
    return [DealersCircuit(row["dealer_id"], row["name"], circuit_from(row), row["now"]) for row in rows]


def take_probe(
    connection: Connection, dealer_id: int, owner: str, lease_seconds: float
) -> tuple[Entry, Change]:
    """What a question may do now; where it may be the probe, it is from here on, for `lease_seconds`."""
    before, now = _locked(connection, dealer_id)
    verdict = entry(before, now)
    after = probing(before, owner, now, lease_seconds) if verdict is Entry.PROBE else before
    return verdict, _written(connection, dealer_id, Change(before, after, now))


def note_failure(
    connection: Connection, dealer_id: int, trouble: Trouble, owner: str | None, jitter: float
) -> Change:
    """After a question that failed; the arguments are those of `circuit.failed`."""
    before, now = _locked(connection, dealer_id)
    after = failed(before, trouble, owner, now, jitter)
    return _written(connection, dealer_id, Change(before, after, now))


def give_back(connection: Connection, dealer_id: int, owner: str) -> None:
    """After a probe that says nothing about Vinacles."""
    before, now = _locked(connection, dealer_id)
    _written(connection, dealer_id, Change(before, given_back(before, owner), now))


def close(connection: Connection, dealer_id: int) -> Change:
    """After an answer, or because an operator wants it. Runs that wait for a probe may go on at once."""
    before, now = _locked(connection, dealer_id)
    change = _written(connection, dealer_id, Change(before, CLOSED, now))
    if change.closed:
        connection.execute(text(WAKE_PUT_OFF), {"dealer_id": dealer_id})
    return change


def _locked(connection: Connection, dealer_id: int) -> tuple[Circuit, datetime]:
    """The update changes nothing; it makes PostgreSQL lock and return a row that is there. The moment is one
    after the lock was granted."""
    statement = insert(circuits).values(dealer_id=dealer_id)
    locked = statement.on_conflict_do_update(
        index_elements=[circuits.c.dealer_id], set_={"dealer_id": statement.excluded.dealer_id}
    )
    row = connection.execute(locked.returning(*COLUMNS, _NOW)).mappings().one()
    return circuit_from(row), row["now"]


def _written(connection: Connection, dealer_id: int, change: Change) -> Change:
    if change.after != change.before:
        statement = update(circuits).where(circuits.c.dealer_id == dealer_id)
        connection.execute(statement.values(asdict(change.after)))
    return change
