"""What the fleet knows of each dealer's Vinacles (`worker.circuit`): a row for each dealer that ever failed.

Not columns of `dealers`: every page of an import holds a share of the dealer's row, and to note a failure
would wait for all of them.
"""

from sqlalchemy import BigInteger, CheckConstraint, Column, ForeignKey, Table, Text

from worker.errors import Trouble
from worker.store.columns import INSTANT, metadata, one_of, whole

circuits = Table(
    "circuits",
    metadata,
    Column("dealer_id", BigInteger, ForeignKey("dealers.dealer_id"), primary_key=True, autoincrement=False),
    whole("failures", 0),
    Column("trouble", Text),
    Column("opened_at", INSTANT),
    Column("probe_at", INSTANT),
    whole("failed_probes", 0),
    Column("probe_owner", Text),
    Column("probe_until", INSTANT),
    one_of("trouble", Trouble),
    CheckConstraint("(failures = 0) = (trouble IS NULL)", name="failure_has_trouble"),
    CheckConstraint("(opened_at IS NULL) = (probe_at IS NULL)", name="open_has_probe_at"),
    CheckConstraint("(probe_owner IS NULL) = (probe_until IS NULL)", name="lease_both_or_none"),
    CheckConstraint("opened_at IS NOT NULL OR probe_owner IS NULL", name="closed_has_no_probe"),
)
