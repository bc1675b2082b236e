"""From what SQLAlchemy and psycopg2 raise to our errors.

Only codes and names of tables and constraints are taken over: messages of PostgreSQL may quote the values of
a statement, and psycopg2's hold a piece of the statement itself.
"""

from psycopg2 import Error as PostgresError
from psycopg2 import InterfaceError, OperationalError
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from worker.errors import ConfigurationError, ErrorCode, MessageInvalid, StorageUnavailable

# https://www.postgresql.org/docs/current/errcodes-appendix.html
_PASSING_CLASSES = ("08", "40", "53", "57", "58")
_PASSING_CODES = frozenset({"25006", "25P03", "55P03"})
_TO_CONFIGURE = {
    "28000": "PostgreSQL does not accept this login.",
    "28P01": "PostgreSQL does not accept this password.",
    "3D000": "The database does not exist.",
    "42501": "The database user lacks a privilege.",
    "42P01": "A table is missing in the database.",
    "42703": "A column is missing in the database.",
}
# libpq ends the connection before the server says anything.
_NOT_PROVEN = "TLS"
# The server has a place for this user, but only over TLS.
_TLS_WANTED = "TLS wanted"
# A refused connection carries no code, only libpq's text.
_REFUSED_CONNECTIONS = {
    "password authentication failed": "28P01",
    "no password supplied": "28P01",
    "no pg_hba.conf entry": "28000",
    "certificate verify failed": _NOT_PROVEN,
    "server certificate for": _NOT_PROVEN,
    "root certificate file": _NOT_PROVEN,
    "server does not support SSL": _NOT_PROVEN,
    'role "': "28000",
    'database "': "3D000",
}
_CHECK_TLS = (
    "Check the host in TWODRIVE_DATABASE_URL and the certificates in TWODRIVE_SERVICE_CA_BUNDLE; "
    "a server without TLS needs ?sslmode=disable in the URL."
)
_USE_TLS = (
    "Say ?sslmode=verify-full in TWODRIVE_DATABASE_URL, and name the file of certificates to trust in "
    "TWODRIVE_SERVICE_CA_BUNDLE."
)
# What libpq says before any server has answered; what a server answers follows "FATAL:".
_NOBODY_THERE = ("connection to server", "could not translate host name")
_CHECK_URL = "Check the setting TWODRIVE_DATABASE_URL."
_UPGRADE = "Run `twodrive db upgrade` with this version."

#: What a transaction may raise; psycopg2's own errors come from COPY.
FOREIGN = (SQLAlchemyError, PostgresError)


class StatementRefused(Exception):
    """PostgreSQL refused a statement: a defect in this program. Holds no values of the statement."""


def translated(error: SQLAlchemyError | PostgresError) -> Exception:
    """The error to raise instead of `error`."""
    if isinstance(error, ArgumentError):
        return _to_configure("The database URL cannot be used.", _CHECK_URL)
    if isinstance(error, PoolTimeout):
        return _unavailable("no free connection")
    cause = error.orig if isinstance(error, DBAPIError) else error
    if not isinstance(cause, PostgresError):
        return StatementRefused(type(error).__name__)
    code = cause.pgcode or _code_of_refused_connection(str(cause))
    if code == _NOT_PROVEN:
        return _to_configure("PostgreSQL did not prove itself by TLS.", _CHECK_TLS)
    if code == _TLS_WANTED:
        return _to_configure("PostgreSQL takes no connection without TLS.", _USE_TLS)
    if code in _TO_CONFIGURE:
        return _to_configure(
            _TO_CONFIGURE[code], _UPGRADE if code.startswith("42P") or code == "42703" else _CHECK_URL
        )
    if code is None and str(cause).startswith(_NOBODY_THERE) and "FATAL:" not in str(cause):
        return _unreachable()
    if _passes(cause, code):
        return _unavailable(code or type(cause).__name__)
    diagnosis = cause.diag
    names = (
        code,
        type(cause).__name__,
        diagnosis.table_name,
        diagnosis.column_name,
        diagnosis.constraint_name,
    )
    return StatementRefused(" ".join(name for name in names if name))


def unknown_dealer(dealer_id: int) -> MessageInvalid:
    return MessageInvalid(
        ErrorCode.DEALER_UNKNOWN,
        f"There is no dealer {dealer_id}.",
        "Check the number, or add the dealer with `twodrive dealers add`.",
    )


def _passes(cause: PostgresError, code: str | None) -> bool:
    if code is None:
        return isinstance(cause, OperationalError | InterfaceError)
    return code[:2] in _PASSING_CLASSES or code in _PASSING_CODES


def _code_of_refused_connection(text: str) -> str | None:
    if "pg_hba.conf" in text and "no encryption" in text and "SSL encryption" not in text:
        return _TLS_WANTED
    return next((code for part, code in _REFUSED_CONNECTIONS.items() if part in text), None)


def _to_configure(text: str, next_step: str) -> ConfigurationError:
    return ConfigurationError(ErrorCode.CONFIGURATION, text, next_step)


def _unavailable(what: str) -> StorageUnavailable:
    return StorageUnavailable(
        ErrorCode.STORAGE_UNAVAILABLE, f"PostgreSQL did not do its part ({what}).", "Try again in a minute."
    )


def _unreachable() -> StorageUnavailable:
    return StorageUnavailable(
        ErrorCode.STORAGE_UNAVAILABLE,
        "PostgreSQL cannot be reached.",
        "Try again in a minute; if it lasts, check that it runs, and TWODRIVE_DATABASE_URL.",
    )
