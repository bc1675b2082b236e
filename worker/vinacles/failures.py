"""What can go wrong at Vinacles, as errors of ours: foreign exceptions, and the statuses of answers.

No text here repeats a host, a URL, a response body or an exception's own words.
"""

import math
import ssl
import zlib
from http.client import HTTPException

import requests
import urllib3.exceptions

from worker.errors import (
    ConfigurationError,
    ErrorCode,
    Trouble,
    TwoDriveError,
    VinaclesRefused,
    VinaclesUnavailable,
)

#: Everything that requests, urllib3, http.client, ssl, socket and zlib raise. requests' own errors and those
#: of ssl and socket are OSErrors; idna and header faults are ValueErrors.
FOREIGN = (OSError, ValueError, urllib3.exceptions.HTTPError, HTTPException, zlib.error)

_LATER = "Search again in a minute; if it goes on, tell your administrator."
_CHECK = "Run `twodrive check` for this dealer; the mapping may not fit this Vinacles."
_RAISE = f"{_CHECK} Where it really has so much, raise TWODRIVE_LARGEST_ANSWER_MIB."
_BUSY = frozenset({408, 429, 500, 502, 503, 504})
_ADDRESS = (
    requests.exceptions.InvalidURL,
    requests.exceptions.InvalidSchema,
    requests.exceptions.MissingSchema,
    requests.exceptions.InvalidHeader,
    urllib3.exceptions.LocationValueError,
    UnicodeError,
)
#: A request that was given less says nothing about Vinacles when it gets no answer.
FAIR_SECONDS = 2.0
_TIMEOUTS = (requests.Timeout, urllib3.exceptions.ReadTimeoutError, TimeoutError)


class NotUnderstood(VinaclesRefused):
    """400: an option or a value of our request does not suit this server."""


class DatetimeFilterRefused(VinaclesRefused):
    """Conditions on date-times do not work here, others do (Data API builder issue 3760)."""


class Unreadable(VinaclesUnavailable):
    """2xx, and not what was asked for: cut off, or something else that answers in its place."""


class PageTooBig(VinaclesRefused):
    """413, or more bytes than we hold: the same rows may come in smaller pages."""


def page_too_big() -> PageTooBig:
    text = "Vinacles' answer is too big, even one row at a time."
    return PageTooBig(ErrorCode.VINACLES_REFUSED, text, _RAISE)


def too_much() -> VinaclesRefused:
    text = "Vinacles sends more for one question than is held in memory."
    return VinaclesRefused(ErrorCode.VINACLES_REFUSED, text, _RAISE)


def refused(text: str) -> VinaclesRefused:
    return VinaclesRefused(ErrorCode.VINACLES_REFUSED, text, _CHECK)


def not_understood() -> NotUnderstood:
    text = "Vinacles does not understand our request (HTTP 400)."
    return NotUnderstood(ErrorCode.VINACLES_REFUSED, text, _CHECK)


def datetime_filter_refused() -> DatetimeFilterRefused:
    text = "Vinacles cannot select by date and time."
    return DatetimeFilterRefused(ErrorCode.VINACLES_REFUSED, text, _CHECK)


def unavailable(
    text: str,
    *,
    retry_after_seconds: float | None = None,
    few_tries: bool = False,
    trouble: Trouble | None = None,
) -> VinaclesUnavailable:
    error = VinaclesUnavailable(
        ErrorCode.VINACLES_UNAVAILABLE,
        text,
        _LATER,
        retry_after_seconds=retry_after_seconds,
        few_tries=few_tries,
    )
    error.trouble = trouble
    return error


def out_of_time(trouble: Trouble | None = None) -> VinaclesUnavailable:
    return unavailable("2Drive did not answer in time.", trouble=trouble)


def unreadable(*, few_tries: bool = False) -> Unreadable:
    text = "2Drive's answer was incomplete or unreadable."
    return Unreadable(ErrorCode.VINACLES_UNAVAILABLE, text, _LATER, few_tries=few_tries)


def login_failed() -> ConfigurationError:
    return ConfigurationError(
        ErrorCode.VINACLES_LOGIN_FAILED,
        "2Drive does not accept this dealer's login.",
        "Check client id, client secret, audience and token URL in the dealer's record.",
    )


def not_allowed() -> ConfigurationError:
    return ConfigurationError(
        ErrorCode.VINACLES_NOT_ALLOWED,
        "2Drive does not allow this dealer's login to read workorders.",
        "Ask Vinacles to give the client read access to the entities that `twodrive check` lists.",
    )


