"""Verdicts from values alone: each row of the table is somebody's question at the counter."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from schemas.dealer import Connection, Dealer, Neighbor, Secret
from schemas.decision import Stored
from schemas.near import MatchedBy, Near
from schemas.outcome import Reason
from schemas.reading import Accepted, Rejected
from schemas.verdicts import Verdict
from schemas.why import AtNeighbor, Finding, WhyAnswer, dump_why
from schemas.workorder import Workorder
from tests.workorders import NOON, WORKORDER
from worker.assessment import Reading
from worker.circuit import Circuit
from worker.errors import (
    CircuitOpen,
    ConfigurationError,
    ErrorCode,
    StorageUnavailable,
    Trouble,
    TwoDriveError,
    VinaclesUnavailable,
)
from worker.findings import Kept, Refusal
from worker.why import Known, Seen, explained

NOWHERE = Connection(base_url="", token_url="", audience="", client_id="", client_secret=Secret(""))
DEALER = Dealer(12, "Garage Testweg", NOWHERE)
NUMBER = WORKORDER.dms_number
CHANGED = replace(WORKORDER, mileage_km=90_000)
AWAY = VinaclesUnavailable(ErrorCode.VINACLES_UNAVAILABLE, "2Drive did not answer.", "Try again.")
LEFT_ALONE = CircuitOpen(ErrorCode.VINACLES_CIRCUIT_OPEN, "Nobody asks it.", "Search again after that.")
OPEN = Circuit(3, Trouble.UNREACHABLE, NOON, NOON + timedelta(minutes=1))
REFUSAL = Refusal(NUMBER, "WO-5001", Reason.NO_LABOR_ITEM, NOON)
NEIGHBORS = Known({}, neighbors=[Neighbor(13, "Garage Proefstraat", (2, 3))])
PLATES_NEARBY = {
    MatchedBy.PLATE: [
        {"WONUMMER": "WO-4", "AffiliateId": 4},
        {"WONUMMER": "WO-3", "AffiliateId": 3},
        {"WONUMMER": "WO-1", "AffiliateId": 1},
        {"WONUMMER": " ", "AffiliateId": 1},
    ]
}
THERE = replace(NEIGHBORS, at_neighbor=AtNeighbor("Garage Proefstraat", "WO-1", 3))
REDIS_AWAY = StorageUnavailable(ErrorCode.STORAGE_UNAVAILABLE, "Redis cannot be used.", "Try again.")
REFUSED = ConfigurationError(ErrorCode.VINACLES_LOGIN_FAILED, "The login is refused.", "Correct it.")


def kept(workorder: Workorder = WORKORDER, *, started: bool = False, **fields: Any) -> Known:
    stored = Stored(workorder, b"before", NOON, NOON if started else None)
    return Known({workorder.dms_number: Kept(stored, **fields)})


def seen(workorder: Workorder = WORKORDER, digest: bytes = b"now") -> Seen:
    return Seen([Reading(Accepted(workorder), digest)])


def rejected() -> Seen:
    outcome = Rejected(NUMBER, WORKORDER.wo_number, Reason.NO_LABOR_ITEM)
    return Seen([Reading(outcome, b"now")])


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


def test_a_paused_dealer_is_told_first() -> None:
    found = explained(replace(DEALER, paused=True), kept(), None, NOON)
    assert [finding.verdict for finding in found] == [Verdict.PAUSED, Verdict.IMPORTED]


def test_keeping_on_importing_makes_a_held_one_outdated() -> None:
    dealer = replace(DEALER, keep_importing_after_start=True)
    [found] = explained(dealer, kept(started=True), seen(CHANGED), NOON)
    assert found.verdict is Verdict.OUTDATED


def test_a_held_one_says_where_it_shows_and_since_when_what_is_held() -> None:
    later = NOON + timedelta(hours=20)
    [found] = explained(DEALER, kept(started=True, held_since=later), seen(CHANGED), later)
    assert found.fields == ("mileage_km",)
    # Noon in UTC is one o'clock at the branch.
    assert found.said("en") == (
        "It is in Claire, with its appointment on 2026-11-24 08:30 at branch 1. Work on it started on "
        "2026-11-23 13:00, so changes in the DMS have not been taken over since 2026-11-24 09:00: mileage."
    )
    assert found.said("nl") == (
        "Hij staat in Claire, met de afspraak op 24-11-2026 08:30 bij filiaal 1. Het werk is begonnen op "
        "23-11-2026 13:00, dus worden wijzigingen in het DMS sinds 24-11-2026 09:00 niet overgenomen: "
        "kilometerstand."
    )
    [just_now] = explained(DEALER, kept(started=True), seen(CHANGED), later)
    assert just_now.held_since is None
    assert just_now.said("en").endswith("have not been taken over: mileage.")


def test_what_was_held_is_not_once_the_policy_lets_it_in() -> None:
    dealer = replace(DEALER, keep_importing_after_start=True)
    for whose, known in [(dealer, kept(started=True, held_since=NOON)), (DEALER, kept(held_since=NOON))]:
        [found] = explained(whose, known, None, NOON)
        assert (found.verdict, found.held_since) == (Verdict.OUTDATED, None)
        assert found.said("en").endswith("in the DMS since then: what exactly is not known here.")


@pytest.mark.parametrize("started", [True, False])
def test_a_swapped_date_is_told_beside_what_else_differs(started: bool) -> None:
    far = datetime(2026, 4, 12, 9, 0)
    now = datetime(2026, 12, 1, 12, tzinfo=UTC)
    swapped = replace(WORKORDER, appointment_local=far, appointment_at=far.replace(tzinfo=UTC))
    [found] = explained(DEALER, kept(swapped, started=started), seen(replace(swapped, mileage_km=1)), now)
    assert found.verdict is (Verdict.HELD if started else Verdict.OUTDATED)
    assert found.swapped == datetime(2026, 12, 4, 9)
    assert found.said("en").startswith("It is in Claire, with its appointment on 2026-04-12 09:00 at branch")
    assert found.said("en").endswith("may be swapped: perhaps 2026-12-04 09:00 is meant.")
    assert found.said("nl").endswith("mogelijk verwisseld: misschien is 04-12-2026 09:00 bedoeld.")
    assert started or found.next_step("en").startswith("If the date is wrong, correct it in the DMS. Press")
    # Who has corrected it in the DMS is not told to.
    corrected = replace(swapped, appointment_local=datetime(2026, 12, 4, 9))
    [right] = explained(DEALER, kept(swapped, started=started), seen(corrected), now)
    assert (right.swapped, right.appointment) == (None, far)
    assert "correct it" not in right.next_step("en")


def test_a_swapped_date_says_where_it_shows_and_where_it_would() -> None:
    far = datetime(2026, 4, 12, 9, 0)
    swapped = replace(WORKORDER, appointment_local=far, appointment_at=far.replace(tzinfo=UTC))
    now = datetime(2026, 12, 1, 12, tzinfo=UTC)
    [found] = explained(DEALER, kept(swapped), None, now)
    assert found.verdict is Verdict.POSSIBLE_SWAP
    assert found.said("en").startswith("It is in Claire, but on 2026-04-12 09:00 at branch 1;")
    assert "perhaps 2026-12-04 09:00 is meant" in found.said("en")


def test_who_names_a_branch_owns_it_before_who_imports_them_all() -> None:
    everywhere = Neighbor(11, "Garage Overal", ())
    row = {"WONUMMER": "WO-1", "AffiliateId": 3}
    for neighbors in ([everywhere, *NEIGHBORS.neighbors], [*NEIGHBORS.neighbors, everywhere]):
        [found] = explained(DEALER, Known({}, neighbors=neighbors), Seen(elsewhere=[row]), NOON)
        assert found.said("en").startswith("It is a workorder of Garage Proefstraat, another dealer")
        assert (found.wo_number, found.affiliate_id) == ("WO-1", 3)
    [found] = explained(DEALER, Known({}, neighbors=[everywhere]), Seen(elsewhere=[row]), NOON)
    assert found.dealer == "Garage Overal"


@pytest.mark.parametrize(
    ("days", "verdict"),
    [
        (-15, Verdict.OUTSIDE_DAYS),
        (-14, Verdict.NEVER_ASKED),
        (60, Verdict.NEVER_ASKED),
        (61, Verdict.OUTSIDE_DAYS),
    ],
)
def test_the_days_that_are_imported_without_a_search(days: int, verdict: Verdict) -> None:
    dealer = replace(DEALER, import_new_in_bulk=True)
    # Shortly before midnight in UTC it is tomorrow at the branch.
    now = datetime(2026, 11, 22, 23, 30, tzinfo=UTC)
    local = datetime(2026, 11, 23, 9) + timedelta(days=days)
    there = replace(WORKORDER, appointment_local=local)
    assert explained(dealer, Known({}), seen(there), now)[0].verdict is verdict
    for other in (replace(dealer, import_new_in_bulk=False), replace(dealer, refresh_every_minutes=None)):
        assert explained(other, Known({}), seen(there), now)[0].verdict is Verdict.NEVER_ASKED


def test_a_swapped_date_may_be_why_it_did_not_come_without_a_search() -> None:
    dealer = replace(DEALER, import_new_in_bulk=True)
    there = replace(WORKORDER, appointment_local=datetime(2026, 4, 12, 9))
    [found] = explained(dealer, Known({}), seen(there), datetime(2026, 12, 1, 12, tzinfo=UTC))
    assert found.said("en").endswith("swapped: perhaps 2026-12-04 09:00 is meant.")
    assert found.said("nl").endswith("verwisseld: misschien is 04-12-2026 09:00 bedoeld.")


def test_several_matches_are_told_by_what_matters() -> None:
    other = replace(WORKORDER, dms_number=NUMBER + 1)
    stored = Kept(Stored(other, b"before", NOON, None))
    known = Known({NUMBER: Kept(Stored(WORKORDER, b"now", NOON, None)), NUMBER + 1: stored})
    both = Seen(
        [Reading(Accepted(WORKORDER), b"now"), Reading(Accepted(replace(other, model="V70")), b"now")]
    )
    assert [f.verdict for f in explained(DEALER, known, both, NOON + timedelta(hours=1))] == [
        Verdict.OUTDATED,
        Verdict.IMPORTED,
    ]


def test_near_misses_say_whose_they_are_and_the_own_ones_come_first() -> None:
    dealer = replace(DEALER, affiliates=(1,))
    [found] = explained(dealer, NEIGHBORS, Seen(near=PLATES_NEARBY), NOON)
    assert found.said("en") == (
        "The DMS has no workorder with this number or plate, but it has workorders with nearly this "
        "plate: WO-1, WO-3 (branch 3 of Garage Proefstraat), WO-4 (branch 4, not imported here)."
    )
    assert found.said("nl") == (
        "Het DMS heeft geen werkorder met dit nummer of kenteken, maar wel werkorders met bijna dit "
        "kenteken: WO-1, WO-3 (filiaal 3 van Garage Proefstraat), WO-4 (filiaal 4, hier niet geïmporteerd)."
    )
    assert found.next_step("en") == (
        "Check the spelling. Search for the one that is meant. "
        "What is at another branch is not found here: look for it there."
    )
    # Who imports every branch has them all.
    [everywhere] = explained(DEALER, Known({}), Seen(near=PLATES_NEARBY), NOON)
    assert everywhere.said("en").endswith("nearly this plate: WO-4, WO-3, WO-1.")
    assert everywhere.next_step("en") == "Check the spelling. Search for the one that is meant."


def test_nobody_is_told_to_search_for_what_is_at_other_branches_alone() -> None:
    near = {MatchedBy.WO_NUMBER: [{"WONUMMER": "WO-3", "AffiliateId": 3}]}
    [found] = explained(replace(DEALER, affiliates=(1,)), NEIGHBORS, Seen(near=near), NOON)
    assert found.said("en").endswith(
        "but it has a workorder with nearly this number: WO-3 (branch 3 of Garage Proefstraat)."
    )
    assert found.next_step("en") == (
        "Check the spelling. What is at another branch is not found here: look for it there."
    )


def test_numbers_and_plates_that_are_nearly_the_same_are_told_apart() -> None:
    by_number = {MatchedBy.WO_NUMBER: [{"WONUMMER": "WO-7", "AffiliateId": 1}]}
    [found] = explained(DEALER, Known({}), Seen(near={**PLATES_NEARBY, **by_number}), NOON)
    assert found.said("en").endswith(
        "it has a workorder with nearly this number: WO-7; and workorders with nearly this plate: "
        "WO-4, WO-3, WO-1."
    )


def test_what_has_no_number_cannot_be_named() -> None:
    nameless = {MatchedBy.PLATE: [{"WONUMMER": None, "AffiliateId": 1}]}
    [found] = explained(DEALER, Known({}), Seen(near=nameless), NOON)
    assert found.verdict is Verdict.NOT_IN_DMS


def test_the_answer_as_json_has_every_sentence() -> None:
    near = Finding(
        Verdict.NEAR_MISS, near=(Near("WO-0711", 3, MatchedBy.PLATE, False, "Garage Proefstraat"),)
    )
    dumped = dump_why(WhyAnswer("click-1", True, (near,)))
    assert dumped["request_id"] == "click-1"
    [finding] = dumped["findings"]
    assert finding["verdict"] == "near_miss"
    assert finding["near"] == [
        {
            **{"wo_number": "WO-0711", "affiliate_id": 3, "matched_by": "plate"},
            **{"here": False, "dealer": "Garage Proefstraat"},
        }
    ]
    assert "a workorder with nearly this plate: WO-0711 (branch 3 of" in finding["en"]
    assert all(finding[name] for name in ("nl", "next_en", "next_nl"))


@pytest.mark.parametrize("verdict", Verdict)
@pytest.mark.parametrize("language", ["en", "nl"])
def test_every_sentence_can_be_filled_with_nothing_known(verdict: Verdict, language: str) -> None:
    finding = Finding(verdict)
    assert "{" not in finding.said(language) + finding.next_step(language)
