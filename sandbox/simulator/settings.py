"""What can be switched while the simulator runs."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from marshmallow import fields, validate

from sandbox.simulator.checks import SECONDS, Amount, Flag, Strict, Whole, checked


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

    A page with more rows than `largest_page` is a 413. `double_decode` reads filters as versions up to 1.7
    do; `refuse_encoded_dollar` refuses `%24filter` as some 2.0 versions do. `missing_token_status` is 401,
    or 403 where the tenant lets strangers in as an anonymous role. `clock_skew_seconds` shifts the header
    `Date`. `gzip` compresses for clients that accept it. `ingress_seconds` is when what stands in front of
    the tenant ends a request that has no whole answer yet.
    """

    latency_ms: float = 0
    page_default: int = 100
    page_max: int = 100_000
    largest_page: int | None = None
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
    ingress_seconds: float = 240

    @property
    def version(self) -> str:
        """Of Data API builder: one that reads filters as `double_decode` says."""
        return "1.7.93" if self.double_decode else "2.0.9"

    def patched(self, changes: Mapping[str, Any]) -> "Settings":
        """Raises `ValueError` for an unknown name or a value of another type or beyond its bounds."""
        return replace(self, **checked(_SettingsSchema(), changes))


class _SettingsSchema(Strict):
    latency_ms = Amount(0, 3_600_000)
    page_default = Whole(1)
    page_max = Whole(1)
    largest_page = Whole(1, allow_none=True)
    next_link = fields.Enum(NextLink, by_value=True)
    case_insensitive = Flag()
    double_decode = Flag()
    refuse_encoded_dollar = Flag()
    hide_root = Flag()
    hide_openapi = Flag()
    token_seconds = Whole(1, SECONDS)
    missing_token_status = fields.Integer(strict=True, validate=validate.OneOf((401, 403)))
    clock_skew_seconds = Amount(-SECONDS, SECONDS)
    gzip = Flag()
    ingress_seconds = Amount(0, 86_400, above=True)
