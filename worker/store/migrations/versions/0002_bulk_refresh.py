"""Bulk refresh: when and how a dealer is refreshed, the runs, and what vanished from the DMS."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_OPEN = "state IN ('waiting', 'running')"
_COUNTERS = (
    "attempts",
    "pages",
    "requests",
    "created",
    "updated",
    "unchanged",
    "held",
    "rejected",
    "skipped",
    "missing",
    "seen",
)


def upgrade() -> None:
    _extend_dealers()
    _extend_workorders()
    _create_refresh_runs()
    op.drop_constraint(op.f("ck_import_attempts_trigger_known"), "import_attempts")
    op.create_check_constraint(
        op.f("ck_import_attempts_trigger_known"),
        "import_attempts",
        "trigger IN ('search', 'refresh', 'bulk')",
    )


def _extend_dealers() -> None:
    for column in (
        sa.Column("refresh_every_minutes", sa.Integer(), server_default=sa.text("30")),
        sa.Column("refresh_from", sa.Time()),
        sa.Column("refresh_until", sa.Time()),
        sa.Column("days_back", sa.Integer(), server_default=sa.text("14"), nullable=False),
        sa.Column("days_ahead", sa.Integer(), server_default=sa.text("60"), nullable=False),
        sa.Column(
            "next_refresh_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column("requests_per_second", sa.Numeric(8, 3), server_default=sa.text("50"), nullable=False),
        sa.Column("concurrent_requests", sa.Integer(), server_default=sa.text("8"), nullable=False),
        sa.Column("page_rows", sa.Integer()),
        sa.Column("modified_on_works", sa.Boolean()),
    ):
        op.add_column("dealers", column)
    for name, condition in {
        "refresh_every_minutes_positive": "refresh_every_minutes > 0",
        "window_not_negative": "days_back >= 0 AND days_ahead >= 0",
        "limits_positive": "requests_per_second > 0 AND concurrent_requests > 0",
        "page_rows_positive": "page_rows > 0",
    }.items():
        op.create_check_constraint(op.f(f"ck_dealers_{name}"), "dealers", condition)
    op.create_index(
        op.f("ix_dealers_next_refresh_at"),
        "dealers",
        ["next_refresh_at"],
        postgresql_where=sa.text("refresh_every_minutes IS NOT NULL AND NOT paused"),
    )


def _extend_workorders() -> None:
    op.add_column("workorders", sa.Column("missing_in_dms_since", sa.DateTime(timezone=True)))
    op.create_index(
        op.f("ix_workorders_missing"),
        "workorders",
        ["dealer_id", "dms_number"],
        postgresql_where=sa.text("missing_in_dms_since IS NOT NULL"),
    )


def _create_refresh_runs() -> None:
    op.create_table(
        "refresh_runs",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("dealer_id", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), server_default="waiting", nullable=False),
        sa.Column("phase", sa.Text(), server_default="window", nullable=False),
        sa.Column("after_dms_number", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("modified_since", sa.DateTime(timezone=True)),
        sa.Column("window_from", sa.DateTime(), nullable=False),
        sa.Column("window_until", sa.DateTime(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True)),
        sa.Column("last_page_at", sa.DateTime(timezone=True)),
        sa.Column("ring_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True)),
        sa.Column("lease_owner", sa.Text()),
        *(sa.Column(name, sa.Integer(), server_default=sa.text("0"), nullable=False) for name in _COUNTERS),
        sa.Column("expected", sa.Integer()),
        sa.Column("error_code", sa.Text()),
        sa.CheckConstraint(
            "state IN ('waiting', 'running', 'done', 'failed')", name=op.f("ck_refresh_runs_state_known")
        ),
        sa.CheckConstraint("phase IN ('window', 'known', 'done')", name=op.f("ck_refresh_runs_phase_known")),
        sa.CheckConstraint(
            "(lease_owner IS NULL) = (lease_until IS NULL)", name=op.f("ck_refresh_runs_lease_both_or_none")
        ),
        sa.CheckConstraint(
            f"({_OPEN}) = (finished_at IS NULL)", name=op.f("ck_refresh_runs_final_has_finished_at")
        ),
        sa.CheckConstraint(
            "state <> 'failed' OR error_code IS NOT NULL",
            name=op.f("ck_refresh_runs_failure_has_error_code"),
        ),
        sa.ForeignKeyConstraint(["dealer_id"], ["dealers.dealer_id"], name=op.f("fk_refresh_runs_dealer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refresh_runs")),
    )
    where = sa.text(_OPEN)
    op.create_index(
        op.f("uq_refresh_runs_open"), "refresh_runs", ["dealer_id"], unique=True, postgresql_where=where
    )
    op.create_index(op.f("ix_refresh_runs_to_ring"), "refresh_runs", ["ring_at"], postgresql_where=where)
    op.create_index(op.f("ix_refresh_runs_dealer_id_started_at"), "refresh_runs", ["dealer_id", "started_at"])
