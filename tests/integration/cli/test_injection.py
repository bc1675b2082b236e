"""What an operator types is a value, wherever it is typed; no table changes but where it was meant to."""

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from sqlalchemy import text

from sandbox.stack import Stack
from tests.injections import TEXTS, changed, fingerprints, typed
from tests.unit.cli.running import Run
from worker.store.session import Database

#: What commands leave behind that ask Vinacles.
_TRACES = {"import_attempts", "quarantine", "circuits"}
_LOOKING = (
    ("why", "{dealer}", "--offline", "--", "{text}"),
    ("why", "{dealer}", "--", "{text}"),
    ("history", "{dealer}", "--", "{text}"),
    ("quarantine", "show", "{dealer}", "--", "{text}"),
    ("quarantine", "list", "{dealer}", "--reason={text}"),
    ("quarantine", "list", "{dealer}", "--older-than={text}"),
    ("quarantine", "replay", "{dealer}", "--dry-run", "--", "{text}"),
    ("quarantine", "discard", "{dealer}", "--yes", "--", "{text}"),
    ("drift", "acknowledge", "{dealer}", "--", "{text}"),
    ("drift", "policy", "{dealer}", "{text}", "warn"),
    ("forget", "{dealer}", "--yes", "--name={text}"),
    ("forget", "{dealer}", "--yes", "--email={text}"),
    ("forget", "{dealer}", "--yes", "--phone={text}"),
    ("dealers", "set", "{dealer}", "--time-zone={text}"),
    ("dealers", "set", "{dealer}", "--phone-region={text}"),
    ("dealers", "set", "{dealer}", "--base-url={text}"),
    ("dealers", "set", "{dealer}", "--token-url={text}"),
    ("dealers", "show", "--", "{text}"),
    ("import", "{dealer}", "--local", "--language={text}", "WO-1001"),
    ("refresh", "{dealer}", "--local", "--", "{text}"),
    ("import", "{dealer}", "--local", "--", "{text}"),
)


@pytest.fixture
def database(cli_stack: Stack, twodrive: Run, dealer: str) -> Iterator[Database]:
    """With a workorder of the dealer in it."""
    assert twodrive("import", dealer, "WO-1001", "--local").exit_code == 0
    parts = cli_stack.parts()
    yield parts.database
    parts.close()


def _state(database: Database) -> dict[str, str]:
    with database.transaction() as connection:
        return fingerprints(connection)


@pytest.mark.parametrize("command", _LOOKING, ids=lambda command: " ".join(command[:2] + command[-1:]))
def test_a_text_of_an_operator_changes_nothing_else(
    twodrive: Run, database: Database, dealer: str, command: tuple[str, ...]
) -> None:
    before = _state(database)
    for typed_text in TEXTS:
        given_text = [part.replace("{dealer}", dealer).replace("{text}", typed_text) for part in command]
        result = twodrive(*given_text)
        assert result.exit_code in {0, 1, 2, 3, 4}, (typed_text, result.output)
        assert "unforeseen" not in result.output, typed_text
        assert result.exception is None or isinstance(result.exception, SystemExit)
        assert changed(before, _state(database)) <= _TRACES, typed_text


@settings(max_examples=60)
@given(typed)
def test_a_dealers_name_is_stored_as_it_was_typed_or_refused(
    twodrive: Run, database: Database, dealer: str, name: str
) -> None:
    before = _state(database)
    options = [f"--{option}={name}" for option in ("name", "audience", "client-id")]
    result = twodrive("dealers", "set", dealer, *options)
    assert result.exit_code in {0, 2}, result.output
    with database.transaction() as connection:
        stored = connection.execute(
            text("SELECT name, audience, client_id FROM dealers WHERE dealer_id = :id"), {"id": int(dealer)}
        ).one()
    if result.exit_code == 0:
        assert set(stored) == {name.strip()}
        assert changed(before, _state(database)) <= {"dealers"}
    else:
        assert changed(before, _state(database)) == set()
