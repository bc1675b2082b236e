"""Verdicts from values alone: each row of the table is somebody's question at the counter."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from schemas.dealer import Connection, Dealer, Neighbor, Secret
from schemas.decision import Stored
from schemas.outcome import Reason
from schemas.reading import Accepted, Rejected
from schemas.verdicts import Verdict
from schemas.why import AtNeighbor, Finding, Near, WhyAnswer, dump_why
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
    VinaclesUnavailable,
)
from worker.why import Kept, Known, Refusal, Seen, explained

NOWHERE = Connection(base_url="", token_url="", audience="", client_id="", client_secret=Secret(""))
DEALER = Dealer(12, "Garage Testweg", NOWHERE)
NUMBER = WORKORDER.dms_number
CHANGED = replace(WORKORDER, mileage_km=90_000)
AWAY = VinaclesUnavailable(ErrorCode.VINACLES_UNAVAILABLE, "2Drive did not answer.", "Try again.")
LEFT_ALONE = CircuitOpen(ErrorCode.VINACLES_CIRCUIT_OPEN, "Nobody asks it.", "Search again after that.")
OPEN = Circuit(3, Trouble.UNREACHABLE, NOON, NOON + timedelta(minutes=1))
REFUSAL = Refusal(NUMBER, "WO-5001", Reason.NO_LABOR_ITEM, NOON)
NEIGHBORS = Known({}, neighbors=[Neighbor(13, "Garage Proefstraat", (2, 3))])
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
        (Known({}), Seen(near=[{"WONUMMER": "WO-01", "AffiliateId": 1}]), Verdict.NEAR_MISS),
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
    assert "again at 2026-11-23 13:01" in found.said("en")


def test_an_outdated_one_says_how_old_it_is() -> None:
    [found] = explained(DEALER, kept(), seen(CHANGED), NOON)
    assert found.said("en") == (
        "It is in Claire as it was in the DMS on 2026-11-23 13:00; the DMS has changed since then: mileage."
    )
    assert found.said("nl") == (
        "Hij staat in Claire zoals hij op 23-11-2026 13:00 in het DMS stond; "
        "daarna is in het DMS gewijzigd: kilometerstand."
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


@pytest.mark.parametrize("seen_now", [seen(), None])
def test_nobody_is_told_to_search_while_that_does_not_help(seen_now: Seen | None) -> None:
    paused = explained(replace(DEALER, paused=True), Known({}), seen_now, NOON)
    assert [finding.verdict for finding in paused] == [Verdict.PAUSED]
    waiting = explained(DEALER, Known({}, waiting=True), seen_now, NOON)
    assert [finding.verdict for finding in waiting] == [Verdict.WAITING]


def test_a_paused_dealer_is_told_first() -> None:
    found = explained(replace(DEALER, paused=True), kept(), None, NOON)
    assert [finding.verdict for finding in found] == [Verdict.PAUSED, Verdict.IMPORTED]


def test_keeping_on_importing_makes_a_held_one_outdated() -> None:
    dealer = replace(DEALER, keep_importing_after_start=True)
    [found] = explained(dealer, kept(started=True), seen(CHANGED), NOON)
    assert found.verdict is Verdict.OUTDATED


def test_held_and_outdated_name_fields_without_values() -> None:
    [found] = explained(DEALER, kept(started=True), seen(CHANGED), NOON)
    assert found.fields == ("mileage_km",)
    assert found.said("en").endswith("not taken: mileage.")
    assert found.said("nl").endswith("niet overgenomen: kilometerstand.")
    # Noon in UTC is one o'clock at the branch.
    assert "since 2026-11-23 13:00" in found.said("en")
    assert "sinds 23-11-2026 13:00" in found.said("nl")


def test_a_swapped_date_says_where_it_shows_and_where_it_would() -> None:
    far = datetime(2026, 4, 12, 9, 0)
    swapped = replace(WORKORDER, appointment_local=far, appointment_at=far.replace(tzinfo=UTC))
    now = datetime(2026, 12, 1, 12, tzinfo=UTC)
    [found] = explained(DEALER, kept(swapped), None, now)
    assert found.verdict is Verdict.POSSIBLE_SWAP
    assert found.said("en").startswith("It is in Claire, but on 2026-04-12 09:00")
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


def test_the_answer_as_json_has_every_sentence() -> None:
    near = Finding(Verdict.NEAR_MISS, near=(Near("WO-0711", 1),))
    dumped = dump_why(WhyAnswer("click-1", True, (near,)))
    assert dumped["request_id"] == "click-1"
    [finding] = dumped["findings"]
    assert finding["verdict"] == "near_miss"
    assert finding["near"] == [{"wo_number": "WO-0711", "affiliate_id": 1}]
    assert finding["en"].endswith("nearly the same: WO-0711.")
    assert all(finding[name] for name in ("nl", "next_en", "next_nl"))


@pytest.mark.parametrize("verdict", Verdict)
@pytest.mark.parametrize("language", ["en", "nl"])
def test_every_sentence_can_be_filled_with_nothing_known(verdict: Verdict, language: str) -> None:
    finding = Finding(verdict)
    assert "{" not in finding.said(language) + finding.next_step(language)
