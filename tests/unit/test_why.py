"""Verdicts from values alone: each row of the table is somebody's question at the counter."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from schemas.outcome import Reason
from schemas.verdicts import Verdict
from tests.unit.whys import (
    AWAY,
    CHANGED,
    DEALER,
    LEFT_ALONE,
    NEIGHBORS,
    OPEN,
    PLATES_NEARBY,
    REDIS_AWAY,
    REFUSAL,
    REFUSED,
    THERE,
    kept,
    rejected,
    seen,
    unnumbered,
)
from tests.workorders import NOON
from worker.circuit import Circuit
from worker.errors import (
    CircuitOpen,
    Trouble,
    TwoDriveError,
)
from worker.findings import Refusal
from worker.why import Known, Seen, explained


@pytest.mark.parametrize(
    ("known", "found", "verdict"),
    [
        (kept(), seen(), Verdict.IMPORTED),
        (kept(), None, Verdict.IMPORTED),
        (kept(), seen(CHANGED), Verdict.OUTDATED),
        (kept(started=True), seen(CHANGED), Verdict.HELD),
        (kept(started=True), seen(), Verdict.IMPORTED),
        (kept(started=True, held_since=NOON), None, Verdict.HELD),
        (kept(started=True, held_since=NOON), seen(), Verdict.IMPORTED),
        (kept(missing_since=NOON), None, Verdict.VANISHED),
        (kept(missing_since=NOON), seen(), Verdict.IMPORTED),
        (kept(), Seen(), Verdict.VANISHED),
        (kept(), rejected(), Verdict.REJECTED),
        (Known({}), rejected(), Verdict.REJECTED),
        (Known({}), unnumbered(), Verdict.REJECTED),
        (Known({}), unnumbered(None), Verdict.REJECTED),
        (kept(), unnumbered(), Verdict.REJECTED),
        (Known({}), seen(), Verdict.NEVER_ASKED),
        (Known({}, waiting=True), seen(), Verdict.WAITING),
        (Known({}), Seen(), Verdict.NOT_IN_DMS),
        (Known({}), Seen(elsewhere=[{"WONUMMER": "WO-1", "AffiliateId": 3}]), Verdict.OTHER_BRANCH),
        (NEIGHBORS, Seen(elsewhere=[{"WONUMMER": "WO-1", "AffiliateId": 3}]), Verdict.OTHER_DEALER),
        (NEIGHBORS, Seen(elsewhere=[{"WONUMMER": "WO-1", "AffiliateId": 4}]), Verdict.OTHER_BRANCH),
        (THERE, None, Verdict.OTHER_DEALER),
        (THERE, AWAY, Verdict.OTHER_DEALER),
        (THERE, seen(), Verdict.NEVER_ASKED),
        (THERE, Seen(), Verdict.NOT_IN_DMS),
        (Known({}), Seen(near=PLATES_NEARBY), Verdict.NEAR_MISS),
        (Known({}), None, Verdict.NOT_HERE),
        (Known({}, [REFUSAL]), None, Verdict.REJECTED),
        (Known({}, failing_since=NOON), AWAY, Verdict.VINACLES_AWAY),
        (Known({}), REDIS_AWAY, Verdict.CANNOT_LOOK),
        (Known({}), REFUSED, Verdict.CANNOT_ASK),
        (Known({}, circuit=OPEN), LEFT_ALONE, Verdict.CIRCUIT_OPEN),
        (kept(), AWAY, Verdict.IMPORTED),
        (replace(kept(), refused=[REFUSAL]), None, Verdict.REJECTED),
    ],
)
def test_the_first_finding(known: Known, found: Any, verdict: Verdict) -> None:
    first = explained(DEALER, known, found, NOON)[0]
    assert first.verdict is verdict
    for language in ("en", "nl"):
        assert "{" not in first.said(language) + first.next_step(language)
        assert "None" not in first.said(language)


def test_what_is_known_is_told_beside_what_could_not_be_asked() -> None:
    found = explained(DEALER, replace(kept(), failing_since=NOON), AWAY, NOON)
    assert [finding.verdict for finding in found] == [Verdict.IMPORTED, Verdict.VINACLES_AWAY]
    assert found[1].error_code == "vinacles_unavailable"


def test_an_open_circuit_says_since_when_and_until_when() -> None:
    [found] = explained(DEALER, Known({}, circuit=OPEN), LEFT_ALONE, NOON)
    assert "since 2026-11-23 13:00" in found.said("en")
    assert "again at 13:01:00." in found.said("en")
    assert "is om 13:01:00." in found.said("nl")


@pytest.mark.parametrize(("seconds", "said"), [(15.0, "13:00:15"), (15.2, "13:00:16"), (0.0, "13:00:00")])
def test_whoever_looks_at_the_moment_that_is_told_is_not_too_early(seconds: float, said: str) -> None:
    """Somebody else's probe, of which only the error knows, may be the one to wait for."""
    error = CircuitOpen(LEFT_ALONE.code, LEFT_ALONE.text, LEFT_ALONE.next_step, retry_after_seconds=seconds)
    [found] = explained(DEALER, Known({}, circuit=OPEN), error, NOON)
    assert f"again at {said}." in found.said("en")


