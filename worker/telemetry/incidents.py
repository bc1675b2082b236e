"""Incidents for Sentry: what nobody expected, and what an operator must mend.

A refusal is none, and neither is what is tried again.
"""

import traceback
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import sentry_sdk

from schemas.dealer import Secret
from worker import unforeseen
from worker.errors import ErrorCode, TwoDriveError
from worker.telemetry import identifiers

INCIDENTS = frozenset(
    {
        ErrorCode.CONFIGURATION,
        ErrorCode.VINACLES_LOGIN_FAILED,
        ErrorCode.VINACLES_NOT_ALLOWED,
        ErrorCode.VINACLES_REFUSED,
        ErrorCode.WORKER_LOST,
        ErrorCode.INTERNAL,
    }
)
_LAST_SECONDS = 2.0
_OF_AN_EVENT = (
    *("event_id", "timestamp", "level", "platform", "sdk", "release", "environment", "server_name"),
    *("transaction", "tags", "fingerprint"),
)
_OF_A_FRAME = (
    *("filename", "abs_path", "module", "function", "lineno", "in_app"),
    *("pre_context", "context_line", "post_context"),  # lines of code
)


class Incidents:
    """One per process, built after a fork. Events are sent by a thread of their own.

    Sentry's integrations stay off: every error of a task passes `failed`, and they would take along
    arguments, log lines and headers.
    """

    def __init__(self, dsn: Secret, version: str) -> None:
        sentry_sdk.init(
            dsn=dsn.reveal(),
            release=f"twodrive-claire@{version}",
            default_integrations=False,
            auto_enabling_integrations=False,
            include_local_variables=False,
            send_default_pii=False,
            max_request_body_size="never",
            max_breadcrumbs=0,
            propagate_traces=False,
            auto_session_tracking=False,
            spotlight=False,
            before_send=_discreet,
            before_send_transaction=lambda _event, _hint: None,
        )

    def work(self, _name: str, _traceparent: str | None) -> AbstractContextManager[None]:
        """What it is about is read when it fails."""
        return nullcontext()

    def failed(self, code: ErrorCode, error: Exception) -> None:
        if code not in INCIDENTS:
            return
        with sentry_sdk.isolation_scope() as scope:
            tags = identifiers()
            scope.set_tags({**tags, "code": code.value})
            scope.set_transaction_name(tags.get("task", "import_requests"))
            scope.fingerprint = fingerprint(code, error)
            sentry_sdk.capture_exception(error)

    def close(self) -> None:
        sentry_sdk.get_client().close(timeout=_LAST_SECONDS)


def fingerprint(code: ErrorCode, error: Exception) -> list[str]:
    """What is one issue: a code, and of unforeseen errors each kind at each place."""
    if code is not ErrorCode.INTERNAL:
        return ["twodrive", code.value]
    frames = traceback.extract_tb(error.__traceback__)
    place = f"{Path(frames[-1].filename).name}:{frames[-1].name}" if frames else ""
    return ["twodrive", code.value, type(error).__name__, place]


def discreet(event: Mapping[str, Any], said: str) -> dict[str, Any]:
    """What may leave of an event: kinds and places of exceptions, and `said` for the text of the last, which
    is the one that was told."""
    values = event.get("exception", {}).get("values", [])
    exceptions = [_bare(value) for value in values]
    if exceptions:
        exceptions[-1]["value"] = said
    kept = {name: event[name] for name in _OF_AN_EVENT if name in event}
    return {**kept, "exception": {"values": exceptions}}


def _discreet(event: Any, hint: Mapping[str, Any]) -> Any:
    """None, and so not sent, where it is no error of ours to tell."""
    _, error, _ = hint.get("exc_info", (None, None, None))
    if not isinstance(error, Exception):
        return None
    return discreet(event, error.text if isinstance(error, TwoDriveError) else unforeseen.told(error)[1])


def _bare(exception: Mapping[str, Any]) -> dict[str, Any]:
    frames = (exception.get("stacktrace") or {}).get("frames", [])
    return {
        "type": exception.get("type"),
        "module": exception.get("module"),
        "value": "",
        "stacktrace": {
            "frames": [{name: frame[name] for name in _OF_A_FRAME if name in frame} for frame in frames]
        },
    }
