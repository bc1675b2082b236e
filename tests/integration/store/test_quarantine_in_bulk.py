"""What bulk refresh knows of quarantine."""

from dataclasses import replace
from datetime import datetime, timedelta

from schemas.outcome import Reason
from schemas.workorder import workorder_id
from tests.integration.store.conftest import Stores
from tests.integration.store.refusing import put, rejected
from tests.workorders import fetched, numbered
from worker.store.known import known_outside
from worker.store.quarantine import Quarantined, quarantined
from worker.store.runs import Window
from worker.store.workorders import find


def test_what_bulk_refresh_asks(new_store: Stores) -> None:
    store, other = new_store(), new_store()
    put(store, fetched(numbered(4)))
    put(store, rejected(1), rejected(2, digest=b"other"), rejected(4, 1))
    put(other, rejected(3))
    with store.database.transaction() as connection:
        assert quarantined(connection, store.dealer_id, [1, 2, 3]) == {
            1: Quarantined(b"rows", Reason.UNREADABLE_PRICE),
            2: Quarantined(b"other", Reason.UNREADABLE_PRICE),
        }
        key = workorder_id(store.dealer_id, 1)
        assert find(connection, store.dealer_id, key) == 1
        assert find(connection, other.dealer_id, key) is None


def test_what_was_never_imported_is_looked_for_outside_of_the_window(new_store: Stores) -> None:
    """1 has no appointment, 2 one in the window, 3 one after it, 4 an old one, and 5 is imported,
    for after it too."""
    store = new_store()
    ((today,),) = store.rows("SELECT CAST(now() AS date)::timestamp")
    assert isinstance(today, datetime)
    days = {1: None, 2: 0, 3: 20, 4: -200, 5: None}
    imported = replace(numbered(5), appointment_local=today + timedelta(days=20))
    put(store, fetched(imported))
    put(
        store,
        *(
            rejected(number, 1, appointment=None if day is None else today + timedelta(days=day))
            for number, day in days.items()
        ),
    )
    window = Window(today, today + timedelta(days=10))
    with store.database.transaction() as connection:
        assert known_outside(connection, store.dealer_id, window, 0, 10) == [1, 3, 5]
        assert known_outside(connection, store.dealer_id, window, 1, 1) == [3]
        assert known_outside(connection, store.dealer_id, window, 3, 10) == [5]