@pytest.mark.parametrize(
    ("failing_since", "circuit", "said"),
    [
        (None, Circuit(), "noticed just now"),
        (NOON, Circuit(1, Trouble.TIMEOUT), "since 2026-11-23 13:00"),
        # A refresh of all workorders opened it; no search has failed yet.
        (None, OPEN, "since 2026-11-23 13:00"),
        (NOON - timedelta(minutes=5), OPEN, "since 2026-11-23 12:55"),
        (NOON + timedelta(minutes=5), OPEN, "since 2026-11-23 13:00"),
    ],
)
def test_since_when_vinacles_is_away(failing_since: datetime | None, circuit: Circuit, said: str) -> None:
    [found] = explained(DEALER, Known({}, failing_since=failing_since, circuit=circuit), AWAY, NOON)
    assert found.said("en") == f"2Drive does not answer ({said})."


def test_a_vanished_one_says_where_it_shows_and_when_that_was_noticed() -> None:
    [before] = explained(DEALER, kept(missing_since=NOON), None, NOON + timedelta(days=1))
    assert before.said("en") == (
        "It is in Claire, with its appointment on 2026-11-24 08:30 at branch 1, but the DMS does not have it "
        "any more (noticed on 2026-11-23 13:00)."
    )
    [now] = explained(DEALER, kept(), Seen(), NOON)
    assert now.since is None
    assert now.said("en").endswith("any more (noticed just now).")
    assert now.said("nl").endswith("niet meer (zojuist opgemerkt).")


def test_an_outdated_one_says_how_old_it_is() -> None:
    [found] = explained(DEALER, kept(), seen(CHANGED), NOON)
    assert found.said("en") == (
        "It is in Claire, with its appointment on 2026-11-24 08:30 at branch 1, as it was in the DMS on "
        "2026-11-23 13:00. It has changed in the DMS since then: mileage."
    )
    assert found.said("nl") == (
        "Hij staat in Claire, met de afspraak op 24-11-2026 08:30 bij filiaal 1, zoals hij op "
        "23-11-2026 13:00 in het DMS stond. Daarna is hij in het DMS gewijzigd: kilometerstand."
    )


def test_what_is_for_operators_is_in_no_sentence() -> None:
    [found] = explained(DEALER, Known({}), REFUSED, NOON)
    assert found.problem == "The login is refused. Correct it."
    for language in ("en", "nl"):
        assert "vinacles_login_failed" in found.said(language)
        assert found.problem not in found.said(language) + found.next_step(language)


def test_a_rejection_counts_since_it_was_first_seen() -> None:
    before = replace(kept(), refused=[REFUSAL])
    for seen_now in (rejected(), None):
        [found] = explained(DEALER, before, seen_now, NOON + timedelta(days=1))
        assert found.since == datetime(2026, 11, 23, 13)
        assert found.workorder_id is not None
    other = replace(REFUSAL, reason=Reason.UNREADABLE_PRICE)
    [found] = explained(DEALER, Known({}, [other]), rejected(), NOON + timedelta(days=1))
    assert found.since == datetime(2026, 11, 24, 13)


