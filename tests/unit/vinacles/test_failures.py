"""The table of answers, and the door that no foreign exception passes."""

import http.client
import inspect
import io
import socket
import ssl
import zlib
from collections.abc import Iterator
from typing import Any

import pytest
import requests
import urllib3.exceptions
from requests.adapters import BaseAdapter

from schemas.dealer import Connection, Secret
from worker.deadline import Deadline
from worker.errors import (
    ConfigurationError,
    ErrorCode,
    RetryableError,
    TwoDriveError,
    VinaclesRefused,
    VinaclesUnavailable,
)
from worker.vinacles.failures import NotUnderstood, PageTooBig, of_exception, of_status, of_token_status
from worker.vinacles.wire import Wire, build_session

CONNECTION = Connection("https://host.example", "https://login.example/token", "aud", "id", Secret("s3cret"))

LOGIN, ALLOWED = ErrorCode.VINACLES_LOGIN_FAILED, ErrorCode.VINACLES_NOT_ALLOWED
REFUSED, AWAY = ErrorCode.VINACLES_REFUSED, ErrorCode.VINACLES_UNAVAILABLE
WRONG = ErrorCode.CONFIGURATION


@pytest.mark.parametrize(
    ("status", "code", "kind", "error_code", "few"),
    [
        (401, None, ConfigurationError, LOGIN, None),
        (403, "AuthorizationCheckFailed", ConfigurationError, ALLOWED, None),
        (403, None, ConfigurationError, ALLOWED, None),
        (400, "BadRequest", NotUnderstood, REFUSED, None),
        (404, "EntityNotFound", VinaclesRefused, REFUSED, None),
        (405, None, VinaclesRefused, REFUSED, None),
        (414, None, VinaclesRefused, REFUSED, None),
        (418, None, VinaclesRefused, REFUSED, None),
        (501, None, VinaclesRefused, REFUSED, None),
        (301, None, VinaclesRefused, REFUSED, None),
        (304, None, VinaclesRefused, REFUSED, None),
        (413, None, PageTooBig, REFUSED, None),
        (408, None, VinaclesUnavailable, AWAY, False),
        (429, None, VinaclesUnavailable, AWAY, False),
        (500, None, VinaclesUnavailable, AWAY, False),
        (500, "UnexpectedError", VinaclesUnavailable, AWAY, True),
        (502, "UnexpectedError", VinaclesUnavailable, AWAY, False),
        (503, None, VinaclesUnavailable, AWAY, False),
        (504, None, VinaclesUnavailable, AWAY, False),
        (522, None, VinaclesUnavailable, AWAY, True),
    ],
)
def test_answers_of_the_api(
    status: int, code: str | None, kind: type[TwoDriveError], error_code: ErrorCode, few: bool | None
) -> None:
    error = of_status(status, code, 7.0)
    assert type(error) is kind
    assert error.code is error_code
    if isinstance(error, RetryableError):
        assert (error.retry_after_seconds, error.few_tries) == (7.0, few)


@pytest.mark.parametrize(
    ("status", "few"), [(500, True), (408, False), (429, False), (502, False), (503, False), (504, False)]
)
@pytest.mark.parametrize("code", [None, "DatabaseOperationFailed", "UnexpectedError"])
def test_a_server_may_stumble_over_a_doubted_question(status: int, code: str | None, few: bool) -> None:
    error = of_status(status, code, None, doubted=True)
    assert isinstance(error, VinaclesUnavailable)
    assert error.few_tries is few


@pytest.mark.parametrize("status", [202, 204, 206])
def test_success_without_an_answer_is_tried_few_times(status: int) -> None:
    error = of_status(status, None, None)
    assert isinstance(error, VinaclesUnavailable)
    assert error.few_tries


