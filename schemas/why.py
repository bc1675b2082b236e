"""The answer to "why is my workorder not in Claire?"."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from marshmallow import EXCLUDE, Schema, fields

from schemas.field_words import in_words
from schemas.outcome import Reason
from schemas.verdicts import Verdict

#: How moments are written for people, by language.
_MOMENTS = {"en": "%Y-%m-%d %H:%M", "nl": "%d-%m-%Y %H:%M"}
_UNKNOWN = {"en": "unknown since when", "nl": "onbekend sinds wanneer"}
_SINCE = {"en": "since {}", "nl": "sinds {}"}
_PERHAPS_SWAPPED = {
    "en": " Day and month may be swapped: perhaps {} is meant.",
    "nl": " Dag en maand zijn mogelijk verwisseld: misschien is {} bedoeld.",
}
_NO_FIELDS = {"en": "which ones is not known here", "nl": "welke dat zijn, is hier niet bekend"}


@dataclass(frozen=True, slots=True)
class Near:
    """A workorder whose number or plate is nearly what was typed."""

    wo_number: str
    affiliate_id: int | None


@dataclass(frozen=True, slots=True)
class AtNeighbor:
    """A workorder that another dealer of the group has; `dealer` is that one's name."""

    dealer: str
    wo_number: str
    affiliate_id: int | None


@dataclass(frozen=True, slots=True)
class Finding:
    """One verdict. `since`, `until` and `appointment` are wall clocks at the branch; `fields` are names,
    never values; `swapped` is the appointment with day and month exchanged; `dealer` is the name of another
    dealer of the group; `problem` is for operators."""

    verdict: Verdict
    workorder_id: UUID | None = None
    dms_number: int | None = None
    wo_number: str | None = None
    affiliate_id: int | None = None
    dealer: str | None = None
    appointment: datetime | None = None
    since: datetime | None = None
    reason: Reason | None = None
    fields: tuple[str, ...] = ()
    swapped: datetime | None = None
    until: datetime | None = None
    near: tuple[Near, ...] = ()
    error_code: str | None = None
    problem: str = field(default="", repr=False)

    def said(self, language: str) -> str:
        """What is the case, in `en` or `nl`."""
        return _filled(self.verdict.nl if language == "nl" else self.verdict.en, self, language)

    def next_step(self, language: str) -> str:
        """What to do, in `en` or `nl`."""
        return _filled(self.verdict.next_nl if language == "nl" else self.verdict.next_en, self, language)


@dataclass(frozen=True, slots=True)
class WhyAnswer:
    """At least one finding, the one that matters most first. `asked_vinacles` says whether the DMS was
    looked at just now."""

    request_id: str | None
    asked_vinacles: bool
    findings: tuple[Finding, ...]


def _filled(sentence: str, finding: Finding, language: str) -> str:
    reason = finding.reason
    words: Mapping[str, object] = {
        "appointment": _moment(finding.appointment, language),
        "affiliate": finding.affiliate_id,
        "since": _since(finding.since, language),
        "moment": _moment(finding.since, language),
        "fields": in_words(finding.fields, language) or _NO_FIELDS[language],
        "reason": "" if reason is None else reason.nl if language == "nl" else reason.en,
        "date": _moment(finding.swapped, language),
        "numbers": ", ".join(near.wo_number for near in finding.near),
        "code": finding.error_code,
        "until": _moment(finding.until, language),
        "dealer": finding.dealer,
        "perhaps_swapped": _perhaps_swapped(finding.swapped, language),
    }
    return sentence.format(**words)


def _moment(moment: datetime | None, language: str) -> str:
    return "?" if moment is None else moment.strftime(_MOMENTS[language])


def _since(moment: datetime | None, language: str) -> str:
    return _UNKNOWN[language] if moment is None else _SINCE[language].format(_moment(moment, language))


def _perhaps_swapped(moment: datetime | None, language: str) -> str:
    return "" if moment is None else _PERHAPS_SWAPPED[language].format(_moment(moment, language))


class NearSchema(Schema):
    """A workorder whose number or plate is nearly what was typed."""

    wo_number = fields.String(required=True)
    affiliate_id = fields.Integer(required=True, allow_none=True)


class FindingSchema(Schema):
    """One verdict, with its sentences for the person who asks."""

    class Meta:
        unknown = EXCLUDE

    verdict = fields.Enum(Verdict, by_value=fields.String, required=True)
    workorder_id = fields.UUID(required=True, allow_none=True)
    dms_number = fields.Integer(required=True, allow_none=True)
    wo_number = fields.String(required=True, allow_none=True)
    affiliate_id = fields.Integer(required=True, allow_none=True)
    dealer = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "Name of the other dealer of the group that it belongs to."},
    )
    appointment = fields.NaiveDateTime(
        format="iso", required=True, allow_none=True, metadata={"description": "Wall clock at the branch."}
    )
    since = fields.NaiveDateTime(
        format="iso", required=True, allow_none=True, metadata={"description": "Wall clock at the branch."}
    )
    reason = fields.Enum(Reason, by_value=fields.String, required=True, allow_none=True)
    fields_ = fields.List(
        fields.String(),
        required=True,
        attribute="fields",
        data_key="fields",
        metadata={"description": "Names of the fields that differ in the DMS, without their values."},
    )
    swapped = fields.NaiveDateTime(format="iso", required=True, allow_none=True)
    until = fields.NaiveDateTime(
        format="iso",
        required=True,
        allow_none=True,
        metadata={"description": "When 2Drive is tried again; wall clock at the branch."},
    )
    near = fields.List(fields.Nested(NearSchema), required=True)
    error_code = fields.String(required=True, allow_none=True)
    en = fields.Function(lambda finding: finding.said("en"), metadata={"type": "string"})
    nl = fields.Function(lambda finding: finding.said("nl"), metadata={"type": "string"})
    next_en = fields.Function(lambda finding: finding.next_step("en"), metadata={"type": "string"})
    next_nl = fields.Function(lambda finding: finding.next_step("nl"), metadata={"type": "string"})


class WhySchema(Schema):
    """The answer of `workorders.why`."""

    request_id = fields.String(
        required=True, allow_none=True, metadata={"description": "As given with the request."}
    )
    asked_vinacles = fields.Boolean(
        required=True, metadata={"description": "Whether the DMS was looked at just now."}
    )
    findings = fields.List(
        fields.Nested(FindingSchema),
        required=True,
        metadata={"description": "At least one; the one that matters most first."},
    )


_WHY = WhySchema()


def dump_why(answer: WhyAnswer) -> dict[str, Any]:
    """Plain JSON: enums as their codes, ids and moments as text."""
    return cast("dict[str, Any]", _WHY.dump(answer))
