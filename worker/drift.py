"""Noticing that a dealer's Vinacles is no longer as our mapping says, while its rows are read anyway."""

import time
from collections.abc import Callable, Collection, Mapping, Sequence

import structlog

from schemas.drift import Action, Drift, Kind, of_fields, of_line_types, of_sample, of_workorder
from schemas.outcome import Reason, Warning
from schemas.reading import Rejected
from schemas.vinacles import RawWorkorder
from worker.assessment import Reading
from worker.attempt import Attempt
from worker.deadline import Deadline
from worker.errors import ConfigurationError, ErrorCode, TwoDriveError
from worker.store.drift import first_listing, forget_gone, note
from worker.store.session import Database

#: What lasts is noted again after this long, so that it is known when it was last seen.
NOTED_AGAIN_SECONDS = 60.0
_RECORD_SECONDS = 1.0
_MOST_REMEMBERED = 10_000
#: Of these as many workorders of a page are looked at row by row.
_MOST_COMPLAINTS = 3
_COMPLAINTS = frozenset(
    {
        Reason.UNREADABLE_NUMBER,
        Reason.NO_WO_NUMBER,
        Reason.NO_APPOINTMENT_DATE,
        Reason.UNREADABLE_APPOINTMENT_DATE,
        Reason.UNREADABLE_PRICE,
        Warning.MISSING_COLUMN,
        Warning.NO_PRICE,
        Warning.UNREADABLE_MILEAGE,
        Warning.UNREADABLE_PLATE,
        Warning.UNREADABLE_QUANTITY,
        Warning.UNREADABLE_SORT_ORDER,
        Warning.UNREADABLE_TEXT,
        Warning.UNREADABLE_EMAIL,
    }
)

_log = structlog.get_logger(__name__)


class DriftWatch:
    """Safe to share between threads: what two of them note at the same time is noted twice, and reported
    once."""

    def __init__(self, database: Database, clock: Callable[[], float] = time.monotonic) -> None:
        self._database = database
        self._clock = clock
        self._noted_at: dict[tuple[int, Drift], float] = {}

    def look(self, attempt: Attempt, raws: Sequence[RawWorkorder], readings: Sequence[Reading]) -> None:
        """Report how these rows, of which `readings` were made, differ from our mapping.

        Looks at few of them: the first and the last workorder, and some that could not be read well. Raises
        ConfigurationError where any row differs in a field whose policy is to block.
        """
        policy = attempt.loaded.drift_policy
        guarded = [field for field, action in policy.items() if action is Action.BLOCK]
        blocked = of_fields(guarded, raws) if guarded else frozenset()
        self.note(attempt.dealer.dealer_id, seen(raws, readings) | blocked, policy)
        if blocked:
            raise _blocked(attempt.dealer.dealer_id, min(blocked))

    def note(self, dealer_id: int, drifts: Collection[Drift], policy: Mapping[str, Action]) -> None:
        """Put on record, and report what is new. Where that cannot be, imports go on."""
        now = self._clock()
        due = [
            drift
            for drift in drifts
            if policy.get(drift.field) is not Action.ALLOW
            and now - self._noted_at.get((dealer_id, drift), -NOTED_AGAIN_SECONDS) >= NOTED_AGAIN_SECONDS
        ]
        if not due:
            return
        try:
            with self._database.transaction(Deadline.after(_RECORD_SECONDS)) as connection:
                new = note(connection, dealer_id, due)
        except TwoDriveError as unnoted:
            _log.warning("schema_drift_not_noted", dealer_id=dealer_id, because=unnoted.code.value)
            return
        if len(self._noted_at) > _MOST_REMEMBERED:
            self._noted_at.clear()
        self._noted_at.update({(dealer_id, drift): now for drift in due})
        _report(dealer_id, new)

    def listed(
        self, dealer_id: int, found: Collection[Drift], policy: Mapping[str, Action]
    ) -> Sequence[Drift]:
        """How the columns that Vinacles lists differ. Of those that nobody asks for, new are the ones that
        were not there when they were listed for the first time. Returns them. Raises StorageUnavailable."""
        others = [drift for drift in found if drift.kind is Kind.NEW_COLUMN]
        self.note(dealer_id, [drift for drift in found if drift.kind is not Kind.NEW_COLUMN], policy)
        wanted = [drift for drift in others if policy.get(drift.field) is not Action.ALLOW]
        with self._database.transaction() as connection:
            first = first_listing(connection, dealer_id)
            new = note(connection, dealer_id, wanted, known=first)
            forget_gone(connection, dealer_id)
        if first:
            return ()
        _report(dealer_id, new)
        return new


def seen(raws: Sequence[RawWorkorder], readings: Sequence[Reading]) -> frozenset[Drift]:
    """How few of the rows differ: those of both ends, and those of workorders that could not be read well."""
    found = of_sample(raws)
    complaining: list[RawWorkorder] = []
    odd: list[RawWorkorder] = []
    for raw, reading in zip(raws, readings, strict=True):
        outcome = reading.outcome
        if outcome.warnings or type(outcome) is Rejected:
            if Warning.UNKNOWN_LINE_TYPE in outcome.warnings:
                odd.append(raw)
            if len(complaining) < _MOST_COMPLAINTS and _complains(reading):
                complaining.append(raw)
    if odd:
        found |= of_line_types(odd)
    return found.union(*map(of_workorder, complaining))


def _complains(reading: Reading) -> bool:
    outcome = reading.outcome
    if isinstance(outcome, Rejected) and outcome.reason in _COMPLAINTS:
        return True
    return not _COMPLAINTS.isdisjoint(outcome.warnings)


def _report(dealer_id: int, new: Collection[Drift]) -> None:
    for drift in new:
        _log.warning(
            "schema_drift",
            dealer_id=dealer_id,
            field=drift.field,
            kind=drift.kind.value,
            found=drift.found,
        )


def _blocked(dealer_id: int, drift: Drift) -> ConfigurationError:
    return ConfigurationError(
        ErrorCode.SCHEMA_DRIFT,
        f"Nothing is imported while a field of 2Drive differs from what is expected. {drift.words}.",
        "An operator can correct the mapping, or let it pass: "
        f"twodrive drift policy {dealer_id} {drift.field} warn",
    )
