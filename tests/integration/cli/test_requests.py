"""`twodrive requests list`: what waits, what failed and why, without what was searched."""

import json
from collections.abc import Iterator

import pytest
from sqlalchemy import text

from sandbox.stack import Stack
from tests.unit.cli.running import Run

_SECRET = "GEHEIM-5"


@pytest.fixture
def rows(cli_stack: Stack) -> Iterator[None]:
    """One request that waits, and one that has failed."""
    insert = text(
        "INSERT INTO import_requests (dealer_id, kind, search, state, answered_at, error_code, error_text,"
        " next_step) VALUES (77, 'import', :search, 'waiting', NULL, NULL, NULL, NULL),"
        " (77, 'refresh', NULL, 'failed', now(), 'worker_lost', 'It was tried.', 'Tell the operators.')"
    )
    parts = cli_stack.parts()
    with parts.database.transaction() as connection:
        connection.execute(insert, {"search": _SECRET})
    yield
    with parts.database.transaction() as connection:
        connection.execute(text("DELETE FROM import_requests"))
    parts.close()


@pytest.mark.usefixtures("rows")
def test_a_table_for_people(twodrive: Run) -> None:
    result = twodrive("requests", "list", "--dealer", "77")
    assert result.exit_code == 0, result.output
    for said in ("waiting", "failed", "worker_lost", "Tell the operators."):
        assert said in result.output
    assert _SECRET not in result.output


@pytest.mark.usefixtures("rows")
def test_json_for_programs(twodrive: Run) -> None:
    result = twodrive("requests", "list", "--state", "failed", "--json")
    [request] = json.loads(result.output)
    assert (request["dealer_id"], request["kind"], request["state"]) == (77, "refresh", "failed")
    assert (request["error_code"], request["error_text"]) == ("worker_lost", "It was tried.")
    assert request["answered_at"] >= request["asked_at"]
    assert _SECRET not in twodrive("requests", "list", "--json").output


def test_nothing_to_show(twodrive: Run) -> None:
    assert "no such request" in twodrive("requests", "list", "--dealer", "78").output
