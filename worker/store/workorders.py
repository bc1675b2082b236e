"""Workorders of a page: read and locked, then written, in one transaction and in at most four statements,
and three COPYs where many are new, whatever the page's size."""

from collections.abc import Callable, Iterable, Mapping
from uuid import UUID

from sqlalchemy import Connection, select, union

from schemas.decision import Stored
from schemas.outcome import Outcome
from schemas.workorder import Workorder, workorder_id
from worker.deadline import Deadline
from worker.errors import ErrorCode, StorageUnavailable
from worker.store import statements, tables
from worker.store.copying import copy_children
from worker.store.failures import unknown_dealer
from worker.store.pages import Accepted, Lineage, LockedPage, Page
from worker.store.payload import payload
from worker.store.reading import stored_of
from worker.store.session import Database
from worker.store.sql import text

_TRIES = 5
#: From so many new workorders on, three round trips for COPY cost less than their children as JSON.
COPIED_FROM = 20


class PageOvertaken(Exception):
    """Another worker inserted one of these workorders, or the dealer's policy changed, since the page was
    read: roll back, read and decide again."""


#: Called with the page's connection and what was written of it.
Alongside = Callable[[Connection, Page], None]


def nothing_else(_connection: Connection, _page: Page) -> None:
    """A page alone."""


def store_page(
    database: Database,
    dealer_id: int,
    digests: Mapping[int, bytes],
    decide: Callable[[LockedPage], Page],
    lineage: Lineage,
    *,
    record_unchanged: bool = True,
    alongside: Alongside = nothing_else,
    deadline: Deadline | None = None,
) -> Page:
    """Read, decide and write in one transaction, again when overtaken; returns what was decided and written.

    `digests` holds the accepted answers by DMS number; `decide` may be called several times, and so may
    `alongside`, which writes what must be committed together with the page or not at all. `record_unchanged`:
    see `write_page`.
    """
    for _ in range(_TRIES):
        try:
            with database.transaction(deadline) as connection:
                page = decide(lock_page(connection, dealer_id, digests))
                write_page(connection, dealer_id, page, lineage, record_unchanged=record_unchanged)
                alongside(connection, page)
                return page
        except PageOvertaken:
            continue
    raise StorageUnavailable(
        ErrorCode.STORAGE_UNAVAILABLE, "Other workers kept changing the same workorders.", "Try again."
    )


def lock_page(connection: Connection, dealer_id: int, digests: Mapping[int, bytes]) -> LockedPage:
    """Lock and read what Claire has of these workorders.

    Where the digest is the same as stored, `Stored.workorder` is None and `Stored.fetched_at` only the moment
    of the stored answer. Raises `MessageInvalid` for an unknown dealer.
    """
    policy = connection.execute(text(statements.SHARE_DEALER), {"dealer_id": dealer_id}).first()
    if policy is None:
        raise unknown_dealer(dealer_id)
    stored: dict[int, Stored] = {}
    if digests:
        locked = connection.execute(text(statements.LOCK), _ids(dealer_id, digests))
        stored = {
            number: Stored(None, bytes(digest), fetched_at, started_at)
            for number, digest, fetched_at, started_at in locked
        }
    differing = [number for number, known in stored.items() if known.digest != digests[number]]
    if differing:
        # Only a statement that begins after the locks were granted sees what another worker just committed.
        rows = connection.execute(text(statements.DETAILS_OF_PAGE), _ids(dealer_id, differing))
        stored |= {row["dms_number"]: stored_of(row) for row in rows.mappings()}
    return LockedPage(policy.keep_importing_after_start, stored)


def write_page(
    connection: Connection, dealer_id: int, page: Page, lineage: Lineage, *, record_unchanged: bool = True
) -> None:
    """Write what was decided, the attempts and the changes, in one statement, and the children of many new
    workorders after it by COPY. A workorder may occur once.

    Without `record_unchanged` an unchanged workorder gets no attempt: nothing of it is written, unless its
    digest is new or it was missing in the DMS. What then holds of older answers is said in `runs`.
    Workorders that were missing are so no more, and those that are `GONE_FROM_DMS` are missing from now on.

    Raises `PageOvertaken` when a workorder was not written though it was to be.
    """
    if not page:
        return
    expected = sum(isinstance(item, Accepted) and _writes(item) for item in page)
    new = _new(page)
    copied = new if len(new) >= COPIED_FROM else []
    written = connection.execute(
        text(statements.WRITE),
        {
            "dealer_id": dealer_id,
            "page": payload(dealer_id, page, record_unchanged=record_unchanged, children_of_new=not copied),
            "trigger": lineage.trigger.value,
            "request_id": lineage.request_id,
            "task_id": lineage.task_id,
            "worker_version": lineage.worker_version,
            "started_at": lineage.started_at,
            "requests": lineage.requests,
        },
    ).scalar_one()
    if written != expected:
        raise PageOvertaken
    if copied:
        copy_children(connection, dealer_id, copied)


def _new(page: Page) -> list[Workorder]:
    return [
        item.fetched.workorder
        for item in page
        if isinstance(item, Accepted) and item.decision.outcome is Outcome.CREATED
    ]


def find(connection: Connection, dealer_id: int, key: UUID) -> int | None:
    """The DMS number of a workorder of this dealer that is stored or in quarantine."""
    stored, refused = tables.workorders, tables.quarantine
    query = union(
        select(stored.c.dms_number).where(stored.c.id == key, stored.c.dealer_id == dealer_id),
        select(refused.c.dms_number).where(refused.c.workorder_id == key, refused.c.dealer_id == dealer_id),
    )
    return connection.execute(query).scalar_one_or_none()


def card(connection: Connection, dealer_id: int, key: UUID) -> Stored | None:
    """All of a stored workorder of this dealer, to be shown; its `workorder` is never None."""
    parameters = {"dealer_id": dealer_id, "workorder_id": key}
    row = connection.execute(text(statements.DETAILS_OF_ONE), parameters).mappings().one_or_none()
    return None if row is None else stored_of(row)


def _ids(dealer_id: int, dms_numbers: Iterable[int]) -> dict[str, list[str]]:
    return {"ids": [str(workorder_id(dealer_id, number)) for number in dms_numbers]}


def _writes(item: Accepted) -> bool:
    return item.decision.outcome in (Outcome.CREATED, Outcome.UPDATED)
