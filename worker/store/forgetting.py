"""Erasing a person from what a dealer's workorders hold: the contact itself, and texts that repeat it.

What was erased cannot be had back, so a pattern finds what was given and nothing that merely contains it:
`an@garage.example` is not in `jan@garage.example`, nor a telephone number in a longer one.
"""

import re
from dataclasses import dataclass

from sqlalchemy import Connection, text

from schemas.phones import read_phone
from worker.store.written_numbers import WORD, as_people_write_it

_EMPTY = "last_name = NULL, phone = NULL, phone_as_written = NULL, email = NULL"
_NOTED = "concat_ws(' ', t.last_name, t.phone_as_written) ~ :pattern"
#: Texts that people type freely, where a person may be named: columns by table.
FREE_TEXTS = {
    "interventions": ("title",),
    "parts": ("reference_code",),
    "workorder_changes": ("old", "new"),
}
#: How a car is called, in `workorders`. A last name may be just that (`Ford`), so it is looked for only
#: where it is wanted everywhere.
CAR_TEXTS = ("make", "model")
#: What the backend wrote into rows of `import_requests`; the answer repeats the id.
REQUEST_TEXTS = ("search", "request_id")
# What may stand in an address before what was given. `/`, `=` and quotes may too (RFC 5322, 3.2.3), but in
# texts they set it apart: `'jan@garage.example'`; an apostrophe is taken for a letter only behind one.
_IN_A_MAILBOX = rf"[{WORD}.!#$%&*+?^_`{{|}}~-]"


@dataclass(frozen=True, slots=True)
class Person:
    """`contact` is a condition on a row of contacts, `pattern` a regular expression for free texts. With
    `everywhere` these are all of the dealer's, else those of workorders whose contact it is: a last name may
    be an ordinary word, and a text may name whom no contact names any more."""

    contact: str
    given: str
    pattern: str
    everywhere: bool


def by_email(email: str) -> Person:
    address = _spelled(email.strip())
    alone = rf"(?<!{_IN_A_MAILBOX}|[{WORD}]'){address}(?![._-]*[{WORD}])"
    return Person(f"t.email ~ :given OR {_NOTED}", f"^{address}$", alone, everywhere=True)


def by_name(last_name: str, *, everywhere: bool = False) -> Person:
    name = _spelled(last_name.strip())
    word = rf"(?<![{WORD}]){name}(?![{WORD}])"
    return Person("t.last_name ~ :given", rf"^\s*{name}\s*$", word, everywhere)


def by_phone(phone: str, region: str) -> Person | None:
    """None for what is no telephone number; `region` is the country of numbers without `+`."""
    number = read_phone(phone, region).e164
    if number is None:
        return None
    return Person(f"t.phone = :given OR {_NOTED}", number, as_people_write_it(number), everywhere=True)


def forget(connection: Connection, dealer_id: int, person: Person) -> dict[str, int]:
    """Erase the person at this dealer; rows stay, their texts become null. Returns changed rows by table."""
    values = {"dealer_id": dealer_id, "given": person.given, "pattern": person.pattern}
    # The texts first: a name is found in them by way of the contact, which the last statement empties.
    counts = {
        table: connection.execute(text(_texts_erased(table, columns, person)), values).rowcount
        for table, columns in FREE_TEXTS.items()
    }
    contacts = (
        f"UPDATE contacts t SET {_EMPTY} FROM workorders w "  # noqa: S608  constants
        f"WHERE w.id = t.workorder_id AND w.dealer_id = :dealer_id AND ({person.contact})"
    )
    counts["contacts"] = connection.execute(text(contacts), values).rowcount
    cars = f"UPDATE workorders SET {_erased(CAR_TEXTS)} WHERE dealer_id = :dealer_id AND {_holds(CAR_TEXTS)}"  # noqa: S608  constants
    counts["workorders"] = connection.execute(text(cars), values).rowcount if person.everywhere else 0
    counts["import_requests"] = connection.execute(_REQUESTS, values).rowcount
    return counts


def _erased(columns: tuple[str, ...]) -> str:
    return ", ".join(f"{name} = CASE WHEN {name} ~ :pattern THEN NULL ELSE {name} END" for name in columns)


def _holds(columns: tuple[str, ...]) -> str:
    return f"({' OR '.join(f'{name} ~ :pattern' for name in columns)})"


# Of one that waits for its answer what was typed, too; it is then told that nothing was searched.
_REQUESTS = text(
    f"UPDATE import_requests SET {_erased(REQUEST_TEXTS)}, "  # noqa: S608  constants
    "result = CASE WHEN result ->> 'request_id' ~ :pattern "
    "THEN jsonb_set(result, '{request_id}', 'null') ELSE result END "
    f"WHERE dealer_id = :dealer_id AND ({_holds(REQUEST_TEXTS)} OR result ->> 'request_id' ~ :pattern)"
)


def _texts_erased(table: str, columns: tuple[str, ...], person: Person) -> str:
    theirs = (
        "SELECT id FROM workorders WHERE dealer_id = :dealer_id"
        if person.everywhere
        else "SELECT t.workorder_id FROM contacts t JOIN workorders w ON w.id = t.workorder_id "  # noqa: S608  constants
        f"WHERE w.dealer_id = :dealer_id AND ({person.contact})"
    )
    return f"UPDATE {table} SET {_erased(columns)} WHERE {_holds(columns)} AND workorder_id IN ({theirs})"  # noqa: S608  constants


def _spelled(given: str) -> str:
    """A regular expression for `given` in upper and lower case, with any white space. PostgreSQL's own
    comparison without case knows only ASCII where the database has the locale C."""
    return "".join(map(_letter, " ".join(given.split())))


def _letter(character: str) -> str:
    if character == " ":
        return r"\s+"
    spellings = {character, character.lower(), character.upper(), character.title()}
    if len(spellings) == 1:
        return re.escape(character)
    return f"({'|'.join(sorted(spellings))})"
