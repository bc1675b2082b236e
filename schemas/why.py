"""The answer to "why is my workorder not in Claire?"."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from marshmallow import EXCLUDE, Schema, fields

from schemas import why_words
from schemas.field_words import in_words
from schemas.near import Near, NearSchema, listed, where_to_search
from schemas.outcome import Reason
from schemas.verdicts import Verdict

_NOT_KNOWN = {"en": "what exactly is not known here", "nl": "wat precies, is hier niet bekend"}


@dataclass(frozen=True, slots=True)
class AtNeighbor:
    """A workorder that another dealer of the group has; `dealer` is that one's name."""

    dealer: str
    wo_number: str
    affiliate_id: int | None


@dataclass(frozen=True, slots=True)
class Finding:
    """One verdict. `workorder_id` is of one that Claire has, and `appointment` and `affiliate_id` then say
    where it shows. All moments are wall clocks at the branch: `since` when it became so (of a held one: when
    work started; of an outdated one: when Claire's version was asked for), `held_since` when a change was
    first not taken over; None where it was noticed just now. `fields` are names, never values; `swapped` is
    the appointment in the DMS with day and month exchanged, where that may be what was meant; `dealer` is the
    name of another dealer of the group; `once` says when searching and refreshing work again, where they do
    not work now; `problem` is for operators."""

    verdict: Verdict
    workorder_id: UUID | None = None
    dms_number: int | None = None
    wo_number: str | None = None
    affiliate_id: int | None = None
    dealer: str | None = None
    appointment: datetime | None = None
    since: datetime | None = None
    held_since: datetime | None = None
    reason: Reason | None = None
    fields: tuple[str, ...] = ()
    swapped: datetime | None = None
    until: datetime | None = None
    near: tuple[Near, ...] = ()
    error_code: str | None = None
    once: why_words.Once | None = None
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
    once = "" if finding.once is None else finding.once.said(language)
    words: Mapping[str, object] = {
        "affiliate": why_words.branch(finding.affiliate_id),
        "appointment": why_words.moment(finding.appointment, language),
        "code": finding.error_code,
        "date": why_words.moment(finding.swapped, language),
        "dealer": finding.dealer,
        "fields": in_words(finding.fields, language) or _NOT_KNOWN[language],
        "held_since": why_words.also_since(finding.held_since, language),
        "if_swapped": why_words.if_swapped(finding.swapped, language),
        "moment": why_words.moment(finding.since, language),
        "near": listed(finding.near, language),
        "noticed": why_words.noticed(finding.since, language),
        "older": why_words.older(finding.appointment, finding.affiliate_id, language),
        "once": once,
        "perhaps_swapped": why_words.perhaps_swapped(finding.swapped, language),
        "reason": "" if reason is None else reason.nl if language == "nl" else reason.en,
        "since": why_words.since(finding.since, language),
        "until": why_words.clock(finding.until),
        "where_to_search": where_to_search(finding.near, once, language),
    }
    return sentence.format(**words)


class FindingSchema(Schema):
    """One verdict, with its sentences for the person who asks."""

    class Meta:
        unknown = EXCLUDE

    verdict = fields.Enum(Verdict, by_value=fields.String, required=True)
    workorder_id = fields.UUID(
        required=True, allow_none=True, metadata={"description": "Null where Claire does not have it."}
    )
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
        format="iso",
        required=True,
        allow_none=True,
        metadata={
            "description": "Since when it is so, of `held` when work started, of `outdated` when the version "
            "that Claire has was asked for; wall clock at the branch. Null where it was noticed just now."
        },
    )
    held_since = fields.NaiveDateTime(
        format="iso",
        required=True,
        allow_none=True,
        metadata={
            "description": "Of `held`: when a change in the DMS was first not taken over; wall clock at the "
            "branch. Null where it was noticed just now."
        },
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
