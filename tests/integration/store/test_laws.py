"""What holds for every sequence of answers."""

from collections.abc import Callable
from dataclasses import replace

import hypothesis.strategies as st
from hypothesis import given, settings

from schemas.outcome import Outcome
from schemas.workorder import Workorder
from tests.integration.store.conftest import CHILDREN, Store
from tests.workorders import fetched, numbered, workorders

Stores = Callable[[], Store]
_few = settings(max_examples=40)


def shown(store: Store) -> Workorder | None:
    stored = store.card()
    return None if stored is None else stored.workorder


def in_order(workorder: Workorder) -> Workorder:
    """As the store returns it: contacts in the order of their roles' first import."""
    return replace(workorder, contacts=tuple(sorted(workorder.contacts, key=lambda contact: contact.role)))


@_few
@given(before=workorders(), now=workorders())
def test_the_last_answer_is_what_claire_has(new_store: Stores, before: Workorder, now: Workorder) -> None:
    store = new_store()
    store.put(fetched(before))
    store.put(fetched(now, 1))
    found = shown(store)
    assert found is not None
    assert in_order(found) == now


@_few
@given(before=workorders(), now=workorders())
def test_twice_equals_once(new_store: Stores, before: Workorder, now: Workorder) -> None:
    store = new_store()
    store.put(fetched(before))
    store.put(fetched(now, 1))
    once = store.fingerprint()
    assert store.put(fetched(now, 1)) == [Outcome.UNCHANGED]
    assert store.fingerprint() == once


@_few
@given(pages=st.lists(st.lists(workorders(), min_size=3, max_size=3), min_size=1, max_size=3))
def test_the_size_of_a_page_changes_nothing(new_store: Stores, pages: list[list[Workorder]]) -> None:
    together, one_by_one = new_store(), new_store()
    for seconds, page in enumerate(pages):
        answers = [fetched(numbered(number, workorder), seconds) for number, workorder in enumerate(page, 1)]
        outcomes = together.put(*answers)
        assert outcomes == [outcome for answer in answers for outcome in one_by_one.put(answer)]
    assert together.content() == one_by_one.content()


@_few
@given(answers=st.permutations(range(4)), versions=st.lists(workorders(), min_size=4, max_size=4))
def test_the_newest_answer_wins_in_whatever_order_they_come(
    new_store: Stores, answers: list[int], versions: list[Workorder]
) -> None:
    # The first and the third say the same, as when a change is taken back in the DMS.
    versions[2] = versions[0]
    store = new_store()
    for seconds in answers:
        store.put(fetched(versions[seconds], seconds))
    found = shown(store)
    assert found is not None
    assert in_order(found) == versions[3]


@_few
@given(before=workorders(), now=workorders())
def test_nothing_imported_changes_once_work_has_started(
    new_store: Stores, before: Workorder, now: Workorder
) -> None:
    store = new_store()
    store.put(fetched(before))
    store.start_work()
    rows = store.fingerprint()
    assert store.put(fetched(now, 1)) == [Outcome.UNCHANGED if before == now else Outcome.HELD]
    assert store.put(fetched(now, 2, digest=b"reworded")) == [
        Outcome.UNCHANGED if before == now else Outcome.HELD
    ]
    assert store.fingerprint() == rows
    store.keep_importing()
    assert store.put(fetched(now, 3)) == [Outcome.UNCHANGED if before == now else Outcome.UPDATED]
    found = shown(store)
    assert found is not None
    assert in_order(found) == now


@_few
@given(versions=st.lists(workorders(), min_size=2, max_size=5))
def test_ids_stay(new_store: Stores, versions: list[Workorder]) -> None:
    """A row, once there, keeps its id for ever, whether or not the DMS still has it."""
    store = new_store()
    known: dict[tuple[object, ...], object] = {}
    for seconds, version in enumerate(versions):
        store.put(fetched(version, seconds))
        now = {(*key,): row_id for *key, row_id in _identities(store)}
        assert known.items() <= now.items()
        known = now


def _identities(store: Store) -> list[tuple[object, ...]]:
    keys = dict(zip(CHILDREN, ("job_number", "line_id", "role"), strict=True))
    query = " UNION ALL ".join(
        f"SELECT '{table}', {key}::text, id FROM {table} WHERE workorder_id = :key"
        for table, key in keys.items()
    )
    return store.rows(query, key=store.key)
