"""What the server and the connection to it say of themselves, for operators to be told what to mend."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection

from worker.store.sql import text

_SETTINGS = text("SELECT name, setting FROM pg_settings WHERE name = ANY(CAST(:names AS text[]))")


@dataclass(frozen=True, slots=True)
class Link:
    """How we are connected. `host` is empty or a folder for a socket of this machine; `mode` is libpq's
    `sslmode`, what it demands of the server."""

    host: str
    encrypted: bool
    mode: str


def link(connection: Connection) -> Link:
    info = connection.connection.driver_connection.info  # type: ignore[union-attr]  # psycopg2's
    return Link(info.host or "", info.ssl_in_use, info.dsn_parameters.get("sslmode", "prefer"))


def settings(connection: Connection, names: Iterable[str]) -> Mapping[str, str]:
    """Those of our session by name, in PostgreSQL's own units; one of an extension that is not loaded is
    missing."""
    rows = connection.execute(_SETTINGS, {"names": list(names)})
    return {row.name: row.setting for row in rows}
