"""Access tokens as values: how they are read, and when they are renewed."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from schemas.dealer import Secret
from worker.vinacles.answers import json_object
from worker.vinacles.failures import unavailable

# RFC 6750, 2.1: b64token.
_BEARER = re.compile(r"[A-Za-z0-9._~+/-]+=*", re.ASCII)
_MOST_TOKEN_CHARACTERS = 16_384
_MOST_LIFETIME_SECONDS = 30 * 86_400
#: RFC 6749, 5.1 only recommends `expires_in`; without it we assume little.
_UNSTATED_LIFETIME_SECONDS = 600.0
_EARLY_SECONDS = 300.0
_EARLY_SHARE = 0.1


@dataclass(frozen=True, slots=True)
class Issued:
    """A token as the token URL gave it out; `lifetime_seconds` from when it was asked for."""

    access_token: Secret
    lifetime_seconds: float

    def packed(self) -> bytes:
        return json.dumps([self.access_token.reveal(), self.lifetime_seconds]).encode()

    @classmethod
    def unpacked(cls, packed: bytes) -> "Issued":
        access_token, lifetime_seconds = json.loads(packed)
        return cls(Secret(access_token), lifetime_seconds)


@dataclass(frozen=True, slots=True)
class Token:
    """A token with what is left of it. `stamp` is unique to it and not secret: its encrypted form."""

    access_token: Secret
    stamp: bytes
    renewal_due: bool = False


def renewal_due(remaining_seconds: float, lifetime_seconds: float) -> bool:
    """Renew in the last 5 minutes, or in the last tenth of a token that lives shorter than 50 minutes.

    Not earlier: tokens are paid for one by one. A day's token is renewed at 23:55 h, a minute's after 54 s.
    """
    return remaining_seconds < min(_EARLY_SECONDS, _EARLY_SHARE * lifetime_seconds)


def kept_seconds(issued: Issued, elapsed_seconds: float) -> float:
    """How long a token may be used: 30 s (or a twentieth) less than it lives, since requests take time."""
    reserve = min(30.0, issued.lifetime_seconds / 20)
    return max(0.0, issued.lifetime_seconds - reserve - elapsed_seconds)


def read_token(body: bytes, headers: Mapping[str, str]) -> Issued:
    """The token in a 200 answer (RFC 6749, 5.1). Raises VinaclesUnavailable when there is none."""
    document = json_object(body, headers)
    access_token, kind = document.get("access_token"), document.get("token_type")
    lifetime = _lifetime(document.get("expires_in"))
    if not isinstance(access_token, str) or lifetime is None:
        raise _no_token()
    if not _BEARER.fullmatch(access_token) or len(access_token) > _MOST_TOKEN_CHARACTERS:
        raise _no_token()
    if kind is not None and (not isinstance(kind, str) or kind.lower() != "bearer"):
        raise _no_token()
    return Issued(Secret(access_token), lifetime)


def _lifetime(value: object) -> float | None:
    """Seconds; servers send them as a number or as a text, and null where they do not say."""
    if value is None:
        return _UNSTATED_LIFETIME_SECONDS
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,12}(?:\.[0-9]{1,12})?", value, re.ASCII):
        value = Decimal(value)
    if isinstance(value, bool) or not isinstance(value, int | Decimal) or value <= 0:
        return None
    return float(min(value, _MOST_LIFETIME_SECONDS))


def _no_token() -> Exception:
    return unavailable("2Drive's login service gave an answer without a usable token.", few_tries=True)
