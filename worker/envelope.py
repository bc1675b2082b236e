"""A message as it lies in Redis: Celery's protocol 2, written as JSON."""

import json
from base64 import b64decode
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

#: The last of a body that is nested without end: whoever may write to Redis may write that.
_UNREADABLE = (ValueError, LookupError, TypeError, RecursionError)


def headers_of(message: bytes) -> Mapping[str, Any]:
    """Empty for what is no such message."""
    try:
        headers: Any = json.loads(message)["headers"]
    except _UNREADABLE:
        headers = None
    return headers if isinstance(headers, Mapping) else {}


def arguments_of(message: bytes) -> Mapping[str, Any]:
    """The keyword arguments, whose JSON lies in base64; empty for what is no such message."""
    try:
        _, arguments, _ = json.loads(b64decode(json.loads(message)["body"]))
    except _UNREADABLE:
        arguments = None
    return arguments if isinstance(arguments, Mapping) else {}


def moment_of(expires: object) -> datetime | None:
    """The moment in the header `expires`, as senders write it in ISO 8601: in UTC where it names no zone.
    None for a message that never expires, and for what is no moment."""
    if not isinstance(expires, str):
        return None
    try:
        moment = datetime.fromisoformat(expires)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
