"""Runs that have ended and whose watchers were not told."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    untold = sa.text("watchers <> '{}' AND NOT (state IN ('waiting', 'running'))")
    op.create_index("ix_refresh_runs_untold", "refresh_runs", ["ring_at"], postgresql_where=untold)
