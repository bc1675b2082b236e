"""What Claire has of a dealer's workorders, as far as a bulk refresh needs to know it; each answer is one
statement for any number of workorders."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection

from worker.store import run_statements
from worker.store.runs import Window
from worker.store.sql import text


def digests_of(connection: Connection, dealer_id: int, dms_numbers: Collection[int]) -> dict[int, bytes]:
    """The digests of those that are stored. Nothing is locked."""
    rows = connection.execute(text(run_statements.DIGESTS), _numbers(dealer_id, dms_numbers))
    return {number: bytes(digest) for number, digest in rows}


def known_outside(
    connection: Connection, dealer_id: int, window: Window, after_dms_number: int, limit: int
) -> list[int]:
    """Known workorders, not missing, with an appointment outside the window but of the last 180 days, and
    those in quarantine that were never imported and that the window does not show; in DMS order."""
    parameters = {
        "dealer_id": dealer_id,
        "begins": window.begins,
        "ends": window.ends,
        "after": after_dms_number,
        "limit": limit,
    }
    return list(connection.execute(text(run_statements.KNOWN_OUTSIDE), parameters).scalars())


def known_between(
    connection: Connection,
    dealer_id: int,
    window: Window,
    after_dms_number: int,
    until_dms_number: int | None,
) -> list[int]:
    """Known workorders, not missing, with an appointment inside the window, above one DMS number and up to
    another (None for no end): of a page that was read in full, those it should have held. In DMS order."""
    parameters = {
        "dealer_id": dealer_id,
        "begins": window.begins,
        "ends": window.ends,
        "after": after_dms_number,
        "until": until_dms_number,
    }
    return list(connection.execute(text(run_statements.KNOWN_BETWEEN), parameters).scalars())


def mark_missing(connection: Connection, dealer_id: int, dms_numbers: Collection[int], at: datetime) -> int:
    """Mark those that the DMS, asked for them by number at `at`, does not have, which also leave quarantine;
    returns how many were not marked before. What was fetched later than `at` is left alone."""
    parameters = {**_numbers(dealer_id, dms_numbers), "at": at}
    return connection.execute(text(run_statements.MARK_MISSING), parameters).rowcount


def mark_seen(connection: Connection, dealer_id: int, dms_numbers: Collection[int], at: datetime) -> int:
    """Take the mark from those that the DMS, asked at `at`, has after all; needed only for answers that are
    not written by `write_page`."""
    parameters = {**_numbers(dealer_id, dms_numbers), "at": at}
    return connection.execute(text(run_statements.MARK_SEEN), parameters).rowcount


def note_unheld(
    connection: Connection,
    dealer_id: int,
    dms_numbers: Collection[int],
    at: datetime,
    task_id: str | None,
    requests: int,
) -> None:
    """Record that the DMS, asked at `at`, has what is stored of these, where an earlier answer was held: that
    is over then. Of all others nothing is written."""
    parameters = {"at": at, "task_id": task_id, "requests": requests}
    connection.execute(text(run_statements.NOTHING_HELD), _numbers(dealer_id, dms_numbers) | parameters)


def _numbers(dealer_id: int, dms_numbers: Collection[int]) -> dict[str, object]:
    return {"dealer_id": dealer_id, "numbers": list(dms_numbers)}
