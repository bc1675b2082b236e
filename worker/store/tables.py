"""The tables. Amounts are EUR; every `…_at` is an instant, `appointment_local` alone is a wall clock.

`work_started_at` belongs to Claire: no import ever changes it. Rows of interventions, parts and contacts are
never deleted; what disappears in the DMS gets `removed_at` and loses it when it comes back.
"""

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    LargeBinary,
    Numeric,
    Table,
    Text,
    Time,
    UniqueConstraint,
    Uuid,
    text,
)

from schemas.outcome import Outcome
from schemas.workorder import Role
from worker.store.circuit_tables import circuits
from worker.store.columns import INSTANT, MONEY, Document, Trigger, flag, metadata, now, one_of, whole
from worker.store.drift_tables import drift_policies, schema_drift
from worker.store.quarantine_table import quarantine
from worker.store.request_tables import import_requests
from worker.store.run_tables import refresh_runs

# All tables are here, wherever their definition.
__all__ = [
    "Trigger",
    "circuits",
    "contacts",
    "dealers",
    "drift_policies",
    "early_work_starts",
    "import_attempts",
    "import_requests",
    "interventions",
    "metadata",
    "parts",
    "quarantine",
    "refresh_runs",
    "schema_drift",
    "workorder_changes",
    "workorders",
]

dealers = Table(
    "dealers",
    metadata,
    Column("dealer_id", BigInteger, primary_key=True, autoincrement=False),
    Column("name", Text, nullable=False),
    Column("base_url", Text, nullable=False),
    Column("token_url", Text, nullable=False),
    Column("audience", Text, nullable=False),
    Column("client_id", Text, nullable=False),
    Column("client_secret_encrypted", Text, nullable=False),
    Column("affiliates", ARRAY(BigInteger), nullable=False, server_default=text("'{}'")),
    Column("time_zone", Text, nullable=False, server_default="Europe/Amsterdam"),
    Column("phone_region", Text, nullable=False, server_default="NL"),
    flag("keep_importing_after_start"),
    flag("import_new_in_bulk"),
    flag("prices_include_vat"),
    flag("paused"),
    now("created_at"),
    now("updated_at"),
    Column("refresh_every_minutes", Integer, server_default=text("30")),
    Column("refresh_from", Time),
    Column("refresh_until", Time),
    whole("days_back", 14),
    whole("days_ahead", 60),
    now("next_refresh_at"),
    Column("requests_per_second", Numeric(8, 3), nullable=False, server_default=text("50")),
    whole("concurrent_requests", 8),
    Column("page_rows", Integer),
    Column("modified_on_works", Boolean),
    Column("columns_listed_at", INSTANT),
    now("next_look_at"),
    Column("columns_document", Text),
    CheckConstraint("refresh_every_minutes > 0", name="refresh_every_minutes_positive"),
    CheckConstraint("days_back >= 0 AND days_ahead >= 0", name="window_not_negative"),
    CheckConstraint("requests_per_second > 0 AND concurrent_requests > 0", name="limits_positive"),
    CheckConstraint("page_rows > 0", name="page_rows_positive"),
    one_of("columns_document", Document),
)
Index(
    None,
    dealers.c.next_refresh_at,
    postgresql_where=text("refresh_every_minutes IS NOT NULL AND NOT paused"),
)

workorders = Table(
    "workorders",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("dealer_id", BigInteger, ForeignKey("dealers.dealer_id"), nullable=False),
    Column("dms_number", BigInteger, nullable=False),
    Column("wo_number", Text, nullable=False),
    Column("affiliate_id", BigInteger, nullable=False),
    Column("appointment_local", DateTime, nullable=False),
    Column("appointment_at", INSTANT, nullable=False),
    Column("mileage_km", Integer),
    Column("make", Text),
    Column("model", Text),
    Column("plate", Text),
    Column("plate_display", Text),
    Column("work_started_at", INSTANT),
    Column("fetched_at", INSTANT, nullable=False),
    Column("source_digest", LargeBinary, nullable=False),
    Column("imported_by_task", Text),
    Column("imported_by_request", Text),
    Column("imported_by_version", Text, nullable=False),
    now("created_at"),
    now("updated_at"),
    Column("missing_in_dms_since", INSTANT),
    UniqueConstraint("dealer_id", "dms_number"),
    CheckConstraint("(plate IS NULL) = (plate_display IS NULL)", name="plate_both_or_none"),
)
Index(None, workorders.c.dealer_id, workorders.c.wo_number)
Index(None, workorders.c.dealer_id, workorders.c.plate)
Index(
    "ix_workorders_missing",
    workorders.c.dealer_id,
    workorders.c.dms_number,
    postgresql_where=text("missing_in_dms_since IS NOT NULL"),
)

