"""Tokens as values."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.dealer import Secret
from worker.errors import VinaclesUnavailable
from worker.vinacles.tokens import Issued, kept_seconds, read_token, renewal_due

JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize(
    ("remaining", "lifetime", "expected"),
    [
        (301, 86_400, False),  # a day: min(300, 8640) = 300
        (299, 86_400, True),
        (301, 3_600, False),  # an hour: min(300, 360) = 300
        (299, 3_600, True),
        (61, 600, False),  # ten minutes: min(300, 60) = 60
        (59, 600, True),
        (7, 60, False),  # a minute: min(300, 6) = 6
        (5, 60, True),
    ],
)
def test_renewal_is_due_late_but_before_the_end(remaining: float, lifetime: float, expected: bool) -> None:
    assert renewal_due(remaining, lifetime) is expected


@given(st.floats(1, 1e7))
def test_a_new_token_is_never_due(lifetime: float) -> None:
    """Or each request would buy another."""
    assert not renewal_due(kept_seconds(Issued(Secret("t"), lifetime), 0), lifetime)


@pytest.mark.parametrize(
    ("lifetime", "elapsed", "expected"),
    [
        (86_400, 2, 86_368),  # 86400 - 30 - 2
        (60, 1, 56),  # 60 - 3 - 1
        (60, 90, 0),  # never negative
    ],
)
def test_kept_seconds(lifetime: float, elapsed: float, expected: float) -> None:
    assert kept_seconds(Issued(Secret("t"), lifetime), elapsed) == expected


@pytest.mark.parametrize(
    ("document", "lifetime"),
    [
        ({"access_token": "a.b-c_d~e+f/g==", "token_type": "Bearer", "expires_in": 86_400}, 86_400),
        ({"access_token": "t", "token_type": "bearer", "expires_in": "3600"}, 3_600),
        ({"access_token": "t", "expires_in": "3600.0"}, 3_600),
        ({"access_token": "t", "expires_in": 59.5}, 59.5),
        ({"access_token": "t"}, 600),
        # Refusing these would buy a second and a third token for nothing.
        ({"access_token": "t", "expires_in": None}, 600),
        ({"access_token": "t", "token_type": None, "expires_in": 60}, 60),
        ({"access_token": "t", "expires_in": 10**12}, 30 * 86_400),
    ],
)
def test_tokens_are_read(document: dict[str, object], lifetime: float) -> None:
    issued = read_token(json.dumps(document).encode(), JSON)
    assert issued == Issued(Secret(str(document["access_token"])), lifetime)
    assert Issued.unpacked(issued.packed()) == issued


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"access_token": None},
        {"access_token": ""},
        {"access_token": "a b"},
        {"access_token": "a\r\nX-Evil: 1"},
        {"access_token": "é"},
        {"access_token": "t" * 16_385},
        {"access_token": "t", "token_type": "mac"},
        {"access_token": "t", "token_type": 1},
        {"access_token": "t", "expires_in": 0},
        {"access_token": "t", "expires_in": -1},
        {"access_token": "t", "expires_in": True},
        {"access_token": "t", "expires_in": "soon"},
        {"access_token": "t", "expires_in": "1.2.3"},
        {"access_token": "t", "expires_in": "0.0"},
        {"access_token": "t", "expires_in": []},
    ],
)
def test_answers_without_a_usable_token_are_tried_few_times(document: dict[str, object]) -> None:
    with pytest.raises(VinaclesUnavailable) as caught:
        read_token(json.dumps(document).encode(), JSON)
    assert caught.value.few_tries
