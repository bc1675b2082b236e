"""Whoever merely looks like the person who was forgotten is never touched."""

import string
from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, text

from schemas.emails import judged
from tests.integration.store.conftest import Store
from tests.workorders import CONTACT, INTERVENTION, fetched, numbered
from worker.store.forgetting import Person, by_email, by_name, forget

_ALNUM = string.ascii_letters + string.digits
_words = st.text(_ALNUM, min_size=1, max_size=6)
_domains = st.builds("{}.{}".format, _words, st.sampled_from(("nl", "be", "example.com")))
_addresses = st.builds("{}@{}".format, _words, _domains)
#: As they stand in an address, and in no text beside one.
_before = st.text(_ALNUM + ".!#$%&*+?^_`{|}~-éß", min_size=1, max_size=4)
_behind = st.from_regex(r"[.-]?[a-z0-9]{1,4}(-{1,2}[a-z0-9]{1,3})?", fullmatch=True)
_beside = st.sampled_from(
    ("", " ", "\u00a0", ": ", "(", "<", "mailto:", "'", '"', ", ", "06-12345678/", "e=")
)
_after = st.sampled_from(("", " ", ".", ". ", ")", ">", "'", '"', ", ", ";", "/", "!", "?", "…"))
_examples = settings(max_examples=150)


@pytest.fixture
def connection(store: Store) -> Iterator[Connection]:
    """A transaction that is never committed, on one workorder with one contact and one title."""
    store.put(fetched(replace(numbered(1), contacts=(CONTACT,), interventions=(INTERVENTION,))))
    with store.database.engine().connect() as connection:
        yield connection


def left(connection: Connection, person: Person, email: str | None, said: str) -> tuple[bool, bool]:
    """Whether a contact with this address, and a title, are still there after the person was forgotten."""
    connection.execute(text("UPDATE contacts SET email = :email, last_name = 'X'"), {"email": email})
    connection.execute(text("UPDATE interventions SET title = :title"), {"title": said})
    forget(connection, 7, person)
    [(contact,)] = connection.execute(text("SELECT last_name IS NOT NULL FROM contacts"))
    [(title,)] = connection.execute(text("SELECT title IS NOT NULL FROM interventions"))
    connection.rollback()
    return contact, title


@_examples
@given(
    address=_addresses, before=_before, behind=_behind, which=st.sampled_from(("before", "behind", "both"))
)
def test_an_address_that_contains_the_given_one_is_somebody_elses(
    connection: Connection, address: str, before: str, behind: str, which: str
) -> None:
    neighbor = ("" if which == "behind" else before) + address + ("" if which == "before" else behind)
    assume(judged(neighbor))
    assert left(connection, by_email(address), neighbor, f"Mail {neighbor}, please") == (True, True)


@pytest.mark.parametrize("neighbor", ["jan@garage.nl", "o'an@garage.nl", "a/an@garage.nl", "an@garage.nl.be"])
def test_neighbors_by_example(connection: Connection, neighbor: str) -> None:
    assert left(connection, by_email("an@garage.nl"), neighbor, "Oil") == (True, True)


@_examples
@given(address=_addresses, beside=_beside, after=_after, said=_words)
def test_an_address_is_found_whatever_sets_it_apart(
    connection: Connection, address: str, beside: str, after: str, said: str
) -> None:
    title = f"{said} {beside}{address.swapcase()}{after} {said}"
    assert left(connection, by_email(address), address.upper(), title) == (False, False)


@pytest.mark.parametrize(
    ("title", "stays"),
    [
        ("Bel Jos", False),
        ("JOS's auto", False),
        ("‘Jos’", False),
        ("Bel José", True),
        ("Éjos", True),
        ("Josß", True),
    ],
)
def test_a_name_ends_where_its_last_letter_does(connection: Connection, title: str, stays: bool) -> None:
    person = replace(by_name("Jos"), everywhere=True)
    assert left(connection, person, None, title) == (True, stays)
