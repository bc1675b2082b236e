"""The line's pure half: from an answer's rows and what Claire has to what shall be stored and answered."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from schemas.dealer import Dealer
from schemas.decision import Fetched
from schemas.evidence import Evidence, evidence_of
from schemas.outcome import Outcome, WorkorderResult
from schemas.reading import Accepted as Readable
from schemas.reading import Branch, Rejected, digest, read_workorder
from schemas.vinacles import DMS_NUMBER, MAPPING_VERSION, RawWorkorder
from schemas.workorder import workorder_id
from worker import policy
from worker.store.pages import Accepted, LockedPage, PageItem, Refused


@dataclass(frozen=True, slots=True)
class Reading:
    """What came of reading one answer; `digest` identifies the rows and how they were read, and `evidence`
    tells why they were rejected."""

    outcome: Readable | Rejected
    digest: bytes
    evidence: Evidence | None = None

    @property
    def dms_number(self) -> int | None:
        return (
            self.outcome.dms_number
            if isinstance(self.outcome, Rejected)
            else self.outcome.workorder.dms_number
        )

    @property
    def wo_number(self) -> str | None:
        outcome = self.outcome
        return outcome.wo_number if isinstance(outcome, Rejected) else outcome.workorder.wo_number


def read(raw: RawWorkorder, dealer: Dealer, now: datetime, known_digest: bytes | None = None) -> Reading:
    """The workorder as this dealer's branch writes it; `now` tells which day it is there. `known_digest` is
    the answer's digest where somebody has made it already."""
    today = now.astimezone(ZoneInfo(dealer.time_zone)).date()
    branch = Branch(dealer.time_zone, dealer.phone_region, today)
    outcome = read_workorder(raw, branch)
    evidence = evidence_of(raw) if isinstance(outcome, Rejected) else None
    return Reading(outcome, known_digest or digest_of(raw, dealer), evidence)


def digest_of(raw: RawWorkorder, dealer: Dealer) -> bytes:
    """The same rows read under other settings are another answer."""
    return digest(raw, f"{MAPPING_VERSION}/{dealer.time_zone}/{dealer.phone_region}")


def split_by_digest(
    workorders: Iterable[RawWorkorder], stored: Mapping[int, bytes], dealer: Dealer
) -> tuple[list[int], list[tuple[RawWorkorder, bytes | None]]]:
    """The DMS numbers of those that are stored just as they came; and the others, with their digests where
    they had to be made. A digest costs time: none is made of what is new."""
    same: list[int] = []
    other: list[tuple[RawWorkorder, bytes | None]] = []
    for raw in workorders:
        number = raw.header.get(DMS_NUMBER)
        if not isinstance(number, int) or number not in stored:
            other.append((raw, None))
        elif (found := digest_of(raw, dealer)) == stored[number]:
            same.append(number)
        else:
            other.append((raw, found))
    return same, other


def decided(reading: Reading, fetched_at: datetime, locked: LockedPage) -> PageItem:
    """What is to be stored of a reading, by the dealer's policy and what Claire has."""
    outcome = reading.outcome
    if isinstance(outcome, Rejected):
        return Refused(
            Outcome.REJECTED,
            outcome.reason,
            fetched_at,
            outcome.dms_number,
            outcome.wo_number,
            outcome.warnings,
            reading.digest,
            reading.evidence,
        )
    fetched = Fetched(outcome.workorder, reading.digest, fetched_at)
    stored = locked.stored.get(outcome.workorder.dms_number)
    return Accepted(fetched, policy.decide(locked.keep_importing, stored, fetched), outcome.warnings)


def result(dealer_id: int, item: PageItem, stored: Collection[int]) -> WorkorderResult:
    """`stored` are the DMS numbers that Claire had before: only those have an id to link to when refused."""
    if isinstance(item, Refused):
        number = item.dms_number
        return WorkorderResult(
            outcome=item.outcome,
            workorder_id=workorder_id(dealer_id, number) if number is not None and number in stored else None,
            dms_number=number,
            wo_number=item.wo_number,
            reason=item.reason,
            warnings=item.warnings,
        )
    workorder, decision = item.fetched.workorder, item.decision
    paths = tuple(change.path for change in decision.changes)
    return WorkorderResult(
        outcome=decision.outcome,
        workorder_id=workorder_id(dealer_id, workorder.dms_number),
        dms_number=workorder.dms_number,
        wo_number=workorder.wo_number,
        warnings=item.all_warnings,
        changed=paths if decision.outcome is Outcome.UPDATED else (),
        held=paths if decision.outcome is Outcome.HELD else (),
    )
