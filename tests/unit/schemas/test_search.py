import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from schemas.outcome import Reason
from schemas.search import NotSearchable, SearchTerms, near_misses, parse_search
from worker.vinacles.query import eq


def terms(text: str) -> SearchTerms:
    found = parse_search(text)
    assert isinstance(found, SearchTerms)
    return found


@pytest.mark.parametrize(
    "text", ["ab12cd", " AB-12-CD\n", "ab 12 cd", "ＡＢ–12–ＣＤ", "AB\u00a012\u00a0CD", "a-b-1-2-c-d"]
)
def test_a_plate_is_asked_in_all_its_spellings(text: str) -> None:
    assert terms(text).plates[:4] == ("AB12CD", "AB-12-CD", "ab12cd", "ab-12-cd")


@pytest.mark.parametrize("text", ["m-ab 1234", "AB 12 CD", "ab.12.cd", "Ab-12-cd"])
def test_a_plate_is_also_asked_as_typed(text: str) -> None:
    assert {text, text.upper(), text.lower()} <= set(terms(text).plates)


def test_many_blanks_are_not_sent() -> None:
    found = terms("M" + "\u2003" * 400 + "1234")
    assert found.plates == ("M1234", "M-12-34", "m1234", "m-12-34")


def test_a_number_is_asked_as_typed_and_in_both_cases() -> None:
    assert terms(" Wo/17 ").wo_numbers == ("Wo/17", "WO/17", "wo/17")
    assert terms("2026-10442").wo_numbers == ("2026-10442",)


@pytest.mark.parametrize(
    "text", ["O'Brien", "x' or 1 eq 1", "&", "#", "+", "%", "100%", "%2", "%zz", "🚗", "$filter=1"]
)
def test_any_other_text_is_a_literal(text: str) -> None:
    assert terms(text).wo_numbers[0] == text
    assert terms(text).plates == ()


def test_a_plate_may_be_typed_with_many_blanks() -> None:
    found = terms("A  B  -  1  2  -  C  D")
    assert found.wo_numbers == ()
    assert found.matches({"LicensePlate": "AB12CD"})


@pytest.mark.parametrize(
    "text",
    [
        "",
        " \t\u00a0",
        "x" * 21,
        "y" * 500,
        "a\x00b",
        "a\tb",
        "AB\n12",
        "\x9f.",
        "\ud83d.",
        "x%27",
        "%u0027",
        "%ﬀ",
        "%2527",
        "a%0Ab",
    ],
)
def test_what_is_not_searchable(text: str) -> None:
    assert parse_search(text) == NotSearchable()
    assert NotSearchable.reason is Reason.NOT_SEARCHABLE


@pytest.mark.parametrize(
    ("typed", "row", "hit"),
    [
        ("wo-17", {"WONUMMER": "WO-17   "}, True),
        ("WO-17", {"WONUMMER": "WO-170"}, False),
        ("1+1", {"WONUMMER": "1 1"}, False),  # a server that decodes twice answers this
        ("12-abc-3", {"WONUMMER": "5", "LicensePlate": "12ABC3"}, True),
        ("12abc3", {"WONUMMER": "5", "LicensePlate": "12-abc-3 "}, True),
        ("12abc3", {"WONUMMER": "12ABC3", "LicensePlate": None}, True),
        ("12abc3", {"WONUMMER": "5", "LicensePlate": "12-ABC-4"}, False),
        ("&", {"WONUMMER": "5", "LicensePlate": "(onbekend)"}, False),
        ("5", {"WONUMMER": 5, "LicensePlate": 5}, False),
        ("5", {}, False),
    ],
)
def test_what_comes_back_is_compared_again(typed: str, row: dict[str, object], hit: bool) -> None:
    assert terms(typed).matches(row) is hit


def test_what_was_typed_is_not_shown() -> None:
    assert repr(terms("AB-12-CD")) == "SearchTerms(<2 numbers, 4 plates>)"


@given(st.text(alphabet=st.characters(exclude_categories=[]), max_size=40))
def test_any_text_is_asked_for_or_refused(text: str) -> None:
    found = parse_search(text)
    if isinstance(found, SearchTerms):
        assert found.wo_numbers or found.plates
        assert found.matches({"WONUMMER": text[:20], "LicensePlate": text})
        "".join(found.wo_numbers + found.plates).encode()


def test_what_cannot_be_seen_around_a_text_is_not_asked() -> None:
    copied = parse_search("\ufeff\u200b WO-1001\u2060\u200e")
    assert copied == parse_search("WO-1001")
    assert isinstance(parse_search("\u200b\ufeff"), NotSearchable)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("WO-0171", "WO-0711"),
        ("WO-O711", "WO-0711"),
        (" wo-0171 ", "WO-0711"),
        ("200124", "200142"),
    ],
)
def test_a_slip_in_a_number_is_looked_for(typed: str, meant: str) -> None:
    near = near_misses(typed)
    assert near is not None
    assert near.matches({"WONUMMER": meant})
    assert not near.matches({"WONUMMER": typed})


@pytest.mark.parametrize(("typed", "meant"), [("12-BFD-3", "12-BDF-3"), ("12-8DF-3", "12-BDF-3")])
def test_a_slip_in_a_plate_is_looked_for(typed: str, meant: str) -> None:
    near = near_misses(typed)
    assert near is not None
    assert near.matches({"LicensePlate": meant})
    assert meant in near.plates


@pytest.mark.parametrize("text", ["", "7", "44", "a\x00b", "%27"])
def test_nothing_is_near_to_what_has_no_neighbors(text: str) -> None:
    assert near_misses(text) is None


@given(st.text(max_size=25) | st.text("%uUOI0127bBdDeE", max_size=8))
@example("%O1")
@example("%(dealer_id)s")
def test_near_misses_can_always_be_asked(text: str) -> None:
    near = near_misses(text)
    if near is not None:
        assert near.wo_numbers or near.plates
        for literal in (*near.wo_numbers, *near.plates):
            eq("WONUMMER", literal)
        assert len(near.wo_numbers) < 60
