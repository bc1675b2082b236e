"""From the message to the row and back, through a real worker."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from celery.exceptions import TimeoutError as ResultTimeout

from sandbox.demo.desk import Desk
from sandbox.demo.scenes import only
from sandbox.simulator import known
from schemas.vinacles import ENTITIES
from schemas.workorder import workorder_id


def test_found_by_any_spelling_and_stored(desk: Desk) -> None:
    for number, text in enumerate(("12bdf3", " 12-BDF-3 ", "12 bdf 3", "wo-1001", "WO-1001")):
        entry = only(
            desk.search(text), outcome="created" if number == 0 else "unchanged", dms_number=known.COMPLETE_ID
        )
    stored = desk.stored(entry["workorder_id"])
    assert stored.workorder is not None
    assert stored.workorder.plate_display == known.COMPLETE_PLATE
    assert [job.job_number for job in stored.workorder.interventions] == [1, 2, 3]
    assert {contact.role.value for contact in stored.workorder.contacts} == {"driver", "owner", "contractor"}


@pytest.mark.parametrize("wo_number", known.AWKWARD)
def test_awkward_numbers_are_found(desk: Desk, wo_number: str) -> None:
    only(desk.search(wo_number), outcome="created", wo_number=wo_number)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("O'Brien", "no_match"),
        ("x' or 1 eq 1", "no_match"),
        ("') or (1 eq 1", "no_match"),
        ("🚗🔧", "no_match"),
        ("&$first=1", "no_match"),
        ("a#b+c%", "no_match"),
        ("A" * 500, "not_searchable"),
        ("WO\x001001", "not_searchable"),
        ("%27 or 1 eq 1", "not_searchable"),
        ("   ", "not_searchable"),
    ],
)
def test_what_finds_nothing_is_said_clearly(desk: Desk, text: str, reason: str) -> None:
    answer = desk.search(text)
    only(answer, outcome="not_found", reason=reason, workorder_id=None)
    assert answer["found"] == 0


def test_two_workorders_of_one_plate(desk: Desk) -> None:
    answer = desk.search(known.SAME_PLATE.replace("-", ""))
    assert {entry["wo_number"] for entry in answer["workorders"]} == set(known.SAME_PLATE_NUMBERS)
    assert answer["found"] == 2
    assert answer["truncated"] is False


def test_nothing_but_get_and_only_mapped_columns_reach_the_api(desk: Desk) -> None:
    desk.search("has a token now")
    desk.dms.clear_journal()
    desk.search(known.COMPLETE)
    desk.refresh(str(workorder_id(desk.dealer.dealer_id, known.COMPLETE_ID)))
    asked = [entry for entry in desk.dms.journal() if entry.path.startswith("/api/")]
    assert len(asked) == 6
    assert {entry.method for entry in asked} == {"GET"}
    columns = {entity.name: set(entity.columns) for entity in ENTITIES}
    for entry in asked:
        assert set(entry.select) == columns[entry.path.removeprefix("/api/")]


def test_a_vanished_workorder_keeps_what_claire_has(desk: Desk) -> None:
    entry = only(desk.search(known.COMPLETE), outcome="created")
    desk.dms.delete_rows("Workorder", {"WorkorderId": known.COMPLETE_ID})
    only(
        desk.refresh(entry["workorder_id"]),
        outcome="not_found",
        reason="gone_from_dms",
        workorder_id=entry["workorder_id"],
    )
    assert desk.stored(entry["workorder_id"]).workorder is not None


def test_a_start_reported_before_the_import_holds(desk: Desk) -> None:
    identifier = str(workorder_id(desk.dealer.dealer_id, known.COMPLETE_ID))
    started_at = datetime(2026, 3, 2, 8, 15, tzinfo=UTC)
    state = desk.start_work(identifier, started_at.isoformat())
    assert state["state"] == "recorded_before_import"
    only(desk.search(known.COMPLETE), outcome="created", workorder_id=identifier)
    assert desk.stored(identifier).work_started_at == started_at
    desk.dms.patch_rows("Workorder", {"WorkorderId": known.COMPLETE_ID}, {"Mileage": 90_000})
    only(desk.refresh(identifier), outcome="held", held=["mileage_km"])
    before = desk.stored(identifier).workorder
    assert before is not None
    assert before.mileage_km == 84_210


def test_one_token_for_many_imports_at_once(desk: Desk) -> None:
    searches = (known.COMPLETE, known.BELGIAN, *known.AWKWARD)
    with ThreadPoolExecutor(8) as people:
        answers = list(people.map(desk.search, searches))
    assert [entry["wo_number"] for answer in answers for entry in answer["workorders"]] == list(searches)
    assert desk.dms.tokens_issued() == 1


def test_more_than_25_matches_import_the_newest_and_say_so(desk: Desk) -> None:
    for number in range(30):
        row = {
            "WorkorderId": 5_000_000 + number,
            "WONUMMER": f"FLEET-{number}",
            "AffiliateId": 1,
            "AppointmentDate": f"2026-11-{number % 28 + 1:02}T09:{number:02}:00",
            "LicensePlate": "99-ZZZ-9",
        }
        line = {
            "LineId": 5_100_000 + number,
            "WorkorderId": 5_000_000 + number,
            "JobNumber": 1,
            "SortOrder": 1,
            "LineType": "Arbeid",
            "Description": "Beurt",
            "Quantity": "1.000",
            "Price": "10.0000",
        }
        desk.dms.put_row("Workorder", row)
        desk.dms.put_row("WorkorderLine", line)
    answer = desk.search("99zzz9")
    assert answer["found"] == 25
    assert answer["truncated"] is True
    assert {entry["outcome"] for entry in answer["workorders"]} == {"created"}
    oldest = {"FLEET-0", "FLEET-1"}
    assert oldest.isdisjoint(entry["wo_number"] for entry in answer["workorders"])


def test_an_answer_is_plain_json_without_personal_data(desk: Desk) -> None:
    text = json.dumps(desk.search(known.COMPLETE))
    for personal in (
        "van der Berg",
        "+31612345678",
        "bestuurder@example.com",
        "12BDF3",
        known.COMPLETE_PLATE,
    ):
        assert personal not in text


def test_an_expired_message_is_not_worked_off(desk: Desk) -> None:
    arguments = {"dealer_id": desk.dealer.dealer_id, "search": known.COMPLETE}
    sent = desk.backend.send_task("workorders.import", kwargs=arguments, queue="interactive", expires=-1)
    with pytest.raises((ResultTimeout, Exception), match=r"(?i)expired|revoked|timed out"):
        sent.get(timeout=10)
    assert desk.dms.request_counts().get("Workorder") is None


def test_why_answers_the_backend(desk: Desk) -> None:
    answer = desk.why("12bdf3")
    assert answer["asked_vinacles"]
    assert answer["findings"][0]["verdict"] == "never_asked"
    assert answer["findings"][0]["nl"].startswith("Het DMS heeft hem")
    desk.search("12bdf3")
    assert desk.why("12bdf3")["findings"][0]["verdict"] == "imported"
