"""The lines of a workorder put together to interventions: the lines of one job make one intervention."""

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal

from schemas.fields import Problem
from schemas.numbers import fits_money
from schemas.outcome import Reason
from schemas.rows import LABOR, PART, ReadRow, last_of_each
from schemas.workorder import Intervention, Part

_OF_EVERY_LINE = ("line_id", "dms_number", "job_number", "sort_order", "line_type", "price")
_OF_PARTS = ("reference_code", "quantity")
_NOTHING = Decimal("0.00")

Job = Sequence[ReadRow]


def jobs_of(rows: Iterable[ReadRow]) -> tuple[list[Job], list[Problem]]:
    """The lines by job, both in the DMS's order: by SortOrder, then by number; unknown places come last."""
    kept, problems = last_of_each(rows, "line_id")
    kept.sort(key=_place)
    by_number: dict[int | None, list[ReadRow]] = {}
    for line in kept:
        by_number.setdefault(line["job_number"], []).append(line)
    jobs: list[Job] = list(by_number.values())
    jobs.sort(key=lambda job: (_or_last(job[0]["sort_order"]), _or_last(job[0]["job_number"])))
    return jobs, problems


def problems_of(jobs: Iterable[Job], dms_number: int | None) -> Iterator[Problem]:
    """What is wrong with the lines, as far as Claire keeps it: descriptions only serve as titles."""
    has_labor = False
    for job in jobs:
        yield from _title_line(job).problems.get("description", ())
        for line in job:
            has_labor = has_labor or line["line_type"] == LABOR
            if line.problems:
                yield from _kept_problems(line)
            if line["dms_number"] != dms_number:
                yield Reason.UNREADABLE_NUMBER
    if not has_labor:
        yield Reason.NO_LABOR_ITEM


def _kept_problems(line: ReadRow) -> Iterator[Problem]:
    fields = _OF_EVERY_LINE + _OF_PARTS if line["line_type"] == PART else _OF_EVERY_LINE
    for name in fields:
        yield from line.problems.get(name, ())


def interventions_of(jobs: Iterable[Job]) -> tuple[tuple[Intervention, ...], list[Problem]]:
    """Interventions numbered from 1, of lines in which `problems_of` found no Reason."""
    interventions = tuple(_intervention(position, job) for position, job in enumerate(jobs, 1))
    fit = all(
        fits_money(amount)
        for found in interventions
        for amount in (found.labor_price, found.parts_price, found.total_price)
    )
    return interventions, [] if fit else [Reason.PRICES_TOO_LARGE]


def _intervention(position: int, job: Job) -> Intervention:
    labor = [line for line in job if line["line_type"] == LABOR]
    parts = [line for line in job if line["line_type"] == PART]
    return Intervention(
        job_number=job[0]["job_number"],
        position=position,
        title=(labor or job)[0]["description"],
        labor_price=_sum(labor),
        parts_price=_sum(parts),
        total_price=_sum(job),
        parts=tuple(_part(place, line) for place, line in enumerate(parts, 1)),
    )


def _part(position: int, line: ReadRow) -> Part:
    return Part(
        line_id=line["line_id"],
        position=position,
        reference_code=line["reference_code"],
        quantity=line["quantity"],
        price=_price(line),
    )


def _title_line(job: Job) -> ReadRow:
    return next((line for line in job if line["line_type"] == LABOR), job[0])


def _sum(lines: Iterable[ReadRow]) -> Decimal:
    return sum(map(_price, lines), _NOTHING)


def _price(line: ReadRow) -> Decimal:
    return line["price"] or _NOTHING


def _place(line: ReadRow) -> tuple[float, float]:
    return _or_last(line["sort_order"]), _or_last(line["line_id"])


def _or_last(number: int | None) -> float:
    return float("inf") if number is None else number
