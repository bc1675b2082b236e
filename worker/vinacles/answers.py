"""Reading what came back: JSON without floats, error codes, Retry-After, dates."""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import NoReturn

from schemas.vinacles import Row
from worker.vinacles.failures import unavailable, unreadable

_SECONDS = re.compile(r"[0-9]+", re.ASCII)
_JSON = re.compile(r"application/(?:[\w.+-]+\+)?json", re.ASCII)
#: About 30 years: enough to say "not within any deadline", and still a number that can be written down.
_MOST_SECONDS = 1e9


def json_object(body: bytes, headers: Mapping[str, str]) -> dict[str, object]:
    """The JSON object in `body`; numbers with a point become Decimal.

    Raises VinaclesUnavailable for anything else: proxies answer 200 with HTML or nothing. JSON is UTF-8
    whatever `charset` says (RFC 8259, 8.1).
    """
    document = _parsed(body) if _is_json(headers) else None
    if not isinstance(document, dict):
        raise unreadable()
    return document


def most_values(body: bytes) -> int:
    """No JSON in `body` holds more values and names than this: behind each stands another of these bytes.

    Parsed, a value takes up to 112 bytes (a Decimal and its place in a list), whatever it takes in JSON.
    """
    return sum(map(body.count, (b",", b":", b"[", b"{"))) + 1


def rows(document: Mapping[str, object]) -> tuple[Row, ...]:
    """The rows of a page. Raises VinaclesUnavailable when the page has another shape."""
    value = document.get("value")
    if not isinstance(value, list) or not all(isinstance(row, dict) for row in value):
        raise unavailable("2Drive's answer has an unexpected shape.", few_tries=True)
    return tuple(value)


def error_code(body: bytes | None, headers: Mapping[str, str]) -> str | None:
    """Data API builder's `error.code`, or None where something else wrote the body."""
    document = _parsed(body) if body and _is_json(headers) else None
    error = document.get("error") if isinstance(document, dict) else None
    code = error.get("code") if isinstance(error, dict) else None
    return code if isinstance(code, str) else None


def retry_after_seconds(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds to stay away (RFC 9110, 10.2.3), never negative; None without a readable header.

    A date is compared with the server's own `Date`, so that a wrong clock on either side does no harm.
    """
    text = headers.get("Retry-After", "").strip()
    if _SECONDS.fullmatch(text):
        return min(float(text), _MOST_SECONDS)
    until = http_date(text)
    if until is None:
        return None
    return max(0.0, (until - (server_time(headers) or now)).total_seconds())


def server_time(headers: Mapping[str, str]) -> datetime | None:
    return http_date(headers.get("Date", ""))


def http_date(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _is_json(headers: Mapping[str, str]) -> bool:
    kind = headers.get("Content-Type", "").partition(";")[0].strip().lower()
    return _JSON.fullmatch(kind) is not None


def _parsed(body: bytes) -> object:
    """None for what is no JSON: wrong bytes, NaN, numbers too long for any column, bottomless nesting."""
    try:
        return json.loads(body.decode("utf-8-sig"), parse_float=Decimal, parse_constant=_no_number)
    except (ValueError, ArithmeticError, RecursionError):
        return None


def _no_number(name: str) -> NoReturn:
    raise ValueError(name)