def bad_address() -> ConfigurationError:
    return ConfigurationError(
        ErrorCode.CONFIGURATION,
        "The address of 2Drive in the dealer's record cannot be used.",
        "Give base URL and token URL as https://host or https://host/path, without login or query.",
    )


def private_address() -> ConfigurationError:
    return ConfigurationError(
        ErrorCode.CONFIGURATION,
        "The address of 2Drive in the dealer's record leads to this machine or into a private network.",
        "Give the public https address of 2Drive. Where it really is in your own network, or for the "
        "simulator, set TWODRIVE_ALLOW_PRIVATE_ADDRESSES=true.",
    )


def bad_certificate() -> ConfigurationError:
    return ConfigurationError(
        ErrorCode.CONFIGURATION,
        "The TLS certificate of 2Drive cannot be verified.",
        "Check the host name in the dealer's record and the CA bundle in the settings.",
    )


def bad_token_url(status: int) -> ConfigurationError:
    return ConfigurationError(
        ErrorCode.CONFIGURATION,
        f"The token URL does not give out tokens (HTTP {status}).",
        "Check the token URL in the dealer's record.",
    )


def of_exception(error: BaseException, seconds_given: float = math.inf) -> TwoDriveError:
    """What a foreign exception (see `FOREIGN`) means, of a request that had `seconds_given`."""
    if _holds(error, ssl.SSLCertVerificationError):
        return bad_certificate()
    if isinstance(error, _ADDRESS):
        return bad_address()
    if _holds(error, _TIMEOUTS):
        return out_of_time(Trouble.TIMEOUT if seconds_given >= FAIR_SECONDS else None)
    return unavailable("2Drive cannot be reached, or broke off its answer.", trouble=Trouble.UNREACHABLE)


def of_status(
    status: int, code: str | None, retry_after_seconds: float | None, *, doubted: bool = False
) -> TwoDriveError:
    """What an answer other than 200 means; `code` is Data API builder's `error.code`. 401 counts as final.

    With `doubted` the question itself may be what the server stumbles over, whatever it calls it.
    """
    if status == 401:
        return login_failed()
    if status == 403:
        return not_allowed()
    if status == 400:
        return not_understood()
    if status == 413:
        return page_too_big()
    if status in _BUSY or status > 504:
        # Data API builder's UnexpectedError, and gateways' own statuses, often repeat exactly.
        unexpected = status == 500 and code == "UnexpectedError"
        # One workorder that Data API builder stumbles over does not mean that Vinacles is down.
        trouble = Trouble.SERVER_ERROR if status >= 500 and not unexpected else None
        few_tries = status not in _BUSY or unexpected or (doubted and status == 500)
        return _busy(status, retry_after_seconds, trouble, few_tries=few_tries)
    if status < 300:
        # 204 and the like: something in between answered for Vinacles, without the rows.
        return unreadable(few_tries=True)
    if status < 400:
        return refused(f"Vinacles redirects elsewhere (HTTP {status}), which is never followed.")
    return refused(f"Vinacles does not understand our request (HTTP {status}).")


def of_token_status(status: int, retry_after_seconds: float | None) -> TwoDriveError:
    """What an answer other than 200 of the token URL means."""
    if status in {400, 401, 403}:
        return login_failed()
    if status == 408 or status == 429 or status >= 500:
        # One that says when to come again is left alone until then.
        trouble = status >= 500 or (status == 429 and retry_after_seconds is None)
        return _busy(status, retry_after_seconds, Trouble.LOGIN_SERVER if trouble else None)
    return bad_token_url(status)


def _busy(
    status: int, retry_after_seconds: float | None, trouble: Trouble | None, *, few_tries: bool = False
) -> VinaclesUnavailable:
    return unavailable(
        f"2Drive is busy, starting up or down (HTTP {status}).",
        retry_after_seconds=retry_after_seconds,
        few_tries=few_tries,
        trouble=trouble,
    )


def _holds(error: BaseException, kind: type[BaseException] | tuple[type[BaseException], ...]) -> bool:
    """Whether `error` wraps a `kind`, in any of the ways that requests and urllib3 wrap."""
    waiting: list[object] = [error]
    seen: set[int] = set()
    while waiting:
        current = waiting.pop()
        if isinstance(current, kind):
            return True
        if isinstance(current, BaseException) and id(current) not in seen:
            seen.add(id(current))
            waiting += [current.__cause__, current.__context__, *current.args]
            waiting.append(getattr(current, "reason", None))
    return False
