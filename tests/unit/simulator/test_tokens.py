"""The token endpoint and the check of tokens."""

import pytest

from sandbox.simulator.site import Request
from tests.unit.simulator.tenants import Tenant

GOOD = {
    "grant_type": "client_credentials",
    "client_id": "claire-simulator",
    "client_secret": "not-a-real-secret",
    "audience": "https://vinacles.example/simulated-group",
}


def test_a_token_is_a_bearer_of_a_day_and_is_counted(tenant: Tenant) -> None:
    before = tenant.site.tokens.issued
    answer = tenant.token(GOOD)
    assert (answer["status"], answer["token_type"], answer["expires_in"]) == (200, "Bearer", 86_400)
    assert tenant.site.tokens.issued == before + 1


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"client_secret": "wrong"}, 401),
        ({"client_id": "stranger"}, 401),
        ({"audience": "https://other.example"}, 403),
        ({"grant_type": "password"}, 403),
    ],
)
def test_wrong_credentials_are_refused_and_not_counted(
    tenant: Tenant, change: dict[str, str], status: int
) -> None:
    before = tenant.site.tokens.issued
    answer = tenant.token({**GOOD, **change})
    assert (answer["status"], answer.get("access_token")) == (status, None)
    assert tenant.site.tokens.issued == before


@pytest.mark.parametrize("missing", sorted(GOOD))
def test_every_field_is_needed(tenant: Tenant, missing: str) -> None:
    answer = tenant.token({name: value for name, value in GOOD.items() if name != missing})
    assert (answer["status"], answer["error"]) == (400, "invalid_request")


def test_the_body_has_to_be_form_encoded(tenant: Tenant) -> None:
    request = Request("POST", "/oauth/token", {"Content-Type": "application/json"}, b"{}")
    assert tenant.site.handle(request)[0].status == 400


def test_get_gives_no_token(tenant: Tenant) -> None:
    assert tenant.ask("/oauth/token").status == 405


def test_a_wrong_or_missing_token_is_an_empty_401(tenant: Tenant) -> None:
    for headers in ({"Authorization": "Bearer wrong"}, {"Authorization": "Basic x"}, {}):
        answer = tenant.site.handle(Request("GET", "/api/Workorder", headers))[0]
        assert (answer.status, answer.body, answer.content_type) == (401, b"", None)
        # RFC 6750, 3.1: who sent no token is told no error.
        said = 'Bearer error="invalid_token"' if headers else "Bearer"
        assert answer.headers["WWW-Authenticate"] == said


def test_a_missing_token_can_be_a_stranger_who_may_not_read(tenant: Tenant) -> None:
    tenant.site.settings = tenant.site.settings.patched({"missing_token_status": 403})
    answer = tenant.site.handle(Request("GET", "/api/Workorder", {}))[0]
    assert answer.status == 403
    assert b"AuthorizationCheckFailed" in answer.body


def test_a_token_ends_after_its_time(tenant: Tenant) -> None:
    tenant.site.settings = tenant.site.settings.patched({"token_seconds": 60})
    tenant.renew()
    assert tenant.ask("/api/Workorder").status == 200
    tenant.site.clock.advance(61)
    assert tenant.ask("/api/Workorder").status == 401
    tenant.renew()
    assert tenant.ask("/api/Workorder").status == 200
