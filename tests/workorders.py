"""Invented workorders for tests, plain and by hypothesis."""

import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from schemas.decision import Fetched
from schemas.workorder import Contact, Intervention, Part, Role, Workorder

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
_LOCAL = datetime(2026, 11, 24, 8, 30)

PART = Part(
    line_id=8841, position=1, reference_code="OX-153", quantity=Decimal("2.000"), price=Decimal("24.90")
)
INTERVENTION = Intervention(
    job_number=2,
    position=1,
    title="Small service",
    labor_price=Decimal("120.00"),
    parts_price=Decimal("24.90"),
    total_price=Decimal("144.90"),
    parts=(PART,),
)
CONTACT = Contact(
    role=Role.DRIVER,
    last_name="Jansen",
    phone="+31612345678",
    phone_as_written=None,
    email="jansen@example.com",
)
WORKORDER = Workorder(
    dms_number=5001,
    wo_number="WO-5001",
    affiliate_id=1,
    appointment_local=_LOCAL,
    appointment_at=_LOCAL.replace(tzinfo=ZoneInfo("Europe/Amsterdam")).astimezone(UTC),
    mileage_km=80_000,
    make="Volvo",
    model="V60",
    plate="GB001B",
    plate_display="GB-001-B",
    interventions=(INTERVENTION,),
    contacts=(CONTACT,),
)


def fetched(workorder: Workorder = WORKORDER, seconds: float = 0, digest: bytes | None = None) -> Fetched:
    """An answer asked for `seconds` after noon; without `digest`, equal workorders have equal digests."""
    own = hashlib.sha256(repr(workorder).encode()).digest()
    return Fetched(workorder, digest or own, NOON + timedelta(seconds=seconds))


def numbered(dms_number: int, workorder: Workorder = WORKORDER) -> Workorder:
    return replace(workorder, dms_number=dms_number, wo_number=f"WO-{dms_number}")


def full(dms_number: int) -> Workorder:
    """As large as a usual one: 3 contacts, 4 interventions, 6 parts."""
    parts = [replace(PART, line_id=dms_number * 100 + n, position=n) for n in range(6)]
    jobs = tuple(
        replace(INTERVENTION, job_number=n, position=n, title=f"Job {n}", parts=tuple(parts[n::4]))
        for n in range(4)
    )
    contacts = tuple(replace(CONTACT, role=role, email=f"{role}@example.com") for role in Role)
    return replace(numbered(dms_number), interventions=jobs, contacts=contacts)


_money = st.integers(-10_000, 100_000).map(lambda cents: Decimal(cents).scaleb(-2))
_quantity = st.none() | st.integers(0, 9_999).map(lambda thousandths: Decimal(thousandths).scaleb(-3))
_text = st.none() | st.sampled_from(
    ["", "a", "B-2", "O'Brien", "100% \\u0041 'x' :y {}", "ñ 🚗", "%(page)s", '"\\']
)


@st.composite
def _interventions(draw: st.DrawFn) -> tuple[Intervention, ...]:
    jobs = draw(st.lists(st.integers(1, 3), unique=True, max_size=3))
    job_of_line = draw(st.dictionaries(st.integers(1, 4), st.sampled_from(jobs))) if jobs else {}

    def parts(job: int) -> tuple[Part, ...]:
        lines = sorted(line for line, owner in job_of_line.items() if owner == job)
        return tuple(
            Part(line, position, draw(_text), draw(_quantity), draw(_money))
            for position, line in enumerate(lines)
        )

    return tuple(
        Intervention(job, position, draw(_text), draw(_money), draw(_money), draw(_money), parts(job))
        for position, job in enumerate(jobs)
    )


@st.composite
def _contacts(draw: st.DrawFn) -> tuple[Contact, ...]:
    roles = sorted(draw(st.sets(st.sampled_from(Role))))
    return tuple(Contact(role, draw(_text), draw(_text), draw(_text), draw(_text)) for role in roles)


@st.composite
def workorders(draw: st.DrawFn, dms_number: int = 5001) -> Workorder:
    """Few distinct values, so that changes, removals and returns are frequent."""
    hours = timedelta(hours=draw(st.integers(0, 3)))
    plate = draw(st.sampled_from([None, "GB001B"]))
    return Workorder(
        dms_number=dms_number,
        wo_number=draw(st.sampled_from(["1", "2"])),
        affiliate_id=draw(st.integers(1, 2)),
        appointment_local=_LOCAL + hours,
        appointment_at=WORKORDER.appointment_at + hours,
        mileage_km=draw(st.none() | st.sampled_from([0, 90_000, 999_999])),
        make=draw(_text),
        model=draw(_text),
        plate=plate,
        plate_display=plate and "GB-001-B",
        interventions=draw(_interventions()),
        contacts=draw(_contacts()),
    )
