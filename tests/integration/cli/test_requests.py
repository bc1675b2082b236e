"""`twodrive requests list`: what waits, what failed and why, without what was searched."""

import json

import pytest
from sqlalchemy import text

from sandbox.stack import Stack
from tests.unit.cli.running import Run

_SECRET = "GEHEIM-5"


@pytest.fixture
def asked_for(cli_stack: Stack, new_id: str) -> str:
    """The number of a dealer with one request that waits, and one that has failed."""
    insert = text(
        "INSERT INTO import_requests (dealer_id, kind, search, state, answered_at, error_code, error_text,"
        " next_step) VALUES (:dealer_id, 'import', :search, 'waiting', NULL, NULL, NULL, NULL), (:dealer_id,"
        " 'refresh', NULL, 'failed', now(), 'worker_lost', 'It was tried.', 'Tell the operators.')"
    )
    parts = cli_stack.parts()
    with parts.database.transaction() as connection:
        connection.execute(insert, {"dealer_id": int(new_id), "search": _SECRET})
    parts.close()
    return new_id


def test_a_table_for_people(twodrive: Run, asked_for: str) -> None:
    result = twodrive("requests", "list", "--dealer", asked_for)
    assert result.exit_code == 0, result.output
    for said in ("waiting", "failed", "worker_lost", "Tell the operators."):
        assert said in result.output
    assert _SECRET not in result.output


def test_json_for_programs(twodrive: Run, asked_for: str) -> None:
    result = twodrive("requests", "list", "--state", "failed", "--json")
    failed = json.loads(result.output)
    assert {request["state"] for request in failed} == {"failed"}
    [request] = [request for request in failed if request["dealer_id"] == int(asked_for)]
    assert request["kind"] == "refresh"
    assert (request["error_code"], request["error_text"]) == ("worker_lost", "It was tried.")
    assert request["answered_at"] >= request["asked_at"]
    assert _SECRET not in twodrive("requests", "list", "--json").output


def test_whatever_the_backend_wrote_can_be_listed(twodrive: Run, cli_stack: Stack, new_id: str) -> None:
    parts = cli_stack.parts()
    insert = text("INSERT INTO import_requests (dealer_id, kind, answer_by) VALUES (:id, :kind, :answer_by)")
    with parts.database.transaction() as connection:
        for answer_by in ("-infinity", "infinity", "20000-01-01"):
            values = {"id": int(new_id), "kind": f"Bel {_SECRET}", "answer_by": answer_by}
            connection.execute(insert, values)
    parts.close()
    table = twodrive("requests", "list", "--dealer", new_id)
    assert table.exit_code == 0, table.output
    assert table.output.count("(unknown)") == 3
    programs = twodrive("requests", "list", "--dealer", new_id, "--json")
    found = json.loads(programs.stdout)
    assert [request["kind"] for request in found] == [None] * 3
    assert [request["answer_by"][:4] for request in found] == ["9999", "9999", "0001"]
    assert _SECRET not in table.output + programs.output


def test_nothing_to_show(twodrive: Run, new_id: str) -> None:
    assert "no such request" in twodrive("requests", "list", "--dealer", new_id).output
