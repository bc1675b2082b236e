"""Looking a tenant over."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from schemas.dealer import Connection, Dealer, Secret
from schemas.vinacles import CONTACT
from tests.deadlines import soon
from tests.integration.vinacles.conftest import House
from tests.unit.vinacles.bad_server import BadServer, Exchange, Manners, one_after_another
from worker.deadline import Deadline
from worker.errors import ConfigurationError, ErrorCode, TwoDriveError, VinaclesUnavailable
from worker.retry import RetryRule
from worker.vinacles.probing import Probed, Probing, Status

HIDDEN: list[Manners] = [
    lambda e: e.error(404),
    lambda e: e.reply(403),
    lambda e: e.reply(302, Location="/login"),
    lambda e: e.reply(401),
]
#: Something that answers whatever is asked for.
ELSE: list[Manners] = [
    lambda e: e.reply(200, b"<html>Welcome</html>", "text/html"),
    lambda e: e.reply(200, b"{}", "text/plain"),
    lambda e: e.reply(200),
    lambda e: e.reply(204),
]


def test_status_needs_no_login(house: House, dealer: Dealer, server: BadServer) -> None:
    server.api = lambda e: e.json({"status": "Healthy", "version": "1.7.83", "app-name": "dab_oss"})
    assert house.probing.status(dealer, soon()) == Status("Healthy", "1.7.83", None)
    assert [(request.target, request.bearer) for request in server.requests] == [("/", "")]


def test_status_of_few_words(house: House, dealer: Dealer, server: BadServer) -> None:
    server.api = lambda e: e.json({"version": 2}, Date="Fri, 31 Dec 9999 23:59:59 GMT")
    status = house.probing.status(dealer, soon())
    assert status is not None
    assert (status.status, status.version) == (None, None)
    assert status.clock_skew_seconds is not None
    assert status.clock_skew_seconds > 1e9


@pytest.mark.parametrize("manners", [*HIDDEN, *ELSE])
def test_a_hidden_status_is_none(house: House, dealer: Dealer, server: BadServer, manners: Manners) -> None:
    server.api = manners
    assert house.probing.status(dealer, soon()) is None
    # Few tries: that it comes later is not worth waiting for.
    assert len(server.asked) <= RetryRule().few_tries


def test_an_unusable_address_is_not_hidden(house: House, dealer: Dealer, connection: Connection) -> None:
    elsewhere = replace(dealer, connection=replace(connection, base_url="http://host.example"))
    with pytest.raises(ConfigurationError) as caught:
        house.probing.status(elsewhere, soon())
    assert caught.value.code is ErrorCode.CONFIGURATION


def test_openapi(house: House, dealer: Dealer, server: BadServer) -> None:
    server.api = lambda e: e.json({"openapi": "3.0.1"})
    assert house.probing.openapi(dealer, soon()) == {"openapi": "3.0.1"}
    assert [(request.target, request.bearer) for request in server.asked] == [("/api/openapi", "token-1")]


@pytest.mark.parametrize("manners", [*HIDDEN, *ELSE])
def test_a_hidden_openapi_is_none(house: House, dealer: Dealer, server: BadServer, manners: Manners) -> None:
    server.api = manners
    assert house.probing.openapi(dealer, soon()) is None
    assert len(server.asked) <= RetryRule().few_tries
    # The fleet's token is none the worse for it.
    assert len(server.logins) == 1
    assert house.tokens.get(dealer.connection, soon()).access_token == Secret("token-1")
    assert list(house.redis_client.scan_iter(match="*:refused")) == []


@pytest.mark.parametrize("ask", [Probing.status, Probing.openapi])
def test_what_is_down_is_not_hidden(
    house: House, dealer: Dealer, server: BadServer, ask: Callable[[Probing, Dealer, Deadline], object]
) -> None:
    for manners in (lambda e: e.reply(503, b"<html>", "text/html"), Exchange.reset):
        server.api = manners
        server.requests.clear()
        with pytest.raises(VinaclesUnavailable):
            ask(house.probing, dealer, soon())
        assert len(server.asked) == RetryRule().few_tries


def test_a_refused_login_is_not_hidden(house: House, dealer: Dealer, server: BadServer) -> None:
    server.api = lambda e: e.reply(401)
    with pytest.raises(ConfigurationError) as caught:
        house.probing.probe(dealer, CONTACT, soon())
    assert caught.value.code is ErrorCode.VINACLES_LOGIN_FAILED


def test_a_probe_asks_for_one_row_with_all_columns(house: House, dealer: Dealer, server: BadServer) -> None:
    server.api = lambda e: e.rows({"WorkorderId": 1})
    assert house.probing.probe(dealer, CONTACT, soon()) == Probed(has_rows=True, clock_skew_seconds=None)
    [request] = server.asked
    assert request.path == "/api/WorkorderContact"
    assert request.options == {
        "$select": "WorkorderId,Role,LastName,PhoneBusiness,EmailBusiness",
        "$first": "1",
    }


def test_a_probe_of_an_empty_entity(house: House, dealer: Dealer, server: BadServer) -> None:
    assert not house.probing.probe(dealer, CONTACT, soon()).has_rows


@pytest.mark.parametrize(
    ("manners", "works"),
    [
        (lambda e: e.rows(), True),
        (lambda e: e.error(400, "BadRequest"), False),
        (lambda e: e.error(500, "UnexpectedError"), False),
    ],
)
def test_datetime_filters(
    house: House, dealer: Dealer, server: BadServer, manners: Manners, works: bool
) -> None:
    server.api = manners
    assert house.probing.probe_datetime_filter(dealer, soon()) is works
    assert server.asked[0].options["$filter"] == "AppointmentDate ge 2000-01-01T00:00:00Z"


@pytest.mark.parametrize(
    ("manners", "kind"),
    [(lambda e: e.error(503), VinaclesUnavailable), (lambda e: e.error(403), ConfigurationError)],
)
def test_what_says_nothing_about_datetime_filters_is_passed_on(
    house: House, dealer: Dealer, server: BadServer, manners: Manners, kind: type[TwoDriveError]
) -> None:
    server.api = manners
    with pytest.raises(kind):
        house.probing.probe_datetime_filter(dealer, soon())


def test_a_login_of_its_own_asks_the_token_url_alone(house: House, dealer: Dealer, server: BadServer) -> None:
    server.login = one_after_another(lambda e: e.error(503), server.issue)
    house.probing.log_in(dealer, soon())
    assert (len(server.logins), server.asked) == (2, [])


@pytest.mark.parametrize(("manners", "given"), [(Exchange.rows, True), (lambda e: e.error(400), False)])
def test_page_sizes(house: House, dealer: Dealer, server: BadServer, manners: Manners, given: bool) -> None:
    server.api = manners
    assert house.probing.probe_page_size(dealer, 500, soon()) is given
    assert server.asked[0].options["$first"] == "500"
