"""A dealer as the worker needs it: how to reach its Vinacles tenant and what its policy is."""

from dataclasses import dataclass, field
from datetime import time


class Secret:
    """A text that shows itself only when asked by name."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        return self._value

    def __repr__(self) -> str:
        return "Secret('***')"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)


@dataclass(frozen=True, slots=True)
class Connection:
    """One tenant of Vinacles. `base_url` ends before `/api`, for example `https://groep-noord.example`."""

    base_url: str
    token_url: str
    audience: str
    client_id: str
    client_secret: Secret


@dataclass(frozen=True, slots=True)
class Dealer:
    """`dealer_id` is Claire's own number. No `affiliates` means every affiliate of the tenant.

    `time_zone` is an IANA name; `phone_region` the ISO country that numbers without `+` belong to.
    Vinacles is never asked more than `requests_per_second` times a second, nor `concurrent_requests` at a
    time, by all workers together.

    Without `refresh_every_minutes` nothing is refreshed on schedule; `refresh_from` and `refresh_until` bound
    it on the dealer's wall clock, None for midnight. A refresh reads the appointments of whole days, from
    `days_back` before today to `days_ahead` after it. `page_rows` and `modified_on_works` were learned of the
    tenant: how many rows a page may have, and whether its `ModifiedOn` tells what changed; None is unknown.
    """

    dealer_id: int
    name: str
    connection: Connection = field(repr=False)
    affiliates: tuple[int, ...] = ()
    time_zone: str = "Europe/Amsterdam"
    phone_region: str = "NL"
    keep_importing_after_start: bool = False
    import_new_in_bulk: bool = False
    prices_include_vat: bool = False
    paused: bool = False
    requests_per_second: float = 50.0
    concurrent_requests: int = 8
    refresh_every_minutes: int | None = 30
    refresh_from: time | None = None
    refresh_until: time | None = None
    days_back: int = 14
    days_ahead: int = 60
    page_rows: int | None = None
    modified_on_works: bool | None = None


#: Fields of a dealer that say how it is served, in the order in which people read them.
RULES = (
    "time_zone",
    "phone_region",
    "keep_importing_after_start",
    "import_new_in_bulk",
    "prices_include_vat",
    "paused",
    "refresh_every_minutes",
    "refresh_from",
    "refresh_until",
    "days_back",
    "days_ahead",
    "requests_per_second",
    "concurrent_requests",
    "page_rows",
    "modified_on_works",
)


@dataclass(frozen=True, slots=True)
class Neighbor:
    """Another dealer of the same dealer group: one that asks the same host. No `affiliates` means every
    affiliate."""

    dealer_id: int
    name: str
    affiliates: tuple[int, ...]
