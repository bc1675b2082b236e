"""The remote control: what it accepts, and what it says of everything else."""

import json
from contextlib import closing
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.simulator import known
from sandbox.simulator.admin_routes import ADMIN, AdminRoutes
from sandbox.simulator.faults import Fault, FaultKind
from sandbox.simulator.settings import Settings
from sandbox.simulator.site import Request
from tests.unit.simulator.tenants import TODAY, Tenant, bare_site, url

with closing(bare_site()) as _site:
    ROUTES = tuple(AdminRoutes(_site).routes)
ONE = {"entity": "Workorder", "where": {"WorkorderId": known.COMPLETE_ID}}
PUT = {"action": "put", "entity": "WorkorderLine"}


def send(tenant: Tenant, method: str, path: str, value: object = None) -> tuple[int, Any]:
    body = b"" if value is None else value if isinstance(value, bytes) else json.dumps(value).encode()
    answer = AdminRoutes(tenant.site).answer(Request(method, ADMIN + path, {}, body), from_loopback=True)
    return answer.status, json.loads(answer.body)


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        ({}, "kind: Missing data"),
        ({"kind": "sideways"}, "kind: Must be one of: status, slow"),
        ({"kind": "status", "colour": 1}, "colour: There is no such field."),
        ({"kind": "status", "status": "503"}, "status: Not a valid integer."),
        ({"kind": "status", "status": 100}, "status: Must be greater than or equal to 200"),
        ({"kind": "status", "status": True}, "status: Not a valid integer."),
        ({"kind": "status", "times": 0}, "times: Must be greater than or equal to 1"),
        ({"kind": "status", "rate": 0}, "rate: Must be greater than 0"),
        ({"kind": "status", "rate": "1"}, "rate: Not a valid number."),
        ({"kind": "status", "paging": "yes"}, "paging: Not a valid boolean."),
        ({"kind": "status", "body": "xml"}, "body: Must be one of: json, text, html, empty."),
        ({"kind": "status", "match": "workorder"}, "match: Must be one of *, api, token"),
        ({"kind": "status", "retry_after": "1\r\nSet-Cookie: x"}, "retry_after: Only printable ASCII."),
        ({"kind": "wrong_type", "content_type": "text/html\n"}, "content_type: Only printable ASCII."),
        ({"kind": "slow"}, "seconds: A fault of kind slow needs it."),
        ({"kind": "page_max"}, "page_max: A fault of kind page_max needs it."),
        ({"kind": "page_max", "page_max": 0}, "page_max: Must be greater than or equal to 1"),
        ({"kind": "next_link", "next_link": "nonsense"}, "next_link: Must be one of: absolute"),
        ({"kind": "missing_column"}, "column: A fault of kind missing_column needs it."),
        ({"kind": "missing_column", "column": "Mileag"}, "column: No entity has such a column."),
        ({"kind": "renamed_column", "column": "Make", "value": "a'b"}, "value: Not a name"),
        ({"kind": "renamed_column", "column": "Make", "value": "Model"}, "value: There is such a column"),
        ({"kind": "line_type"}, "value: A fault of kind line_type needs it."),
        ({"kind": "datetime_filter", "status": 503}, "status: A fault of kind datetime_filter answers 400"),
        ({"kind": "change_rows"}, "changes: A fault of kind change_rows needs it."),
        ({"kind": "change_rows", "changes": [{**PUT, "entity": "Car"}]}, "changes.0: There is no entity Car"),
        ([], "An object of JSON is needed."),
        (b"[" * 100_000, "The JSON is nested too deeply."),
        (b'{"kind": "slow", "seconds": NaN}', "NaN is no JSON."),
    ],
)
def test_a_wrong_fault_is_refused_with_what_is_wrong(tenant: Tenant, fault: object, says: str) -> None:
    status, answer = send(tenant, "POST", "faults", fault)
    assert (status, answer["error"][: len(says)]) == (400, says)
    assert tenant.site.faults.listed() == []


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"page_max": -5}, "page_max: Must be greater than or equal to 1"),
        ({"page_default": 0}, "page_default: Must be greater than or equal to 1"),
        ({"largest_page": 0}, "largest_page: Must be greater than or equal to 1"),
        ({"missing_token_status": 500}, "missing_token_status: Must be one of: 401, 403."),
        ({"latency_ms": -1}, "latency_ms: Must be greater than or equal to 0"),
        ({"gzip": 1}, "gzip: Not a valid boolean."),
        ({"page_max": 7, "colour": 1}, "colour: There is no such field."),
        ([], "An object of JSON is needed."),
    ],
)
def test_a_wrong_setting_is_refused_with_what_is_wrong(tenant: Tenant, change: object, says: str) -> None:
    status, answer = send(tenant, "PATCH", "settings", change)
    assert (status, answer["error"][: len(says)]) == (400, says)
    assert tenant.site.settings == Settings()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"action": "burn", "entity": "Workorder"}, "There is no action burn; there are put, patch, delete"),
        ({**PUT, "row": {"LineId": 1}}, "WorkorderLine.WorkorderId is part of the key and cannot be None"),
        ({**PUT, "row": {"LineId": "1", "WorkorderId": 1}}, "WorkorderLine.LineId is part of the key"),
        ({**PUT, "row": {"LineId": 2**64, "WorkorderId": 1}}, "WorkorderLine.LineId cannot hold"),
        ({**PUT, "row": [1]}, "A row of WorkorderLine is an object"),
        (
            {**PUT, "row": {"LineId": 1, "WorkorderId": 1, "Price": [1]}},
            "WorkorderLine.Price cannot hold a list",
        ),
        ({**ONE, "action": "patch", "values": {}}, "patch needs at least one of values"),
        ({**ONE, "action": "patch", "values": {"Make": "\ud800"}}, "Workorder.Make cannot hold"),
        ({**ONE, "action": "patch", "values": {"Colour": 1}}, "Workorder has no column Colour"),
        ({**ONE, "action": "delete", "row": {}}, "delete takes action, entity, where"),
        ({**ONE, "action": "patch", "where": {}, "values": {"WorkorderId": 1}}, "UNIQUE constraint failed"),
        ("x", "A change is an object like"),
    ],
)
def test_wrong_changes_are_refused_and_none_of_them_is_made(
    tenant: Tenant, change: object, says: str
) -> None:
    good = {**ONE, "action": "patch", "values": {"Make": "Volvo"}}
    status, answer = send(tenant, "POST", "rows", [good, change])
    assert (status, answer["error"][: len(says)]) == (400, says)
    assert tenant.rows("Workorder", filter=f"WorkorderId eq {known.COMPLETE_ID}")[0]["Make"] == "Volkswagen"


