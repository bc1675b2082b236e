import random
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from schemas import vinacles
from schemas.outcome import Reason, Warning
from schemas.reading import Accepted, Rejected, digest, read_workorder
from schemas.rows import contact_schema, header_schema, line_schema
from schemas.vinacles import RawWorkorder
from schemas.workorder import Contact, Intervention, Part, Role, Workorder
from tests.unit.schemas.invented import BRANCH, CONTACT, HEADER, LABOR, PART, raw


def accepted(rows: RawWorkorder) -> Accepted:
    outcome = read_workorder(rows, BRANCH)
    assert isinstance(outcome, Accepted)
    return outcome


def test_a_faultless_workorder() -> None:
    assert accepted(raw()) == Accepted(
        Workorder(
            dms_number=7001,
            wo_number="WO-2026-17",
            affiliate_id=3,
            appointment_local=datetime.fromisoformat("2026-06-15T08:30:00"),
            appointment_at=datetime(2026, 6, 15, 6, 30, tzinfo=UTC),
            mileage_km=84210,
            make="Volkswagen",
            model="Golf",
            plate="AB12CD",
            plate_display="AB-12-CD",
            interventions=(
                Intervention(
                    job_number=1,
                    position=1,
                    title="Grote beurt",
                    labor_price=Decimal("150.00"),
                    parts_price=Decimal("24.90"),
                    total_price=Decimal("174.90"),
                    parts=(Part(12, 1, "OF-100", Decimal("2.00"), Decimal("24.90")),),
                ),
            ),
            contacts=(
                Contact(Role.DRIVER, "van der Bédriegel", "+31612345678", None, "bestuurder@example.com"),
            ),
        )
    )


def test_the_schemas_know_every_column_that_is_asked_for() -> None:
    schemas = (header_schema(), line_schema(), contact_schema("NL"))
    for entity, schema in zip(vinacles.ENTITIES, schemas, strict=True):
        assert {field.data_key for field in schema.fields.values()} == set(entity.columns)


def line(line_id: int, job: int, order: Any, kind: str | None, title: str, price: Any = 1) -> dict[str, Any]:
    return {
        **LABOR,
        "LineId": line_id,
        "JobNumber": job,
        "SortOrder": order,
        "LineType": kind,
        "Description": title,
        "Price": price,
    }


def test_jobs_and_parts_keep_the_order_of_the_dms() -> None:
    rows = RawWorkorder(
        HEADER,
        (
            line(1, 30, 5, "Part", "late part"),
            line(2, 10, 4, "Text", "note"),
            line(3, 10, 9, "ARBEID", "brakes"),
            line(4, 30, 1, "part", "early part"),
            line(5, 20, 4, "Labour", "tires"),
            line(6, 40, None, "Part", "place unknown"),
        ),
        (),
    )
    interventions = accepted(rows).workorder.interventions
    # Smallest SortOrder per job: 30 → 1, 10 → 4, 20 → 4, 40 → unknown; of the 4s the lower job goes first.
    assert [(job.job_number, job.position, job.title) for job in interventions] == [
        (30, 1, "early part"),
        (10, 2, "brakes"),
        (20, 3, "tires"),
        (40, 4, "place unknown"),
    ]
    assert [(part.line_id, part.position) for part in interventions[0].parts] == [(4, 1), (1, 2)]


def test_prices_are_summed_by_kind_and_the_total_counts_every_line() -> None:
    rows = raw(
        {},
        {"Price": "1.234,56"},
        {"Price": Decimal("10.005")},
        lines=(line(13, 1, 3, "Text", "surcharge", 5), line(14, 1, 4, "Part", "credit", Decimal("-0.01"))),
    )
    job = accepted(rows).workorder.interventions[0]
    assert job.labor_price == Decimal("1234.56")
    assert job.parts_price == Decimal("10.00")  # 10.005 → 10.01, less 0.01
    assert job.total_price == Decimal("1249.56")  # 1234.56 + 10.01 + 5.00 - 0.01


