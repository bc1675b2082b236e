"""What can be switched while the simulator runs."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from typing import Any


class NextLink(StrEnum):
    """How `nextLink` looks: as Data API builder writes it, or as what stands around it can spoil it."""

    ABSOLUTE = "absolute"
    RELATIVE = "relative"
    BEHIND_PROXY = "behind_proxy"
    """`http://` without a port, as a server writes it that does not know of the TLS proxy before it."""
    FOREIGN = "foreign"
    REPEATING = "repeating"


@dataclass(frozen=True, slots=True)
class Settings:
    """`latency_ms` is added to every answer of the API and of the token endpoint.

    `double_decode` reads filters as versions up to 1.7 do; `refuse_encoded_dollar` refuses `%24filter` as
    some 2.0 versions do. `missing_token_status` is 401, or 403 where the tenant lets strangers in
    as an anonymous role. `clock_skew_seconds` shifts the `Date` header. `gzip` compresses for clients that
    accept it.
    """

    latency_ms: float = 0
    page_default: int = 100
    page_max: int = 100_000
    next_link: NextLink = NextLink.ABSOLUTE
    case_insensitive: bool = True
    double_decode: bool = False
    refuse_encoded_dollar: bool = False
    hide_root: bool = False
    hide_openapi: bool = False
    token_seconds: int = 86_400
    missing_token_status: int = 401
    clock_skew_seconds: float = 0
    gzip: bool = False

    def patched(self, changes: Mapping[str, Any]) -> "Settings":
        """Raises `ValueError` for an unknown name or a value of another type."""
        for name, value in changes.items():
            if name not in _TYPES:
                raise ValueError(f"There is no setting {name}")
            allowed = (int, float) if _TYPES[name] is float else _TYPES[name]
            if not isinstance(value, str if _TYPES[name] is NextLink else allowed):
                raise ValueError(f"{name} cannot be {value!r}")  # noqa: TRY004  the caller sent text
        known = dict(changes)
        if "next_link" in known:
            known["next_link"] = NextLink(known["next_link"])
        return replace(self, **known)


_TYPES: dict[str, Any] = {field.name: field.type for field in fields(Settings)}
