"""Whatever is asked, the answer is well-formed."""

import base64
import json
from urllib.parse import quote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sandbox.simulator.tables import WORKORDER
from tests.unit.simulator.tenants import Tenant, url

WORDS = (
    *("WorkorderId", "WONUMMER", "AppointmentDate", "Price", "eq", "ne", "gt", "le", "and", "or", "not", "("),
    *(
        ")",
        "null",
        "5",
        "-1",
        "1.5",
        "1e400",
        "9" * 400,
        "'x'",
        "''",
        "'",
        "2026-11-26T08:30:00Z",
        "desc",
        ",",
    ),
)
SENTENCES = st.lists(st.sampled_from(WORDS) | st.text(max_size=4), max_size=12).map(" ".join)
CURSORS = st.recursive(
    st.none() | st.integers() | st.floats() | st.text() | st.sampled_from(("WorkorderId", "\ud800", 2**63)),
    lambda inside: (
        st.lists(inside) | st.dictionaries(st.sampled_from(("FieldName", "FieldValue", "Direction")), inside)
    ),
    max_leaves=8,
).map(lambda value: base64.b64encode(json.dumps(value).encode()).decode())
OPTIONS = st.dictionaries(
    st.sampled_from(("$select", "$filter", "$orderby", "$first", "$after")) | st.text(max_size=5),
    SENTENCES | CURSORS | st.text(),
    max_size=4,
).map(
    lambda options: "&".join(
        f"{quote(name, safe='$')}={quote(value, safe='')}" for name, value in options.items()
    )
)


@given(
    path=st.sampled_from(
        ("Workorder", "WorkorderLine", "WorkorderContact/WorkorderId/5/Role/Owner", "openapi")
    )
    | st.text(max_size=10),
    query=OPTIONS | st.text(),
)
def test_any_query_is_answered(tenant: Tenant, path: str, query: str) -> None:
    tenant.well_formed(f"/api/{path}?{query}")


@given(value=st.text() | st.integers() | st.floats(), direction=st.sampled_from((0, 1, "0", None)))
@example(value="\ud800", direction=0)
@example(value=2**63, direction=0)
def test_any_value_in_a_cursor_is_answered(
    tenant: Tenant, value: str | float, direction: int | str | None
) -> None:
    values = (
        {"Make": value, "WorkorderId": 5} if isinstance(value, str) else {"Make": "x", "WorkorderId": value}
    )
    keys = [{"FieldName": n, "FieldValue": v, "Direction": direction} for n, v in values.items()]
    after = base64.b64encode(json.dumps(keys).encode()).decode()
    tenant.well_formed(url("Workorder", orderby="Make", after=after))


@pytest.mark.parametrize(
    "text",
    [
        "WorkorderId eq " + "9" * 5_000,
        "WorkorderId eq -" + "9" * 5_000,
        "WorkorderId eq 1e" + "9" * 5_000,
        "not (" * 20 + "1 eq 1" + ")" * 20,
        "1 eq 1 or 1 eq 2 and (" * 39 + "1 eq 1" + ")" * 39,
        "1 eq 1 and not (1 eq 2 or " * 19 + "1 eq 1" + ")" * 19,
        " or ".join(["1 eq 1"] * 700),
    ],
    ids=lambda text: text[:30],
)
def test_long_and_deep_filters_are_understood(tenant: Tenant, text: str) -> None:
    target = f"/api/Workorder?$filter={text.replace(' ', '+')}"
    assert tenant.ask(target).status in ({200} if len(target) < 8_000 else {414})


def test_a_cursor_that_is_nested_deeply_is_refused(tenant: Tenant) -> None:
    after = base64.b64encode(b"[" * 5_000).decode()
    assert tenant.error(url("Workorder", after=after))[:2] == (400, "BadRequest")


NESTED = st.recursive(
    st.sampled_from([f"{name} eq null" for name in (column.name for column in WORKORDER.columns)]),
    lambda inside: (
        st.lists(inside, min_size=2, max_size=3).map(lambda terms: f"({' or '.join(terms)})")
        | st.lists(inside, min_size=2, max_size=3).map(lambda terms: f"({' and '.join(terms)})")
        | inside.map(lambda term: f"not ({term})")
    ),
    max_leaves=12,
)


@given(NESTED)
def test_a_filter_and_its_contrary_share_all_rows(tenant: Tenant, text: str) -> None:
    """No value of these comparisons is unknown, so De Morgan's laws hold however the terms are ordered."""
    count = [len(tenant.rows("Workorder", first=-1, filter=said)) for said in (text, f"not ({text})")]
    assert sum(count) == 132
