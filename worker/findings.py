"""What is the case with one workorder, or with Vinacles, on the clocks of a dealer's branch; decided from
values alone."""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from schemas.clock import is_possible_day_month_swap
from schemas.dealer import Dealer
from schemas.decision import Fetched, Stored
from schemas.outcome import Outcome, Reason
from schemas.reading import Rejected
from schemas.verdicts import Verdict
from schemas.why import Finding
from schemas.workorder import Workorder, workorder_id
from worker import policy
from worker.assessment import Reading
from worker.circuit import Circuit
from worker.errors import CircuitOpen, ErrorCode, TwoDriveError

#: What somebody is told who asks while Vinacles does not answer.
VINACLES_IS_AWAY = frozenset({ErrorCode.VINACLES_UNAVAILABLE, ErrorCode.VINACLES_CIRCUIT_OPEN})


@dataclass(frozen=True, slots=True)
class Kept:
    """What Claire has of a workorder. `held_since` is the first answer that the policy kept out, None where
    the newest one was taken."""

    stored: Stored
    missing_since: datetime | None = None
    held_since: datetime | None = None

    @property
    def wo_number(self) -> str:
        return _read(self.stored).wo_number


@dataclass(frozen=True, slots=True)
class Refusal:
    """The newest answer about a workorder was rejected, and since when; `dms_number` is None where it cannot
    be read."""

    dms_number: int | None
    wo_number: str | None
    reason: Reason
    since: datetime


class Branch:
    """Findings with the clocks of one dealer's branch."""

    def __init__(self, dealer: Dealer, now: datetime) -> None:
        self._dealer = dealer
        self._zone = ZoneInfo(dealer.time_zone)
        self._today: date = now.astimezone(self._zone).date()
        self._now = now

    def both(
        self, number: int | None, kept: Kept | None, reading: Reading, before: Refusal | None
    ) -> Finding:
        """A workorder that the DMS has, whether or not Claire has it or had refused it `before`; without
        `number` where it cannot be read."""
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
        if decision.outcome not in (Outcome.HELD, Outcome.UPDATED):
            return self.kept(replace(kept, missing_since=None, held_since=None))
        # What the DMS has now is what somebody would correct there.
        swapped = self._swapped(workorder.appointment_local)
        return self._behind(kept, decision.outcome is Outcome.HELD, swapped, paths)

    def kept(self, kept: Kept) -> Finding:
        """A workorder that Claire has, by what is stored alone."""
        if kept.missing_since is not None:
            return self.gone(kept)
        workorder = _read(kept.stored)
        swapped = self._swapped(workorder.appointment_local)
        if kept.held_since is not None:
            # Not held any more where the start was taken back, or the dealer wants to keep importing by now.
            started = kept.stored.work_started_at is not None
            held = started and not self._dealer.keep_importing_after_start
            return self._behind(kept, held, swapped)
        verdict = Verdict.IMPORTED if swapped is None else Verdict.POSSIBLE_SWAP
        return replace(self._shown(workorder), verdict=verdict, swapped=swapped)

    def _behind(
        self, kept: Kept, held: bool, swapped: datetime | None, paths: tuple[str, ...] = ()
    ) -> Finding:
        """The DMS has other values, which the policy keeps out or a refresh would bring."""
        stored = kept.stored
        return replace(
            self._shown(_read(stored)),
            verdict=Verdict.HELD if held else Verdict.OUTDATED,
            since=self._local(stored.work_started_at if held else stored.fetched_at),
            held_since=self._local(kept.held_since) if held else None,
            fields=paths,
            swapped=swapped,
        )

    def _shown(self, workorder: Workorder) -> Finding:
        """Where Claire shows it."""
        return Finding(
            Verdict.IMPORTED,
            workorder_id=workorder_id(self._dealer.dealer_id, workorder.dms_number),
            dms_number=workorder.dms_number,
            wo_number=workorder.wo_number,
            affiliate_id=workorder.affiliate_id,
            appointment=workorder.appointment_local,
        )

    def _not_imported(self, workorder: Workorder) -> Finding:
        """A workorder that Claire could have: no search brought it, and the schedule left it out."""
        local = workorder.appointment_local
        outside = self._would_come_by_itself(local.date()) is False
        return Finding(
            Verdict.OUTSIDE_DAYS if outside else Verdict.NEVER_ASKED,
            dms_number=workorder.dms_number,
            wo_number=workorder.wo_number,
            affiliate_id=workorder.affiliate_id,
            appointment=local,
            swapped=self._swapped(local),
        )

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
        since = self._local(kept.missing_since)
        return replace(self._shown(_read(kept.stored)), verdict=Verdict.VANISHED, since=since)

    def refused(self, refusal: Refusal, kept: Kept | None) -> Finding:
        older = None if kept is None else _read(kept.stored)
        return replace(
            Finding(Verdict.REJECTED) if older is None else self._shown(older),
            verdict=Verdict.REJECTED,
            dms_number=refusal.dms_number,
            wo_number=refusal.wo_number,
            reason=refusal.reason,
            since=self._local(refusal.since),
        )

    def failed(self, error: TwoDriveError, failing_since: datetime | None, circuit: Circuit) -> Finding:
        """Why Vinacles could not be asked, with the dealer's circuit as it was before."""
        if isinstance(error, CircuitOpen):
            return Finding(
                Verdict.CIRCUIT_OPEN,
                since=self._local(circuit.opened_at),
                until=self._local(self._probed_at(error, circuit)),
                error_code=error.code.value,
            )
        if error.code is ErrorCode.VINACLES_UNAVAILABLE:
            known = [moment for moment in (failing_since, circuit.opened_at) if moment is not None]
            since = self._local(min(known, default=None))
            return Finding(Verdict.VINACLES_AWAY, since=since, error_code=error.code.value)
        if error.code is ErrorCode.STORAGE_UNAVAILABLE:
            return Finding(Verdict.CANNOT_LOOK, error_code=error.code.value)
        problem = f"{error.text} {error.next_step}"
        return Finding(Verdict.CANNOT_ASK, error_code=error.code.value, problem=problem)

    def _probed_at(self, error: CircuitOpen, circuit: Circuit) -> datetime | None:
        """The next whole second, so that it is not over when it is read. The error knows of somebody else's
        probe, which the circuit as it was before may not."""
        if error.retry_after_seconds is None:
            return circuit.next_probe_at
        at = self._now + timedelta(seconds=error.retry_after_seconds)
        return at + timedelta(microseconds=-at.microsecond % 1_000_000)

    def _local(self, moment: datetime | None) -> datetime | None:
        return None if moment is None else moment.astimezone(self._zone).replace(tzinfo=None)


def _read(stored: Stored) -> Workorder:
    if stored.workorder is None:
        raise ValueError("a stored workorder must be read to be explained")
    return stored.workorder
