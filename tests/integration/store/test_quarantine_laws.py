"""In quarantine is whatever was last rejected, in whatever order and by whatever page answers come."""

from dataclasses import replace

import hypothesis.strategies as st
from hypothesis import given, settings

from schemas.decision import Fetched
from tests.integration.store.conftest import Store, Stores
from tests.integration.store.refusing import cases, put, rejected
from tests.workorders import WORKORDER, fetched, numbered
from worker.store.pages import Refused

answers = st.tuples(
    st.integers(1, 3), st.sampled_from(["accepted", "changed", "rejected"]), st.sampled_from([b"a", b"b"])
)


def _answer(number: int, kind: str, digest: bytes, seconds: float) -> Fetched | Refused:
    if kind == "rejected":
        return rejected(number, seconds, digest)
    workorder = replace(WORKORDER, make="Saab") if kind == "changed" else WORKORDER
    return fetched(numbered(number, workorder), seconds, kind.encode() + digest)


@settings(max_examples=60)
@given(told=st.lists(answers, min_size=1, max_size=6), data=st.data())
def test_in_quarantine_is_whatever_was_last_rejected_in_whatever_order_answers_come(
    new_store: Stores, told: list[tuple[int, str, bytes]], data: st.DataObject
) -> None:
    store = new_store()
    for seconds in data.draw(st.permutations(range(len(told)))):
        put(store, _answer(*told[seconds], seconds))
    newest = {number: kind for number, kind, _ in told}
    listed = {case.dms_number for case in cases(store)}
    assert listed == {number for number, kind in newest.items() if kind == "rejected"}


@settings(max_examples=30)
@given(pages=st.lists(st.lists(answers, max_size=3, unique_by=lambda one: one[0]), min_size=1, max_size=3))
def test_the_size_of_a_page_and_a_second_delivery_change_nothing(
    new_store: Stores, pages: list[list[tuple[int, str, bytes]]]
) -> None:
    together, one_by_one = new_store(), new_store()
    for seconds, page in enumerate(pages):
        items = [_answer(*one, seconds) for one in page]
        put(together, *items)
        put(together, *items)
        for item in items:
            put(one_by_one, item)

    def listed(store: Store) -> set[tuple[object, ...]]:
        return {(case.subject, case.why, case.since, case.last_seen_at) for case in cases(store)}

    assert listed(together) == listed(one_by_one)
