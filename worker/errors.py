"""Every error that leaves a station, sorted by what happens next.

    TwoDriveError
    ├── RetryableError          try again, after `retry_after_seconds` where given
    │   ├── VinaclesUnavailable     busy, starting, down, or its answer was cut off
    │   │   └── DealerBusy              not asked: the dealer has its share of the threads
    │   ├── CircuitOpen             down for a while now, so that nobody asks until the next probe
    │   └── StorageUnavailable      PostgreSQL or Redis away, a deadlock, a serialization failure
    └── FatalError              trying again gives the same answer
        ├── MessageInvalid          the backend asked for something that does not exist
        ├── ConfigurationError      an operator must act: a setting, a dealer's record, a login
        └── VinaclesRefused         our request or the mapping is wrong

Foreign exceptions become these in three places: `vinacles/wire.py`, `store/session.py` and `redis_client.py`.
A workorder that cannot be used is no error: it is a `Rejected` with a `Reason`. No text here ever holds a
response body, a secret, or anything a person typed.
"""

from schemas.coded import Coded


class ErrorCode(Coded):
    """Stable codes: the backend may branch on them, so none is ever renamed. Each says in general what it
    means and what to do; the error at hand says it more exactly."""

    def __init__(self, _code: str, meaning: str, next_step: str) -> None:
        self.meaning = meaning
        self.next_step = next_step

    MESSAGE_INVALID = (
        "message_invalid",
        "An argument of the task is missing, malformed or unknown.",
        "Correct the call; the text names each argument and gives an example.",
    )
    DEALER_UNKNOWN = (
        "dealer_unknown",
        "No dealer with this `dealer_id` is set up.",
        "Check the number, or ask an operator to add the dealer (`twodrive dealers add`).",
    )
    DEALER_PAUSED = (
        "dealer_paused",
        "Importing for this dealer is paused.",
        "Ask an operator to resume it (`twodrive dealers set`).",
    )
    WORKORDER_UNKNOWN = (
        "workorder_unknown",
        "This dealer has no imported workorder with this `workorder_id`.",
        "Import it first with `workorders.import`.",
    )
    CONFIGURATION = (
        "configuration",
        "A setting or the dealer's record is wrong or incomplete.",
        "An operator must act; the text says on what.",
    )
    VINACLES_LOGIN_FAILED = (
        "vinacles_login_failed",
        "Vinacles does not accept the dealer's client id or secret.",
        "An operator must correct the dealer's record or ask Vinacles for new credentials.",
    )
    VINACLES_NOT_ALLOWED = (
        "vinacles_not_allowed",
        "Vinacles knows us but does not let us read what we need.",
        "An operator must ask Vinacles for read rights for this dealer.",
    )
    VINACLES_REFUSED = (
        "vinacles_refused",
        "Vinacles refuses the request itself: its interface is not what this version expects.",
        "An operator can run `twodrive check` for this dealer and compare the interface with our mapping.",
    )
    SCHEMA_DRIFT = (
        "schema_drift",
        "A field of Vinacles has changed, and an operator chose that nothing is imported while it is so.",
        "An operator can see it with `twodrive drift`, and correct the mapping or change the policy.",
    )
    VINACLES_UNAVAILABLE = (
        "vinacles_unavailable",
        "Vinacles is busy, starting or down, and the time to wait for it is over.",
        "Try again in a minute.",
    )
    VINACLES_CIRCUIT_OPEN = (
        "vinacles_circuit_open",
        "Vinacles failed several times in a row, so it is not asked for this dealer until the next probe.",
        "Try again after the moment that the text names; operators see more with `twodrive circuits`.",
    )
    STORAGE_UNAVAILABLE = (
        "storage_unavailable",
        "PostgreSQL or Redis could not be used in time.",
        "Try again in a minute; an operator should look when it lasts.",
    )
    REQUEST_EXPIRED = (
        "request_expired",
        "The time in which a row of `import_requests` was to be answered is over.",
        "Ask again if somebody still wants it; operators should look at the workers when it happens often.",
    )
    WORKER_LOST = (
        "worker_lost",
        "Each time this was tried, the worker's process ended, so it is not tried any more.",
        "Tell the operators; the end of the worker's log or the kernel's log of that time says more.",
    )
    INTERNAL = (
        "internal",
        "Something unforeseen ended the task.",
        "Tell the operators the task id; the worker's log has the place.",
    )


class Trouble(Coded):
    """What makes somebody leave a dealer's Vinacles alone; `said` goes on from "2Drive"."""

    def __init__(self, _code: str, said: str) -> None:
        self.said = said

    UNREACHABLE = ("unreachable", "cannot be reached, or breaks off its answers")
    TIMEOUT = ("timeout", "does not answer in time")
    SERVER_ERROR = (
        "server_error",
        "answers with server errors (HTTP 5xx), or that it is asked too much (429)",
    )
    LOGIN_SERVER = ("login_server", "has a login server that is down or over its quota")


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
    """Busy, starting or down, or an answer that was cut off. `trouble` is None where Vinacles may be well: it
    says when to come again, or we had no time left for it."""

    trouble: Trouble | None = None


class DealerBusy(VinaclesUnavailable):
    """Not asked at all: what is under way for the dealer holds all the threads that it may have."""


class CircuitOpen(RetryableError):
    """Not asked at all."""


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
