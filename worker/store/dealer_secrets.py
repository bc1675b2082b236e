"""Dealers' client secrets as they lie in their rows, for those who look after the keys."""

from collections.abc import Mapping

from sqlalchemy import Connection, bindparam, select, update

from worker.store.tables import dealers


def encrypted_secrets(connection: Connection, *, to_replace: bool = False) -> dict[int, bytes]:
    """Each dealer's encrypted secret. With `to_replace` nobody else changes them until the transaction
    ends."""
    query = select(dealers.c.dealer_id, dealers.c.client_secret_encrypted).order_by(dealers.c.dealer_id)
    rows = connection.execute(query.with_for_update() if to_replace else query)
    return {dealer_id: encrypted.encode() for dealer_id, encrypted in rows}


def replace_secrets(connection: Connection, encrypted: Mapping[int, bytes]) -> None:
    """The same secrets in other encryption: `updated_at` stays, since nothing of the dealer has changed."""
    if encrypted:
        statement = update(dealers).where(dealers.c.dealer_id == bindparam("dealer"))
        connection.execute(
            statement.values(client_secret_encrypted=bindparam("text")),
            [{"dealer": dealer_id, "text": text.decode()} for dealer_id, text in encrypted.items()],
        )
