"""Which foreign error becomes which of ours."""

import psycopg2
import pytest
from sqlalchemy.exc import ArgumentError, DBAPIError, InvalidRequestError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from worker.errors import ConfigurationError, StorageUnavailable
from worker.store.failures import StatementRefused, translated


def wrapped(cause: psycopg2.Error) -> DBAPIError:
    return DBAPIError("SELECT :name", {"name": "Jansen"}, cause)


def from_server(code: str) -> DBAPIError:
    """psycopg2 alone may set `pgcode`, except through its error's pickled state."""
    cause = psycopg2.errors.lookup(code)("DETAIL: Key (last_name)=(Jansen)")
    cause.__setstate__({"pgcode": code})  # type: ignore[no-untyped-call]  # it has no types
    return wrapped(cause)


def at_connect(text: str) -> DBAPIError:
    return wrapped(psycopg2.OperationalError(f"connection to server at 127.0.0.1 failed: FATAL:  {text}"))


CASES: list[tuple[str, SQLAlchemyError, type[Exception]]] = [
    ("deadlock", from_server("40P01"), StorageUnavailable),
    ("serialization failure", from_server("40001"), StorageUnavailable),
    ("lock timeout", from_server("55P03"), StorageUnavailable),
    ("statement timeout", from_server("57014"), StorageUnavailable),
    ("idle in transaction too long", from_server("25P03"), StorageUnavailable),
    ("server shuts down", from_server("57P01"), StorageUnavailable),
    ("disk full", from_server("53100"), StorageUnavailable),
    ("too many connections", from_server("53300"), StorageUnavailable),
    ("read only after a failover", from_server("25006"), StorageUnavailable),
    ("input/output error", from_server("58030"), StorageUnavailable),
    (
        "connection lost",
        wrapped(psycopg2.OperationalError("server closed the connection")),
        StorageUnavailable,
    ),
    (
        "connection already closed",
        wrapped(psycopg2.InterfaceError("connection already closed")),
        StorageUnavailable,
    ),
    ("nobody listens", at_connect("Connection refused"), StorageUnavailable),
    (
        "unknown host",
        wrapped(psycopg2.OperationalError('could not translate host name "pg" to address: unknown')),
        StorageUnavailable,
    ),
    ("starting up", at_connect("the database system is starting up"), StorageUnavailable),
    ("pool exhausted", PoolTimeout("QueuePool limit"), StorageUnavailable),
    ("wrong password", at_connect('password authentication failed for user "claire"'), ConfigurationError),
    ("no password", at_connect("no password supplied"), ConfigurationError),
    ("unknown user", at_connect('role "claire" does not exist'), ConfigurationError),
    ("unknown database", at_connect('database "claire" does not exist'), ConfigurationError),
    ("host not allowed", at_connect("no pg_hba.conf entry for host"), ConfigurationError),
    ("unknown certificate", at_connect("SSL error: certificate verify failed"), ConfigurationError),
    (
        "another's certificate",
        at_connect('server certificate for "db" does not match host name "localhost"'),
        ConfigurationError,
    ),
    ("no authorities", at_connect('root certificate file "/x" does not exist'), ConfigurationError),
    ("no TLS", at_connect("server does not support SSL, but SSL was required"), ConfigurationError),
    ("no privilege", from_server("42501"), ConfigurationError),
    ("missing table", from_server("42P01"), ConfigurationError),
    ("missing column", from_server("42703"), ConfigurationError),
    ("unusable URL", ArgumentError("Could not parse SQLAlchemy URL"), ConfigurationError),
    ("constraint violated", from_server("23505"), StatementRefused),
    ("unreadable value", from_server("22P02"), StatementRefused),
    ("adapter refuses", wrapped(psycopg2.ProgrammingError("can't adapt type 'Jansen'")), StatementRefused),
    ("misused library", InvalidRequestError("Jansen"), StatementRefused),
]


@pytest.mark.parametrize(("error", "ours"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_translation(error: SQLAlchemyError, ours: type[Exception]) -> None:
    result = translated(error)
    assert type(result) is ours
    assert "Jansen" not in f"{result} {result!r}"


def test_a_missing_table_asks_for_the_migrations() -> None:
    error = translated(from_server("42P01"))
    assert isinstance(error, ConfigurationError)
    assert "twodrive db upgrade" in error.next_step


def test_a_wrong_login_names_the_setting() -> None:
    error = translated(at_connect('password authentication failed for user "claire"'))
    assert isinstance(error, ConfigurationError)
    assert "TWODRIVE_DATABASE_URL" in error.next_step


@pytest.mark.parametrize(
    ("said", "next_step"),
    [
        (
            'connection to server at "127.0.0.1", port 1 failed: Connection refused\n\tIs it running?',
            "setting",
        ),
        ('could not translate host name "pg" to address: Name or service not known', "setting"),
        ('connection to server at "::1" failed: FATAL:  the database system is starting up', "minute"),
        ("server closed the connection unexpectedly", "minute"),
    ],
)
def test_a_server_that_is_not_there_names_the_setting(said: str, next_step: str) -> None:
    error = translated(wrapped(psycopg2.OperationalError(said)))
    assert isinstance(error, StorageUnavailable)
    assert ("TWODRIVE_DATABASE_URL" in error.next_step) is (next_step == "setting")
    assert ("cannot be reached" in error.text) is (next_step == "setting")
