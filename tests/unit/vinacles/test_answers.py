"""What is read from bodies and headers."""

import contextlib
import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.errors import VinaclesUnavailable
from worker.vinacles.answers import (
    error_code,
    json_object,
    most_values,
    retry_after_seconds,
    rows,
    server_time,
)

NOW = datetime(2026, 11, 22, 12, 0, 0, tzinfo=UTC)
JSON = {"Content-Type": "application/json; charset=utf-8"}


def test_decimals_keep_their_digits() -> None:
    document = json_object(b'{"a": 0.10, "b": 12345678901234567890.123456789, "c": 3}', JSON)
    assert [repr(value) for value in document.values()] == [
        "Decimal('0.10')",
        "Decimal('12345678901234567890.123456789')",
        "3",
    ]


_any_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


def _values(document: object) -> int:
    """Values and names, each of which takes memory."""
    if isinstance(document, dict):
        return 1 + len(document) + sum(map(_values, document.values()))
    return 1 + sum(map(_values, document)) if isinstance(document, list) else 1


@given(_any_json, st.sampled_from([None, 1]))
def test_no_document_has_more_values_than_its_bytes_allow(document: object, indent: int | None) -> None:
    body = json.dumps(document, indent=indent).encode()
    assert _values(document) <= most_values(body)
    assert _values(document) <= most_values(json.dumps(document, separators=(",", ":")).encode())


@pytest.mark.parametrize(
    "kind",
    [
        "application/json",
        "Application/JSON;charset=utf-16",
        "application/problem+json",
        " application/json ;x",
    ],
)
def test_json_is_utf8_whatever_the_charset_says(kind: str) -> None:
    assert json_object('\ufeff{"a": "é"}'.encode(), {"Content-Type": kind}) == {"a": "é"}


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b'{"value": []}', "text/html"),
        (b'{"value": []}', "text/json-ish"),
        (b'{"value": []}', ""),
        (b"", "application/json"),
        (b"<html>", "application/json"),
        (b'{"value": [', "application/json"),
        (b"[]", "application/json"),
        (b"null", "application/json"),
        (b'{"a": NaN}', "application/json"),
        (b'{"a": -Infinity}', "application/json"),
        ('{"a": "é"}'.encode("latin-1"), "application/json; charset=iso-8859-1"),
        (b'{"a": ' + b"[" * 1_000_000 + b"}", "application/json"),
        (b'{"a": ' + b"9" * 5_000 + b"}", "application/json"),
        (b'{"a": 1e99999999999999999999}', "application/json"),
    ],
)
def test_anything_else_is_unreadable(body: bytes, kind: str) -> None:
    with pytest.raises(VinaclesUnavailable, match="unreadable"):
        json_object(body, {"Content-Type": kind} if kind else {})


@given(st.binary(max_size=200))
def test_no_body_leads_to_another_error(body: bytes) -> None:
    with contextlib.suppress(VinaclesUnavailable):
        json_object(body, JSON)
    error_code(body, JSON)


def test_rows_of_a_page() -> None:
    assert rows({"value": [{"a": Decimal(1)}, {}]}) == ({"a": Decimal(1)}, {})


@pytest.mark.parametrize("document", [{}, {"value": None}, {"value": {}}, {"value": [{}, 1]}])
def test_a_page_of_another_shape_is_tried_few_times(document: dict[str, object]) -> None:
    with pytest.raises(VinaclesUnavailable) as caught:
        rows(document)
    assert caught.value.few_tries


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"error": {"code": "UnexpectedError", "message": "x", "status": 500}}', "UnexpectedError"),
        (b'{"error": {"code": 5}}', None),
        (b'{"error": "UnexpectedError"}', None),
        (b'["error"]', None),
        (b"oops", None),
        (b"", None),
        (None, None),
    ],
)
def test_error_codes(body: bytes | None, expected: str | None) -> None:
    assert error_code(body, JSON) == expected


def test_an_error_code_in_html_is_none() -> None:
    assert error_code(b'{"error": {"code": "UnexpectedError"}}', {"Content-Type": "text/html"}) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0", 0.0),
        (" 120 ", 120.0),
        ("9" * 5_000, 1e9),
        ("Sun, 22 Nov 2026 12:00:30 GMT", 30.0),
        ("Sun, 22 Nov 2026 13:00:30 +0100", 30.0),
        ("Sun, 22 Nov 2026 12:00:30 -0000", 30.0),
        ("Sunday, 22-Nov-26 12:00:30 GMT", 30.0),
        ("Sun, 22 Nov 2026 11:00:00 GMT", 0.0),
        (
            "Fri, 31 Dec 9999 23:59:59 GMT",
            (datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC) - NOW).total_seconds(),
        ),
        ("-5", None),
        ("1.5", None),
        ("٣", None),
        ("soon", None),
        ("", None),
        ("Sun, 99 Nov 2026 12:00:30 GMT", None),
        ("Sun, 22 Nov 99999999999999999999 12:00:30 GMT", None),
    ],
)
def test_retry_after(text: str, expected: float | None) -> None:
    assert retry_after_seconds({"Retry-After": text}, NOW) == expected


def test_retry_after_as_a_date_is_read_by_the_servers_own_clock() -> None:
    ahead = {"Date": "Sun, 22 Nov 2026 15:00:00 GMT", "Retry-After": "Sun, 22 Nov 2026 15:00:07 GMT"}
    assert retry_after_seconds(ahead, NOW) == 7.0


@given(st.text(max_size=60))
def test_no_header_leads_to_an_error(text: str) -> None:
    seconds = retry_after_seconds({"Retry-After": text, "Date": text}, NOW)
    assert seconds is None or seconds >= 0


def test_server_time() -> None:
    assert server_time({"Date": "Sun, 22 Nov 2026 12:00:05 GMT"}) == NOW + timedelta(seconds=5)
    assert server_time({}) is None
