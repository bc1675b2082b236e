"""Why a workorder is or is not in Claire, decided from values alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

from schemas.clock import is_possible_day_month_swap
from schemas.dealer import Dealer, Neighbor
from schemas.decision import Fetched, Stored
from schemas.outcome import Outcome, Reason
from schemas.reading import Rejected
from schemas.verdicts import Verdict
from schemas.vinacles import Row
from schemas.why import AtNeighbor, Finding
from schemas.workorder import Workorder, workorder_id
from worker import elsewhere, policy
from worker.assessment import Reading
from worker.circuit import CLOSED, Circuit
from worker.errors import ErrorCode, TwoDriveError

#: What matters most comes first.
_ORDER = (
    Verdict.REJECTED,
    Verdict.HELD,
    Verdict.VANISHED,
    Verdict.OUTDATED,
    Verdict.POSSIBLE_SWAP,
    Verdict.OUTSIDE_DAYS,
    Verdict.NEVER_ASKED,
    Verdict.IMPORTED,
)
#: Why it could not be looked at is told after what is known all the same.
_PROBLEMS = (Verdict.VINACLES_AWAY, Verdict.CIRCUIT_OPEN, Verdict.CANNOT_LOOK, Verdict.CANNOT_ASK)
#: They advise to search, which is no help while an import waits or importing is paused.
_SEARCH_FOR_IT = (Verdict.OUTSIDE_DAYS, Verdict.NEVER_ASKED, Verdict.NOT_HERE)


@dataclass(frozen=True, slots=True)
class Kept:
    """What Claire has of a workorder. `held_since` is the first answer that the policy kept out, None where
    the newest one was taken."""

    stored: Stored
    missing_since: datetime | None = None
    held_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """The newest answer about a workorder was rejected, and since when."""

    dms_number: int
    wo_number: str | None
    reason: Reason
    since: datetime


@dataclass(frozen=True, slots=True)
class Seen:
    """What Vinacles has now: what was read of the matches; and, where there is none, `elsewhere` at branches
    that are not imported, and rows that are nearly what was typed."""

    readings: Sequence[Reading] = ()
    elsewhere: Sequence[Row] = ()
    near: Sequence[Row] = ()


@dataclass(frozen=True, slots=True)
class Known:
    """What Claire has, by DMS number, and what was refused; whether an import of it is waiting; since when
    every attempt of this dealer has failed, and its circuit. `neighbors` are the other dealers of its group,
    `at_neighbor` what one of them has in Claire under what was typed."""

    kept: Mapping[int, Kept]
    refused: Sequence[Refusal] = ()
    waiting: bool = False
    failing_since: datetime | None = None
    circuit: Circuit = CLOSED
    neighbors: Sequence[Neighbor] = ()
    at_neighbor: AtNeighbor | None = None


def explained(
    dealer: Dealer, known: Known, seen: Seen | TwoDriveError | None, now: datetime
) -> list[Finding]:
    """At least one finding, the one that matters most first. `seen` is None where nobody asked, or the error
    that came instead."""
    branch = _Branch(dealer, now)
    refused = {refusal.dms_number: refusal for refusal in known.refused}
    if isinstance(seen, Seen):
        readings = {number: found for found in seen.readings if (number := found.dms_number) is not None}
        findings = [
            branch.both(number, known.kept.get(number), found, refused.get(number))
            for number, found in readings.items()
        ]
        gone = [kept for number, kept in known.kept.items() if number not in readings]
        findings += [branch.gone(kept) for kept in gone]
        findings = findings or [elsewhere.found(seen.elsewhere, seen.near, known.neighbors)]
    else:
        findings = [branch.kept(kept) for number, kept in known.kept.items() if number not in refused]
        findings += [branch.refused(refusal, known.kept.get(number)) for number, refusal in refused.items()]
        if not findings and known.at_neighbor is not None:
            findings = [elsewhere.at(known.at_neighbor)]
        if isinstance(seen, TwoDriveError):
            findings.append(branch.failed(seen, known))
        findings = findings or [Finding(Verdict.NOT_HERE)]
    if dealer.paused:
        findings = [Finding(Verdict.PAUSED), *_without_advice_to_search(findings)]
    elif known.waiting and not known.kept:
        findings = [Finding(Verdict.WAITING), *_without_advice_to_search(findings)]
    return sorted(findings, key=_rank)


def _without_advice_to_search(findings: Sequence[Finding]) -> list[Finding]:
    return [finding for finding in findings if finding.verdict not in _SEARCH_FOR_IT]


def _rank(finding: Finding) -> int:
    if finding.verdict in _PROBLEMS:
        return len(_ORDER)
    return _ORDER.index(finding.verdict) if finding.verdict in _ORDER else -1


class _Branch:
    """Findings with the clocks of one dealer's branch."""

    def __init__(self, dealer: Dealer, now: datetime) -> None:
        self._dealer = dealer
        self._zone = ZoneInfo(dealer.time_zone)
        self._today: date = now.astimezone(self._zone).date()
        self._now = now

    def both(self, number: int, kept: Kept | None, reading: Reading, before: Refusal | None) -> Finding:
        """A workorder that the DMS has, whether or not Claire has it or had refused it `before`."""
        if isinstance(reading.outcome, Rejected):
            same = before is not None and before.reason is reading.outcome.reason
            refusal = Refusal(
                number,
                reading.outcome.wo_number,
                reading.outcome.reason,
                before.since if before is not None and same else self._now,
            )
            return self.refused(refusal, kept)
        workorder = reading.outcome.workorder
        if kept is None:
            return self._not_imported(workorder)
        fetched = Fetched(workorder, reading.digest, self._now)
        decision = policy.decide(self._dealer.keep_importing_after_start, kept.stored, fetched)
        paths = tuple(change.path for change in decision.changes)
        finding = self.kept(replace(kept, missing_since=None, held_since=None))
        if decision.outcome is Outcome.HELD:
            since = self._local(kept.stored.work_started_at)
            return replace(finding, verdict=Verdict.HELD, since=since, fields=paths)
        if decision.outcome is Outcome.UPDATED:
            fetched_at = self._local(kept.stored.fetched_at)
            return replace(finding, verdict=Verdict.OUTDATED, since=fetched_at, fields=paths)
        return finding

    def kept(self, kept: Kept) -> Finding:
        """A workorder that Claire has, by what is stored alone."""
        workorder = kept.stored.workorder
        if workorder is None:
            raise ValueError("a stored workorder must be read to be explained")
        finding = Finding(
            Verdict.IMPORTED,
            workorder_id=workorder_id(self._dealer.dealer_id, workorder.dms_number),
            dms_number=workorder.dms_number,
            wo_number=workorder.wo_number,
            affiliate_id=workorder.affiliate_id,
            appointment=workorder.appointment_local,
        )
        if kept.missing_since is not None:
            return replace(finding, verdict=Verdict.VANISHED, since=self._local(kept.missing_since))
        if kept.held_since is not None:
            return replace(finding, verdict=Verdict.HELD, since=self._local(kept.stored.work_started_at))
        swapped = self._swapped(workorder.appointment_local)
        return (
            finding if swapped is None else replace(finding, verdict=Verdict.POSSIBLE_SWAP, swapped=swapped)
        )

    def _not_imported(self, workorder: Workorder) -> Finding:
        """A workorder that Claire could have: nobody searched for it, and the schedule left it out."""
        local = workorder.appointment_local
        finding = Finding(
            Verdict.NEVER_ASKED,
            dms_number=workorder.dms_number,
            wo_number=workorder.wo_number,
            affiliate_id=workorder.affiliate_id,
            appointment=local,
        )
        if self._would_come_by_itself(local.date()) is False:
            return replace(finding, verdict=Verdict.OUTSIDE_DAYS, swapped=self._swapped(local))
        return finding

    def _would_come_by_itself(self, appointment: date) -> bool | None:
        """None where nothing new comes by itself, whatever its day."""
        if not self._dealer.import_new_in_bulk or self._dealer.refresh_every_minutes is None:
            return None
        ago = (self._today - appointment).days
        return -self._dealer.days_ahead <= ago <= self._dealer.days_back

    def _swapped(self, local: datetime) -> datetime | None:
        """The appointment with day and month exchanged, where that may be what was meant."""
        if not is_possible_day_month_swap(local.date(), self._today):
            return None
        return local.replace(month=local.day, day=local.month)

    def gone(self, kept: Kept) -> Finding:
        """A workorder that Claire has and the DMS has not, at least not under what was typed."""
        return self.kept(replace(kept, missing_since=kept.missing_since or self._now))

    def refused(self, refusal: Refusal, kept: Kept | None) -> Finding:
        return replace(
            Finding(Verdict.REJECTED) if kept is None else self.kept(kept),
            verdict=Verdict.REJECTED,
            dms_number=refusal.dms_number,
            wo_number=refusal.wo_number,
            reason=refusal.reason,
            since=self._local(refusal.since),
        )

    def failed(self, error: TwoDriveError, known: Known) -> Finding:
        if error.code is ErrorCode.VINACLES_CIRCUIT_OPEN:
            return Finding(
                Verdict.CIRCUIT_OPEN,
                since=self._local(known.circuit.opened_at),
                until=self._local(known.circuit.next_probe_at),
                error_code=error.code.value,
            )
        if error.code is ErrorCode.VINACLES_UNAVAILABLE:
            since = self._local(known.failing_since)
            return Finding(Verdict.VINACLES_AWAY, since=since, error_code=error.code.value)
        if error.code is ErrorCode.STORAGE_UNAVAILABLE:
            return Finding(Verdict.CANNOT_LOOK, error_code=error.code.value)
        problem = f"{error.text} {error.next_step}"
        return Finding(Verdict.CANNOT_ASK, error_code=error.code.value, problem=problem)

    def _local(self, moment: datetime | None) -> datetime | None:
        return None if moment is None else moment.astimezone(self._zone).replace(tzinfo=None)
