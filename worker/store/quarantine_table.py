"""Workorders that could not be imported, and questions that ended in failure: one row each, for as long as it
is so."""

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from worker.store.columns import INSTANT, Trigger, metadata, one_of

#: A rejected workorder has a `reason`, the digest of its rows and `evidence` (see `schemas.evidence`); what
#: ended in failure has an `error_code`. `subject` says what was asked without what was typed:
#: `workorder/48213` by DMS number, `number/WO-17` where the DMS number cannot be read, `rows/` and the digest
#: where neither can, `search/` and the error code, or `bulk`. `times` counts how often it was read so.
quarantine = Table(
    "quarantine",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("dealer_id", BigInteger, ForeignKey("dealers.dealer_id"), nullable=False),
    Column("subject", Text, nullable=False),
    Column("workorder_id", Uuid),
    Column("dms_number", BigInteger),
    Column("wo_number", Text),
    Column("appointment_local", DateTime),
    Column("reason", Text),
    Column("error_code", Text),
    Column("warnings", ARRAY(Text), nullable=False, server_default=text("'{}'")),
    Column("evidence", JSONB),
    Column("source_digest", LargeBinary),
    Column("trigger", Text, nullable=False),
    Column("task_id", Text),
    Column("request_id", Text),
    Column("since", INSTANT, nullable=False),
    Column("last_seen_at", INSTANT, nullable=False),
    Column("times", Integer, nullable=False, server_default=text("1")),
    Column("discarded_at", INSTANT),
    UniqueConstraint("dealer_id", "subject"),
    one_of("trigger", Trigger),
    CheckConstraint("(reason IS NULL) <> (error_code IS NULL)", name="reason_or_error"),
    CheckConstraint("(workorder_id IS NULL) = (dms_number IS NULL)", name="workorder_both_or_none"),
)
Index(None, quarantine.c.workorder_id)
Index(None, quarantine.c.dealer_id, quarantine.c.dms_number)
