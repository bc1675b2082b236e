"""Answers that are refused, and the quarantine that they come to."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from schemas.decision import Fetched
from schemas.evidence import Evidence, Finding
from schemas.outcome import Outcome, Reason, Warning
from tests.integration.store.conftest import LINEAGE, Store
from tests.workorders import NOON
from worker.policy import decide
from worker.store.columns import Trigger
from worker.store.pages import Accepted, LockedPage, PageItem, Refused
from worker.store.quarantine import Case, Choice, chosen
from worker.store.workorders import store_page

PRICE = Finding(Reason.UNREADABLE_PRICE, "WorkorderLine", "Price", 1, 11, 1, "string", 6, "99,99x")


def rejected(
    number: int | None, seconds: float = 0, digest: bytes = b"rows", appointment: datetime | None = None
) -> Refused:
    return Refused(
        Outcome.REJECTED,
        Reason.UNREADABLE_PRICE,
        NOON + timedelta(seconds=seconds),
        number,
        f"WO-{number}",
        (Warning.NO_PRICE,),
        digest,
        Evidence((PRICE,), 0, 1, appointment),
    )


def gone(number: int, seconds: float) -> Refused:
    return Refused(
        Outcome.NOT_FOUND, Reason.GONE_FROM_DMS, NOON + timedelta(seconds=seconds), number, f"WO-{number}"
    )


def put(store: Store, *answers: Fetched | Refused, trigger: Trigger = LINEAGE.trigger) -> None:
    """Store a page of answers as the line does."""
    digests = {
        number: answer.digest
        for answer in answers
        if (number := answer.dms_number if isinstance(answer, Refused) else answer.workorder.dms_number)
    }

    def of(locked: LockedPage) -> Sequence[PageItem]:
        return [
            answer
            if isinstance(answer, Refused)
            else Accepted(
                answer, decide(locked.keep_importing, locked.stored.get(answer.workorder.dms_number), answer)
            )
            for answer in answers
        ]

    store_page(store.database, store.dealer_id, digests, of, replace(LINEAGE, trigger=trigger))


def cases(store: Store, **choice: Any) -> list[Case]:
    with store.database.transaction() as connection:
        return chosen(connection, Choice(store.dealer_id, **choice))
