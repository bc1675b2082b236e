"""When a dealer's Vinacles is left alone for a while, decided from values alone.

    closed ── OPENS_AFTER questions in a row fail ──▶ open ── the pause is over ──▶ half-open
       ▲                                               ▲                                │
       └────────────── any question is answered        └──── the probe fails ◀── one question, the probe

A question is all of one search, one refresh or one page of bulk work, its retries included. Open means that
nobody asks. Half-open means that one question of the whole fleet may: it holds the probe's lease, so that
another takes its place when it dies.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from worker.errors import ErrorCode, Trouble, TwoDriveError, VinaclesUnavailable

OPENS_AFTER = 3
FIRST_PAUSE_SECONDS = 15.0
LONGEST_PAUSE_SECONDS = 300.0
#: No probe takes that long. A pause or a probe that ends even later than it may was begun before PostgreSQL's
#: clock was set back, and keeps nobody out.
_LONGEST_PROBE_SECONDS = 900.0
#: Less than the half by which the next step is longer: pauses never shrink before they are at their longest.
_JITTER = 0.2
# 2 to this power is far above the longest pause.
_MOST_DOUBLINGS = 16

#: These say that Vinacles is there and answers, whatever it answers.
ANSWERS = frozenset(
    {ErrorCode.VINACLES_LOGIN_FAILED, ErrorCode.VINACLES_NOT_ALLOWED, ErrorCode.VINACLES_REFUSED}
)


class CircuitState(StrEnum):
    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"


class Entry(StrEnum):
    """What a question may do: be asked, be the probe, or not be asked."""

    ASK = "ask"
    PROBE = "probe"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Circuit:
    """What the fleet knows of a dealer's Vinacles. `failures` in a row, the last one's kind is `trouble`.

    While open: since `opened_at`, with the next probe from `probe_at` on, after `failed_probes`; who probes
    has `probe_owner` until `probe_until`. All moments are of one clock, PostgreSQL's.
    """

    failures: int = 0
    trouble: Trouble | None = None
    opened_at: datetime | None = None
    probe_at: datetime | None = None
    failed_probes: int = 0
    probe_owner: str | None = None
    probe_until: datetime | None = None

    @property
    def is_open(self) -> bool:
        return self.opened_at is not None

    @property
    def next_probe_at(self) -> datetime | None:
        """When somebody may probe at the latest: the one who does so now may die."""
        return self.probe_until or self.probe_at

    def state(self, now: datetime) -> CircuitState:
        if self.probe_at is None:
            return CircuitState.CLOSED
        pauses = _lies_ahead(self.probe_at, now, LONGEST_PAUSE_SECONDS)
        return CircuitState.OPEN if pauses else CircuitState.HALF_OPEN

    def probed(self, now: datetime) -> bool:
        """Whether somebody probes at this moment."""
        return self.probe_until is not None and _lies_ahead(self.probe_until, now, _LONGEST_PROBE_SECONDS)


CLOSED = Circuit()


def entry(circuit: Circuit, now: datetime) -> Entry:
    state = circuit.state(now)
    if state is CircuitState.CLOSED:
        return Entry.ASK
    return Entry.REFUSED if state is CircuitState.OPEN or circuit.probed(now) else Entry.PROBE


def probing(circuit: Circuit, owner: str, now: datetime, lease_seconds: float) -> Circuit:
    """With the probe in `owner`'s hands; to be called when `entry` says that it is free."""
    return replace(circuit, probe_owner=owner, probe_until=now + timedelta(seconds=lease_seconds))


def failed(circuit: Circuit, trouble: Trouble, owner: str | None, now: datetime, jitter: float) -> Circuit:
    """After a question that failed; `owner` as whoever probes, `jitter` in [0, 1).

    Of an open circuit only the probe's failure counts for the pause: the others began before it opened, or
    lost the probe to somebody else.
    """
    counted = replace(circuit, failures=circuit.failures + 1, trouble=trouble)
    if not circuit.is_open:
        if counted.failures < OPENS_AFTER:
            return counted
        return replace(counted, opened_at=now, probe_at=_after(pause_seconds(0, jitter), now))
    if owner is None or owner != circuit.probe_owner:
        return counted
    probes = circuit.failed_probes + 1
    return replace(
        counted,
        probe_at=_after(pause_seconds(probes, jitter), now),
        failed_probes=probes,
        probe_owner=None,
        probe_until=None,
    )


def given_back(circuit: Circuit, owner: str) -> Circuit:
    """After a probe that says nothing about Vinacles: somebody else may try at once."""
    if circuit.probe_owner != owner:
        return circuit
    return replace(circuit, probe_owner=None, probe_until=None)


def pause_seconds(failed_probes: int, jitter: float) -> float:
    """15 s, then twice as long after each failed probe, up to 5 minutes; jitter takes off up to a fifth, so
    that dealers of one host are not probed all together."""
    step = FIRST_PAUSE_SECONDS * 2.0 ** min(failed_probes, _MOST_DOUBLINGS)
    return min(LONGEST_PAUSE_SECONDS, step) * (1 - _JITTER * jitter)


def trouble_of(error: BaseException) -> Trouble | None:
    """What is wrong at Vinacles, as far as `error` says. Nothing is where something of ours was away or
    busy, where Vinacles says when to come again, and where it refuses what was asked."""
    return error.trouble if isinstance(error, VinaclesUnavailable) else None


def was_answered(error: BaseException) -> bool:
    """Whether `error` is Vinacles' answer, if one that helps nobody."""
    return isinstance(error, TwoDriveError) and error.code in ANSWERS


def _lies_ahead(moment: datetime, now: datetime, at_most_seconds: float) -> bool:
    return now < moment <= _after(at_most_seconds, now)


def _after(seconds: float, now: datetime) -> datetime:
    return now + timedelta(seconds=seconds)
