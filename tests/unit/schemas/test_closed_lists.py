"""Every reason and warning is produced by some test: here what reading rows can bring forth, one by one."""

from pathlib import Path
from typing import Any

import pytest

from schemas.outcome import Outcome, Reason, Warning
from schemas.reading import Accepted, Rejected, read_workorder
from schemas.vinacles import RawWorkorder
from tests.unit.schemas.invented import BRANCH, CONTACT, HEADER, LABOR, PART, raw, without

MAX = 2**53 - 1
BIG = "9999999999.99"

REJECTED: list[tuple[Reason, RawWorkorder]] = [
    (Reason.UNREADABLE_NUMBER, raw({"WorkorderId": None})),
    (Reason.UNREADABLE_NUMBER, raw({"WorkorderId": MAX + 1})),
    (Reason.UNREADABLE_NUMBER, raw({"WorkorderId": True})),
    (Reason.UNREADABLE_NUMBER, raw({"AffiliateId": 0})),
    (Reason.UNREADABLE_NUMBER, raw({"WONUMMER": "9" * 21})),
    (Reason.UNREADABLE_NUMBER, raw({"WONUMMER": 17})),
    (Reason.UNREADABLE_NUMBER, raw(labor={"LineId": "11"})),
    (Reason.UNREADABLE_NUMBER, raw(labor={"JobNumber": None})),
    (Reason.UNREADABLE_NUMBER, raw(labor={"WorkorderId": 7002})),
    (Reason.UNREADABLE_NUMBER, raw(lines=(None,))),
    (Reason.NO_WO_NUMBER, raw({"WONUMMER": None})),
    (Reason.NO_WO_NUMBER, raw({"WONUMMER": " \x00 "})),
    (Reason.NO_WO_NUMBER, RawWorkorder(without(HEADER, "WONUMMER"), (LABOR,), ())),
    (Reason.NO_APPOINTMENT_DATE, raw({"AppointmentDate": None})),
    (Reason.NO_APPOINTMENT_DATE, raw({"AppointmentDate": ""})),
    (Reason.UNREADABLE_APPOINTMENT_DATE, raw({"AppointmentDate": "15-06-2026"})),
    (Reason.UNREADABLE_APPOINTMENT_DATE, raw({"AppointmentDate": "2026-06-31T08:00:00"})),
    (Reason.UNREADABLE_APPOINTMENT_DATE, raw({"AppointmentDate": "2026-06-15T08:00:00Z"})),
    (Reason.UNREADABLE_APPOINTMENT_DATE, raw({"AppointmentDate": "0001-01-01T00:00:00"})),
    (Reason.UNREADABLE_APPOINTMENT_DATE, raw({"AppointmentDate": "9999-12-31T23:59:59"})),
    (Reason.UNREADABLE_APPOINTMENT_DATE, raw({"AppointmentDate": 20260615})),
    (Reason.UNREADABLE_PRICE, raw(part={"Price": "op aanvraag"})),
    (Reason.UNREADABLE_PRICE, raw(part={"Price": 24.90})),
    (Reason.UNREADABLE_PRICE, RawWorkorder(HEADER, (LABOR, without(PART, "Price")), ())),
    (Reason.NO_LABOR_ITEM, raw(labor={"LineType": "Part"})),
    (Reason.NO_LABOR_ITEM, RawWorkorder(HEADER, (), ())),
    (Reason.PRICES_TOO_LARGE, raw(labor={"Price": BIG}, part={"Price": "0.01"})),
    # The total fits, the parts do not.
    (
        Reason.PRICES_TOO_LARGE,
        raw(labor={"Price": f"-{BIG}"}, part={"Price": BIG}, lines=({**PART, "LineId": 13, "Price": BIG},)),
    ),
]

