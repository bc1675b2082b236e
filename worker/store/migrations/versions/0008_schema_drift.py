"""How the columns of a dealer's Vinacles differ from what is expected, and what is done about each."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    instant = sa.DateTime(timezone=True)
    op.add_column("dealers", sa.Column("columns_listed_at", instant))
    op.create_table(
        "schema_drift",
        sa.Column("dealer_id", sa.BigInteger(), nullable=False),
        sa.Column("entity", sa.Text(), nullable=False),
        sa.Column("column_name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("found", sa.Text(), nullable=False),
        sa.Column("first_seen_at", instant, server_default=sa.text("now()"), nullable=False),
        sa.Column("last_seen_at", instant, server_default=sa.text("now()"), nullable=False),
        sa.Column("times", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("acknowledged_at", instant),
        sa.CheckConstraint(
            "kind IN ('new_column', 'missing_column', 'retyped_column', 'unreadable_column', 'other_key', "
            "'new_line_type')",
            name=op.f("ck_schema_drift_kind_known"),
        ),
        sa.ForeignKeyConstraint(["dealer_id"], ["dealers.dealer_id"], name=op.f("fk_schema_drift_dealer_id")),
        sa.PrimaryKeyConstraint(
            "dealer_id", "entity", "column_name", "kind", "found", name=op.f("pk_schema_drift")
        ),
    )
    op.create_table(
        "drift_policies",
        sa.Column("dealer_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "action IN ('allow', 'warn', 'block')", name=op.f("ck_drift_policies_action_known")
        ),
        sa.PrimaryKeyConstraint("dealer_id", "field", name=op.f("pk_drift_policies")),
    )
