import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from schemas import plates

DUTCH = {  # RDW's sidecodes 1 to 14
    "AB1234": "AB-12-34",
    "1234AB": "12-34-AB",
    "12AB34": "12-AB-34",
    "AB12CD": "AB-12-CD",
    "ABCD12": "AB-CD-12",
    "12ABCD": "12-AB-CD",
    "12ABC3": "12-ABC-3",
    "1ABC23": "1-ABC-23",
    "AB123C": "AB-123-C",
    "A123BC": "A-123-BC",
    "ABC12D": "ABC-12-D",
    "A12BCD": "A-12-BCD",
    "1AB234": "1-AB-234",
    "123AB4": "123-AB-4",
}
BELGIAN = {"1ABC234": "1-ABC-234", "ABC123": "ABC-123", "123ABC": "123-ABC"}

known_shapes = st.sampled_from(plates.DUTCH_SHAPES + plates.BELGIAN_SHAPES)
separators = st.text(alphabet=" -–—.·\u00a0\u2011\u2212\t", max_size=2)


@st.composite
def spelled(draw: st.DrawFn) -> tuple[str, str]:
    """A plate and one of the ways to write it."""
    bare = "".join(
        draw(st.sampled_from("0123456789" if char == "9" else "ABCDEFGHJKLMNPRSTVWXYZ"))
        for char in draw(known_shapes)
    )
    cased = (draw(st.sampled_from((char.lower(), char, _full_width(char)))) for char in bare)
    return bare, "".join(draw(separators) + char for char in cased) + draw(separators)


def _full_width(char: str) -> str:
    return chr(ord(char) + 0xFEE0)


@pytest.mark.parametrize(("bare", "dashed"), [*DUTCH.items(), *BELGIAN.items()])
def test_every_series_has_its_dashes(bare: str, dashed: str) -> None:
    assert plates.display(bare) == dashed
    assert plates.is_known_shape(bare)


def test_the_tables_hold_every_series_once() -> None:
    shapes = ["".join("9" if char.isdigit() else "X" for char in bare) for bare in (*DUTCH, *BELGIAN)]
    assert shapes == [*plates.DUTCH_SHAPES, *plates.BELGIAN_SHAPES]
    assert len(set(shapes)) == 14 + 3


@given(spelled())
def test_any_spelling_gives_the_same_bare_plate(pair: tuple[str, str]) -> None:
    bare, written = pair
    assert plates.bare(written) == bare


@given(spelled())
def test_the_dashed_form_reads_back(pair: tuple[str, str]) -> None:
    bare, _ = pair
    assert plates.bare(plates.display(bare)) == bare
    assert {plates.bare(spelling) for spelling in plates.spellings(bare)} == {bare}


@given(st.text())
def test_a_bare_plate_stays_as_it_is(text: str) -> None:
    bare = plates.bare(text)
    assert bare is None or plates.bare(bare) == bare


@pytest.mark.parametrize("text", ["", " - ", "AB/12", "AB-12-CD (leen)", "A" * 13, "🚗", "AB_12", "१२AB"])
def test_what_cannot_be_a_plate(text: str) -> None:
    assert plates.bare(text) is None


def test_foreign_plates_are_read_but_have_no_known_shape() -> None:
    assert plates.bare("mü-ab 1234") == "MÜAB1234"
    assert not plates.is_known_shape("MÜAB1234")


def test_spellings_to_ask_for() -> None:
    assert plates.spellings("AB12CD") == ("AB12CD", "AB-12-CD", "ab12cd", "ab-12-cd")
    assert plates.spellings("123") == ("123",)


@given(st.text(alphabet=st.characters(max_codepoint=127), max_size=15) | st.text(max_size=15))
@example("ab-12-cd")
@example("a_b")
@example("\x1c1\x1f2")
@example("ABCDEFGHIJKLM")
def test_a_dash_more_makes_no_other_plate(text: str) -> None:
    # Plain texts are read by a shortcut; one with an en dash is not plain.
    assert plates.bare(text) == plates.bare(f"{text}–")
