"""What a client makes of answers that are no rows: which it asks for again, and when it gives up."""

from contextlib import closing
from dataclasses import replace

import pytest

from tests.integration.vinacles.asked import ask
from tests.integration.vinacles.conftest import House
from tests.unit.vinacles.bad_server import TOKEN_PATH, BadServer, Exchange, Manners, one_after_another
from worker.deadline import Deadline
from worker.errors import ConfigurationError, ErrorCode, TwoDriveError, VinaclesRefused, VinaclesUnavailable
from worker.vinacles.client import Asking, Client
from worker.vinacles.failures import NotUnderstood, PageTooBig
from worker.vinacles.wire import Wire, build_session


def text_error(exchange: Exchange) -> None:
    exchange.reply(503, b"upstream connect error", "text/plain")


def html(exchange: Exchange) -> None:
    exchange.reply(200, b"<html>Maintenance</html>", "text/html")


def half(exchange: Exchange) -> None:
    exchange.send(b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 90\r\n\r\n{"value"')
    exchange.cut()


def half_the_headers(exchange: Exchange) -> None:
    exchange.send(b"HTTP/1.1 200 OK\r\nContent-Ty")
    exchange.cut()


def latin_1(exchange: Exchange) -> None:
    exchange.reply(200, '{"value": "é"}'.encode("latin-1"), "application/json; charset=iso-8859-1")


def bottomless(exchange: Exchange) -> None:
    exchange.reply(200, b'{"value":' + b"[" * 200_000, "application/json")


def not_a_number(exchange: Exchange) -> None:
    exchange.reply(200, b'{"value": NaN}', "application/json")


@pytest.mark.parametrize(
    "manners",
    [
        *(lambda e, status=status: e.error(status) for status in (408, 429, 500, 502, 503, 504)),
        text_error,
        Exchange.reply,
        html,
        half,
        half_the_headers,
        latin_1,
        bottomless,
        not_a_number,
        Exchange.reset,
        Exchange.cut,
    ],
)
def test_what_passes_is_tried_again(
    house: House, asking: Asking, server: BadServer, manners: Manners
) -> None:
    server.api = one_after_another(manners, manners, Exchange.rows)
    assert ask(house, asking) == {"value": []}
    assert (asking.tally.requests, len(house.slept), len(server.logins)) == (3, 2, 1)


def test_giving_up_has_a_stable_code_and_a_sentence(house: House, asking: Asking, server: BadServer) -> None:
    server.api = lambda e: e.error(503)
    with pytest.raises(VinaclesUnavailable) as caught:
        ask(house, asking)
    assert caught.value.code == "vinacles_unavailable"
    assert caught.value.text == "2Drive is busy, starting up or down (HTTP 503)."
    assert caught.value.next_step == "Search again in a minute; if it goes on, tell your administrator."
    assert asking.tally.requests == 14


def test_500_unexpected_error_gets_few_tries(house: House, asking: Asking, server: BadServer) -> None:
    server.api = lambda e: e.error(500, "UnexpectedError")
    with pytest.raises(VinaclesUnavailable):
        ask(house, asking)
    assert asking.tally.requests == 3


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"Retry-After": "3"}, 3.0),
        ({"Retry-After": "Sun, 22 Nov 2026 12:00:04 GMT", "Date": "Sun, 22 Nov 2026 12:00:00 GMT"}, 4.0),
        ({"Retry-After": "Sun, 22 Nov 2026 11:00:00 GMT", "Date": "Sun, 22 Nov 2026 12:00:00 GMT"}, 0.125),
        ({"Retry-After": "soon"}, 0.125),
    ],
)
def test_retry_after_is_obeyed(
    house: House, asking: Asking, server: BadServer, headers: dict[str, str], wait: float
) -> None:
    server.api = one_after_another(lambda e: e.error(429, **headers), Exchange.rows)
    ask(house, asking)
    assert house.slept == [wait]


