"""Faults: whom they hit, when, and what they do."""

import gzip
import json

import pytest

from tests.unit.simulator.tenants import Tenant, path_of

TARGET = "/api/Workorder?$first=2&$select=WorkorderId"


def statuses(tenant: Tenant, count: int, target: str = TARGET) -> list[int]:
    return [tenant.ask(target).status for _ in range(count)]


def test_the_next_requests_only(tenant: Tenant) -> None:
    tenant.arm("status", status=503, times=2, after=1)
    assert statuses(tenant, 5) == [200, 503, 503, 200, 200]


def test_all_requests_until_cleared(tenant: Tenant) -> None:
    number = tenant.arm("status", status=500, times=None)
    assert statuses(tenant, 3) == [500, 500, 500]
    assert tenant.site.faults.listed()[0]["hits"] == 3
    assert tenant.site.faults.remove(number)
    assert statuses(tenant, 1) == [200]


def test_by_rate_and_repeatable(tenant: Tenant) -> None:
    def run() -> list[int]:
        tenant.site.faults.clear()
        tenant.arm("status", status=503, times=None, rate=0.3)
        return statuses(tenant, 100)

    first = run()
    assert 10 < first.count(503) < 60
    assert run() == first


def test_by_schedule_on_the_simulators_clock(tenant: Tenant) -> None:
    now = tenant.site.clock.seconds()
    tenant.arm("status", times=None, from_second=now + 1_000, until_second=now + 2_000)
    found = statuses(tenant, 1)
    tenant.site.clock.advance(1_500)
    found += statuses(tenant, 1)
    tenant.site.clock.advance(1_000)
    assert found + statuses(tenant, 1) == [200, 503, 200]


@pytest.mark.parametrize(
    ("match", "hit"),
    [
        ("*", {"/", "/api/openapi", "/api/Workorder", "/api/WorkorderLine", "/oauth/token"}),
        ("api", {"/api/Workorder", "/api/WorkorderLine"}),
        ("Workorder", {"/api/Workorder"}),
        ("/api/WorkorderL", {"/api/WorkorderLine"}),
        ("token", {"/oauth/token"}),
        ("root", {"/"}),
        ("openapi", {"/api/openapi"}),
    ],
)
def test_by_what_is_asked(tenant: Tenant, match: str, hit: set[str]) -> None:
    tenant.arm("status", status=418, times=None, match=match)
    paths = ("/", "/api/openapi", "/api/Workorder", "/api/WorkorderLine", "/oauth/token")
    assert {path for path in paths if tenant.ask(path).status == 418} == hit


JSON, HTML, TEXT = "application/json; charset=utf-8", "text/html", "text/plain"


@pytest.mark.parametrize(
    ("status", "content_type", "code"),
    [
        (400, JSON, "BadRequest"),
        (401, None, None),
        (403, JSON, "AuthorizationCheckFailed"),
        (404, JSON, "EntityNotFound"),
        (408, TEXT, None),
        (413, JSON, "ErrorProcessingData"),
        (414, None, None),
        (429, HTML, None),
        (500, JSON, "UnexpectedError"),
        (502, HTML, None),
        (503, TEXT, None),
        (504, TEXT, None),
        (307, None, None),
    ],
)
def test_a_status_comes_with_the_body_that_it_comes_with(
    tenant: Tenant, status: int, content_type: str | None, code: str | None
) -> None:
    tenant.arm("status", status=status)
    answer = tenant.ask(TARGET)
    assert (answer.status, answer.content_type) == (status, content_type)
    assert code is None or json.loads(answer.body)["error"]["code"] == code
    assert ("WWW-Authenticate" in answer.headers, answer.close) == (status == 401, status == 414)


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, "invalid_request"),
        (401, "access_denied"),
        (403, "access_denied"),
        (429, "too_many_requests"),
        (500, "server_error"),
    ],
)
def test_the_token_url_refuses_in_the_words_of_oauth(tenant: Tenant, status: int, error: str) -> None:
    tenant.arm("status", status=status, match="token", times=2)
    answer = json.loads(tenant.ask("/oauth/token", method="POST").body)
    assert answer.keys() == {"error", "error_description"}
    assert answer["error"] == error
    tenant.site.faults.clear()
    tenant.arm("status", status=status, match="token", code="invalid_client")
    assert json.loads(tenant.ask("/oauth/token", method="POST").body)["error"] == "invalid_client"


def test_a_proxy_before_the_token_url_speaks_no_oauth(tenant: Tenant) -> None:
    tenant.arm("status", status=502, match="token")
    assert tenant.ask("/oauth/token", method="POST").content_type == HTML


@pytest.mark.parametrize(
    ("body", "content_type", "start"),
    [
        ("json", "application/json; charset=utf-8", b'{"error"'),
        ("html", "text/html", b"<html>"),
        ("text", "text/plain", b"upstream"),
        ("empty", None, b""),
    ],
)
def test_bodies_of_every_style(tenant: Tenant, body: str, content_type: str | None, start: bytes) -> None:
    tenant.arm("status", status=502, body=body)
    answer = tenant.ask(TARGET)
    assert (answer.status, answer.content_type) == (502, content_type)
    assert answer.body.startswith(start)
    assert bool(answer.body) == bool(start)


def test_too_many_requests_with_retry_after(tenant: Tenant) -> None:
    for value in ("7", "Sun, 22 Nov 2026 10:00:00 GMT"):
        tenant.arm("status", status=429, retry_after=value)
        assert tenant.ask(TARGET).headers["Retry-After"] == value


def test_a_redirect_and_a_403(tenant: Tenant) -> None:
    tenant.arm("status", status=307, location="https://elsewhere.example/", body="empty")
    tenant.arm("status", status=403, code="AuthorizationCheckFailed", after=1)
    assert tenant.ask(TARGET).headers["Location"] == "https://elsewhere.example/"
    assert tenant.error(TARGET)[:2] == (403, "AuthorizationCheckFailed")


def test_a_token_fault_issues_no_token(tenant: Tenant) -> None:
    before = tenant.site.tokens.issued
    tenant.arm("status", match="token", status=429)
    assert tenant.ask("/oauth/token", method="POST").status == 429
    assert tenant.site.tokens.issued == before


def test_tokens_expire_in_mid_paging(tenant: Tenant) -> None:
    tenant.arm("expire_tokens", paging=True)
    link = path_of(tenant.read("Workorder", first=50)["nextLink"])
    assert tenant.ask(link).status == 401
    tenant.renew()
    assert tenant.ask(link).status == 200


def test_unparsable_json_and_a_wrong_content_type(tenant: Tenant) -> None:
    tenant.arm("unparsable")
    answer = tenant.ask(TARGET)
    assert answer.status == 200
    with pytest.raises(json.JSONDecodeError):
        json.loads(answer.body)
    tenant.arm("wrong_type", content_type="text/html")
    assert tenant.ask(TARGET).content_type == "text/html"


def test_gzip_for_those_who_accept_it_or_for_all(tenant: Tenant) -> None:
    plain = tenant.ask(TARGET).body
    tenant.site.settings = tenant.site.settings.patched({"gzip": True})
    assert tenant.ask(TARGET).body == plain
    packed = tenant.ask(TARGET, **{"Accept-Encoding": "gzip, deflate"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.body) == plain
    tenant.arm("gzip")
    assert tenant.ask(TARGET).headers["Content-Encoding"] == "gzip"
