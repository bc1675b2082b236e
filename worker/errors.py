"""Every error that leaves a station, sorted by what happens next.

    TwoDriveError
    ├── RetryableError          try again, after `retry_after_seconds` where given
    │   ├── VinaclesUnavailable     busy, starting, down, or its answer was cut off
    │   └── StorageUnavailable      PostgreSQL or Redis away, a deadlock, a serialization failure
    └── FatalError              trying again gives the same answer
        ├── MessageInvalid          the backend asked for something that does not exist
        ├── ConfigurationError      an operator must act: a setting, a dealer's record, a login
        └── VinaclesRefused         our request or the mapping is wrong

Foreign exceptions become these in two places: `vinacles/client.py` and `store/session.py`.
A workorder that cannot be used is no error: it is a `Rejection`. No text here ever holds a response body,
a secret, or anything a person typed.
"""

from enum import StrEnum


class ErrorCode(StrEnum):
    """Stable codes: the backend may branch on them, so none is ever renamed."""

    MESSAGE_INVALID = "message_invalid"
    DEALER_UNKNOWN = "dealer_unknown"
    DEALER_PAUSED = "dealer_paused"
    WORKORDER_UNKNOWN = "workorder_unknown"
    CONFIGURATION = "configuration"
    VINACLES_LOGIN_FAILED = "vinacles_login_failed"
    VINACLES_NOT_ALLOWED = "vinacles_not_allowed"
    VINACLES_REFUSED = "vinacles_refused"
    VINACLES_UNAVAILABLE = "vinacles_unavailable"
    STORAGE_UNAVAILABLE = "storage_unavailable"
    INTERNAL = "internal"


class TwoDriveError(Exception):
    """`text` says what happened, `next_step` what the reader can do; both are safe to show and to log."""

    def __init__(self, code: ErrorCode, text: str, next_step: str) -> None:
        super().__init__(code, text, next_step)
        self.code = code
        self.text = text
        self.next_step = next_step

    def __str__(self) -> str:
        return f"{self.code.value}: {self.text} {self.next_step}"


class RetryableError(TwoDriveError):
    """`few_tries` marks failures that often repeat exactly (DAB's 500 `UnexpectedError`)."""

    def __init__(
        self,
        code: ErrorCode,
        text: str,
        next_step: str,
        *,
        retry_after_seconds: float | None = None,
        few_tries: bool = False,
    ) -> None:
        super().__init__(code, text, next_step)
        self.retry_after_seconds = retry_after_seconds
        self.few_tries = few_tries


class VinaclesUnavailable(RetryableError):
    """Busy, starting or down: the table of vinacles-api §4, rows "retry with backoff"."""


class StorageUnavailable(RetryableError):
    """PostgreSQL or Redis did not do its part; the same work can be done again."""


class FatalError(TwoDriveError):
    """The same request would fail the same way."""


class MessageInvalid(FatalError):
    """The message itself is wrong."""


class ConfigurationError(FatalError):
    """Somebody must change a setting or a dealer's record."""


class VinaclesRefused(FatalError):
    """400, 404, 405, 414, a redirect: our request or the mapping does not fit this Vinacles."""
