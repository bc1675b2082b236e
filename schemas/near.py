"""Workorders that are nearly what was typed, and how people are told of them. Their plates are in no answer:
a number is enough to find a workorder by."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from marshmallow import Schema, fields

from schemas.why_words import branch


class MatchedBy(StrEnum):
    """What of a workorder is nearly what was typed."""

    WO_NUMBER = "wo_number"
    PLATE = "plate"


@dataclass(frozen=True, slots=True)
class Near:
    """A workorder whose number or plate is nearly what was typed. `here` says that its branch is one of the
    dealer's own, `dealer` which other one of the group has the branch."""

    wo_number: str
    affiliate_id: int | None
    matched_by: MatchedBy
    here: bool = True
    dealer: str | None = None


class NearSchema(Schema):
    """A workorder whose number or plate is nearly what was typed."""

    wo_number = fields.String(required=True)
    affiliate_id = fields.Integer(required=True, allow_none=True)
    matched_by = fields.Enum(
        MatchedBy,
        by_value=fields.String,
        required=True,
        metadata={"description": "What is nearly the same; the plate itself is in no answer."},
    )
    here = fields.Boolean(
        required=True,
        metadata={"description": "Whether it is at a branch that is imported for this dealer."},
    )
    dealer = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "Name of the other dealer of the group that has the branch."},
    )


# For one and for several.
_HAS = {
    ("en", MatchedBy.WO_NUMBER): ("a workorder", "workorders", " with nearly this number: "),
    ("en", MatchedBy.PLATE): ("a workorder", "workorders", " with nearly this plate: "),
    ("nl", MatchedBy.WO_NUMBER): ("een werkorder", "werkorders", " met bijna dit nummer: "),
    ("nl", MatchedBy.PLATE): ("een werkorder", "werkorders", " met bijna dit kenteken: "),
}
_AND = {"en": "; and ", "nl": "; en "}
_AT_DEALER = {"en": "{} (branch {} of {})", "nl": "{} (filiaal {} van {})"}
_AT_BRANCH = {
    "en": "{} (branch {}, not imported here)",
    "nl": "{} (filiaal {}, hier niet geïmporteerd)",
}
_SEARCH = {
    "en": " Search for the one that is meant{}.",
    "nl": " Zoek de werkorder die bedoeld is{}.",
}
_LOOK_THERE = {
    "en": " What is at another branch is not found here: look for it there.",
    "nl": " Wat bij een ander filiaal staat, is hier niet te vinden: zoek het daar.",
}


def listed(near: Sequence[Near], language: str) -> str:
    """As "workorders with nearly this number: WO-1, WO-2"; "it has" goes before."""
    found = []
    for matched_by in MatchedBy:
        names = [_named(one, language) for one in near if one.matched_by is matched_by]
        if names:
            one, several, what = _HAS[language, matched_by]
            found.append((one if len(names) == 1 else several) + what + ", ".join(names))
    return _AND[language].join(found)


def where_to_search(near: Sequence[Near], once: str, language: str) -> str:
    """Sentences to go on with after "Check the spelling."; `once` says when searching works."""
    search = _SEARCH[language].format(once) if any(one.here for one in near) else ""
    return search + ("" if all(one.here for one in near) else _LOOK_THERE[language])


def _named(near: Near, language: str) -> str:
    if near.here:
        return near.wo_number
    where = branch(near.affiliate_id)
    if near.dealer is None:
        return _AT_BRANCH[language].format(near.wo_number, where)
    return _AT_DEALER[language].format(near.wo_number, where, near.dealer)