interventions = Table(
    "interventions",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("workorder_id", Uuid, ForeignKey("workorders.id"), nullable=False),
    Column("job_number", BigInteger, nullable=False),
    Column("position", Integer, nullable=False),
    Column("title", Text),
    Column("labor_price", MONEY, nullable=False),
    Column("parts_price", MONEY, nullable=False),
    Column("total_price", MONEY, nullable=False),
    Column("removed_at", INSTANT),
    UniqueConstraint("workorder_id", "job_number"),
)

parts = Table(
    "parts",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("workorder_id", Uuid, nullable=False),
    Column("job_number", BigInteger, nullable=False),
    Column("line_id", BigInteger, nullable=False),
    Column("position", Integer, nullable=False),
    Column("reference_code", Text),
    Column("quantity", Numeric(12, 3)),
    Column("price", MONEY, nullable=False),
    Column("removed_at", INSTANT),
    UniqueConstraint("workorder_id", "line_id"),
    ForeignKeyConstraint(
        ["workorder_id", "job_number"], ["interventions.workorder_id", "interventions.job_number"]
    ),
)

contacts = Table(
    "contacts",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("workorder_id", Uuid, ForeignKey("workorders.id"), nullable=False),
    Column("role", Text, nullable=False),
    Column("last_name", Text),
    Column("phone", Text),
    Column("phone_as_written", Text),
    Column("email", Text),
    Column("removed_at", INSTANT),
    UniqueConstraint("workorder_id", "role"),
    one_of("role", Role),
)

#: Starts of work that Claire reported before the workorder was imported; the import takes them over.
early_work_starts = Table(
    "early_work_starts",
    metadata,
    Column("dealer_id", BigInteger, ForeignKey("dealers.dealer_id"), primary_key=True),
    Column("workorder_id", Uuid, primary_key=True),
    Column("started_at", INSTANT, nullable=False),
)

#: Every attempt, also for dealers and workorders that do not exist: hence no foreign keys.
import_attempts = Table(
    "import_attempts",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("dealer_id", BigInteger, nullable=False),
    Column("workorder_id", Uuid),
    Column("dms_number", BigInteger),
    Column("wo_number", Text),
    Column("trigger", Text, nullable=False),
    Column("request_id", Text),
    Column("task_id", Text),
    Column("outcome", Text),
    Column("reason", Text),
    Column("error_code", Text),
    Column("warnings", ARRAY(Text), nullable=False, server_default=text("'{}'")),
    Column("fetched_at", INSTANT),
    Column("started_at", INSTANT, nullable=False),
    Column("duration_ms", Integer, nullable=False),
    Column("requests", Integer, nullable=False),
    one_of("trigger", Trigger),
    one_of("outcome", Outcome),
    CheckConstraint("(outcome IS NULL) <> (error_code IS NULL)", name="outcome_or_error"),
    CheckConstraint(
        "coalesce(outcome IN ('rejected', 'not_found'), false) = (reason IS NOT NULL)",
        name="refusal_has_reason",
    ),
    CheckConstraint(
        "fetched_at IS NOT NULL OR coalesce(outcome IN ('rejected', 'not_found'), true)",
        name="accepted_has_fetched_at",
    ),
)
Index(None, import_attempts.c.workorder_id, import_attempts.c.fetched_at.desc())
Index(None, import_attempts.c.dealer_id, import_attempts.c.started_at)

#: What imports changed, field by field; no values for contacts.
workorder_changes = Table(
    "workorder_changes",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("workorder_id", Uuid, ForeignKey("workorders.id"), nullable=False),
    now("changed_at"),
    Column("fetched_at", INSTANT, nullable=False),
    Column("path", Text, nullable=False),
    Column("old", Text),
    Column("new", Text),
)
Index(None, workorder_changes.c.workorder_id, workorder_changes.c.changed_at)
