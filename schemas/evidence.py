"""What made a workorder unusable, told by names and shapes: which column of which row, of what JSON type, how
long, and where its digits and letters stand. No value is told, and nothing at all of contacts. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from schemas.lines import interventions_of, jobs_of, problems_of
from schemas.numbers import fits_money
from schemas.outcome import Reason
from schemas.rows import ReadRow, RowSchema, header_schema, line_schema, read_row
from schemas.vinacles import DMS_NUMBER, LINE, LINE_TYPE, PRICE, WORKORDER, Entity, RawWorkorder

#: More would not be read by anybody; `left_out` says how many there are.
MOST_FINDINGS = 20
_PATTERN_LENGTH = 40
_SIGNS = frozenset(".,:;-+/()'€% ")
_RANK = {reason: place for place, reason in enumerate(Reason)}


@dataclass(frozen=True, slots=True)
class Finding:
    """One column that makes the workorder unusable for `reason`.

    `row` counts the entity's rows from 1 as they came; it is None where several rows are meant together, and
    so is `json_type`. `line_id` and `job_number` are given where they can be read. `length` is that of a
    text, a list or an object; in `pattern` 9 stands for a digit, x for a letter and ? for what is neither.
    """

    reason: Reason
    entity: str
    column: str
    row: int | None = None
    line_id: int | None = None
    job_number: int | None = None
    json_type: str | None = None
    length: int | None = None
    pattern: str | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """Why a workorder was rejected, the reason that is told first. `lines` counts its line rows.
    `appointment_local` tells a bulk refresh where to look for it; None where it cannot be read."""

    findings: tuple[Finding, ...]
    left_out: int
    lines: int
    appointment_local: datetime | None


def evidence_of(raw: RawWorkorder) -> Evidence:
    """The columns for which `read_workorder` rejects these rows; none where it accepts them."""
    header = read_row(header_schema(), raw.header)
    found = list(_unusable(header_schema(), header, WORKORDER, raw.header))
    lines = [read_row(line_schema(), row) for row in raw.lines]
    jobs, _ = jobs_of(lines)
    kept = {id(line) for job in jobs for line in job}
    for place, (line, row) in enumerate(zip(lines, raw.lines, strict=True), 1):
        if id(line) in kept:
            found += _of_line(line, row, place, header["dms_number"])
    if Reason.NO_LABOR_ITEM in problems_of(jobs, header["dms_number"]):
        found += _of_line_types(lines, raw)
    if not found:
        found += _of_sums(jobs)
    found.sort(key=lambda finding: _RANK[finding.reason])
    return Evidence(
        tuple(found[:MOST_FINDINGS]), len(found[MOST_FINDINGS:]), len(raw.lines), header["appointment"]
    )


def as_json(evidence: Evidence) -> dict[str, Any]:
    """Plain JSON; of a finding only what is known."""
    return {
        "findings": [
            {name: value for name, value in asdict(finding).items() if value is not None}
            for finding in evidence.findings
        ],
        "left_out": evidence.left_out,
        "lines": evidence.lines,
    }


def pattern(text: str) -> str:
    """`99,99x` for `14,50a`: where digits, letters and signs stand, of the first 40 characters."""
    return "".join(map(_shape, text[:_PATTERN_LENGTH])) + ("…" if len(text) > _PATTERN_LENGTH else "")


def _unusable(
    schema: RowSchema, read: ReadRow, entity: Entity, raw: object, **place: Any
) -> Iterator[Finding]:
    """Columns of a row with a problem that rejects it."""
    for name, problems in read.problems.items():
        for problem in problems:
            if isinstance(problem, Reason):
                yield _finding(problem, entity, str(schema.fields[name].data_key), raw, **place)


def _of_line(line: ReadRow, row: object, place: int, dms_number: int | None) -> Iterator[Finding]:
    where = _where(line, place)
    yield from _unusable(line_schema(), line, LINE, row, **where)
    if line["dms_number"] != dms_number and "dms_number" not in line.problems:
        yield _finding(Reason.UNREADABLE_NUMBER, LINE, DMS_NUMBER, row, **where)


def _of_line_types(lines: list[ReadRow], raw: RawWorkorder) -> Iterator[Finding]:
    """That there is no labor, and the types of lines that might have been meant for it."""
    yield Finding(Reason.NO_LABOR_ITEM, LINE.name, LINE_TYPE)
    for place, (line, row) in enumerate(zip(lines, raw.lines, strict=True), 1):
        if line["line_type"] is None:
            yield _finding(Reason.NO_LABOR_ITEM, LINE, LINE_TYPE, row, **_where(line, place))


def _of_sums(jobs: list[Any]) -> Iterator[Finding]:
    interventions, problems = interventions_of(jobs)
    for job in interventions if problems else ():
        if not all(map(fits_money, (job.labor_price, job.parts_price, job.total_price))):
            yield Finding(Reason.PRICES_TOO_LARGE, LINE.name, PRICE, job_number=job.job_number)


def _where(line: ReadRow, place: int) -> dict[str, Any]:
    return {"row": place, "line_id": line["line_id"], "job_number": line["job_number"]}


def _finding(reason: Reason, entity: Entity, column: str, raw: object, **place: Any) -> Finding:
    columns = raw if isinstance(raw, Mapping) else {}
    if column not in columns:
        return Finding(reason, entity.name, column, json_type="missing", **place)
    value = columns[column]
    return Finding(
        reason,
        entity.name,
        column,
        json_type=_json_type(value),
        length=_length(value),
        pattern=_pattern_of(value),
        **place,
    )


def _json_type(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, str):
        return "string"
    if isinstance(value, Mapping):
        return "object"
    return "array" if isinstance(value, list | tuple) else "number"


def _length(value: object) -> int | None:
    return len(value) if isinstance(value, str | Mapping | list | tuple) else None


def _pattern_of(value: object) -> str | None:
    if isinstance(value, str):
        return pattern(value)
    if value is None or isinstance(value, bool | Mapping | list | tuple):
        return None
    try:
        return pattern(str(value))
    except ValueError:
        # Python refuses to write out whole numbers of thousands of digits.
        return pattern("9" * (_PATTERN_LENGTH + 1))


def _shape(char: str) -> str:
    if char.isdecimal():
        return "9"
    if char.isalpha():
        return "x"
    return char if char in _SIGNS else "?"
