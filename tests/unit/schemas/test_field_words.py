"""Fields are told in words of the people who read them."""

import pytest
from hypothesis import given

from schemas.decision import Stored
from schemas.field_words import FIELDS, in_words
from schemas.workorder import Workorder
from tests.workorders import NOON, fetched, workorders
from worker.policy import decide


@pytest.mark.parametrize(
    ("paths", "en", "nl"),
    [
        ([], "", ""),
        (["mileage_km", "plate"], "mileage, plate", "kilometerstand, kenteken"),
        (["plate", "plate_display"], "plate", "kenteken"),
        (["interventions.2"], "job 2", "werkzaamheid 2"),
        (
            ["interventions.2.labor_price", "interventions.2.total_price"],
            "job 2 (price)",
            "werkzaamheid 2 (prijs)",
        ),
        (["interventions.2.parts.8841.price"], "job 2 (parts)", "werkzaamheid 2 (onderdelen)"),
        (["interventions.2.parts.8841"], "job 2 (parts)", "werkzaamheid 2 (onderdelen)"),
        (["contacts.owner"], "owner", "eigenaar"),
        (["contacts.driver.phone"], "driver (telephone)", "bestuurder (telefoon)"),
        (
            [f"interventions.{number}" for number in range(1, 9)],
            "job 1, job 2, job 3, job 4, job 5, job 6, and 2 more",
            "werkzaamheid 1, werkzaamheid 2, werkzaamheid 3, "
            "werkzaamheid 4, werkzaamheid 5, werkzaamheid 6, en nog 2",
        ),
    ],
)
def test_paths_in_words(paths: list[str], en: str, nl: str) -> None:
    assert (in_words(paths, "en"), in_words(paths, "nl")) == (en, nl)


@given(workorders(), workorders())
def test_whatever_the_policy_names_has_words(before: Workorder, now: Workorder) -> None:
    changes = decide(False, Stored(before, b"before", NOON, None), fetched(now, digest=b"now")).changes
    for language in ("en", "nl"):
        assert bool(in_words((change.path for change in changes), language)) == bool(changes)


def test_no_word_is_a_name_of_the_code() -> None:
    assert not [word for words in FIELDS.values() for word in words if "_" in word]