def test_changes_are_a_list(tenant: Tenant) -> None:
    assert send(tenant, "POST", "rows", {"action": "put"})[0] == 400


def test_changes_that_turn_out_impossible_are_shown_with_their_fault(tenant: Tenant) -> None:
    everything_one = {"action": "patch", "entity": "Workorder", "where": {}, "values": {"WorkorderId": 1}}
    tenant.arm("change_rows", changes=[{**ONE, "action": "delete"}, everything_one])
    assert tenant.rows("Workorder", first=1)
    [fault] = send(tenant, "GET", "faults")[1]["faults"]
    assert (fault["hits"], fault["failed"]) == (1, "UNIQUE constraint failed: Workorder.WorkorderId")
    assert tenant.rows("Workorder", filter=f"WorkorderId eq {known.COMPLETE_ID}")


def test_reset_goes_back_to_the_settings_of_the_start() -> None:
    slow = Settings().patched({"latency_ms": 50})
    site = bare_site(slow)
    site.settings = site.settings.patched({"latency_ms": 0, "page_max": 5})
    site.reset()
    assert site.settings == slow
    site.close()


def test_a_fault_survives_the_way_to_json_and_back() -> None:
    for kind in FaultKind:
        fault = Fault.from_json(json.loads(json.dumps(a_fault(kind))))
        assert Fault.from_json(json.loads(json.dumps(fault.to_json()))) == fault


def test_strangers_find_nothing(tenant: Tenant) -> None:
    request = Request("GET", f"{ADMIN}health", {})
    assert AdminRoutes(tenant.site).answer(request, from_loopback=False).status == 404


def a_fault(kind: FaultKind) -> dict[str, object]:
    """The least that a fault of this kind needs."""
    needs: dict[FaultKind, dict[str, object]] = {
        FaultKind.SLOW: {"seconds": 1},
        FaultKind.DRIP: {"seconds": 1},
        FaultKind.PAGE_MAX: {"page_max": 3},
        FaultKind.SHORT_PAGE: {"page_max": 3},
        FaultKind.MISSING_COLUMN: {"column": "Make"},
        FaultKind.RENAMED_COLUMN: {"column": "Make", "value": "Brand"},
        FaultKind.FORBIDDEN_COLUMN: {"column": "Make"},
        FaultKind.OMITTED_COLUMN: {"column": "Make"},
        FaultKind.LINE_TYPE: {"value": "Sublet"},
        FaultKind.CHANGE_ROWS: {"changes": [{**ONE, "action": "delete"}]},
        FaultKind.DATETIME_FILTER: {"status": 400},
    }
    return {"kind": kind.value, **needs.get(kind, {})}


_SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
_JSON = st.recursive(
    _SCALARS, lambda inside: st.lists(inside) | st.dictionaries(st.text(), inside), max_leaves=8
)
_FIELDS = (
    *Fault.from_json({"kind": "cut"}).to_json(),
    *Settings.__dataclass_fields__,
    *("advance_seconds", "action", "entity", "row", "where", "values", "WorkorderId", "Price", "Role"),
)
_VALUES = st.sampled_from(
    ("put", "patch", "delete", "Workorder", "WorkorderLine", 1, 400, 2**70, 1.5, "x", None)
)
_ROWS = st.dictionaries(st.sampled_from(_FIELDS), _VALUES | _JSON, max_size=4)
_NEARLY = st.dictionaries(st.sampled_from(_FIELDS), _VALUES | _ROWS | st.lists(_ROWS, max_size=2))
_FAULTS = st.builds(
    lambda kind, more: {**a_fault(kind), **more},
    st.sampled_from([kind for kind in FaultKind if kind is not FaultKind.UNPARSABLE]),
    st.just({}) | _NEARLY,
)
_BODIES = (_JSON | _NEARLY | st.lists(_NEARLY, max_size=3) | _FAULTS).map(
    lambda value: json.dumps(value).encode()
) | st.binary()


@given(route=st.sampled_from(ROUTES), body=_BODIES)
def test_whatever_is_sent_is_done_or_refused_in_json(
    tenant: Tenant, route: tuple[str, str], body: bytes
) -> None:
    tenant.site.faults.clear()
    tenant.renew()
    status, answer = send(tenant, *route, body)
    assert status in (200, 400)
    if status == 400:
        assert answer["error"]
    # Whatever was accepted, those who read get an answer.
    for target in (url("Workorder", first=2, filter=f"AppointmentDate gt {TODAY}T00:00:00Z"), "/api/openapi"):
        tenant.well_formed(target)
