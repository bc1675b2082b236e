"""Requests that the backend writes as rows, and the bells that ring for them and for their answers."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    instant = sa.DateTime(timezone=True)
    now = sa.text("now()")
    op.create_table(
        "import_requests",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("dealer_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("search", sa.Text()),
        sa.Column("workorder_id", sa.Uuid()),
        sa.Column("request_id", sa.Text()),
        sa.Column("answer_by", instant),
        sa.Column("asked_at", instant, server_default=now, nullable=False),
        sa.Column("state", sa.Text(), server_default="waiting", nullable=False),
        sa.Column("tries", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("try_at", instant, server_default=now, nullable=False),
        sa.Column("lease_owner", sa.Text()),
        sa.Column("result", JSONB()),
        sa.Column("error_code", sa.Text()),
        sa.Column("error_text", sa.Text()),
        sa.Column("next_step", sa.Text()),
        sa.Column("answered_at", instant),
        *(
            sa.CheckConstraint(condition, name=op.f(f"ck_import_requests_{name}"))
            for name, condition in {
                "state_known": "state IN ('waiting', 'working', 'answered', 'failed', 'dropped')",
                "final_has_answered_at": "(state IN ('waiting', 'working')) = (answered_at IS NULL)",
                "working_has_lease": "(state = 'working') = (lease_owner IS NOT NULL)",
                "answer_has_result": "(state = 'answered') = (result IS NOT NULL)",
                "failure_has_error_code": "state NOT IN ('failed', 'dropped') OR error_code IS NOT NULL",
                "search_forgotten_with_answer": "answered_at IS NULL OR search IS NULL",
            }.items()
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_requests")),
    )
    op.create_index(
        op.f("ix_import_requests_open"),
        "import_requests",
        ["tries", "try_at"],
        postgresql_where=sa.text("answered_at IS NULL"),
    )
    op.create_index(op.f("ix_import_requests_asked_at"), "import_requests", ["asked_at"])
    for statement in _BELLS:
        op.execute(statement)


_BELLS = (
    """
    CREATE FUNCTION import_requests_ring() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP = 'INSERT' THEN
            PERFORM pg_notify('import_requests', '');
        ELSE
            PERFORM pg_notify('import_answers', NEW.id::text);
        END IF;
        RETURN NULL;
    END $$
    """,
    """
    CREATE TRIGGER import_requests_asked AFTER INSERT ON import_requests
    FOR EACH STATEMENT EXECUTE FUNCTION import_requests_ring()
    """,
    """
    CREATE TRIGGER import_requests_answered AFTER UPDATE OF answered_at ON import_requests
    FOR EACH ROW WHEN (OLD.answered_at IS NULL AND NEW.answered_at IS NOT NULL)
    EXECUTE FUNCTION import_requests_ring()
    """,
)
