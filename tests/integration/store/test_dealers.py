"""Dealers' records and their encrypted secrets."""

from dataclasses import replace
from datetime import time, timedelta

import pytest
from cryptography.fernet import Fernet, MultiFernet

from schemas.dealer import Dealer, Secret
from tests.integration.store.conftest import DEALER, LINEAGE, WORKORDER_ID, Store
from worker.errors import ConfigurationError, ErrorCode
from worker.store.attempts import record_failure
from worker.store.dealers import DealerChanges, Dealers, LoadedDealer


def load(store: Store, dealers: Dealers | None = None, dealer_id: int = 7) -> LoadedDealer | None:
    with store.database.transaction() as connection:
        return (dealers or store.dealers).load(connection, dealer_id)


def loaded(store: Store) -> Dealer:
    found = load(store)
    assert found is not None
    return found.dealer


def test_what_was_added_is_loaded(store: Store) -> None:
    assert loaded(store) == DEALER
    assert load(store, dealer_id=8) is None


def test_asked_at_is_postgresqls_moment(store: Store) -> None:
    ((before,),) = store.rows("SELECT clock_timestamp()")
    found = load(store)
    ((after,),) = store.rows("SELECT clock_timestamp()")
    assert found is not None
    assert before <= found.asked_at <= after
    assert found.asked_at.utcoffset() == timedelta()


def test_a_number_is_taken_once(store: Store) -> None:
    with store.database.transaction() as connection:
        assert not store.dealers.add(connection, replace(DEALER, name="Another"))
    assert loaded(store).name == DEALER.name


def test_every_field_can_be_given_at_once(store: Store) -> None:
    other = replace(
        DEALER,
        dealer_id=8,
        phone_region="BE",
        keep_importing_after_start=True,
        import_new_in_bulk=True,
        prices_include_vat=True,
        refresh_every_minutes=5,
        refresh_from=time(7),
        refresh_until=time(18, 30),
        days_back=1,
        days_ahead=2,
        requests_per_second=0.25,
        concurrent_requests=1,
        page_rows=250,
        modified_on_works=False,
    )
    with store.database.transaction() as connection:
        assert store.dealers.add(connection, other)
    found = load(store, dealer_id=8)
    assert found is not None
    assert found.dealer == other


def test_all_are_listed_by_number(store: Store) -> None:
    others = [replace(DEALER, dealer_id=number, affiliates=(), paused=True) for number in (9, 3)]
    with store.database.transaction() as connection:
        for other in others:
            assert store.dealers.add(connection, other)
        assert store.dealers.list_all(connection) == (others[1], DEALER, others[0])


def test_only_what_is_named_changes(store: Store) -> None:
    with store.database.transaction() as connection:
        assert store.dealers.change(connection, 7, {"affiliates": (5,), "client_secret": Secret("new")})
        assert store.dealers.change(connection, 7, {"time_zone": "Europe/Brussels", "paused": True})
        assert not store.dealers.change(connection, 8, {"name": "Nobody"})
    reach = replace(DEALER.connection, client_secret=Secret("new"))
    changed = replace(DEALER, connection=reach, affiliates=(5,), time_zone="Europe/Brussels", paused=True)
    assert loaded(store) == changed


def test_every_field_can_be_changed(store: Store) -> None:
    changes: DealerChanges = {
        "name": "Garage Zuid",
        "base_url": "https://zuid.example",
        "token_url": "https://login.example/zuid",
        "audience": "zuid",
        "client_id": "claire-zuid",
        "phone_region": "BE",
        "keep_importing_after_start": True,
        "import_new_in_bulk": True,
        "prices_include_vat": True,
        "refresh_every_minutes": None,
        "refresh_from": time(7),
        "refresh_until": time(18, 30),
        "days_back": 1,
        "days_ahead": 2,
        "requests_per_second": 0.5,
        "concurrent_requests": 1,
        "page_rows": 250,
        "modified_on_works": True,
    }
    with store.database.transaction() as connection:
        store.dealers.change(connection, 7, changes)
    dealer = loaded(store)
    stored = {name: getattr(dealer, name, None) for name in changes}
    stored |= {
        name: getattr(dealer.connection, name) for name in ("base_url", "token_url", "audience", "client_id")
    }
    assert stored == changes


def test_the_secret_lies_encrypted(store: Store) -> None:
    ((row,),) = store.rows("SELECT d::text FROM dealers d")
    assert "very secret" not in row


def test_an_older_key_still_opens_and_a_wrong_one_names_the_setting(store: Store) -> None:
    older, newer = Fernet(Fernet.generate_key()), Fernet(Fernet.generate_key())
    with store.database.transaction() as connection:
        Dealers(MultiFernet([older])).change(connection, 7, {"client_secret": Secret("kept")})
    found = load(store, Dealers(MultiFernet([newer, older])))
    assert found is not None
    assert found.dealer.connection.client_secret == Secret("kept")
    with pytest.raises(ConfigurationError, match="TWODRIVE_SECRET_KEYS"):
        load(store, Dealers(MultiFernet([newer])))


@pytest.mark.parametrize(("dealer_id", "workorder_id"), [(7, WORKORDER_ID), (404, None)])
def test_a_failed_attempt_is_recorded_even_of_an_unknown_dealer(
    store: Store, dealer_id: int, workorder_id: object
) -> None:
    key = WORKORDER_ID if workorder_id else None
    with store.database.transaction() as connection:
        record_failure(connection, dealer_id, ErrorCode.VINACLES_UNAVAILABLE, LINEAGE, key)
    rows = store.rows(
        "SELECT dealer_id, workorder_id, trigger, request_id, task_id, outcome, error_code, requests "
        "FROM import_attempts"
    )
    assert rows == [(dealer_id, workorder_id, "search", "click", "task", None, "vinacles_unavailable", 3)]
