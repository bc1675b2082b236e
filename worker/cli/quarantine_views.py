"""What is in quarantine, for a person or a program to read."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from schemas.outcome import Reason
from worker.cli import screen
from worker.cli.replaying import Replay, instead
from worker.cli.run_views import known_code
from worker.store.quarantine import Case

_FINDING = ("entity", "column", "row", "line_id", "job_number", "json_type", "length", "pattern")


def record(case: Case) -> dict[str, Any]:
    """One row as JSON."""
    return {name: _json(value) for name, value in asdict(case).items()}


def records(rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [{name: _json(value) for name, value in row.items()} for row in rows]


def table(cases: Iterable[Case]) -> Table:
    """One line per row."""
    made = screen.table("dealer", "number", "DMS number", "why", "since (UTC)", "last seen (UTC)", "times")
    for case in cases:
        why = f"{case.why} (discarded)" if case.discarded_at else case.why
        made.add_row(
            str(case.dealer_id),
            screen.plain(case.wo_number or case.subject),
            "–" if case.dms_number is None else str(case.dms_number),
            screen.plain(why),
            screen.utc(case.since),
            screen.utc(case.last_seen_at),
            str(case.times),
        )
    return made


def card(case: Case, attempts: Sequence[Mapping[str, Any]]) -> RenderableType:
    """All of one row: why, where to look in the DMS, what to do, and what was tried."""
    rows = [
        ("dealer", str(case.dealer_id)),
        ("number", case.wo_number or case.subject),
        ("DMS number", "–" if case.dms_number is None else str(case.dms_number)),
        ("why", f"{case.why}: {_sentence(case)}"),
        ("since (UTC)", screen.utc(case.since)),
        ("last seen (UTC)", screen.utc(case.last_seen_at)),
        ("seen so", "once" if case.times == 1 else f"{case.times:,} times"),
        ("asked by", f"{case.trigger}, task {case.task_id or '–'}, request {case.request_id or '–'}"),
    ]
    if case.warnings:
        rows.append(("warnings", ", ".join(case.warnings)))
    if case.discarded_at:
        rows.append(("discarded (UTC)", screen.utc(case.discarded_at)))
    rows.append(("what to do", _next_step(case)))
    if case.evidence:
        rows.append(("lines", f"{case.evidence['lines']:,}"))
    shown: list[RenderableType] = [screen.pairs(rows)]
    if case.evidence:
        shown += _evidence(case.evidence)
    if attempts:
        shown.append(_attempts(attempts))
    return Group(*shown)


def summary(done: Replay) -> RenderableType:
    """How many came to what, and who is still not in Claire."""
    counts = Counter(outcome for one in done.replayed for outcome in one.outcomes)
    said = ", ".join(f"{number:,} {outcome}" for outcome, number in sorted(counts.items()))
    made = screen.table("number", "DMS number", "outcome", "why")
    for one in done.replayed:
        whys = [str(found["reason"] or "") for found in one.workorders] or [one.failure or ""]
        for outcome, why in zip(one.outcomes, whys, strict=True):
            number = one.case.wo_number or one.case.subject
            made.add_row(
                screen.plain(number), str(one.case.dms_number or "–"), outcome, screen.plain(why or "–")
            )
    return Group(made, Text(f"Asked for {len(done.replayed):,} again: {said or 'nothing came of it'}."))


def replayed(done: Replay) -> dict[str, Any]:
    """The same for programs."""
    counts = Counter(outcome for one in done.replayed for outcome in one.outcomes)
    return {
        "outcomes": dict(sorted(counts.items())),
        "replayed": [
            {"subject": one.case.subject, "workorders": list(one.workorders), "failure": one.failure}
            for one in done.replayed
        ],
    }


def _evidence(evidence: Mapping[str, Any]) -> list[RenderableType]:
    made = screen.table("reason", *(name.replace("_", " ") for name in _FINDING))
    for finding in evidence["findings"]:
        values = (finding.get(name, "–") for name in ("reason", *_FINDING))
        made.add_row(*(screen.plain(str(value)) for value in values))
    shown: list[RenderableType] = [made]
    if evidence["left_out"]:
        shown.append(Text(f"… and {evidence['left_out']} more.", "dim"))
    return shown


def _attempts(attempts: Sequence[Mapping[str, Any]]) -> Table:
    made = screen.table("started (UTC)", "trigger", "came to", "why", "task")
    for one in attempts:
        made.add_row(
            screen.utc(one["started_at"]),
            one["trigger"],
            one["outcome"] or "failure",
            one["reason"] or one["error_code"] or "–",
            screen.plain(one["task_id"] or "–"),
        )
    return made


def _sentence(case: Case) -> str:
    if case.reason:
        return next((reason.en for reason in Reason if reason.value == case.reason), "")
    known = known_code(case.why)
    return known.meaning if known else ""


def _next_step(case: Case) -> str:
    if case.reason and case.dms_number is not None:
        number = case.wo_number or case.dms_number
        return (
            "Correct it in the DMS. It is imported when it is read again, "
            f"or at once: twodrive quarantine replay {case.dealer_id} {number}"
        )
    if case.reason or case.workorder_id is None:
        return instead(case)
    known = known_code(case.why)
    step = known.next_step if known else ""
    return f"{step} Then: twodrive quarantine replay {case.dealer_id} {case.wo_number}"


def _json(value: object) -> object:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    return str(value) if isinstance(value, UUID) else value