@pytest.mark.parametrize("value", ["21", "9" * 400, "Fri, 31 Dec 9999 23:59:59 GMT"])
def test_a_retry_after_beyond_the_deadline_is_obeyed_by_giving_up(
    house: House, asking: Asking, server: BadServer, value: str
) -> None:
    server.api = lambda e: e.error(503, Retry_After=value)
    with pytest.raises(VinaclesUnavailable) as caught:
        ask(house, asking)
    assert caught.value.retry_after_seconds is not None
    assert caught.value.retry_after_seconds >= 21
    assert (len(server.asked), house.slept) == (1, [])


@pytest.mark.parametrize(
    ("manners", "kind", "code"),
    [
        (
            lambda e: e.error(403, "AuthorizationCheckFailed"),
            ConfigurationError,
            ErrorCode.VINACLES_NOT_ALLOWED,
        ),
        (lambda e: e.reply(403), ConfigurationError, ErrorCode.VINACLES_NOT_ALLOWED),
        *(
            (lambda e, status=status: e.error(status), VinaclesRefused, ErrorCode.VINACLES_REFUSED)
            for status in (404, 405)
        ),
        (lambda e: e.reply(414), VinaclesRefused, ErrorCode.VINACLES_REFUSED),
        (lambda e: e.reply(302, Location="/elsewhere"), VinaclesRefused, ErrorCode.VINACLES_REFUSED),
        (lambda e: e.error(400), NotUnderstood, ErrorCode.VINACLES_REFUSED),
        (lambda e: e.error(413), PageTooBig, ErrorCode.VINACLES_REFUSED),
    ],
)
def test_what_stays_wrong_is_not_tried_again(
    house: House,
    asking: Asking,
    server: BadServer,
    manners: Manners,
    kind: type[TwoDriveError],
    code: ErrorCode,
) -> None:
    server.api = manners
    with pytest.raises(TwoDriveError) as caught:
        ask(house, asking)
    assert type(caught.value) is kind
    assert caught.value.code is code
    assert "secret message" not in repr(caught.value)
    assert (len(server.asked), house.slept) == (1, [])


def test_more_bytes_than_we_hold_are_a_page_too_big(house: House, asking: Asking, server: BadServer) -> None:
    server.api = lambda e: e.rows({"A": "x" * 2_000})
    with closing(Wire(build_session(1, allow_private=True), most_body_bytes=1_000)) as wire:
        client = Client(wire, house.tokens, house.client._rule)
        with pytest.raises(PageTooBig):
            client.get(asking, "/api/X", dict)


def test_a_redirect_elsewhere_never_sees_the_token(house: House, asking: Asking, server: BadServer) -> None:
    with closing(BadServer()) as foreign:
        server.api = lambda e: e.reply(307, Location=f"{foreign.url}/api/X")
        with pytest.raises(VinaclesRefused, match="redirect"):
            ask(house, asking)
        assert foreign.requests == []


def test_nothing_is_asked_after_the_deadline(house: House, asking: Asking, server: BadServer) -> None:
    with pytest.raises(VinaclesUnavailable, match="in time"):
        ask(house, replace(asking, deadline=Deadline.after(0)))
    assert server.requests == []


def test_a_login_that_fails_is_tried_again_with_the_request(
    house: House, asking: Asking, server: BadServer
) -> None:
    server.login = one_after_another(lambda e: e.error(503), Exchange.reset, server.issue)
    assert ask(house, asking) == {"value": []}
    assert (len(server.logins), asking.tally.requests) == (3, 1)


def test_a_login_that_is_refused_is_not_tried_again(house: House, asking: Asking, server: BadServer) -> None:
    server.login = lambda e: e.error(401)
    with pytest.raises(ConfigurationError) as caught:
        ask(house, asking)
    assert caught.value.code is ErrorCode.VINACLES_LOGIN_FAILED
    assert [request.path for request in server.requests] == [TOKEN_PATH]


def test_what_the_reader_refuses_counts_as_a_failed_try(
    house: House, asking: Asking, server: BadServer
) -> None:
    seen: list[dict[str, object]] = []

    def read(document: dict[str, object]) -> int:
        seen.append(document)
        if len(seen) < 3:
            raise VinaclesUnavailable(ErrorCode.VINACLES_UNAVAILABLE, "Odd.", "Wait.")
        return len(seen)

    assert house.client.get(asking, "/api/X", read).content == 3
