"""What Claire sees of a dealer: all values but ids, moments and lineage."""

from sqlalchemy import Connection, text

_HEADER = (
    "dms_number, wo_number, affiliate_id, appointment_local, appointment_at, mileage_km, make, model, plate, "
    "plate_display"
)
_CHILDREN = {
    "interventions": "job_number, position, title, labor_price, parts_price, total_price",
    "parts": "job_number, line_id, position, reference_code, quantity, price",
    "contacts": "role, last_name, phone, phone_as_written, email",
}


def content(connection: Connection, dealer_id: int, *, missing: bool = False) -> list[str]:
    """A line for each row that is there, in a fixed order; those `missing` in the DMS only on request."""
    seen = "" if missing else "AND w.missing_in_dms_since IS NULL"
    statements = [
        f"SELECT row({_HEADER})::text FROM workorders w WHERE w.dealer_id = :dealer_id {seen} ORDER BY 1"
    ]
    for table, columns in _CHILDREN.items():
        statements.append(
            f"SELECT row('{table}', w.dms_number, {columns})::text FROM {table} t JOIN workorders w "
            f"ON w.id = t.workorder_id WHERE w.dealer_id = :dealer_id {seen} AND t.removed_at IS NULL ORDER BY 1"
        )
    return [
        line
        for statement in statements
        for (line,) in connection.execute(text(statement), {"dealer_id": dealer_id})
    ]
