from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.messages import ImportRequest, InvalidMessage, MarkStarted, RefreshRequest, load

ID = "0b8a4c1e-7f0d-5a6b-9c3d-2e1f0a9b8c7d"
IMPORT: dict[str, object] = {"dealer_id": 12, "search": " AB-12-CD"}
REFRESH: dict[str, object] = {"dealer_id": 12, "workorder_id": ID}
STARTED: dict[str, object] = {**REFRESH, "started_at": "2026-11-22T09:30:00+01:00"}


def problems(kind: Any, arguments: dict[str, object]) -> InvalidMessage:
    with pytest.raises(InvalidMessage) as caught:
        load(kind, arguments)
    return caught.value


def test_messages_become_values() -> None:
    assert load(ImportRequest, IMPORT) == ImportRequest(12, " AB-12-CD")
    assert load(ImportRequest, {**IMPORT, "request_id": None}) == ImportRequest(12, " AB-12-CD")
    assert load(RefreshRequest, {**REFRESH, "request_id": "req-7"}) == RefreshRequest(12, UUID(ID), "req-7")
    moment = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)
    assert load(MarkStarted, STARTED) == MarkStarted(12, UUID(ID), moment)


def each(kind: Any, valid: dict[str, object], name: str, *values: object) -> list[tuple[Any, Any, set[str]]]:
    """One case for each of these values of an argument, which alone is to be blamed."""
    return [(kind, {**valid, name: value}, {name}) for value in values]


@pytest.mark.parametrize(
    ("kind", "arguments", "names"),
    [
        (ImportRequest, {}, {"dealer_id", "search"}),
        (ImportRequest, {"dealer_id": None, "search": None}, {"dealer_id", "search"}),
        *each(ImportRequest, IMPORT, "dealer_id", 0, -1, 2**31, "12", 12.0, True),
        *each(ImportRequest, IMPORT, "search", "", "x" * 501, 7, ["x"], b"\xff"),
        *each(ImportRequest, IMPORT, "request_id", "", "a b", "a\n", "é", "x" * 65, 1),
        *each(ImportRequest, IMPORT, "plate", "AB-12-CD"),
        (ImportRequest, {**IMPORT, "Jan de Klant": 1}, {"(another argument)"}),
        (ImportRequest, {**IMPORT, "x" * 41: 1}, {"(another argument)"}),
        *each(RefreshRequest, REFRESH, "workorder_id", "7001", 7001, None),
        *each(MarkStarted, STARTED, "started_at", "2026-11-22T09:30:00", "now", 5, None),
        *each(MarkStarted, STARTED, "started_at", "0001-01-01T00:00:00+02:00", "9999-12-31T23:59:59-02:00"),
        *each(MarkStarted, STARTED, "request_id", "r"),
    ],
)
def test_what_is_wrong_is_named(kind: Any, arguments: dict[str, object], names: set[str]) -> None:
    error = problems(kind, arguments)
    assert set(error.problems) == names
    assert all(len(found) == 1 for found in error.problems.values())


def test_the_text_tells_a_backend_engineer_what_to_send() -> None:
    arguments: dict[str, object] = {"dealer_id": "12", "started_at": "2026-11-22T09:30:00", "wo": 1}
    assert str(problems(MarkStarted, arguments)) == (
        "`dealer_id` must be a whole number of 1 or more, for example 12. "
        "`workorder_id` is missing; it must be a UUID as an earlier answer gave it, "
        'for example "0b8a4c1e-7f0d-5a6b-9c3d-2e1f0a9b8c7d". '
        "`started_at` has no offset from UTC; it must be a moment between 2000 and 2100 in ISO 8601 with an "
        'offset from UTC, for example "2026-11-22T09:30:00+01:00". '
        "`wo` is not an argument of this task."
    )


def test_what_was_typed_is_not_shown() -> None:
    assert "AB-12-CD" not in repr(load(ImportRequest, IMPORT))


@given(st.text(alphabet="qxz☂", min_size=5))
def test_no_value_is_ever_repeated(secret: str) -> None:
    arguments: dict[str, object] = {
        "dealer_id": secret,
        "workorder_id": secret,
        "started_at": secret,
        f"é {secret}": 1,
    }
    error = problems(MarkStarted, arguments)
    assert secret not in f"{error}{error!r}"
