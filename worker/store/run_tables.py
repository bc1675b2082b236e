"""Bulk refreshes, one row each: what is to be read, how far it came, and who is at it until when."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY

from worker.store.columns import INSTANT, OPEN_RUN, Phase, RunState, metadata, now, one_of, whole

#: `window_…` are wall clocks at the dealer, the end outside; without `modified_since` all of the window
#: is read. `ring_at` is when a worker is to be woken for an open run once more; `turns` counts the leases,
#: `attempts` those since the last page. `watchers` are ids of tasks that somebody waits for; whoever works on
#: the run answers them too.
refresh_runs = Table(
    "refresh_runs",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("dealer_id", BigInteger, ForeignKey("dealers.dealer_id"), nullable=False),
    Column("state", Text, nullable=False, server_default="waiting"),
    Column("phase", Text, nullable=False, server_default="window"),
    Column("after_dms_number", BigInteger, nullable=False, server_default=text("0")),
    Column("modified_since", INSTANT),
    Column("window_from", DateTime, nullable=False),
    Column("window_until", DateTime, nullable=False),
    now("started_at"),
    Column("finished_at", INSTANT),
    Column("last_page_at", INSTANT),
    Column("ring_at", INSTANT, nullable=False),
    Column("lease_until", INSTANT),
    Column("lease_owner", Text),
    *(
        whole(name, 0)
        for name in (
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
    ),
    Column("expected", Integer),
    Column("error_code", Text),
    whole("turns", 0),
    Column("watchers", ARRAY(Text), nullable=False, server_default=text("'{}'")),
    one_of("state", RunState),
    one_of("phase", Phase),
    CheckConstraint("(lease_owner IS NULL) = (lease_until IS NULL)", name="lease_both_or_none"),
    CheckConstraint(f"({OPEN_RUN}) = (finished_at IS NULL)", name="final_has_finished_at"),
    CheckConstraint("state <> 'failed' OR error_code IS NOT NULL", name="failure_has_error_code"),
)
Index("uq_refresh_runs_open", refresh_runs.c.dealer_id, unique=True, postgresql_where=text(OPEN_RUN))
Index("ix_refresh_runs_to_ring", refresh_runs.c.ring_at, postgresql_where=text(OPEN_RUN))
Index(
    "ix_refresh_runs_untold",
    refresh_runs.c.ring_at,
    postgresql_where=text(f"watchers <> '{{}}' AND NOT ({OPEN_RUN})"),
)
Index(None, refresh_runs.c.dealer_id, refresh_runs.c.started_at)
