"""Only `$after` is taken from a link, and never twice."""

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.errors import VinaclesRefused
from worker.vinacles.paging import Paging


def test_the_end_is_the_missing_link() -> None:
    paging = Paging()
    assert not paging.advance(None)
    assert paging.after is None


@pytest.mark.parametrize(
    "link",
    [
        "https://host.example/api/Workorder?%24first=1&$after=a%2Bb%3D",
        "http://host.example/api/Workorder?$after=a+b=&$first=2",
        "//evil.example/x?$after=a%2Bb%3D#fragment",
        "/api/Workorder?%24after=a%2bb%3d",
        "?$after=a+b=",
        "javascript:alert(1)?$after=a+b=",
    ],
)
def test_after_is_taken_from_any_kind_of_link_with_its_plus(link: str) -> None:
    paging = Paging()
    assert paging.advance(link)
    assert paging.after == "a+b="


@given(st.binary(min_size=1).map(lambda data: quote(data, safe="")))
def test_any_continuation_is_kept_as_it_decodes(after: str) -> None:
    paging = Paging()
    assert paging.advance(f"https://host.example/api/X?$after={after}")
    assert paging.after


@pytest.mark.parametrize(
    "link",
    [
        "",
        "/api/X",
        "/api/X?$after=",
        "/api/X?after=a",
        5,
        ["?$after=a"],
        "http://[?$after=a",
        "?$after=" + "a" * 2_001,
    ],
)
def test_links_without_a_continuation_are_refused(link: object) -> None:
    with pytest.raises(VinaclesRefused):
        Paging().advance(link)


def test_a_link_that_was_followed_before_is_refused() -> None:
    paging = Paging()
    paging.advance("?$after=a")
    paging.advance("?$after=b")
    with pytest.raises(VinaclesRefused, match="already"):
        paging.advance("https://elsewhere.example/?$first=9&$after=a")
