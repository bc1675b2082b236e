"""Every row of the table of answers, from the wire to the error, and what is tried again."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from tests.integration.vinacles.asked import ask
from tests.integration.vinacles.conftest import House
from tests.unit.vinacles.bad_server import BadServer, Exchange
from worker.errors import ConfigurationError, ErrorCode
from worker.vinacles.client import Asking


def test_an_answer_with_its_times(house: House, asking: Asking, server: BadServer) -> None:
    server.api = lambda e: e.json({"value": []}, Date="Sun, 22 Nov 2026 12:00:00 GMT")
    before = asking.deadline.clock()
    answer = house.client.get(asking, "/api/X", dict)
    assert answer.content == {"value": []}
    assert before <= answer.started_at <= asking.deadline.clock()
    assert answer.server_time == datetime(2026, 11, 22, 12, tzinfo=UTC)
    assert answer.received_at.tzinfo is UTC
    assert server.asked[0].bearer == "token-1"


def test_numbers_never_become_floats(house: House, asking: Asking, server: BadServer) -> None:
    server.api = lambda e: e.reply(200, b'{"value": 1.10}', "application/json")
    assert repr(ask(house, asking)["value"]) == repr(Decimal("1.10"))


@pytest.mark.parametrize(
    ("request_id", "sent"),
    [
        ("5f0c6a1e-6b0c-4f57-9a53-2d1c7b0e9a44", True),
        (None, False),
        ("", False),
        ("a\r\nX-Evil: 1", False),
        ("Jansen é", False),
        ("a" * 65, False),
    ],
)
def test_a_request_id_goes_along(
    house: House, asking: Asking, server: BadServer, request_id: str | None, sent: bool
) -> None:
    ask(house, replace(asking, request_id=request_id))
    headers = server.asked[0].headers
    assert headers.get("x-ms-correlation-id") == (request_id if sent else None)
    assert "x-evil" not in headers


def test_without_a_login_no_token_is_bought(house: House, asking: Asking, server: BadServer) -> None:
    ask(house, asking, anonymous=True)
    assert "authorization" not in server.requests[0].headers
    assert server.logins == []


def test_a_401_without_a_login_means_not_allowed(house: House, asking: Asking, server: BadServer) -> None:
    server.api = lambda e: e.reply(401)
    with pytest.raises(ConfigurationError) as caught:
        ask(house, asking, anonymous=True)
    assert caught.value.code is ErrorCode.VINACLES_NOT_ALLOWED


def test_a_401_is_asked_once_more_with_a_new_token(house: House, asking: Asking, server: BadServer) -> None:
    server.api = lambda e: e.rows() if e.request.bearer == "token-2" else e.reply(401)
    assert ask(house, asking) == {"value": []}
    assert [request.bearer for request in server.asked] == ["token-1", "token-2"]
    assert (len(server.logins), asking.tally.requests, house.slept) == (2, 2, [])


def test_a_second_401_is_a_configuration_error_and_buys_no_more_tokens(
    house: House, asking: Asking, server: BadServer
) -> None:
    server.api = lambda e: e.reply(401, b"<html>", "text/html")
    for _ in range(3):
        with pytest.raises(ConfigurationError) as caught:
            ask(house, asking)
        assert caught.value.code is ErrorCode.VINACLES_LOGIN_FAILED
    assert len(server.logins) == 2
    assert len(server.asked) == 4  # 2 + 1 + 1


def test_many_threads_with_the_same_refused_token_buy_one(
    house: House, asking: Asking, server: BadServer
) -> None:
    together = threading.Barrier(8)

    def api(exchange: Exchange) -> None:
        if exchange.request.bearer == "token-1":
            together.wait(10)
            exchange.reply(401)
        else:
            exchange.rows()

    server.api = api
    with ThreadPoolExecutor(8) as pool:
        for future in [pool.submit(ask, house, asking) for _ in range(8)]:
            assert future.result() == {"value": []}
    assert len(server.logins) == 2
