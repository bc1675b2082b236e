"""Many new workorders at once: their children travel by COPY, and nobody can tell."""

from dataclasses import replace

import pytest

from schemas.outcome import Outcome
from schemas.workorder import Workorder, workorder_id
from tests.integration.store.conftest import Store
from tests.workorders import CONTACT, INTERVENTION, PART, WORKORDER, fetched
from worker.store.failures import StatementRefused
from worker.store.workorders import COPIED_FROM

TEXTS = ("\\N", "\\", "a\\tb", "tab\there", "two\nlines\r", "'; --", "é€漢🙂", "\\.", "null", " ")


def _workorder(number: int) -> Workorder:
    written = TEXTS[number % len(TEXTS)]
    parts = (
        replace(PART, reference_code=written, quantity=None),
        replace(PART, line_id=PART.line_id + 1, position=2, reference_code=None),
    )
    contact = replace(CONTACT, last_name=written, phone=None, phone_as_written=written, email=None)
    return replace(
        WORKORDER,
        dms_number=number,
        interventions=(replace(INTERVENTION, title=written, parts=parts),),
        contacts=(contact,),
    )


@pytest.mark.parametrize("many", [COPIED_FROM - 1, COPIED_FROM, 3 * COPIED_FROM])
def test_texts_arrive_as_they_are_whichever_way_they_go(store: Store, many: int) -> None:
    workorders = [_workorder(number) for number in range(1, many + 1)]
    assert store.put(*map(fetched, workorders)) == [Outcome.CREATED] * many
    for workorder in workorders:
        stored = store.card(workorder_id(store.dealer_id, workorder.dms_number))
        assert stored is not None
        assert stored.workorder == workorder


def test_what_copy_refuses_leaves_nothing(store: Store) -> None:
    workorders = [_workorder(number) for number in range(1, COPIED_FROM + 1)]
    bad = replace(workorders[-1], interventions=(replace(INTERVENTION, title="nul\0"),))
    with pytest.raises(StatementRefused, match=r"^(?!.*nul)"):
        store.put(*map(fetched, [*workorders[:-1], bad]))
    assert store.rows("SELECT count(*) FROM workorders") == [(0,)]
