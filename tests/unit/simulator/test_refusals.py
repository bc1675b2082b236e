"""What Data API builder refuses, and in which words."""

import json

import pytest

from sandbox.simulator import known
from tests.unit.simulator.tenants import Tenant, url


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("$select=Colour", "Invalid field to be returned requested: Colour"),
        ("$select=wonummer", "Invalid field to be returned requested: wonummer"),
        ("$select=WONUMMER,%20Make", "Invalid field to be returned requested:  Make"),
        ("$select=", "Invalid Field name: null or white space"),
        ("orderby=id", "Invalid Query Parameter: orderby"),
        ("$Filter=x", "Invalid Query Parameter: $Filter"),
        ("$top=5", "Invalid Query Parameter: $top"),
        ("$count=true", "Invalid Query Parameter: $count"),
        ("abc", "A query parameter without a key is not supported."),
        ("$filter=startswith(WONUMMER,'W')", "$filter query parameter is not well formed."),
    ],
)
def test_wrong_queries(tenant: Tenant, query: str, text: str) -> None:
    assert tenant.error(f"/api/Workorder?{query}") == (400, "BadRequest", text)


@pytest.mark.parametrize(
    ("path", "status", "text"),
    [
        ("Car", 404, "Invalid Entity path: Car."),
        ("workorder", 404, "Invalid Entity path: workorder."),
        ("Workorder/5", 400, "Support for url template with implicit primary key"),
        ("WorkorderContact/WorkorderId/5", 400, "Primary key column(s) provided do not match"),
        ("Workorder/WorkorderId/x", 400, 'Parameter "x" cannot be resolved'),
        ("Workorder/Id/5", 404, "Primary key column: Id not found"),
    ],
)
def test_wrong_paths(tenant: Tenant, path: str, status: int, text: str) -> None:
    found, code, said = tenant.error(f"/api/{path}")
    assert (found, code) == (status, "EntityNotFound" if status == 404 else "BadRequest")
    assert said.startswith(text)


def test_quoting_a_number_is_refused(tenant: Tenant) -> None:
    assert tenant.error(url("Workorder", filter="WorkorderId eq '5'"))[:2] == (400, "BadRequest")


def test_ordering_by_an_unknown_column_or_direction_is_refused(tenant: Tenant) -> None:
    for order in ("Colour", "Mileage up", "Mileage,", ""):
        assert tenant.error(url("Workorder", orderby=order))[:2] == (400, "BadRequest")


def test_some_versions_refuse_an_encoded_dollar(tenant: Tenant) -> None:
    target = f"/api/Workorder?%24filter=WorkorderId%20eq%20{known.COMPLETE_ID}"
    assert tenant.ask(target).status == 200
    tenant.site.settings = tenant.site.settings.patched({"refuse_encoded_dollar": True})
    assert tenant.error(target)[2] == "Unable to extract $filter parameter from query string."
    assert tenant.ask(target.replace("%24", "$")).status == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"])
def test_only_get_is_allowed(tenant: Tenant, method: str) -> None:
    answer = tenant.ask("/api/Workorder", method=method)
    assert answer.status == 405
    assert json.loads(answer.body)["error"]["status"] == 405


def test_a_request_line_over_8_kb_gets_an_empty_414(tenant: Tenant) -> None:
    longest = "/api/Workorder?$filter=" + "a" * (8192 - len("GET /api/Workorder?$filter= HTTP/1.1\r\n"))
    assert tenant.ask(longest).status == 400
    answer = tenant.ask(longest + "a")
    assert (answer.status, answer.body, answer.content_type) == (414, b"", None)


def test_a_long_chain_of_ids_is_understood(tenant: Tenant) -> None:
    chain = " or ".join(f"WorkorderId eq {100001 + number}" for number in range(200))
    assert len(tenant.rows("Workorder", filter=chain)) == 100


def test_root_and_openapi_describe_the_tenant(tenant: Tenant) -> None:
    root = json.loads(tenant.ask("/").body)
    assert root.keys() == {"status", "version", "app-name"}
    document = json.loads(tenant.ask("/api/openapi").body)
    assert document["openapi"].startswith("3.0")
    properties = document["components"]["schemas"]["Workorder"]["properties"]
    assert properties["AppointmentDate"]["type"] == "string"
    assert "nullable" not in properties["Mileage"]
    assert "/WorkorderContact/WorkorderId/{WorkorderId}/Role/{Role}" in document["paths"]


def test_the_version_is_one_that_reads_filters_so(tenant: Tenant) -> None:
    def said() -> list[str]:
        root, document = (json.loads(tenant.ask(path).body) for path in ("/", "/api/openapi"))
        return [root["version"], root["app-name"].removeprefix("dab_oss_"), document["info"]["version"]]

    assert set(said()) == {"2.0.9"}
    tenant.site.settings = tenant.site.settings.patched({"double_decode": True})
    assert set(said()) == {"1.7.93"}


def test_root_and_openapi_can_be_hidden(tenant: Tenant) -> None:
    tenant.site.settings = tenant.site.settings.patched({"hide_root": True, "hide_openapi": True})
    assert [tenant.ask(path).status for path in ("/", "/api/openapi")] == [404, 404]
