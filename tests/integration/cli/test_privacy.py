"""Purging and forgetting by the command line, and the nightly task through a real worker."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from redis import Redis
from sqlalchemy import text

from sandbox.processes import Program
from sandbox.stack import Stack
from tests.unit.cli.running import Run
from worker.store.retention import RULES

_TABLES = {rule.table for rule in RULES.values()}


@pytest.fixture
def imported(twodrive: Run, dealer: str) -> str:
    assert twodrive("import", dealer, "WO-1001", "--local").exit_code == 0
    return dealer


@pytest.fixture
def people(cli_stack: Stack, imported: str) -> Iterator[Callable[[], str]]:
    """All contacts of the dealer, as they are stored."""
    parts = cli_stack.parts()

    def stored() -> str:
        with parts.database.transaction() as connection:
            rows = connection.execute(
                text(
                    "SELECT c::text FROM contacts c JOIN workorders w ON w.id = c.workorder_id "
                    "WHERE w.dealer_id = :dealer_id"
                ),
                {"dealer_id": int(imported)},
            )
            return "\n".join(row[0] for row in rows)

    yield stored
    parts.close()


def test_a_person_is_forgotten_after_a_look_and_a_yes(
    twodrive: Run, imported: str, people: Callable[[], str]
) -> None:
    who = ("forget", imported, "--phone", "06-12345678")
    assert "bestuurder@example.com" in people()
    looked = twodrive(*who, "--dry-run", "--json")
    assert json.loads(looked.stdout)["rows"]["contacts"] >= 1
    refused = twodrive(*who, input="n\n")
    assert refused.exit_code == 1
    assert "Erase this for ever?" in refused.stderr
    assert "bestuurder@example.com" in people()
    done = twodrive(*who, input="y\n")
    assert done.exit_code == 0, done.output
    assert "bestuurder@example.com" not in people()
    again = twodrive(*who, "--yes")
    assert again.exit_code == 4
    for said in (looked, refused, done, again):
        assert "12345678" not in said.output


def test_a_name_need_not_be_an_argument(twodrive: Run, imported: str, people: Callable[[], str]) -> None:
    done = twodrive("forget", imported, "--name", "-", "--yes", input="van der berg\n")
    assert done.exit_code == 0, done.output
    assert "van der Berg" not in people()


def test_a_name_in_texts_alone_is_told_and_erased_only_where_it_is_wanted(
    twodrive: Run, imported: str, cli_stack: Stack
) -> None:
    assert twodrive("import", imported, "WO-1012", "--local").exit_code == 0
    of_dealer = "FROM workorders w WHERE w.id = t.workorder_id AND w.dealer_id = :dealer_id"
    _run(cli_stack, f"UPDATE interventions t SET title = 'Bel Jansen-Canary terug' {of_dealer}", imported)
    who = ("forget", imported, "--name", "jansen-canary")
    told = twodrive(*who, "--yes")
    assert told.exit_code == 4
    assert "No contact of dealer" in told.stderr
    assert "--everywhere" in told.stderr
    named = f"UPDATE contacts t SET last_name = 'Jansen-Canary' {of_dealer} AND w.wo_number = 'WO-1012'"
    _run(cli_stack, named, imported)
    looked = twodrive(*who, "--dry-run", "--json")
    assert min(json.loads(looked.stdout)[which]["interventions"] for which in ("rows", "elsewhere")) > 0
    assert "with no such contact, or of cars, hold it and stay" in twodrive(*who, "--yes").stderr
    everywhere = json.loads(twodrive(*who, "--everywhere", "--dry-run", "--json").stdout)
    assert everywhere["rows"]["interventions"] > 0
    assert set(everywhere["elsewhere"].values()) == {0}
    assert twodrive(*who, "--everywhere", "--yes").exit_code == 0
    assert "Nothing of this person is stored" in twodrive(*who, "--yes").stderr


def _run(stack: Stack, statement: str, dealer: str) -> None:
    parts = stack.parts()
    with parts.database.transaction() as connection:
        assert connection.execute(text(statement), {"dealer_id": int(dealer)}).rowcount
    parts.close()


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--email", "a@b.nl", "--everywhere"), "goes with --name"),
        ((), "exactly one of"),
        (("--name", "a", "--email", "b"), "exactly one of"),
        (("--name", " "), "--name is empty"),
        (("--phone", "call me"), "no telephone number"),
    ],
)
def test_who_is_said_in_one_way(twodrive: Run, dealer: str, options: tuple[str, ...], sentence: str) -> None:
    result = twodrive("forget", dealer, *options, "--yes")
    assert result.exit_code == 2
    assert sentence in result.stderr


def test_an_unknown_dealer(twodrive: Run) -> None:
    assert twodrive("forget", "999999", "--name", "a", "--yes").exit_code == 4


def test_purging_tells_counts(twodrive: Run, imported: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TWODRIVE_KEEP_ATTEMPTS_DAYS", "36500")
    for words in (("purge", "--dry-run", "--json"), ("purge", "--json")):
        assert set(json.loads(twodrive(*words).stdout)["rows"]) == _TABLES
    assert "import_attempts" in twodrive("purge").stdout


def test_the_nightly_task_answers_with_counts(cli_stack: Stack) -> None:
    worker: Program = cli_stack.start_bulk_worker(name="purging", children=1)
    backend = cli_stack.backend()
    try:
        answer = backend.send_task("maintenance.purge", queue="maintenance").get(timeout=30)
    finally:
        worker.stop()
    assert set(answer["purged"]) == _TABLES
    # Another test's worker may have done it.
    logs = [log.read_text() for log in cli_stack.folder.glob("worker-*.log")]
    assert any('"purged"' in log for log in logs)


def test_a_search_that_nobody_took_leaves_redis_with_the_next_look_at_what_is_due(cli_stack: Stack) -> None:
    """At a broker of its own, where nobody serves people."""
    backend = cli_stack.backend(broker_database=5)
    arguments = {"dealer_id": 12, "search": "12BDF3"}
    long_ago = datetime.now(UTC) - timedelta(hours=1)
    env = {"TWODRIVE_BROKER_URL": cli_stack.redis.url_of(5)}
    worker: Program = cli_stack.start_bulk_worker(name="cleaning", children=1, env=env)
    with Redis.from_url(cli_stack.redis.url_of(5)) as broker:
        backend.send_task("workorders.import", kwargs=arguments, queue="interactive", expires=long_ago)
        assert broker.llen("interactive") == 1
        try:
            backend.send_task("workorders.refresh_due", queue="maintenance").get(timeout=30)
        finally:
            worker.stop()
        assert broker.llen("interactive") == 0
    assert '"unread_requests_dropped"' in worker.log.read_text()
