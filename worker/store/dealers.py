"""Dealers' records. The client secret lies encrypted in its row."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, time
from typing import Any, TypedDict

from cryptography.fernet import InvalidToken, MultiFernet
from sqlalchemy import Connection, func, select, update
from sqlalchemy.dialects.postgresql import insert

from schemas.dealer import RULES, Dealer, Secret
from schemas.dealer import Connection as VinaclesConnection
from schemas.drift import Action
from worker.circuit import Circuit
from worker.errors import ConfigurationError, ErrorCode
from worker.store import circuits, tables
from worker.store.drift import POLICY, policy_from
from worker.store.tables import dealers


@dataclass(frozen=True, slots=True)
class LoadedDealer:
    """`asked_at` is the moment of loading on PostgreSQL's clock, the one clock of all workers. `drift_policy`
    is by field; what is not in it is reported."""

    dealer: Dealer
    asked_at: datetime
    circuit: Circuit
    drift_policy: Mapping[str, Action] = field(default_factory=dict)


class DealerChanges(TypedDict, total=False):
    """Fields of a record to be replaced."""

    name: str
    base_url: str
    token_url: str
    audience: str
    client_id: str
    client_secret: Secret
    affiliates: tuple[int, ...]
    time_zone: str
    phone_region: str
    keep_importing_after_start: bool
    import_new_in_bulk: bool
    prices_include_vat: bool
    paused: bool
    refresh_every_minutes: int | None
    refresh_from: time | None
    refresh_until: time | None
    days_back: int
    days_ahead: int
    requests_per_second: float
    concurrent_requests: int
    page_rows: int | None
    modified_on_works: bool | None


#: Columns that are fields of `Dealer` as they are.
_PLAIN = ("name", *(rule for rule in RULES if rule != "requests_per_second"))
_REACH = ("base_url", "token_url", "audience", "client_id")
_SCHEDULE = frozenset({"time_zone", "refresh_every_minutes", "refresh_from", "refresh_until"})


class Dealers:
    """Reads and writes dealers; `cipher` encrypts with its first key and decrypts with any."""

    def __init__(self, cipher: MultiFernet) -> None:
        self._cipher = cipher

    def load(self, connection: Connection, dealer_id: int) -> LoadedDealer | None:
        query = select(dealers, *circuits.COLUMNS, POLICY, func.clock_timestamp().label("asked_at"))
        query = query.outerjoin_from(dealers, tables.circuits).where(dealers.c.dealer_id == dealer_id)
        row = connection.execute(query).mappings().one_or_none()
        if row is None:
            return None
        policy = policy_from(row["drift_policy"])
        return LoadedDealer(self._dealer(row), row["asked_at"], circuits.circuit_from(row), policy)

    def list_all(self, connection: Connection) -> tuple[Dealer, ...]:
        """All dealers by number."""
        rows = connection.execute(select(dealers).order_by(dealers.c.dealer_id)).mappings()
        return tuple(self._dealer(row) for row in rows)

    def add(self, connection: Connection, dealer: Dealer) -> bool:
        """False, and nothing done, when the number is taken."""
        reach = dealer.connection
        given: dict[str, Any] = {name: getattr(dealer, name) for name in ("name", *RULES)}
        given |= {name: getattr(reach, name) for name in _REACH}
        values = self._values(
            {**given, "client_secret": reach.client_secret, "affiliates": dealer.affiliates}
        )
        statement = insert(dealers).values(dealer_id=dealer.dealer_id, **values)
        added = connection.execute(statement.on_conflict_do_nothing().returning(dealers.c.dealer_id))
        return added.first() is not None

    def change(self, connection: Connection, dealer_id: int, changes: DealerChanges) -> bool:
        """False when there is no such dealer. A changed schedule is looked at in the next minute."""
        values = self._values(changes)
        if not _SCHEDULE.isdisjoint(values):
            values["next_refresh_at"] = func.now()
        statement = update(dealers).where(dealers.c.dealer_id == dealer_id)
        statement = statement.values(updated_at=func.now(), **values)
        return connection.execute(statement.returning(dealers.c.dealer_id)).first() is not None

    def _values(self, changes: Mapping[str, Any]) -> dict[str, Any]:
        values: dict[str, Any] = dict(changes)
        if "client_secret" in changes:
            del values["client_secret"]
            plain = changes["client_secret"].reveal().encode()
            values["client_secret_encrypted"] = self._cipher.encrypt(plain).decode()
        if "affiliates" in changes:
            values["affiliates"] = list(changes["affiliates"])
        return values

    def _dealer(self, row: Mapping[Any, Any]) -> Dealer:
        return Dealer(
            dealer_id=row["dealer_id"],
            connection=VinaclesConnection(
                **{name: row[name] for name in _REACH},
                client_secret=self._secret(row["dealer_id"], row["client_secret_encrypted"]),
            ),
            affiliates=tuple(row["affiliates"]),
            requests_per_second=float(row["requests_per_second"]),
            **{name: row[name] for name in _PLAIN},
        )

    def _secret(self, dealer_id: int, encrypted: str) -> Secret:
        try:
            return Secret(self._cipher.decrypt(encrypted).decode())
        except InvalidToken:
            raise ConfigurationError(
                ErrorCode.CONFIGURATION,
                f"The client secret of dealer {dealer_id} cannot be decrypted.",
                "Put the key it was encrypted with into TWODRIVE_SECRET_KEYS, or set the secret again.",
            ) from None
