"""What a changed field is called, and what is kept of its values."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from schemas.decision import Change, Stored
from schemas.workorder import Role, Workorder
from tests.workorders import CONTACT, INTERVENTION, NOON, PART, WORKORDER, fetched
from worker.policy import decide

HOUR = timedelta(hours=1)
SECOND_JOB = replace(INTERVENTION, job_number=3, position=2, title=None, total_price=Decimal("10.00"))
SECOND_PART = replace(PART, line_id=8842, reference_code=None, price=Decimal("-3.10"))
OWNER = replace(CONTACT, role=Role.OWNER)


def changes(old: Workorder, new: Workorder) -> tuple[Change, ...]:
    return decide(False, Stored(old, b"old", NOON, None), fetched(new, digest=b"new")).changes


def job(**fields: Any) -> Workorder:
    return replace(WORKORDER, interventions=(replace(INTERVENTION, **fields),))


CASES = [
    (replace(WORKORDER, wo_number="WO-1"), [("wo_number", "WO-5001", "WO-1")]),
    (replace(WORKORDER, affiliate_id=2), [("affiliate_id", "1", "2")]),
    (replace(WORKORDER, mileage_km=None), [("mileage_km", "80000", None)]),
    (replace(WORKORDER, model="V90"), [("model", "V60", "V90")]),
    (
        replace(
            WORKORDER,
            appointment_local=WORKORDER.appointment_local + HOUR,
            appointment_at=WORKORDER.appointment_at + HOUR,
        ),
        [("appointment_local", "2026-11-24T08:30:00", "2026-11-24T09:30:00")],
    ),
    (
        replace(WORKORDER, appointment_at=datetime(2026, 11, 24, 8, 30, tzinfo=UTC)),
        [("appointment_at", "2026-11-24T07:30:00+00:00", "2026-11-24T08:30:00+00:00")],
    ),
    (replace(WORKORDER, plate=None, plate_display=None), [("plate", "GB001B", None)]),
    (replace(WORKORDER, plate_display="GB-0-01B"), [("plate_display", "GB-001-B", "GB-0-01B")]),
    (job(title="Brakes"), [("interventions.2.title", "Small service", "Brakes")]),
    (job(position=7), [("interventions.2.position", "1", "7")]),
    (
        job(labor_price=Decimal("1E+2"), total_price=Decimal("124.90")),
        [
            ("interventions.2.labor_price", "120.00", "100"),
            ("interventions.2.total_price", "144.90", "124.90"),
        ],
    ),
    (
        job(parts=(replace(PART, price=Decimal("24.91"), quantity=None),)),
        [
            ("interventions.2.parts.8841.quantity", "2.000", None),
            ("interventions.2.parts.8841.price", "24.90", "24.91"),
        ],
    ),
    (job(parts=()), [("interventions.2.parts.8841", "OX-153 24.90", None)]),
    (job(parts=(PART, SECOND_PART)), [("interventions.2.parts.8842", None, "-3.10")]),
    (
        replace(WORKORDER, interventions=(INTERVENTION, replace(SECOND_JOB, parts=()))),
        [("interventions.3", None, "10.00")],
    ),
    (replace(WORKORDER, interventions=()), [("interventions.2", "Small service 144.90", None)]),
    (replace(WORKORDER, contacts=(CONTACT, OWNER)), [("contacts.owner", None, None)]),
    (replace(WORKORDER, contacts=()), [("contacts.driver", None, None)]),
    (
        replace(
            WORKORDER,
            contacts=(replace(CONTACT, last_name="De Vries", phone=None, phone_as_written="later"),),
        ),
        [
            ("contacts.driver.last_name", None, None),
            ("contacts.driver.phone", None, None),
            ("contacts.driver.phone_as_written", None, None),
        ],
    ),
]


@pytest.mark.parametrize(
    ("new", "expected"), CASES, ids=lambda value: value[0][0] if isinstance(value, list) else ""
)
def test_change(new: Workorder, expected: list[tuple[str, str | None, str | None]]) -> None:
    assert changes(WORKORDER, new) == tuple(Change(*change) for change in expected)


def test_equal_amounts_written_differently_are_no_change() -> None:
    new = job(parts=(replace(PART, quantity=Decimal("2")),))
    assert changes(WORKORDER, new) == ()


def test_a_part_that_moves_to_another_job_is_named_in_both() -> None:
    old = replace(WORKORDER, interventions=(INTERVENTION, replace(SECOND_JOB, parts=())))
    new = replace(
        WORKORDER, interventions=(replace(INTERVENTION, parts=()), replace(SECOND_JOB, parts=(PART,)))
    )
    assert [change.path for change in changes(old, new)] == [
        "interventions.2.parts.8841",
        "interventions.3.parts.8841",
    ]
