"""Quarantine: workorders that could not be imported, and why."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    instant = sa.DateTime(timezone=True)
    op.create_table(
        "quarantine",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("dealer_id", sa.BigInteger(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("workorder_id", sa.Uuid()),
        sa.Column("dms_number", sa.BigInteger()),
        sa.Column("wo_number", sa.Text()),
        sa.Column("appointment_local", sa.DateTime()),
        sa.Column("reason", sa.Text()),
        sa.Column("error_code", sa.Text()),
        sa.Column("warnings", sa.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("evidence", postgresql.JSONB()),
        sa.Column("source_digest", sa.LargeBinary()),
        sa.Column("trigger", sa.Text(), nullable=False),
        sa.Column("task_id", sa.Text()),
        sa.Column("request_id", sa.Text()),
        sa.Column("since", instant, nullable=False),
        sa.Column("last_seen_at", instant, nullable=False),
        sa.Column("times", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("discarded_at", instant),
        sa.CheckConstraint(
            "trigger IN ('search', 'refresh', 'bulk')", name=op.f("ck_quarantine_trigger_known")
        ),
        sa.CheckConstraint(
            "(reason IS NULL) <> (error_code IS NULL)", name=op.f("ck_quarantine_reason_or_error")
        ),
        sa.CheckConstraint(
            "(workorder_id IS NULL) = (dms_number IS NULL)",
            name=op.f("ck_quarantine_workorder_both_or_none"),
        ),
        sa.ForeignKeyConstraint(["dealer_id"], ["dealers.dealer_id"], name=op.f("fk_quarantine_dealer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quarantine")),
        sa.UniqueConstraint("dealer_id", "subject", name=op.f("uq_quarantine_dealer_id_subject")),
    )
    op.create_index(op.f("ix_quarantine_workorder_id"), "quarantine", ["workorder_id"])
    op.create_index(op.f("ix_quarantine_dealer_id_dms_number"), "quarantine", ["dealer_id", "dms_number"])
