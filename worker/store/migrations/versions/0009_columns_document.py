"""When the columns that a dealer's Vinacles lists are looked at again, and what became of the last look."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    instant = sa.DateTime(timezone=True)
    op.add_column(
        "dealers", sa.Column("next_look_at", instant, server_default=sa.text("now()"), nullable=False)
    )
    op.add_column("dealers", sa.Column("columns_document", sa.Text()))
    op.create_check_constraint(
        op.f("ck_dealers_columns_document_known"),
        "dealers",
        "columns_document IN ('listed', 'hidden', 'empty', 'unreadable')",
    )
