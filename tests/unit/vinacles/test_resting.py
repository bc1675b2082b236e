"""How long a token URL is left alone after what it answered."""

import pytest

from worker.errors import ConfigurationError, TwoDriveError, VinaclesUnavailable
from worker.vinacles.resting import RENEWAL, Rest, rest_after


@pytest.mark.parametrize(
    ("status", "retry_after_seconds", "seconds"),
    [
        # Refused for good, whatever else is said
        *((status, None, 5.0) for status in (302, 400, 401, 403, 404, 405)),
        (401, 60.0, 5.0),
        # Throttled or down, and says for how long, within bounds
        (429, 60.0, 60.0),
        (503, 7.5, 7.5),
        (429, 1e9, 300.0),
        (503, 0.0, None),
        # Without a word: over its quota a moment, down not at all
        (429, None, 1.0),
        *((status, None, None) for status in (408, 500, 503, 522)),
    ],
)
def test_rests(status: int, retry_after_seconds: float | None, seconds: float | None) -> None:
    rest = rest_after(status, retry_after_seconds)
    assert rest == (None if seconds is None else Rest(status, seconds))


@pytest.mark.parametrize(("status", "kind"), [(401, ConfigurationError), (503, VinaclesUnavailable)])
def test_what_was_answered_is_told_once_more(status: int, kind: type[TwoDriveError]) -> None:
    error = Rest.unpacked(Rest(status, 60).packed(), 1_500).error()
    assert type(error) is kind
    if isinstance(error, VinaclesUnavailable):
        assert (error.retry_after_seconds, error.trouble) == (1.5, None)


def test_a_failed_renewal_keeps_nobody_from_asking_who_has_no_token() -> None:
    assert Rest.unpacked(RENEWAL.packed(), 1_500) == Rest(None, 1.5)
    assert RENEWAL.error() is None
