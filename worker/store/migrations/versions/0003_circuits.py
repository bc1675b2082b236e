"""What the workers know together of each dealer's Vinacles: whether to ask it, and when to try again."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "circuits",
        sa.Column("dealer_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("failures", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("trouble", sa.Text()),
        sa.Column("opened_at", sa.DateTime(timezone=True)),
        sa.Column("probe_at", sa.DateTime(timezone=True)),
        sa.Column("failed_probes", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("probe_owner", sa.Text()),
        sa.Column("probe_until", sa.DateTime(timezone=True)),
        sa.CheckConstraint(
            "trouble IN ('unreachable', 'timeout', 'server_error', 'login_server')",
            name=op.f("ck_circuits_trouble_known"),
        ),
        sa.CheckConstraint(
            "(failures = 0) = (trouble IS NULL)", name=op.f("ck_circuits_failure_has_trouble")
        ),
        sa.CheckConstraint(
            "(opened_at IS NULL) = (probe_at IS NULL)", name=op.f("ck_circuits_open_has_probe_at")
        ),
        sa.CheckConstraint(
            "(probe_owner IS NULL) = (probe_until IS NULL)", name=op.f("ck_circuits_lease_both_or_none")
        ),
        sa.CheckConstraint(
            "opened_at IS NOT NULL OR probe_owner IS NULL", name=op.f("ck_circuits_closed_has_no_probe")
        ),
        sa.ForeignKeyConstraint(["dealer_id"], ["dealers.dealer_id"], name=op.f("fk_circuits_dealer_id")),
        sa.PrimaryKeyConstraint("dealer_id", name=op.f("pk_circuits")),
    )
