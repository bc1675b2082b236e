"""When a circuit opens, who probes, and when it closes: the table, and its laws."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.circuit import (
    CLOSED,
    FIRST_PAUSE_SECONDS,
    LONGEST_PAUSE_SECONDS,
    OPENS_AFTER,
    Circuit,
    CircuitState,
    Entry,
    entry,
    failed,
    given_back,
    pause_seconds,
    probing,
    trouble_of,
    was_answered,
)
from worker.errors import (
    CircuitOpen,
    ConfigurationError,
    ErrorCode,
    StorageUnavailable,
    Trouble,
    VinaclesRefused,
)
from worker.vinacles.failures import (
    bad_certificate,
    login_failed,
    not_allowed,
    of_status,
    of_token_status,
    out_of_time,
    page_too_big,
    refused,
    unavailable,
    unreadable,
)

NOW = datetime(2026, 11, 24, 13, 2, 10, tzinfo=UTC)
DOWN = Trouble.SERVER_ERROR


def later(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


ONE = Circuit(1, DOWN)
TWO = Circuit(2, DOWN)
OPEN = Circuit(3, DOWN, opened_at=NOW, probe_at=later(15))
PROBED = replace(OPEN, probe_owner="a", probe_until=later(40))


@pytest.mark.parametrize(
    ("circuit", "seconds", "state", "verdict"),
    [
        (CLOSED, 0, CircuitState.CLOSED, Entry.ASK),
        (TWO, 0, CircuitState.CLOSED, Entry.ASK),
        (OPEN, 0, CircuitState.OPEN, Entry.REFUSED),
        (OPEN, 14.9, CircuitState.OPEN, Entry.REFUSED),
        (OPEN, 15, CircuitState.HALF_OPEN, Entry.PROBE),
        (OPEN, 9_999, CircuitState.HALF_OPEN, Entry.PROBE),
        (PROBED, 15, CircuitState.HALF_OPEN, Entry.REFUSED),
        (PROBED, 39.9, CircuitState.HALF_OPEN, Entry.REFUSED),
        (PROBED, 40, CircuitState.HALF_OPEN, Entry.PROBE),  # whoever had it is dead
        # No pause is longer than 300 s and no probe than 900: the clock was set back since.
        (OPEN, 15 - 300, CircuitState.OPEN, Entry.REFUSED),
        (OPEN, 15 - 301, CircuitState.HALF_OPEN, Entry.PROBE),
        (PROBED, 40 - 900, CircuitState.HALF_OPEN, Entry.REFUSED),
        (PROBED, 40 - 901, CircuitState.HALF_OPEN, Entry.PROBE),
    ],
)
def test_who_may_ask(circuit: Circuit, seconds: float, state: CircuitState, verdict: Entry) -> None:
    assert (circuit.state(later(seconds)), entry(circuit, later(seconds))) == (state, verdict)


@pytest.mark.parametrize(
    ("before", "owner", "seconds", "after"),
    [
        (CLOSED, None, 0, ONE),
        (ONE, None, 0, TWO),
        (TWO, None, 0, OPEN),
        # Questions that began before it opened neither make the pause longer nor take the probe away.
        (OPEN, None, 5, replace(OPEN, failures=4)),
        (PROBED, None, 20, replace(PROBED, failures=4)),
        # The probe: 15 s become 30 s.
        (PROBED, "a", 20, replace(OPEN, failures=4, probe_at=later(50), failed_probes=1)),
        # Its lease ran out, and somebody else probes.
        (PROBED, "b", 41, replace(PROBED, failures=4)),
        # An operator closed the circuit meanwhile.
        (CLOSED, "a", 20, ONE),
    ],
)
def test_after_a_failure(before: Circuit, owner: str | None, seconds: float, after: Circuit) -> None:
    assert failed(before, DOWN, owner, later(seconds), 0) == after


def test_the_last_kind_of_failure_is_told() -> None:
    assert failed(TWO, Trouble.LOGIN_SERVER, None, NOW, 0).trouble is Trouble.LOGIN_SERVER


def test_a_probe_that_says_nothing_is_given_back() -> None:
    assert given_back(PROBED, "a") == OPEN
    assert given_back(PROBED, "b") == PROBED
    assert given_back(CLOSED, "a") == CLOSED


@pytest.mark.parametrize(
    ("failed_probes", "jitter", "seconds"),
    [
        *((0, 0, 15), (1, 0, 30), (2, 0, 60), (3, 0, 120), (4, 0, 240), (5, 0, 300), (10_000, 0, 300)),
        *((0, 0.5, 13.5), (2, 0.5, 54), (5, 0.5, 270)),
    ],
)
def test_pauses(failed_probes: int, jitter: float, seconds: float) -> None:
    assert pause_seconds(failed_probes, jitter) == pytest.approx(seconds)


_REFUSED = VinaclesRefused(ErrorCode.VINACLES_REFUSED, "", "")
_AWAY = StorageUnavailable(ErrorCode.STORAGE_UNAVAILABLE, "", "")


@pytest.mark.parametrize(
    ("error", "trouble", "answered"),
    [
        (of_status(500, None, None), Trouble.SERVER_ERROR, False),
        (of_status(503, None, 30), Trouble.SERVER_ERROR, False),
        (of_status(522, None, None), Trouble.SERVER_ERROR, False),
        (of_token_status(500, None), Trouble.LOGIN_SERVER, False),
        (unavailable("", trouble=Trouble.UNREACHABLE), Trouble.UNREACHABLE, False),
        (out_of_time(Trouble.TIMEOUT), Trouble.TIMEOUT, False),
        # One workorder that the server stumbles over, an answer that we cannot read, a wish to wait:
        (of_status(500, "UnexpectedError", None), None, False),
        (unreadable(), None, False),
        (of_status(429, None, 60), None, False),
        (of_status(408, None, None), None, False),
        (of_token_status(429, 60), None, False),
        # No time was left for it, our own stores are away, nobody was asked.
        (out_of_time(), None, False),
        (_AWAY, None, False),
        (CircuitOpen(ErrorCode.VINACLES_CIRCUIT_OPEN, "", ""), None, False),
        (bad_certificate(), None, False),
        (ConfigurationError(ErrorCode.CONFIGURATION, "", ""), None, False),
        (LookupError(), None, False),
        # It is there, and says no.
        (login_failed(), None, True),
        (not_allowed(), None, True),
        (of_token_status(401, None), None, True),
        (refused(""), None, True),
        (page_too_big(), None, True),
        (_REFUSED, None, True),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_errors_say_about_vinacles(error: Exception, trouble: Trouble | None, answered: bool) -> None:
    assert (trouble_of(error), was_answered(error)) == (trouble, answered)


@dataclass
class Fleet:
    """Workers that ask in any order, fail or not, and die with the probe in their hands."""

    circuit: Circuit = CLOSED
    now: datetime = NOW
    asking: dict[str, Entry] = field(default_factory=dict)
    pauses: list[float] = field(default_factory=list)
    prober: str | None = None
    probed_until: datetime = NOW

    def begin(self, name: str) -> None:
        verdict = entry(self.circuit, self.now)
        if verdict is Entry.REFUSED or name in self.asking:
            return
        if verdict is Entry.PROBE:
            assert self.now >= self.probed_until, "somebody else is the probe"
            self.probed_until = later((self.now - NOW).total_seconds() + 25)
            self.circuit = probing(self.circuit, name, self.now, 25)
            self.prober = name
        self.asking[name] = verdict

    def end(self, name: str, jitter: float, *, well: bool) -> None:
        role = self.asking.pop(name, None)
        if role is None:
            return
        before, is_the_probe = self.circuit, name == self.prober and role is Entry.PROBE
        if well or is_the_probe:
            self.prober, self.probed_until = None, self.now
        if well:
            self.circuit = CLOSED
            self.pauses.clear()
            assert entry(self.circuit, self.now) is Entry.ASK
            return
        owner = name if role is Entry.PROBE else None
        self.circuit = after = failed(before, DOWN, owner, self.now, jitter)
        if after.probe_at is not None and after.probe_at != before.probe_at:
            assert is_the_probe or not before.is_open, "only the probe makes the pause longer"
            self.pauses.append((after.probe_at - self.now).total_seconds())

    def check(self) -> None:
        circuit = self.circuit
        assert circuit.is_open == (circuit.failures >= OPENS_AFTER)
        assert (circuit.probe_owner is None) == (circuit.probe_until is None)
        for shorter, longer in pairwise(self.pauses):
            assert shorter < longer or longer >= LONGEST_PAUSE_SECONDS * 0.8 - 1e-3
        assert all(FIRST_PAUSE_SECONDS * 0.8 - 1e-3 <= p <= LONGEST_PAUSE_SECONDS for p in self.pauses)


_NAMES = st.sampled_from("ab")
_EVENTS = st.one_of(
    st.tuples(st.just("begin"), _NAMES),
    st.tuples(st.just("end"), _NAMES, st.integers(0, 9), st.floats(0, 0.999)),
    st.tuples(st.just("die"), _NAMES),
    st.tuples(st.just("wait"), st.sampled_from([1, 5, 15, 26, 60, 400])),
    st.tuples(st.just("probe"), _NAMES),
)


@given(st.sampled_from([CLOSED, OPEN]), st.lists(_EVENTS, min_size=10, max_size=60))
def test_laws_of_any_history(start: Circuit, events: list[tuple[Any, ...]]) -> None:
    """Never two probes at a time; closed after any answer; pauses grow up to the longest."""
    fleet = Fleet(start)
    for what, *of in events:
        if what == "begin":
            fleet.begin(of[0])
        elif what == "end":
            fleet.end(of[0], of[2], well=of[1] == 0)
        elif what == "probe":
            fleet.now = max(fleet.now, fleet.circuit.next_probe_at or fleet.now)
            fleet.begin(of[0])
        elif what == "die":
            fleet.asking.pop(of[0], None)
        else:
            fleet.now += timedelta(seconds=of[0])
        fleet.check()


@given(st.integers(0, 40), st.floats(0, 0.999), st.floats(0, 0.999))
def test_a_dead_vinacles_is_asked_less_and_less(probes: int, jitter: float, other: float) -> None:
    shorter, longer = pause_seconds(probes, jitter), pause_seconds(probes + 1, other)
    assert shorter <= longer or longer >= LONGEST_PAUSE_SECONDS * 0.8
