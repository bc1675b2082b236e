"""Differences between a dealer's Vinacles and our mapping, one row each; and what is done about them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, func, select, text, update
from sqlalchemy.dialects.postgresql import insert

from schemas.drift import Action, Drift, Kind
from worker.store.drift_tables import drift_policies, schema_drift

#: Whose policies hold for all dealers that have none of their own.
EVERYBODY = 0
#: A dealer's policy by field as JSON, to be selected with its record: its own entries go before those of all.
POLICY = text(
    "(SELECT jsonb_object_agg(p.field, p.action ORDER BY p.dealer_id) FROM drift_policies p "
    "WHERE p.dealer_id = dealers.dealer_id OR p.dealer_id = 0) AS drift_policy"
)
_KINDS = {kind.value: kind for kind in Kind}
_ACTIONS = {action.value: action for action in Action}


@dataclass(frozen=True, slots=True)
class Noted:
    """A difference as it is on record. `times` counts at most once a minute and process."""

    dealer_id: int
    drift: Drift
    first_seen_at: datetime
    last_seen_at: datetime
    times: int
    acknowledged_at: datetime | None


@dataclass(frozen=True, slots=True)
class Policy:
    """`dealer_id` is `EVERYBODY` for all dealers without a policy of their own for the field."""

    dealer_id: int
    field: str
    action: Action


def policy_from(value: Mapping[str, str] | None) -> dict[str, Action]:
    return {field: _ACTIONS[action] for field, action in (value or {}).items()}


def note(
    connection: Connection, dealer_id: int, drifts: Iterable[Drift], *, known: bool = False
) -> list[Drift]:
    """Put them on record; returns those that nobody has noted before. With `known` new ones count as
    acknowledged."""
    # In one order, so that two workers never wait for each other; each once, as PostgreSQL wants it.
    rows = [{"dealer_id": dealer_id, **_key(drift)} for drift in sorted(set(drifts))]
    if not rows:
        return []
    acknowledged = {"acknowledged_at": func.now()} if known else {}
    statement = insert(schema_drift).values([{**row, **acknowledged} for row in rows])
    noted = statement.on_conflict_do_update(
        index_elements=list(schema_drift.primary_key),
        set_={"last_seen_at": func.now(), "times": schema_drift.c.times + 1},
    ).returning(*(schema_drift.c[name] for name in ("entity", "column_name", "kind", "found", "times")))
    return [_drift(row) for row in connection.execute(noted).mappings() if row["times"] == 1]


def first_listing(connection: Connection, dealer_id: int) -> bool:
    """Whether the columns of this dealer's Vinacles are listed for the first time; from now on they have
    been."""
    dealers = schema_drift.metadata.tables["dealers"]
    listed = update(dealers).where(dealers.c.dealer_id == dealer_id, dealers.c.columns_listed_at.is_(None))
    found = connection.execute(listed.values(columns_listed_at=func.now()).returning(dealers.c.dealer_id))
    return found.first() is not None


def noted(connection: Connection, dealer_id: int | None = None, *, everything: bool = False) -> list[Noted]:
    """What is on record, of one dealer or of all; with `everything` what is acknowledged, too."""
    query = select(schema_drift).order_by(*schema_drift.primary_key)
    if dealer_id is not None:
        query = query.where(schema_drift.c.dealer_id == dealer_id)
    if not everything:
        query = query.where(schema_drift.c.acknowledged_at.is_(None))
    return [
        Noted(
            row["dealer_id"],
            _drift(row),
            row["first_seen_at"],
            row["last_seen_at"],
            row["times"],
            row["acknowledged_at"],
        )
        for row in connection.execute(query).mappings()
    ]


def acknowledge(connection: Connection, dealer_id: int, field: str | None = None) -> int:
    """Somebody has seen them: all of a dealer, or those of a field. Returns how many there were."""
    statement = update(schema_drift).where(
        schema_drift.c.dealer_id == dealer_id, schema_drift.c.acknowledged_at.is_(None)
    )
    if field is not None:
        entity, _, column = field.partition(".")
        statement = statement.where(schema_drift.c.entity == entity, schema_drift.c.column_name == column)
    return connection.execute(statement.values(acknowledged_at=func.now())).rowcount


def policies(connection: Connection, dealer_id: int | None = None) -> list[Policy]:
    """All of them, or those that hold for one dealer."""
    columns = drift_policies.c
    query = select(drift_policies).order_by(columns.dealer_id, columns.field)
    if dealer_id is not None:
        query = query.where(columns.dealer_id.in_((EVERYBODY, dealer_id)))
    return [
        Policy(row["dealer_id"], row["field"], _ACTIONS[row["action"]])
        for row in connection.execute(query).mappings()
    ]


def set_policy(connection: Connection, policy: Policy) -> None:
    values = {"dealer_id": policy.dealer_id, "field": policy.field, "action": policy.action}
    statement = insert(drift_policies).values(values)
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=["dealer_id", "field"], set_={"action": statement.excluded.action}
        )
    )


def remove_policy(connection: Connection, dealer_id: int, field: str) -> bool:
    """False where there was none."""
    columns = drift_policies.c
    statement = delete(drift_policies).where(columns.dealer_id == dealer_id, columns.field == field)
    return connection.execute(statement).rowcount > 0


def _key(drift: Drift) -> dict[str, str]:
    return {"entity": drift.entity, "column_name": drift.column, "kind": drift.kind, "found": drift.found}


def _drift(row: Mapping[Any, Any]) -> Drift:
    return Drift(row["entity"], row["column_name"], _KINDS[row["kind"]], row["found"])
