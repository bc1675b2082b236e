"""Who may do what in the database: three roles without login, to be given to users, each with the least that
its work needs. The owner of the tables, who upgrades them, needs none of it.
"""

from collections.abc import Mapping

from worker.store.migrations import VERSION_TABLE
from worker.store.tables import metadata

WORKER, BACKEND, OPERATOR = "twodrive_worker", "twodrive_backend", "twodrive_operator"
ROLES = {
    WORKER: "imports, refreshes and purges",
    BACKEND: "Claire: reads all but logins, and says that work has started",
    OPERATOR: "people at the command line: what a worker may, adding dealers, forgetting persons",
}
#: What workers find out about a dealer.
_FOUND_OUT = "page_rows, modified_on_works, columns_listed_at, columns_document"
_LOGIN = ("client_secret_encrypted", "client_id", "token_url", "base_url", "audience")


def _columns(table: str, *without: str) -> str:
    return ", ".join(column.name for column in metadata.tables[table].columns if column.name not in without)


def _imported(table: str, *identity: str) -> dict[str, tuple[str, ...]]:
    """Rows that imports insert and update, all but their identity, and that nobody deletes."""
    changed = f"UPDATE ({_columns(table, *identity)})"
    return {WORKER: ("SELECT", "INSERT", changed), BACKEND: ("SELECT",), OPERATOR: ()}


_ALL_OF_THE_WORKERS = {WORKER: ("SELECT", "INSERT", "UPDATE", "DELETE"), BACKEND: ("SELECT",), OPERATOR: ()}

#: Per table, and per role what it is granted; an operator also has what a worker has.
GRANTS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "dealers": {
        WORKER: ("SELECT", f"UPDATE ({_FOUND_OUT}, next_refresh_at, next_look_at, updated_at)"),
        BACKEND: (f"SELECT ({_columns('dealers', *_LOGIN)})",),
        OPERATOR: ("INSERT", f"UPDATE ({_columns('dealers', 'dealer_id', 'created_at')})"),
    },
    "workorders": {
        **_imported("workorders", "id", "dealer_id", "dms_number", "created_at"),
        BACKEND: ("SELECT", "UPDATE (work_started_at)"),
    },
    "interventions": _imported("interventions", "id", "workorder_id", "job_number"),
    "parts": _imported("parts", "id", "workorder_id", "line_id"),
    "contacts": _imported("contacts", "id", "workorder_id", "role"),
    "early_work_starts": {
        WORKER: ("SELECT", "INSERT", "UPDATE (started_at)", "DELETE"),
        BACKEND: ("SELECT",),
        OPERATOR: (),
    },
    "import_attempts": {WORKER: ("SELECT", "INSERT", "DELETE"), BACKEND: ("SELECT",), OPERATOR: ()},
    "workorder_changes": {
        WORKER: ("SELECT", "INSERT", "DELETE"),
        BACKEND: ("SELECT",),
        # Forgetting a person.
        OPERATOR: ("UPDATE (old, new)",),
    },
    "refresh_runs": _ALL_OF_THE_WORKERS,
    "circuits": _ALL_OF_THE_WORKERS,
    "schema_drift": _ALL_OF_THE_WORKERS,
    "drift_policies": {WORKER: ("SELECT",), BACKEND: ("SELECT",), OPERATOR: ("INSERT", "UPDATE", "DELETE")},
    "quarantine": _ALL_OF_THE_WORKERS,
    "import_requests": {
        **_ALL_OF_THE_WORKERS,
        # What was typed is written and never read back.
        BACKEND: (
            "INSERT (dealer_id, kind, search, workorder_id, request_id, answer_by)",
            f"SELECT ({_columns('import_requests', 'search', 'tries', 'try_at', 'lease_owner')})",
        ),
    },
}


def statements() -> list[str]:
    """SQL that makes the roles and gives each exactly these rights, whatever it had on these tables before.
    To be run by the owner of the tables, who may create roles, after each upgrade."""
    made = [
        f"DO $$ BEGIN CREATE ROLE {role} NOLOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$"
        for role in ROLES
    ]
    everybody = ", ".join(ROLES)
    granted = []
    for table, rights in GRANTS.items():
        granted.append(f"REVOKE ALL ON {table} FROM PUBLIC, {everybody}")
        for role in ROLES:
            own = [*rights[role], *(rights[WORKER] if role == OPERATOR else ())]
            if own:
                granted.append(f"GRANT {', '.join(own)} ON {table} TO {role}")
    granted.append(f"GRANT SELECT ON {VERSION_TABLE} TO {everybody}")
    return made + granted
