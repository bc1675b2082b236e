"""Whatever arguments a task is sent with, a real worker ends it in one way: an answer, or a stable code."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.demo.desk import Desk
from sandbox.processes import Program
from sandbox.simulator import known
from tests.injections import typed
from worker.errors import ErrorCode

_NOBODYS = "0b8a4c1e-7f0d-5a6b-9c3d-2e1f0a9b8c7d"
_texts = st.text(st.characters(exclude_categories=()))
_anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | _texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_texts, inner, max_size=3),
)
#: 0 stands for the number of the test's own dealer.
_dealers = st.sampled_from([0, 99_999, 2**31 - 1])
_likely = {
    "search": st.just(known.COMPLETE) | typed,
    "workorder_id": st.just(_NOBODYS),
    "started_at": st.sampled_from(["2026-03-02T09:15:00+01:00", "9999-12-31T23:59:59Z", "2026-03-02"]),
    "request_id": st.just("req-1") | typed,
    "offline": st.booleans(),
    "fresh": st.booleans(),
    "run_id": st.integers(1, 2**63 - 1),
    "turn": st.integers(0, 2**31 - 1),
}
_named = {"dealer_id": _dealers, **_likely}


def _arguments(*names: str) -> st.SearchStrategy[dict[str, Any]]:
    """The task's own arguments, mostly as they should be, and others."""
    own = {name: _named[name] | _named[name] | _anything for name in names}
    some = st.fixed_dictionaries(own) | st.fixed_dictionaries({}, optional=own)
    others = st.dictionaries(st.sampled_from(sorted(_named)) | _texts, _anything, min_size=1, max_size=2)
    return some | st.builds(lambda mine, more: {**more, **mine}, some, others)


_TASKS = {
    "workorders.import": _arguments("dealer_id", "search", "request_id", "fresh"),
    "workorders.refresh": _arguments("dealer_id", "workorder_id", "request_id", "fresh"),
    "workorders.mark_started": _arguments("dealer_id", "workorder_id", "started_at"),
    "workorders.why": _arguments("dealer_id", "search", "offline", "request_id"),
    # Of a dealer that is there it would start a run, which has its own tests.
    "workorders.refresh_dealer": _arguments("dealer_id", "run_id", "turn").map(
        lambda arguments: {name: 99_999 if value == 0 else value for name, value in arguments.items()}
    ),
    "workorders.refresh_due": _arguments().filter(bool),
    "maintenance.purge": _arguments().filter(bool),
}


@pytest.mark.parametrize("task", _TASKS)
@settings(max_examples=40)
@given(data=st.data())
def test_any_arguments_end_in_an_answer_or_a_stable_code(
    desk: Desk, worker: Program, task: str, data: st.DataObject
) -> None:
    arguments = data.draw(_TASKS[task])
    if arguments.get("dealer_id") == 0:
        arguments["dealer_id"] = desk.dealer.dealer_id
    sent = desk.backend.send_task(task, kwargs=arguments, queue="interactive")
    result = sent.get(timeout=40, propagate=False)
    if sent.state == "SUCCESS":
        assert isinstance(result, dict)
    else:
        assert sent.state == "FAILURE"
        code, text, next_step = result.args
        assert code in set(ErrorCode) - {ErrorCode.INTERNAL}
        assert text
        assert next_step
    assert worker.process.poll() is None