@pytest.mark.parametrize(
    ("status", "kind", "error_code"),
    [
        (400, ConfigurationError, LOGIN),
        (401, ConfigurationError, LOGIN),
        (403, ConfigurationError, LOGIN),
        (302, ConfigurationError, WRONG),
        (404, ConfigurationError, WRONG),
        (405, ConfigurationError, WRONG),
        (408, VinaclesUnavailable, AWAY),
        (429, VinaclesUnavailable, AWAY),
        (500, VinaclesUnavailable, AWAY),
        (503, VinaclesUnavailable, AWAY),
    ],
)
def test_answers_of_the_token_url(status: int, kind: type[TwoDriveError], error_code: ErrorCode) -> None:
    error = of_token_status(status, 7.0)
    assert type(error) is kind
    assert error.code is error_code
    if isinstance(error, RetryableError):
        assert error.retry_after_seconds == 7.0


def foreign_kinds() -> Iterator[type[Exception]]:
    """Every exception that the libraries below us define, and those of their own standard library."""
    for module in (requests.exceptions, urllib3.exceptions, http.client, socket, ssl, zlib):
        for name, kind in vars(module).items():
            public = inspect.isclass(kind) and not name.startswith("_")
            if public and issubclass(kind, Exception) and not issubclass(kind, Warning):
                yield kind
    yield from (ConnectionResetError, BrokenPipeError, TimeoutError, UnicodeEncodeError, UnicodeDecodeError)


FOREIGN_KINDS = sorted(set(foreign_kinds()), key=lambda kind: (kind.__module__, kind.__name__))


class Failing(BaseAdapter):
    """Fails on sending, or while the body is read."""

    def __init__(self, error: Exception, *, in_body: bool) -> None:
        super().__init__()
        self.error = error
        self.in_body = in_body

    def send(self, request: requests.PreparedRequest, *args: Any, **options: Any) -> requests.Response:
        if not self.in_body:
            raise self.error
        response = requests.Response()
        response.status_code = 200
        response.raw = _FailingBody(self.error)
        return response

    def close(self) -> None:
        pass


class _FailingBody(io.RawIOBase):
    def __init__(self, error: Exception) -> None:
        self.error = error

    def read(self, *args: Any) -> bytes:
        raise self.error


def sample(kind: type[Exception]) -> Exception:
    """An instance without asking how its constructor is called."""
    return kind.__new__(kind)


@pytest.mark.parametrize("in_body", [False, True])
@pytest.mark.parametrize("kind", FOREIGN_KINDS, ids=lambda kind: f"{kind.__module__}.{kind.__name__}")
def test_no_foreign_exception_passes(kind: type[Exception], in_body: bool) -> None:
    session = build_session(1, allow_private=True)
    session.mount("https://", Failing(sample(kind), in_body=in_body))
    with pytest.raises(TwoDriveError) as caught:
        Wire(session).get(CONNECTION, "/api/X?$filter=typed", {}, Deadline.after(5))
    assert caught.value.__context__ is None
    assert caught.value.__cause__ is None
    assert "typed" not in str(caught.value)


def test_the_list_of_foreign_exceptions_is_not_empty() -> None:
    assert len(FOREIGN_KINDS) > 60


def _raised(outer: Exception, inner: Exception) -> Exception:
    try:
        try:
            raise inner
        except Exception:
            raise outer  # noqa: B904  what it hides is the point
    except Exception as error:
        return error


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (requests.ConnectTimeout(), "in time"),
        (requests.ReadTimeout(), "in time"),
        (TimeoutError(), "in time"),
        (requests.ConnectionError(urllib3.exceptions.ReadTimeoutError(None, "", "")), "in time"),  # type: ignore[arg-type]  # no more is needed
        (requests.ConnectionError(), "cannot be reached"),
        (requests.exceptions.ChunkedEncodingError(), "cannot be reached"),
        (requests.exceptions.SSLError(), "cannot be reached"),
        (requests.exceptions.InvalidURL(), "address"),
        (UnicodeError(), "address"),
        (_raised(requests.exceptions.SSLError(), ssl.SSLCertVerificationError()), "certificate"),
    ],
)
def test_what_exceptions_mean(error: Exception, text: str) -> None:
    assert text in of_exception(error).text


def test_wrapping_in_a_circle_ends() -> None:
    error = requests.ConnectionError()
    error.__cause__ = error
    assert isinstance(of_exception(error), VinaclesUnavailable)
