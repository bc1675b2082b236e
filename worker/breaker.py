"""The circuit of each dealer, shared by all workers through PostgreSQL; `worker.circuit` decides."""

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from uuid import uuid4
from zoneinfo import ZoneInfo

import structlog

from schemas.dealer import Dealer
from worker.attempt import Attempt
from worker.circuit import CLOSED, Circuit, Entry, entry, trouble_of, was_answered
from worker.deadline import Deadline
from worker.errors import CircuitOpen, ErrorCode, TwoDriveError
from worker.store.circuits import Change, close, give_back, note_failure, take_probe
from worker.store.session import Database

#: A question ends with its deadline; a probe that is not heard of this much later was somebody's who died.
GRACE_SECONDS = 5.0

_log = structlog.get_logger(__name__)


class Breaker:
    """Safe to share between threads. Costs a dealer without trouble nothing: its circuit comes with its
    record, and a success is written only where it changes something."""

    def __init__(self, database: Database, jitter: Callable[[], float] = random.random) -> None:
        self._database = database
        self._jitter = jitter

    @contextmanager
    def question(self, attempt: Attempt, *, insist: bool = False) -> Iterator[None]:
        """Around everything that is asked of Vinacles for an attempt.

        Raises CircuitOpen, and nothing is asked, while the dealer's circuit is open and this is not the
        probe. With `insist` it is asked whatever the circuit says, as an operator wants it.
        """
        owner = None if insist else self._entered(attempt)
        try:
            yield
        except Exception as error:
            self._heard(attempt, owner, error)
            raise
        self._heard(attempt, owner, None)

    def close(self, dealer_id: int, deadline: Deadline | None = None) -> None:
        """Vinacles has answered, or an operator wants it asked again."""
        with self._database.transaction(deadline) as connection:
            change = close(connection, dealer_id)
        _tell(dealer_id, change)

    def _entered(self, attempt: Attempt) -> str | None:
        """Who probes, if this does."""
        loaded, dealer = attempt.loaded, attempt.dealer
        verdict, circuit, now = entry(loaded.circuit, loaded.asked_at), loaded.circuit, loaded.asked_at
        owner = uuid4().hex
        if verdict is Entry.PROBE:
            lease_seconds = attempt.deadline.remaining() + GRACE_SECONDS
            with self._database.transaction(attempt.deadline) as connection:
                verdict, change = take_probe(connection, dealer.dealer_id, owner, lease_seconds)
            circuit, now = change.after, change.now
        if verdict is Entry.REFUSED:
            raise circuit_open(circuit, dealer, now)
        return owner if verdict is Entry.PROBE else None

    def _heard(self, attempt: Attempt, owner: str | None, error: Exception | None) -> None:
        """Note what the question says about Vinacles, if anything. Where it cannot be noted, the question's
        own end is the one to tell."""
        try:
            self._note(attempt, owner, error)
        except TwoDriveError as unnoted:
            _log.warning("circuit_not_noted", because=unnoted.code.value)

    def _note(self, attempt: Attempt, owner: str | None, error: Exception | None) -> None:
        dealer_id = attempt.dealer.dealer_id
        trouble = None if error is None else trouble_of(error)
        if trouble is not None:
            with self._database.transaction(attempt.deadline) as connection:
                change = note_failure(connection, dealer_id, trouble, owner, self._jitter())
            _tell(dealer_id, change)
        elif error is None or was_answered(error):
            if attempt.loaded.circuit != CLOSED:
                self.close(dealer_id, attempt.deadline)
        elif owner is not None:
            with self._database.transaction(attempt.deadline) as connection:
                give_back(connection, dealer_id, owner)


def circuit_open(circuit: Circuit, dealer: Dealer, now: datetime) -> CircuitOpen:
    """Why the dealer's Vinacles is not asked now, and when it is, on the dealer's clock."""
    next_at = circuit.next_probe_at
    assert next_at is not None  # noqa: S101  an open circuit has one
    assert circuit.opened_at is not None  # noqa: S101  as above
    assert circuit.trouble is not None  # noqa: S101  as above
    since, then = (_clock(moment, dealer.time_zone, now) for moment in (circuit.opened_at, next_at))
    when = (
        f"is being tried now, until {then} at the latest"
        if circuit.probed(now)
        else f"is tried next at {then}"
    )
    return CircuitOpen(
        ErrorCode.VINACLES_CIRCUIT_OPEN,
        f"This dealer's 2Drive {circuit.trouble.said}. Nobody asks it since {since}; it {when}.",
        "Search again after that. Operators: twodrive circuits",
        retry_after_seconds=max(0.0, (next_at - now).total_seconds()),
    )


def _clock(moment: datetime, time_zone: str, now: datetime) -> str:
    """The time of day, with the date where it is another than today's."""
    local, today = (one.astimezone(ZoneInfo(time_zone)) for one in (moment, now))
    return f"{local:%H:%M:%S}" if local.date() == today.date() else f"{local:%Y-%m-%d %H:%M:%S}"


def _tell(dealer_id: int, change: Change) -> None:
    if change.opened or change.closed:
        circuit = change.after if change.opened else change.before
        _log.warning(
            "circuit_opened" if change.opened else "circuit_closed",
            dealer_id=dealer_id,
            trouble=circuit.trouble,
            failures=circuit.failures,
        )