WARNED: list[tuple[Warning, RawWorkorder]] = [
    (Warning.UNREADABLE_PHONE, raw(contact={"PhoneBusiness": "via receptie"})),
    (Warning.PHONE_HAD_MORE_TEXT, raw(contact={"PhoneBusiness": "0612345678 na 17u"})),
    (Warning.UNREADABLE_EMAIL, raw(contact={"EmailBusiness": "geen"})),
    (Warning.UNREADABLE_EMAIL, raw(contact={"EmailBusiness": ["a@example.com"]})),
    (Warning.EMAIL_HAD_MORE_TEXT, raw(contact={"EmailBusiness": "a@example.com; b@example.com"})),
    (Warning.UNKNOWN_PLATE_SHAPE, raw({"LicensePlate": "M-AB 1234"})),
    (Warning.UNREADABLE_PLATE, raw({"LicensePlate": "n.v.t. (leen)"})),
    (Warning.UNREADABLE_PLATE, raw({"LicensePlate": 12})),
    (Warning.UNREADABLE_MILEAGE, raw({"Mileage": -1})),
    (Warning.UNREADABLE_MILEAGE, raw({"Mileage": "onbekend"})),
    (Warning.IMPLAUSIBLE_MILEAGE, raw({"Mileage": 0})),
    (Warning.IMPLAUSIBLE_MILEAGE, raw({"Mileage": 999999})),
    (Warning.POSSIBLE_DAY_MONTH_SWAP, raw({"AppointmentDate": "2026-10-06T08:30:00"})),
    (Warning.APPOINTMENT_IN_CLOCK_GAP, raw({"AppointmentDate": "2026-03-29T02:30:00"})),
    (Warning.APPOINTMENT_HOUR_TWICE, raw({"AppointmentDate": "2026-10-25T02:30:00"})),
    (Warning.TEXT_SHORTENED, raw({"Make": "x" * 101})),
    (Warning.UNREADABLE_TEXT, raw({"Model": {"name": "Golf"}})),
    (Warning.UNREADABLE_TEXT, raw(contact={"PhoneBusiness": 612345678})),
    (Warning.NO_PRICE, raw(part={"Price": None})),
    (Warning.NO_PRICE, raw(part={"Price": " "})),
    (Warning.UNREADABLE_SORT_ORDER, raw(part={"SortOrder": "first"})),
    (Warning.MISSING_COLUMN, RawWorkorder(without(HEADER, "Mileage"), (LABOR,), ())),
    (Warning.UNKNOWN_LINE_TYPE, raw(part={"LineType": "Environment fee"})),
    (Warning.UNKNOWN_LINE_TYPE, raw(part={"LineType": None})),
    (Warning.UNREADABLE_CONTACT, raw(contacts=({},))),
    (Warning.UNKNOWN_CONTACT_ROLE, raw(contact={"Role": "Neighbor"})),
    (Warning.REPEATED_ROW, raw(lines=(PART,))),
    (Warning.REPEATED_ROW, raw(contacts=(CONTACT,))),
    (Warning.UNREADABLE_QUANTITY, raw(part={"Quantity": "a few"})),
]

#: What others than the reading of rows bring forth, and the test that shows it.
SHOWN_ELSEWHERE: dict[Reason | Warning, str] = {
    Reason.NO_MATCH: "tests/integration/test_importer.py",
    Reason.GONE_FROM_DMS: "tests/integration/test_importer.py",
    Reason.NOT_SEARCHABLE: "tests/unit/schemas/test_search.py",
    Warning.MILEAGE_FELL: "tests/unit/policy/test_decide.py",
    Warning.MILEAGE_LEAPT: "tests/unit/policy/test_decide.py",
    Warning.NEWER_ANSWER_STORED: "tests/unit/policy/test_decide.py",
}


@pytest.mark.parametrize(("reason", "rows"), REJECTED)
def test_what_rejects(reason: Reason, rows: RawWorkorder) -> None:
    outcome = read_workorder(rows, BRANCH)
    assert isinstance(outcome, Rejected)
    assert outcome.reason is reason


@pytest.mark.parametrize(("warning", "rows"), WARNED)
def test_what_is_warned_of(warning: Warning, rows: RawWorkorder) -> None:
    outcome = read_workorder(rows, BRANCH)
    assert isinstance(outcome, Accepted)
    assert outcome.warnings == (warning,)


def test_every_reason_and_warning_has_a_test_that_produces_it() -> None:
    here: set[Any] = {reason for reason, _ in REJECTED} | {warning for warning, _ in WARNED}
    assert here | set(SHOWN_ELSEWHERE) == {*Reason, *Warning}
    assert not here & set(SHOWN_ELSEWHERE)


@pytest.mark.parametrize(("member", "module"), SHOWN_ELSEWHERE.items())
def test_what_is_shown_elsewhere_really_is(member: Reason | Warning, module: str) -> None:
    path = Path(__file__).parents[3] / module
    assert f"{type(member).__name__}.{member.name}" in path.read_text()


@pytest.mark.parametrize("member", [*Outcome, *Reason, *Warning])
def test_every_member_is_a_code_with_a_sentence_in_two_languages(member: Reason) -> None:
    assert member.value == member.name.lower()
    for sentence in (member.en, member.nl):
        assert sentence[0].isupper()
        assert sentence.endswith(".")
    assert member.en != member.nl


def test_no_code_means_two_things() -> None:
    codes = [member.value for member in (*Outcome, *Reason, *Warning)]
    assert len(codes) == len(set(codes))
