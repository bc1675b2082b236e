"""How the columns of a dealer's Vinacles differ from our mapping (`schemas.drift`), and what is done then.

Names and types only: no value of a row is ever here.
"""

from sqlalchemy import BigInteger, Column, ForeignKey, Integer, Table, Text, text

from schemas.drift import Action, Kind
from worker.store.columns import INSTANT, metadata, now, one_of

#: A row for each change, however often it is seen; `times` counts at most once a minute and process.
schema_drift = Table(
    "schema_drift",
    metadata,
    Column("dealer_id", BigInteger, ForeignKey("dealers.dealer_id"), primary_key=True, autoincrement=False),
    Column("entity", Text, primary_key=True),
    Column("column_name", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("found", Text, primary_key=True),
    now("first_seen_at"),
    now("last_seen_at"),
    Column("times", Integer, nullable=False, server_default=text("1")),
    Column("acknowledged_at", INSTANT),
    one_of("kind", Kind),
)

#: By field (`WorkorderLine.Price`); of dealer 0 for all who have none of their own.
drift_policies = Table(
    "drift_policies",
    metadata,
    Column("dealer_id", BigInteger, primary_key=True, autoincrement=False),
    Column("field", Text, primary_key=True),
    Column("action", Text, nullable=False),
    one_of("action", Action),
)
