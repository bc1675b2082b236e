"""Turns of runs, so that each dealer has one message in the queue; and who waits for a run's end."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

revision = "0007"
down_revision = "0005"


def upgrade() -> None:
    op.add_column(
        "refresh_runs", sa.Column("turns", sa.Integer(), server_default=sa.text("0"), nullable=False)
    )
    op.add_column(
        "refresh_runs",
        sa.Column("watchers", ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
    )
