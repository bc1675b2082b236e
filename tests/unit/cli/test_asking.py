"""Answers read back as values."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.answers import dump_import_result
from schemas.outcome import ImportResult, Outcome, Reason, Warning, WorkorderResult
from worker.cli.asking import as_value
from worker.cli.exits import Ended, Exit

_paths = st.lists(st.sampled_from(["mileage_km", "interventions.2.total_price"])).map(tuple)
_results = st.builds(
    WorkorderResult,
    outcome=st.sampled_from(Outcome),
    workorder_id=st.none() | st.uuids(),
    dms_number=st.none() | st.integers(1, 2**53),
    wo_number=st.none() | st.text(max_size=20),
    reason=st.none() | st.sampled_from(Reason),
    warnings=st.lists(st.sampled_from(Warning)).map(tuple),
    changed=_paths,
    held=_paths,
)


@given(
    st.builds(
        ImportResult,
        request_id=st.none() | st.text(),
        found=st.integers(0, 25),
        truncated=st.booleans(),
        workorders=st.lists(_results, min_size=1, max_size=3).map(tuple),
    )
)
def test_an_answer_comes_back_as_it_was(result: ImportResult) -> None:
    assert as_value(dump_import_result(result)) == result


def _answer() -> dict[str, object]:
    return dump_import_result(ImportResult("r", 1, False, (WorkorderResult(Outcome.CREATED),)))


def test_fields_of_a_newer_worker_are_ignored() -> None:
    answer = _answer() | {"new": 1}
    answer["workorders"][0]["new"] = 2  # type: ignore[index]  # JSON
    assert as_value(answer) == as_value(_answer())


def test_words_of_a_newer_worker_are_refused() -> None:
    answer = _answer()
    answer["workorders"][0]["outcome"] = "teleported"  # type: ignore[index]  # JSON
    with pytest.raises(Ended) as raised:
        as_value(answer)
    assert raised.value.exit_code is Exit.FAILED
    assert "--json" in raised.value.next_step
