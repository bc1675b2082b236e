"""How long rows are kept, table by table, and removing them batch by batch."""

from dataclasses import dataclass

from sqlalchemy import Connection, text

from worker.store.quarantine_statements import STILL_READ

#: Few enough that a batch holds its locks for a moment only.
BATCH_ROWS = 5_000


@dataclass(frozen=True, slots=True)
class Rule:
    """What grows old in `table`. `overdue` is a condition on the row `t`, true for those that are older than
    `:days`; without `instead` they are deleted, with it they are changed, and `overdue` is false then.
    Rows that are only `appended` are held by nobody, and need no right to lock them."""

    table: str
    overdue: str
    instead: str | None = None
    appended: bool = False


#: By the setting that says how many days; 0 is for ever.
RULES: dict[str, Rule] = {
    "keep_attempts_days": Rule(
        "import_attempts", "t.started_at < now() - make_interval(days => :days)", appended=True
    ),
    "keep_changes_days": Rule(
        "workorder_changes", "t.changed_at < now() - make_interval(days => :days)", appended=True
    ),
    "keep_runs_days": Rule("refresh_runs", "t.finished_at < now() - make_interval(days => :days)"),
    "keep_early_starts_days": Rule(
        "early_work_starts", "t.started_at < now() - make_interval(days => :days)"
    ),
    "keep_requests_days": Rule("import_requests", "t.answered_at < now() - make_interval(days => :days)"),
    # What is still rejected comes again when it is read, and not as what an operator discarded.
    "keep_quarantine_days": Rule(
        "quarantine", f"t.last_seen_at < now() - make_interval(days => :days) AND NOT ({STILL_READ})"
    ),
    # A row stays, since Claire may refer to it; the person in it goes.
    "keep_contacts_days": Rule(
        "contacts",
        "coalesce(t.last_name, t.phone, t.phone_as_written, t.email) IS NOT NULL AND EXISTS ("
        "SELECT FROM workorders w WHERE w.id = t.workorder_id "
        "AND w.appointment_at < now() - make_interval(days => :days))",
        "last_name = NULL, phone = NULL, phone_as_written = NULL, email = NULL",
    ),
}


def count_overdue(connection: Connection, rule: Rule, days: int) -> int:
    statement = text(f"SELECT count(*) FROM {rule.table} t WHERE {rule.overdue}")  # noqa: S608  constants
    return int(connection.execute(statement, {"days": days}).scalar_one())


def remove_overdue(connection: Connection, rule: Rule, days: int, most: int = BATCH_ROWS) -> int:
    """Up to `most` rows; those that somebody else holds are left for the next time. Returns how many."""
    act = f"UPDATE {rule.table} SET {rule.instead}" if rule.instead else f"DELETE FROM {rule.table}"  # noqa: S608  constants
    lock = "" if rule.appended else "FOR NO KEY UPDATE OF t SKIP LOCKED"
    chosen = f"SELECT t.ctid FROM {rule.table} t WHERE {rule.overdue} LIMIT :most {lock}"  # noqa: S608  constants
    statement = text(f"{act} WHERE ctid = ANY (ARRAY ({chosen}))")
    return connection.execute(statement, {"days": days, "most": most}).rowcount
