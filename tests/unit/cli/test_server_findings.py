"""What `twodrive db check` makes of what PostgreSQL says."""

import pytest

from worker.cli.findings import Level
from worker.cli.server_findings import of_link, of_logged_failures, of_logged_statements, of_tables
from worker.store.server import Link

_DISCREET = {
    "log_min_messages": "warning",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_destination": "stderr",
}
_SILENT = {
    "log_statement": "none",
    "log_min_duration_statement": "-1",
    "log_min_duration_sample": "-1",
    "log_transaction_sample_rate": "0",
}


@pytest.mark.parametrize(
    ("said", "named"),
    [
        ({}, ()),
        ({"log_destination": "syslog"}, ()),
        ({"log_min_messages": "fatal", "log_min_error_statement": "error", "log_destination": "csvlog"}, ()),
        ({"log_min_error_statement": "error"}, ("log_min_error_statement = 'panic'",)),
        # A connection that is cut off is a fatal error of the statement under way.
        ({"log_min_error_statement": "fatal"}, ("log_min_error_statement = 'panic'",)),
        ({"log_error_verbosity": "default"}, ("log_error_verbosity = 'terse'",)),
        ({"log_error_verbosity": "verbose"}, ("log_error_verbosity = 'terse'",)),
        ({"log_destination": "stderr,csvlog"}, ("log_destination = 'stderr'",)),
        ({"log_destination": "jsonlog"}, ("log_destination = 'stderr'",)),
        (
            {"log_min_error_statement": "error", "log_error_verbosity": "default"},
            ("log_min_error_statement = 'panic'", "log_error_verbosity = 'terse'"),
        ),
    ],
)
def test_a_log_of_failures(said: dict[str, str], named: tuple[str, ...]) -> None:
    finding = of_logged_failures(_DISCREET | said)
    assert finding.level is (Level.WARN if named else Level.OK)
    assert finding.next_step.count("ALTER SYSTEM") == len(named)
    for statement in named:
        assert f"ALTER SYSTEM SET {statement};" in finding.next_step


@pytest.mark.parametrize(
    ("said", "level"),
    [
        ({}, Level.OK),
        ({"log_statement": "ddl"}, Level.OK),
        ({"log_statement": "mod"}, Level.WARN),
        ({"log_min_duration_statement": "0"}, Level.WARN),
        ({"log_min_duration_sample": "500"}, Level.WARN),
        ({"log_transaction_sample_rate": "0.01"}, Level.WARN),
        ({"auto_explain.log_min_duration": "-1"}, Level.OK),
        ({"auto_explain.log_min_duration": "100"}, Level.WARN),
        ({"pgaudit.log": "none"}, Level.OK),
        ({"pgaudit.log": "write"}, Level.WARN),
    ],
)
def test_a_log_of_statements(said: dict[str, str], level: Level) -> None:
    finding = of_logged_statements(_SILENT | said)
    assert finding.level is level
    if level is Level.WARN:
        [(name, value)] = said.items()
        assert f"{name}={value}" in finding.text
        assert finding.next_step


@pytest.mark.parametrize(
    ("host", "encrypted", "mode", "level"),
    [
        ("", False, "prefer", Level.OK),
        ("/run/postgresql", False, "prefer", Level.OK),
        ("127.0.0.1", False, "prefer", Level.OK),
        ("::1", False, "prefer", Level.OK),
        ("localhost", False, "prefer", Level.OK),
        ("10.0.0.5", False, "prefer", Level.WARN),
        ("postgres", False, "disable", Level.WARN),
        ("postgres", True, "prefer", Level.WARN),
        ("10.0.0.5", True, "require", Level.WARN),
        ("10.0.0.5", True, "verify-ca", Level.OK),
        ("db.example.com", True, "verify-full", Level.OK),
    ],
)
def test_the_way_to_the_server(host: str, encrypted: bool, mode: str, level: Level) -> None:
    finding = of_link(Link(host, encrypted, mode))
    assert finding.level is level
    assert ("sslmode=verify-full" in finding.next_step) is (level is Level.WARN)


@pytest.mark.parametrize(
    ("has", "level"), [("0010", Level.OK), ("0009", Level.FAIL), ("9999", Level.FAIL), (None, Level.FAIL)]
)
def test_the_tables(has: str | None, level: Level) -> None:
    assert of_tables(has, "0010").level is level
