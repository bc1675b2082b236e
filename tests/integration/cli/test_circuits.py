"""`twodrive circuits`, and what other commands say of a dealer's circuit."""

import json
from typing import Any

import pytest
from sqlalchemy import text

from sandbox.simulator import known
from sandbox.simulator.admin import SimulatorAdmin
from sandbox.stack import Stack
from tests.unit.cli.running import Run
from worker.errors import Trouble
from worker.store.circuits import note_failure


@pytest.fixture
def opened(cli_stack: Stack, dealer: str) -> str:
    """The number of a dealer whose circuit has just opened."""
    fail(cli_stack, dealer, times=3)
    return dealer


def fail(cli_stack: Stack, dealer: str, times: int) -> None:
    parts = cli_stack.parts()
    with parts.database.transaction() as connection:
        for _ in range(times):
            note_failure(connection, int(dealer), Trouble.TIMEOUT, None, 0)
    parts.close()


def listed(twodrive: Run, dealer: str) -> list[dict[str, Any]]:
    result = twodrive("circuits", "--json")
    assert result.exit_code == 0, result.output
    return [one for one in json.loads(result.stdout) if one["dealer_id"] == int(dealer)]


def shown(twodrive: Run, dealer: str) -> dict[str, Any]:
    circuit: dict[str, Any] = json.loads(twodrive("dealers", "show", dealer, "--json").stdout)["circuit"]
    return circuit


def test_what_is_open_is_listed_with_reason_and_moments(twodrive: Run, opened: str) -> None:
    [one] = listed(twodrive, opened)
    assert (one["name"], one["state"], one["failures"]) == ("Garage Testweg", "open", 3)
    assert (one["reason"], one["probed_now"]) == ("timeout", False)
    assert one["since"] < one["next_probe_at"]
    assert shown(twodrive, opened) == {name: one[name] for name in shown(twodrive, opened)}
    table = twodrive("circuits").stdout
    assert "does not answer in time" in table
    assert "probe from" in table
    line = twodrive("dealers", "show", opened).stdout
    assert "open since" in line
    assert "3 failure(s) in a row: 2Drive does not answer in time" in line


def test_one_that_failed_is_listed_though_closed(cli_stack: Stack, twodrive: Run, dealer: str) -> None:
    assert shown(twodrive, dealer)["state"] == "closed"
    assert listed(twodrive, dealer) == []
    fail(cli_stack, dealer, times=1)
    [one] = listed(twodrive, dealer)
    assert (one["state"], one["failures"], one["since"], one["next_probe_at"]) == ("closed", 1, None, None)


def test_the_probe_and_who_has_it_are_told(cli_stack: Stack, twodrive: Run, opened: str) -> None:
    parts = cli_stack.parts()
    with parts.database.transaction() as connection:
        of_this = {"dealer_id": int(opened)}
        connection.execute(text("UPDATE circuits SET probe_at = now() WHERE dealer_id = :dealer_id"), of_this)
    assert "half-open" in twodrive("circuits").stdout
    assert "next request" in twodrive("circuits").stdout
    with parts.database.transaction() as connection:
        connection.execute(
            text(
                "UPDATE circuits SET probe_owner = 'a', probe_until = now() + interval '1 minute' "
                "WHERE dealer_id = :dealer_id"
            ),
            of_this,
        )
    assert "being probed now" in twodrive("circuits").stdout
    parts.close()


def test_reset_closes_it(twodrive: Run, opened: str) -> None:
    result = twodrive("circuits", "reset", opened)
    assert result.exit_code == 0
    assert f"The circuit of dealer {opened} is closed" in result.stdout
    assert listed(twodrive, opened) == []
    assert "was closed already" in twodrive("circuits", "reset", opened).stdout
    assert twodrive("circuits", "reset", "99999").exit_code == 4


def test_a_new_address_is_another_server(twodrive: Run, opened: str) -> None:
    twodrive("dealers", "set", opened, "--name", "Garage Testweg")
    assert shown(twodrive, opened)["state"] == "open"
    twodrive("dealers", "set", opened, "--base-url", "http://127.0.0.1:1")
    assert shown(twodrive, opened)["state"] == "closed"


def test_check_asks_and_closes_it(twodrive: Run, opened: str) -> None:
    result = twodrive("check", opened)
    assert result.exit_code == 0
    assert "circuit: closed by this check; before it: open since" in result.stdout
    assert shown(twodrive, opened)["state"] == "closed"
    assert "circuit: closed\n" in twodrive("check", opened).stdout


def test_a_check_that_fails_leaves_it_open(twodrive: Run, dms: SimulatorAdmin, opened: str) -> None:
    dms.answer_status(403, times=None, match="WorkorderLine")
    result = twodrive("check", opened)
    assert result.exit_code == 1
    assert "warn circuit: open since" in result.stdout
    assert shown(twodrive, opened)["state"] == "open"


def test_a_local_import_is_tried_and_closes_it(twodrive: Run, opened: str) -> None:
    assert twodrive("import", opened, known.COMPLETE, "--local").exit_code == 0
    assert shown(twodrive, opened)["state"] == "closed"


@pytest.mark.usefixtures("cli_worker")
def test_an_import_through_the_queue_says_why_not(twodrive: Run, opened: str) -> None:
    result = twodrive("import", opened, known.COMPLETE)
    assert result.exit_code == 5
    assert "does not answer in time" in result.stderr
    assert "twodrive circuits" in result.stderr


def test_a_local_bulk_run_says_why_not(twodrive: Run, opened: str) -> None:
    result = twodrive("bulk", opened, "--local")
    assert result.exit_code == 5
    assert "tried next at" in result.stderr
