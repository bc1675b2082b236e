"""Verdicts that say where a workorder shows, at whose branch it is, and what was meant instead."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from schemas.dealer import Neighbor
from schemas.decision import Stored
from schemas.near import MatchedBy, Near
from schemas.reading import Accepted
from schemas.verdicts import Verdict
from schemas.why import Finding, WhyAnswer, dump_why
from tests.unit.whys import CHANGED, DEALER, NEIGHBORS, NUMBER, PLATES_NEARBY, kept, seen
from tests.workorders import NOON, WORKORDER
from worker.assessment import Reading
from worker.findings import Kept
from worker.why import Known, Seen, explained


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
