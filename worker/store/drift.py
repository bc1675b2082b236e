"""Differences between a dealer's Vinacles and our mapping, one row each; and what is done about them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, case, delete, exists, func, select, text, update
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
#: What nobody has seen for this long is over, and news when it comes back.
OVER_AFTER_DAYS = 7
# Not what harms nobody and may be seen rarely all the same: a line type, once explained, is known for good,
# and only a list of all columns says that a new one is gone.
_COMES_BACK = [kind for kind in Kind if kind not in (Kind.NEW_COLUMN, Kind.NEW_LINE_TYPE)]
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
    """Put them on record; returns those that nobody has noted before, or that were over and came back. With
    `known` new ones count as acknowledged."""
    # In one order, so that two workers never wait for each other; each once, as PostgreSQL wants it.
    rows = [{"dealer_id": dealer_id, **_key(drift)} for drift in sorted(set(drifts))]
    if not rows:
        return []
    acknowledged = {"acknowledged_at": func.now()} if known else {}
    statement = insert(schema_drift).values([{**row, **acknowledged} for row in rows])
    seen = schema_drift.c
    back = and_(seen.kind.in_(_COMES_BACK), _is_over())
    noted = statement.on_conflict_do_update(
        index_elements=list(schema_drift.primary_key),
        set_={
            "first_seen_at": case((back, func.now()), else_=seen.first_seen_at),
            "last_seen_at": func.now(),
            "times": case((back, 1), else_=seen.times + 1),
            "acknowledged_at": case((back, None), else_=seen.acknowledged_at),
        },
    ).returning(*(schema_drift.c[name] for name in ("entity", "column_name", "kind", "found", "times")))
    return [_drift(row) for row in connection.execute(noted).mappings() if row["times"] == 1]


def forget_gone(connection: Connection, dealer_id: int) -> None:
    """Once all columns have been listed, and those noted: what is not among them for long is news when it
    comes back."""
    seen = schema_drift.c
    gone = (seen.dealer_id == dealer_id, seen.kind == Kind.NEW_COLUMN, _is_over())
    connection.execute(delete(schema_drift).where(*gone))


def _is_over() -> ColumnElement[bool]:
    return schema_drift.c.last_seen_at < func.now() - func.make_interval(0, 0, 0, OVER_AFTER_DAYS)


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
    which = [schema_drift.c.dealer_id == dealer_id, *([] if field is None else _of_field(field))]
    return _acknowledge(connection, which)


def _acknowledge(connection: Connection, which: Iterable[ColumnElement[bool]]) -> int:
    statement = update(schema_drift).where(schema_drift.c.acknowledged_at.is_(None), *which)
    return connection.execute(statement.values(acknowledged_at=func.now())).rowcount


def _of_field(field: str) -> list[ColumnElement[bool]]:
    entity, _, column = field.partition(".")
    return [schema_drift.c.entity == entity, schema_drift.c.column_name == column]


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
    """What is allowed need not be acknowledged as well, for the dealers for whom it now holds."""
    values = {"dealer_id": policy.dealer_id, "field": policy.field, "action": policy.action}
    statement = insert(drift_policies).values(values)
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=["dealer_id", "field"], set_={"action": statement.excluded.action}
        )
    )
    if policy.action is Action.ALLOW:
        own = exists().where(
            drift_policies.c.field == policy.field, drift_policies.c.dealer_id == schema_drift.c.dealer_id
        )
        whose = ~own if policy.dealer_id == EVERYBODY else schema_drift.c.dealer_id == policy.dealer_id
        _acknowledge(connection, [whose, *_of_field(policy.field)])


def remove_policy(connection: Connection, dealer_id: int, field: str) -> bool:
    """False where there was none."""
    columns = drift_policies.c
    statement = delete(drift_policies).where(columns.dealer_id == dealer_id, columns.field == field)
    return connection.execute(statement).rowcount > 0


def _key(drift: Drift) -> dict[str, str]:
    return {"entity": drift.entity, "column_name": drift.column, "kind": drift.kind, "found": drift.found}


def _drift(row: Mapping[Any, Any]) -> Drift:
    return Drift(row["entity"], row["column_name"], _KINDS[row["kind"]], row["found"])
