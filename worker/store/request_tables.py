"""Requests that the backend writes as rows of its own transactions; they are answered in the same row."""

from enum import StrEnum

from sqlalchemy import BigInteger, CheckConstraint, Column, Identity, Index, Integer, Table, Text, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB

from worker.store.columns import INSTANT, metadata, now, one_of


class RequestKind(StrEnum):
    """What may be asked. In the column `kind` anything may stand, as the backend wrote it."""

    IMPORT = "import"
    REFRESH = "refresh"


class RequestState(StrEnum):
    """The first two are open, the others final: with a result, with an error, or too late to begin."""

    WAITING = "waiting"
    WORKING = "working"
    ANSWERED = "answered"
    FAILED = "failed"
    DROPPED = "dropped"


#: What the backend writes has no constraint, so that no wrong request breaks the backend's transaction: it is
#: told in the row like any other. `tries` counts how often work was begun and no end of it was heard;
#: `try_at` is when somebody may begin, while the row is `working` the end of the lease.
#: Triggers of the migration notify `import_requests` of new rows and `import_answers` of answers.
import_requests = Table(
    "import_requests",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("dealer_id", BigInteger, nullable=False),
    Column("kind", Text, nullable=False),
    Column("search", Text),
    Column("workorder_id", Uuid),
    Column("request_id", Text),
    Column("answer_by", INSTANT),
    now("asked_at"),
    Column("state", Text, nullable=False, server_default="waiting"),
    Column("tries", Integer, nullable=False, server_default=text("0")),
    now("try_at"),
    Column("lease_owner", Text),
    Column("result", JSONB),
    Column("error_code", Text),
    Column("error_text", Text),
    Column("next_step", Text),
    Column("answered_at", INSTANT),
    one_of("state", RequestState),
    CheckConstraint(
        "(state IN ('waiting', 'working')) = (answered_at IS NULL)", name="final_has_answered_at"
    ),
    CheckConstraint("(state = 'working') = (lease_owner IS NOT NULL)", name="working_has_lease"),
    CheckConstraint("(state = 'answered') = (result IS NOT NULL)", name="answer_has_result"),
    CheckConstraint(
        "state NOT IN ('failed', 'dropped') OR error_code IS NOT NULL", name="failure_has_error_code"
    ),
    # A search may be a plate, so it is kept no longer than it is needed.
    CheckConstraint("answered_at IS NULL OR search IS NULL", name="search_forgotten_with_answer"),
)
Index(
    "ix_import_requests_open",
    import_requests.c.tries,
    import_requests.c.try_at,
    postgresql_where=text("answered_at IS NULL"),
)
Index(None, import_requests.c.asked_at)