def test_contacts_come_in_the_order_of_their_roles() -> None:
    rows = raw(contacts=({**CONTACT, "Role": " CONTRACTOR "}, {**CONTACT, "Role": "owner"}))
    assert [contact.role for contact in accepted(rows).workorder.contacts] == list(Role)


def test_a_contact_without_details_is_still_a_contact() -> None:
    rows = raw(contact={"LastName": None, "PhoneBusiness": "  ", "EmailBusiness": None})
    assert accepted(rows) == Accepted(
        replace(accepted(rows).workorder, contacts=(Contact(Role.DRIVER, None, None, None, None),))
    )


def test_of_repeated_rows_the_last_wins_even_over_an_unusable_one() -> None:
    rows = RawWorkorder(
        HEADER,
        ({**LABOR, "Price": "?"}, PART, LABOR),
        (CONTACT, {**CONTACT, "LastName": "de Latere"}),
    )
    outcome = accepted(rows)
    assert outcome.workorder.interventions == accepted(raw()).workorder.interventions
    assert [contact.last_name for contact in outcome.workorder.contacts] == ["de Latere"]
    assert outcome.warnings == (Warning.REPEATED_ROW,)


def test_a_contact_of_another_workorder_is_not_shown() -> None:
    outcome = accepted(raw(contacts=({**CONTACT, "WorkorderId": 7002, "Role": "Owner"},)))
    assert [contact.role for contact in outcome.workorder.contacts] == [Role.DRIVER]
    assert outcome.warnings == (Warning.UNREADABLE_CONTACT,)


def test_only_what_claire_keeps_of_a_line_is_warned_of() -> None:
    unused = {"PartNumber": 5, "Quantity": "?"}
    rows = raw(labor=unused, part={"Description": "x" * 9999})
    assert accepted(rows).warnings == ()


def test_of_several_reasons_the_most_fundamental_is_told() -> None:
    rows = raw({"WONUMMER": " ", "AppointmentDate": None, "Mileage": "?"}, {"LineType": "Text", "Price": "?"})
    assert read_workorder(rows, BRANCH) == Rejected(
        7001, None, Reason.NO_WO_NUMBER, (Warning.UNREADABLE_MILEAGE, Warning.UNKNOWN_LINE_TYPE)
    )


def test_rows_that_are_no_rows() -> None:
    nothing: Any = None
    outcome = read_workorder(RawWorkorder(nothing, (nothing,), (nothing,)), BRANCH)
    assert isinstance(outcome, Rejected)
    assert (outcome.dms_number, outcome.wo_number, outcome.reason) == (None, None, Reason.UNREADABLE_NUMBER)


def test_the_digest_sees_what_we_ask_for_and_nothing_else() -> None:
    rows = raw()
    lines = list(rows.lines)
    random.Random(5).shuffle(lines)
    same = RawWorkorder({**rows.header, "VIN": "x"}, tuple(reversed(lines)), rows.contacts)
    assert digest(rows, "1") == digest(same, "1")
    assert len(digest(rows, "1")) == 16


@pytest.mark.parametrize(
    "other",
    [
        raw({"Mileage": 84211}),
        raw({"Mileage": None}),
        raw({"Mileage": "84210"}),
        raw(part={"Price": Decimal("24.91")}),
        raw(contact={"LastName": "Bédriegel"}),
        RawWorkorder(HEADER, (LABOR,), (CONTACT,)),
        RawWorkorder(HEADER, (LABOR, PART), ()),
        RawWorkorder({}, (LABOR, PART), (CONTACT,)),
    ],
)
def test_the_digest_sees_every_difference(other: RawWorkorder) -> None:
    assert digest(other, "1") != digest(raw(), "1")


def test_the_salt_makes_another_digest() -> None:
    assert digest(raw(), "1/Europe/Amsterdam/NL") != digest(raw(), "1/Europe/Brussels/BE")