def test_a_rejected_one_says_where_claire_shows_an_older_version() -> None:
    [found] = explained(DEALER, kept(), rejected(), NOON)
    assert found.said("en").endswith(
        "add at least one in the DMS. Claire still has an older version, on 2026-11-24 08:30 at branch 1."
    )
    assert found.said("nl").endswith("staat nog een oudere versie, op 24-11-2026 08:30 bij filiaal 1.")
    [new] = explained(DEALER, Known({}), rejected(), NOON)
    assert "older" not in new.said("en")


def test_one_without_a_readable_number_is_not_gone() -> None:
    [same] = explained(DEALER, kept(), unnumbered(), NOON)
    assert (same.reason, same.workorder_id is not None) == (Reason.UNREADABLE_NUMBER, True)
    assert same.said("en").endswith("Claire still has an older version, on 2026-11-24 08:30 at branch 1.")
    # Another number on the same plate may be what this one was called before.
    other = explained(DEALER, kept(), unnumbered("WO-7"), NOON)
    assert [finding.verdict for finding in other] == [Verdict.REJECTED, Verdict.IMPORTED]
    assert (other[0].wo_number, other[0].workorder_id) == ("WO-7", None)


def test_a_rejection_without_a_number_counts_since_it_was_first_seen() -> None:
    before = Refusal(None, "WO-7", Reason.UNREADABLE_NUMBER, NOON)
    tomorrow = NOON + timedelta(days=1)
    for seen_now in (unnumbered("WO-7"), None):
        [found] = explained(DEALER, Known({}, [before]), seen_now, tomorrow)
        assert (found.verdict, found.since) == (Verdict.REJECTED, datetime(2026, 11, 23, 13))
    [another] = explained(DEALER, Known({}, [before]), unnumbered("WO-8"), tomorrow)
    assert another.since == datetime(2026, 11, 24, 13)


@pytest.mark.parametrize("seen_now", [seen(), None])
def test_nobody_is_told_to_search_while_an_import_waits(seen_now: Seen | None) -> None:
    waiting = explained(DEALER, Known({}, waiting=True), seen_now, NOON)
    assert [finding.verdict for finding in waiting] == [Verdict.WAITING]


#: Each is told to search or to refresh, where that works.
ADVISED = [
    (kept(), seen()),
    (kept(), seen(CHANGED)),
    (kept(), rejected()),
    (Known({}), rejected()),
    (Known({}), seen()),
    (Known({}), Seen(near=PLATES_NEARBY)),
    (Known({}), None),
]


@pytest.mark.parametrize(("known", "seen_now"), ADVISED)
def test_while_importing_is_paused_nothing_is_advised_that_cannot_work(
    known: Known, seen_now: Seen | None
) -> None:
    [first, second] = explained(replace(DEALER, paused=True), known, seen_now, NOON)
    assert first.verdict is Verdict.PAUSED
    assert "once importing is resumed" in second.next_step("en")
    assert "zodra het importeren is hervat" in second.next_step("nl")
    [works] = explained(DEALER, known, seen_now, NOON)
    assert works.next_step("en") == second.next_step("en").replace(" once importing is resumed", "")


@pytest.mark.parametrize(
    ("error", "once"),
    [
        (AWAY, "once 2Drive answers again"),
        (LEFT_ALONE, "once 2Drive answers again"),
        (REDIS_AWAY, "once the error is solved"),
        (REFUSED, "once the error is solved"),
    ],
)
def test_a_refresh_is_advised_for_when_it_works(error: TwoDriveError, once: str) -> None:
    first = explained(DEALER, replace(kept(), circuit=OPEN), error, NOON)[0]
    assert first.next_step("en").endswith(f"press refresh on its page {once}.")
