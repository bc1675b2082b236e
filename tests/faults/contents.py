"""What Claire sees of a dealer: all values but ids, moments and lineage."""

from collections.abc import Collection

from sqlalchemy import Connection, TextClause, text

_HEADER = (
    "dms_number, wo_number, affiliate_id, appointment_local, appointment_at, mileage_km, make, model, plate, "
    "plate_display"
)
_CHILDREN = {
    "interventions": "job_number, position, title, labor_price, parts_price, total_price",
    "parts": "job_number, line_id, position, reference_code, quantity, price",
    "contacts": "role, last_name, phone, phone_as_written, email",
}


def content(
    connection: Connection, dealer_id: int, among: Collection[int] = (), without: Collection[int] = ()
) -> list[str]:
    """A line for each row that is there and that the DMS still has, in a fixed order; of `among` these
    workorders alone where there are any, and not of `without`."""
    chosen = (
        "w.dealer_id = :dealer_id AND w.missing_in_dms_since IS NULL AND w.dms_number <> ALL(:without) "
        "AND (w.dms_number = ANY(:among) OR :among = '{}')"
    )
    statements = [f"SELECT row({_HEADER})::text FROM workorders w WHERE {chosen} ORDER BY 1"]
    for table, columns in _CHILDREN.items():
        statements.append(
            f"SELECT row('{table}', w.dms_number, {columns})::text FROM {table} t JOIN workorders w "
            f"ON w.id = t.workorder_id WHERE {chosen} AND t.removed_at IS NULL ORDER BY 1"
        )
    numbers = {"among": list(among), "without": list(without)}
    return [
        line
        for statement in statements
        for (line,) in connection.execute(_with_types(statement), {"dealer_id": dealer_id, **numbers})
    ]


def _with_types(statement: str) -> TextClause:
    typed = statement.replace(":among", "CAST(:among AS bigint[])").replace(
        ":without", "CAST(:without AS bigint[])"
    )
    return text(typed)
