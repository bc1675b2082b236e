"""A person who was forgotten is nowhere, and nobody else is missing."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import ARRAY, JSON, Text

from schemas.workorder import Role, Workorder
from tests.integration.store.conftest import Store
from tests.workorders import CONTACT, INTERVENTION, PART, WORKORDER, fetched, numbered
from worker.deadline import Deadline
from worker.retention import Retention
from worker.store.forgetting import (
    CAR_TEXTS,
    FREE_TEXTS,
    REQUEST_TEXTS,
    Person,
    by_email,
    by_name,
    by_phone,
    forget,
)
from worker.store.retention import RULES
from worker.store.tables import metadata

NAME, PHONE, EMAIL = "Müller-Öztürk", "+31643218765", "anouk.canary@example.com"
_FOR_EVER = dict.fromkeys(RULES, 0)
#: Every other text, and why nobody is named there: who adds a column decides.
_NOBODY = {
    "dealers": "the dealer's own record",
    "workorders": "the car is looked through; the rest is numbers, the plate, and ids that programs give",
    "refresh_runs": "codes and ids",
    "circuits": "codes and ids",
    "schema_drift": "names of entities and columns, and JSON types",
    "drift_policies": "names of entities and columns, and actions",
    "import_requests": "what the backend wrote is looked through; the rest is codes and names of fields",
    "quarantine": "codes, numbers and ids; of values the shapes alone",
    "import_attempts": "codes, numbers and ids",
    "contacts": "a role; the rest is erased as a whole",
    "workorder_changes": "names of fields; the values are looked through",
}


def _texts(table: str) -> set[str]:
    return {
        column.name
        for column in metadata.tables[table].columns
        if isinstance(column.type.item_type if isinstance(column.type, ARRAY) else column.type, Text | JSON)
    }


def test_who_adds_a_text_decides_whether_people_are_in_it() -> None:
    decided = FREE_TEXTS.keys() | _NOBODY.keys()
    assert {name for name in metadata.tables if _texts(name)} == decided
    for table, columns in (FREE_TEXTS | {"workorders": CAR_TEXTS, "import_requests": REQUEST_TEXTS}).items():
        assert set(columns) <= _texts(table)


def everything(store: Store) -> str:
    """All rows of all tables as text."""
    return "\n".join(
        str(row[0]) for table in metadata.tables for row in store.rows(f"SELECT t::text FROM {table} t")
    )


def with_person(number: int, title: str = "Small service") -> Workorder:
    person = replace(CONTACT, role=Role.OWNER, last_name=NAME, phone=PHONE, email=EMAIL)
    part = replace(PART, line_id=number)
    return replace(
        numbered(number),
        contacts=(CONTACT, person),
        interventions=(replace(INTERVENTION, title=title, parts=(part,)),),
    )


ALL: list[tuple[str, Callable[[], Person | None]]] = [
    (PHONE[-9:], lambda: by_phone("06 43218765", "NL")),
    (EMAIL, lambda: by_email("  Anouk.CANARY@example.com ")),
    (NAME, lambda: by_name("MÜLLER-öztürk")),
]


@pytest.mark.parametrize(("found", "person"), ALL, ids=["phone", "email", "name"])
def test_nothing_is_left_of_a_person(store: Store, found: str, person: Callable[[], Person | None]) -> None:
    title = f"Call {NAME}, 06-432 187 65 or {EMAIL}"
    store.put(fetched(with_person(1, title)), fetched(with_person(2)))
    store.put(fetched(with_person(1, "Other"), 60))
    assert found in everything(store).replace("06-432 187 65", "0643218765")
    sought = person()
    assert sought
    with store.database.transaction() as connection:
        counts = forget(connection, store.dealer_id, sought)
    assert counts["contacts"] == 2
    assert counts["workorder_changes"] == 1
    left = everything(store).replace("06-432 187 65", "0643218765")
    assert found.lower() not in left.lower()
    assert left.count("Jansen") == 2
    with store.database.transaction() as connection:
        assert set(forget(connection, store.dealer_id, sought).values()) == {0}


def test_a_title_that_names_the_person_goes_and_the_others_stay(store: Store) -> None:
    store.put(fetched(with_person(1, f"Call {NAME.upper()} back")), fetched(with_person(2, "Oil")))
    with store.database.transaction() as connection:
        assert forget(connection, store.dealer_id, by_name(NAME))["interventions"] == 1
    assert store.rows("SELECT title FROM interventions ORDER BY id") == [(None,), ("Oil",)]


def test_a_name_that_is_a_word_is_no_reason_to_erase_elsewhere(store: Store) -> None:
    golf = replace(with_person(1, "Golf: oil"), contacts=(replace(CONTACT, last_name="Golf"),))
    store.put(fetched(golf), fetched(with_person(2, "Golf: oil")), fetched(with_person(3, "Golfing")))
    with store.database.transaction() as connection:
        assert forget(connection, store.dealer_id, by_name("golf"))["interventions"] == 1
    assert store.rows("SELECT title FROM interventions WHERE title IS NOT NULL ORDER BY id") == [
        ("Golf: oil",),
        ("Golfing",),
    ]


@pytest.mark.parametrize("gone", ["renamed in the DMS", "emptied by its age"])
def test_a_name_that_no_contact_has_any_more_is_found_in_texts(store: Store, gone: str) -> None:
    other = replace(with_person(2, f"Bel {NAME}son"), contacts=(CONTACT,))
    store.put(fetched(with_person(1, f"Bel {NAME}")), fetched(other))
    store.put(fetched(with_person(1, f"Bel {NAME.upper()} terug"), 60))
    if gone == "renamed in the DMS":
        store.run("UPDATE contacts SET last_name = 'Other' WHERE last_name <> 'Jansen'")
    else:
        store.run("UPDATE workorders SET appointment_at = now() - interval '9 days'")
        assert Retention(store.database, {**_FOR_EVER, "keep_contacts_days": 8}).purge(Deadline.after(60))
    for person, rows in ((by_name(NAME), 0), (by_name(NAME, everywhere=True), 1)):
        with store.database.transaction() as connection:
            counts = forget(connection, store.dealer_id, person)
        assert (counts["interventions"], counts["workorder_changes"], counts["contacts"]) == (rows, rows, 0)
    assert store.rows("SELECT title FROM interventions ORDER BY id") == [(None,), (f"Bel {NAME}son",)]


@pytest.mark.parametrize("typed", [NAME, f"{NAME.lower()} golf", EMAIL, "06 43218765"])
def test_what_was_typed_and_waits_for_an_answer_goes(store: Store, typed: str) -> None:
    for dealer_id, search in ((7, typed), (8, typed), (7, "WO-1001")):
        store.run(
            "INSERT INTO import_requests (dealer_id, kind, search) VALUES (:dealer_id, 'import', :search)",
            dealer_id=dealer_id,
            search=search,
        )
    people = [person() for _, person in ALL]
    with store.database.transaction() as connection:
        counts = [forget(connection, 7, person)["import_requests"] for person in people if person]
    assert sorted(counts) == [0, 0, 1]
    searches = store.rows("SELECT search FROM import_requests ORDER BY id")
    assert searches == [(None,), (typed,), ("WO-1001",)]


@pytest.mark.parametrize("written", [NAME, f"klant:{NAME}", EMAIL, "06-43218765"])
def test_an_id_of_a_request_is_looked_through_and_so_is_its_copy_in_the_answer(
    store: Store, written: str
) -> None:
    for dealer_id, request_id in ((7, written), (8, written), (7, "click-1")):
        store.run(
            "INSERT INTO import_requests (dealer_id, kind, request_id, state, answered_at, result) VALUES "
            "(:dealer_id, 'import', :request_id, 'answered', now(), "
            "jsonb_build_object('request_id', CAST(:request_id AS text), 'found', 0))",
            dealer_id=dealer_id,
            request_id=request_id,
        )
    with store.database.transaction() as connection:
        for _, person in ALL:
            forget(connection, 7, person() or by_name("nobody"))
    kept = store.rows(
        "SELECT request_id, result ->> 'request_id', result ->> 'found' FROM import_requests ORDER BY id"
    )
    assert kept == [(None, None, "0"), (written, written, "0"), ("click-1", "click-1", "0")]


def test_a_car_that_names_the_person_is_looked_through(store: Store) -> None:
    """A name may be that of a car: such a one goes only where it is wanted everywhere."""
    named = replace(with_person(1), make="Ford", model=f"Transit van {NAME}")
    store.put(fetched(named), fetched(replace(with_person(2), model=f"Golf, bel 06 43218765 of {EMAIL}")))

    def cars() -> list[tuple[Any, ...]]:
        return store.rows("SELECT make, model FROM workorders ORDER BY dms_number")

    [_, second] = cars()
    with store.database.transaction() as connection:
        assert forget(connection, store.dealer_id, by_name(NAME))["workorders"] == 0
        assert forget(connection, store.dealer_id, by_email(f"x{EMAIL}"))["workorders"] == 0
    assert cars() == [("Ford", f"Transit van {NAME}"), second]
    with store.database.transaction() as connection:
        counts = [
            forget(connection, store.dealer_id, person)["workorders"]
            for person in (by_name(NAME, everywhere=True), by_email(EMAIL))
        ]
    assert counts == [1, 1]
    assert cars() == [("Ford", None), (second[0], None)]


def test_another_dealers_customer_is_another_dealers(new_store: Callable[[], Store]) -> None:
    here, there = new_store(), new_store()
    for store in (here, there):
        store.put(fetched(with_person(store.dealer_id)))
    before = there.content()
    with here.database.transaction() as connection:
        forget(connection, here.dealer_id, by_email(EMAIL))
    assert there.content() == before
    assert EMAIL not in str(here.content())


@pytest.mark.parametrize("given", [".*", "%", "' OR true --", "\\", "(", "[^x]", ":given", "a' OR '1'='1"])
def test_what_is_typed_is_never_a_pattern_or_sql(store: Store, given: str) -> None:
    store.put(fetched(with_person(1)))
    before = store.fingerprint()
    for person in (by_email(given), by_name(given)):
        with store.database.transaction() as connection:
            assert set(forget(connection, store.dealer_id, person).values()) == {0}
    assert by_phone(given, "NL") is None
    assert store.fingerprint() == before


def test_a_number_within_a_longer_one_is_another(store: Store) -> None:
    job = replace(INTERVENTION, parts=(replace(PART, reference_code="A6432187651"),))
    store.put(fetched(replace(WORKORDER, interventions=(job,))))
    sought = by_phone(PHONE, "NL")
    assert sought
    with store.database.transaction() as connection:
        assert set(forget(connection, store.dealer_id, sought).values()) == {0}


def test_an_unchanged_workorder_does_not_bring_the_person_back_and_a_changed_one_does(store: Store) -> None:
    """The reason to erase the person in the DMS first."""
    store.put(fetched(with_person(1)))
    with store.database.transaction() as connection:
        forget(connection, store.dealer_id, by_name(NAME))
    store.put(fetched(with_person(1), 60))
    assert NAME not in everything(store)
    changed = replace(with_person(1), appointment_at=WORKORDER.appointment_at + timedelta(hours=1))
    store.put(fetched(changed, 120))
    assert NAME in everything(store)
