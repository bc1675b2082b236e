"""Laws of reading: any rows end accepted or rejected, never both and never in an exception."""

import json
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from schemas import vinacles
from schemas.outcome import Reason, Warning
from schemas.reading import Accepted, Rejected, digest, read_workorder
from schemas.texts import clean
from schemas.vinacles import RawWorkorder
from tests.unit.schemas.arbitrary import json_values, raws, rows_of
from tests.unit.schemas.invented import BRANCH, CONTACT, HEADER, LABOR, PART, raw


@given(raws)
def test_any_rows_are_accepted_or_rejected(rows: RawWorkorder) -> None:
    outcome = read_workorder(rows, BRANCH)
    assert len(digest(rows, "1")) == 16
    if isinstance(outcome, Rejected):
        assert outcome.reason in Reason
    else:
        assert isinstance(outcome, Accepted)
        _can_be_stored(outcome)
    assert list(outcome.warnings) == [warning for warning in Warning if warning in outcome.warnings]


def junk_in(*columns: str) -> st.SearchStrategy[dict[str, Any]]:
    """Anything at all in some of these columns."""
    return st.dictionaries(st.sampled_from(columns), json_values, max_size=len(columns))


@given(
    junk_in("Mileage", "Make", "Model", "LicensePlate"),
    junk_in("SortOrder", "Description", "PartNumber", "Quantity"),
    junk_in("SortOrder", "Description", "PartNumber", "Quantity", "LineType"),
    st.lists(rows_of(vinacles.CONTACT, CONTACT), max_size=3).map(tuple),
)
def test_a_bad_field_never_rejects(
    header: dict[str, Any], labor: dict[str, Any], part: dict[str, Any], contacts: tuple[Any, ...]
) -> None:
    outcome = read_workorder(raw(header, labor, part, contacts=contacts), BRANCH)
    assert isinstance(outcome, Accepted)
    _can_be_stored(outcome)
    assert outcome.workorder.interventions[0].total_price == Decimal("174.90")


def _can_be_stored(outcome: Accepted) -> None:
    workorder = outcome.workorder
    assert 0 < workorder.dms_number < 2**53
    assert (workorder.plate is None) == (workorder.plate_display is None)
    for job in workorder.interventions:
        other = job.total_price - job.labor_price - job.parts_price
        assert sum((part.price for part in job.parts), Decimal(0)) == job.parts_price
        for amount in (job.labor_price, job.parts_price, job.total_price, other):
            assert amount.as_tuple().exponent == -2
        assert abs(job.total_price) < 10**10
    assert len({part.line_id for job in workorder.interventions for part in job.parts}) == sum(
        len(job.parts) for job in workorder.interventions
    )
    texts = [text for text in _texts(workorder) if isinstance(text, str)]
    assert all(text == clean(text) and "\x00" not in text for text in texts)
    json.dumps(texts, ensure_ascii=False).encode()


def _texts(workorder: Any) -> list[Any]:
    jobs, contacts = workorder.interventions, workorder.contacts
    return [
        workorder.wo_number, workorder.make, workorder.model, workorder.plate_display,
        *(job.title for job in jobs),
        *(part.reference_code for job in jobs for part in job.parts),
        *(text for found in contacts for text in (found.last_name, found.phone_as_written, found.email)),
    ]  # fmt: skip


spoiled_lines = st.lists(
    st.fixed_dictionaries(
        {
            "JobNumber": st.integers(0, 3),
            "SortOrder": st.integers(0, 3) | st.none(),
            "LineType": st.sampled_from(["Labor", "Part", "Text"]),
            "Price": st.decimals(-1000, 1000, places=3),
            "Description": st.none() | st.text(max_size=3),
        }
    ),
    max_size=8,
)


@given(spoiled_lines, st.randoms(use_true_random=False))
def test_the_order_in_which_rows_arrive_does_not_matter(lines: list[dict[str, Any]], shuffler: Any) -> None:
    extra = [{**PART, **line, "LineId": 100 + number} for number, line in enumerate(lines)]
    contacts = ({**CONTACT, "Role": "Owner"}, {**CONTACT, "Role": "Contractor"})
    first = raw(lines=tuple(extra), contacts=contacts)
    shuffled_lines, shuffled_contacts = list(first.lines), list(first.contacts)
    shuffler.shuffle(shuffled_lines)
    shuffler.shuffle(shuffled_contacts)
    second = RawWorkorder(first.header, tuple(shuffled_lines), tuple(shuffled_contacts))
    assert read_workorder(first, BRANCH) == read_workorder(second, BRANCH)
    assert digest(first, "1") == digest(second, "1")


@given(st.dictionaries(st.text(min_size=1).filter(lambda name: name not in HEADER), json_values, max_size=3))
def test_columns_that_were_not_asked_for_change_nothing(columns: dict[str, Any]) -> None:
    unasked = {name: value for name, value in columns.items() if name not in {*LABOR, *CONTACT}}
    widened = raw(unasked, unasked, unasked, unasked)
    assert read_workorder(widened, BRANCH) == read_workorder(raw(), BRANCH)
    assert digest(widened, "1") == digest(raw(), "1")
