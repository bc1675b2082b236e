"""Rows put together by the workorder they belong to."""

from schemas.vinacles import CONTACT, LINE, RawWorkorder
from worker.vinacles.assembly import assembled
from worker.vinacles.reading import RowsRead

OWN_LINE, NOBODYS_LINE = {"WorkorderId": 7, "LineId": 1}, {"LineId": 2}
NOBODYS_CONTACT = {"WorkorderId": None, "Role": "Driver"}
ANSWERS = (
    RowsRead(LINE, (NOBODYS_LINE, OWN_LINE, {"WorkorderId": 9, "LineId": 3}), 1.0),
    RowsRead(CONTACT, (NOBODYS_CONTACT,), 2.0),
)


def test_rows_that_do_not_say_whose_they_are_stay_with_a_workorder_that_is_alone() -> None:
    page = assembled([{"WorkorderId": 7}], ANSWERS, truncated=False, requests=3)
    assert page.workorders == (
        RawWorkorder({"WorkorderId": 7}, (OWN_LINE, NOBODYS_LINE), (NOBODYS_CONTACT,)),
    )


def test_among_several_workorders_they_are_left_out() -> None:
    page = assembled([{"WorkorderId": 7}, {"WorkorderId": None}], ANSWERS, truncated=False, requests=3)
    assert page.workorders == (
        RawWorkorder({"WorkorderId": 7}, (OWN_LINE,), ()),
        RawWorkorder({"WorkorderId": None}, (), ()),
    )
