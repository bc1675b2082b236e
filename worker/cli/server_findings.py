"""What `twodrive db check` says about PostgreSQL: decided from values alone.

psycopg2 writes values into the text of a statement, so whatever logs the text logs people.
"""

from collections.abc import Mapping
from ipaddress import ip_address

from worker.cli.findings import Finding, Level
from worker.store.server import Link

#: Settings that log statements that do not fail, and the values with which they log none of ours.
_QUIET: Mapping[str, frozenset[str]] = {
    "log_statement": frozenset({"none", "ddl"}),
    "log_min_duration_statement": frozenset({"-1"}),
    "log_min_duration_sample": frozenset({"-1"}),
    "log_transaction_sample_rate": frozenset({"0"}),
    "auto_explain.log_min_duration": frozenset({"-1"}),
    "pgaudit.log": frozenset({"", "none"}),
}
#: Settings that decide what is logged of statements that fail.
_OF_FAILURES = ("log_min_messages", "log_min_error_statement", "log_error_verbosity", "log_destination")
LOOKED_AT = (*_QUIET, *_OF_FAILURES)
#: Of these, an error of a statement is none.
_NOT_LOGGED = frozenset({"fatal", "panic"})
#: Formats that write the details of an error whatever `log_error_verbosity` says.
_DETAILED = ("csvlog", "jsonlog")
_VERIFY = (
    "Say ?sslmode=verify-full in TWODRIVE_DATABASE_URL, and name the file of certificates to trust in "
    "TWODRIVE_SERVICE_CA_BUNDLE."
)


def of_tables(has: str | None, needs: str) -> Finding:
    if has == needs:
        return Finding(Level.OK, "tables", f"at version {has}, which this program needs")
    was = "there are none yet" if has is None else f"at version {has}"
    step = "Run twodrive db upgrade, with the newest version of this program."
    return Finding(Level.FAIL, "tables", f"{was}; this program needs version {needs}", step)


def of_link(link: Link) -> Finding:
    """Whether somebody on the way could read along, or be taken for PostgreSQL."""
    if not link.host or link.host.startswith("/"):
        return Finding(Level.OK, "TLS", "a socket of this machine needs none")
    if _is_loopback(link.host):
        return Finding(Level.OK, "TLS", "on this machine, where none is needed")
    if not link.encrypted:
        text = f"{link.host} is reached without TLS: whoever is in the network can read people's data"
        step = f"Nothing to do in a network of ours alone, as Docker Compose makes one. Elsewhere: {_VERIFY}"
        return Finding(Level.WARN, "TLS", text, step)
    if link.mode not in ("verify-ca", "verify-full"):
        text = f"with {link.host}, which did not have to prove itself (sslmode={link.mode})"
        return Finding(Level.WARN, "TLS", text, _VERIFY)
    return Finding(Level.OK, "TLS", f"{link.host} has proved itself (sslmode={link.mode})")


def of_logged_failures(settings: Mapping[str, str]) -> Finding:
    """Whether the server's log would hold values of a statement that fails: by a deadlock, a full disk, a
    limit of time."""
    check = "log of failures"
    told = {name: settings[name] for name in _OF_FAILURES}
    if told["log_min_messages"] in _NOT_LOGGED:
        return Finding(Level.OK, check, "errors of statements are not logged")
    open_ones, steps = [], []
    if told["log_min_error_statement"] != "panic":
        open_ones.append("log_min_error_statement")
        steps.append("ALTER SYSTEM SET log_min_error_statement = 'panic';")
    if any(name in told["log_destination"] for name in _DETAILED):
        open_ones.append("log_destination")
        steps.append("ALTER SYSTEM SET log_destination = 'stderr';")
    if told["log_error_verbosity"] != "terse":
        open_ones.append("log_error_verbosity")
        steps.append("ALTER SYSTEM SET log_error_verbosity = 'terse';")
    if not open_ones:
        return Finding(Level.OK, check, "holds no values of statements that fail")
    said = ", ".join(f"{name}={told[name]}" for name in open_ones)
    step = f"As a superuser: {' '.join(steps)} SELECT pg_reload_conf();"
    return Finding(Level.WARN, check, f"people's data stand in it when a statement fails ({said})", step)


def of_logged_statements(settings: Mapping[str, str]) -> Finding:
    """Whether the server's log would hold values of statements that are slow, or of all."""
    loud = [
        f"{name}={settings[name]}"
        for name, quiet in _QUIET.items()
        if name in settings and settings[name] not in quiet
    ]
    if not loud:
        return Finding(Level.OK, "log of statements", "statements are not logged")
    step = (
        "Switch it off, or keep that log as closely as the tables and for as short a time as can be; "
        "pg_stat_statements shows statements without values."
    )
    return Finding(Level.WARN, "log of statements", f"people's data stand in it ({', '.join(loud)})", step)


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
