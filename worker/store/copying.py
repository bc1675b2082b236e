"""The children of many new workorders by COPY: no other writer can have any of them, and PostgreSQL takes
them in several times as fast as from JSON (`python -m benchmarks.writing`)."""

import io
import re
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Connection

from schemas.workorder import Workorder, workorder_id

_COLUMNS = {
    "interventions": "workorder_id, job_number, position, title, labor_price, parts_price, total_price",
    "parts": "workorder_id, job_number, line_id, position, reference_code, quantity, price",
    "contacts": "workorder_id, role, last_name, phone, phone_as_written, email",
}
_SPECIAL = re.compile(r"[\\\t\n\r]")


def copy_children(connection: Connection, dealer_id: int, workorders: Sequence[Workorder]) -> None:
    """Write interventions, parts and contacts of workorders that this transaction has just inserted.

    Raises psycopg2's errors, which `Database.transaction` translates.
    """
    owned = [(str(workorder_id(dealer_id, workorder.dms_number)), workorder) for workorder in workorders]
    rows = {
        "interventions": (row for key, workorder in owned for row in _interventions(key, workorder)),
        "parts": (row for key, workorder in owned for row in _parts(key, workorder)),
        "contacts": (row for key, workorder in owned for row in _contacts(key, workorder)),
    }
    # SQLAlchemy has no COPY of its own.
    cursor: Any = connection.connection.cursor()
    try:
        for table, lines in rows.items():
            cursor.copy_expert(f"COPY {table} ({_COLUMNS[table]}) FROM STDIN", io.StringIO("".join(lines)))
    finally:
        cursor.close()


def _interventions(key: str, workorder: Workorder) -> Iterator[str]:
    for job in workorder.interventions:
        amounts = f"{job.labor_price}\t{job.parts_price}\t{job.total_price}"
        yield f"{key}\t{job.job_number}\t{job.position}\t{_text(job.title)}\t{amounts}\n"


def _parts(key: str, workorder: Workorder) -> Iterator[str]:
    for job in workorder.interventions:
        for part in job.parts:
            quantity = r"\N" if part.quantity is None else part.quantity
            code = _text(part.reference_code)
            place = f"{job.job_number}\t{part.line_id}\t{part.position}"
            yield f"{key}\t{place}\t{code}\t{quantity}\t{part.price}\n"


def _contacts(key: str, workorder: Workorder) -> Iterator[str]:
    for contact in workorder.contacts:
        texts = (contact.last_name, contact.phone, contact.phone_as_written, contact.email)
        yield "\t".join((key, contact.role.value, *map(_text, texts))) + "\n"


def _text(value: str | None) -> str:
    r"""As COPY reads it: \N is null, and a backslash stands before what would end a field or a row."""
    if value is None:
        return r"\N"
    return _SPECIAL.sub(_escaped, value) if _SPECIAL.search(value) else value


def _escaped(found: re.Match[str]) -> str:
    return {"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r"}[found[0]]
