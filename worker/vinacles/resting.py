"""How long a token URL that failed is left alone, as a value that the whole fleet shares."""

from dataclasses import dataclass

from worker.errors import TwoDriveError, VinaclesUnavailable
from worker.retry import LONGEST_REST_SECONDS
from worker.vinacles.failures import of_token_status

#: Refused for good: whoever corrects it at Vinacles does not wait long, and a crowd asks once.
_REFUSED_SECONDS = 5.0
#: Over its quota, without a word about how long.
_THROTTLED_SECONDS = 1.0
#: While the old token is still good, there is no hurry.
_RENEWAL_SECONDS = 10.0
_NO_ANSWER = 0


@dataclass(frozen=True, slots=True)
class Rest:
    """`status` is what the token URL answered, None where that is for renewals alone to heed; nobody asks it
    for `seconds` more."""

    status: int | None
    seconds: float

    def error(self) -> TwoDriveError | None:
        """What it answered, for somebody who has no token; None where it may be asked. Nobody asked now, so
        it says nothing new about Vinacles."""
        if self.status is None:
            return None
        error = of_token_status(self.status, self.seconds)
        if isinstance(error, VinaclesUnavailable):
            error.trouble = None
        return error

    def packed(self) -> bytes:
        return str(self.status or _NO_ANSWER).encode()

    @classmethod
    def unpacked(cls, packed: bytes, left_ms: int) -> "Rest":
        return cls(int(packed) or None, left_ms / 1000)


def rest_after(status: int, retry_after_seconds: float | None) -> Rest | None:
    """After an answer other than 200; None where the next one may ask at once.

    A server that is down is asked again by each question's own rule: it gives out nothing and counts nothing.
    """
    if not isinstance(of_token_status(status, None), VinaclesUnavailable):
        return Rest(status, _REFUSED_SECONDS)
    if retry_after_seconds is None:
        return Rest(status, _THROTTLED_SECONDS) if status == 429 else None
    return Rest(status, min(retry_after_seconds, LONGEST_REST_SECONDS)) if retry_after_seconds > 0 else None


#: After any other failure to renew a token that is still good.
RENEWAL = Rest(None, _RENEWAL_SECONDS)
