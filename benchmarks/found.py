"""What a measurement is asked, and what it hands back."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Options:
    """`rounds` are medians' rounds; `quick` makes everything small, to try whether it works: such figures say
    nothing. `dlt` is an interpreter that has dlt, made where it is None."""

    rounds: int = 5
    quick: bool = False
    dlt: str | None = None

    def size(self, whole: int, quick: int) -> int:
        return quick if self.quick else whole


@dataclass(frozen=True, slots=True)
class Grid:
    """A table. Columns after the first `texts` hold numbers, already written."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    texts: int = 1


@dataclass(frozen=True, slots=True)
class Bar:
    label: str
    value: float
    shown: str
    color: str = "#2563eb"


@dataclass(frozen=True, slots=True)
class Aim:
    """What was to be reached, beside what was measured."""

    aim: str
    measured: str
    reached: bool


def at_least(aim: str, least: float, value: float) -> Aim:
    return Aim(f"{aim} ≥ {least:g}", f"{value:,.2f}", value >= least)


def at_most(aim: str, most: float, value: float, unit: str = "") -> Aim:
    return Aim(f"{aim} ≤ {most:g}{unit}", f"{value:,.2f}{unit}", value <= most)


@dataclass(frozen=True, slots=True)
class Found:
    """`said` is one sentence or two on what was done: sizes, rounds. `plot` becomes `docs/NAME.svg`; so does
    `drawn`, an SVG that was made already."""

    said: str
    grids: Sequence[Grid]
    plot_title: str = ""
    plot: Sequence[Bar] = ()
    raw: Mapping[str, Any] = field(default_factory=dict)
    drawn: str = ""
    aims: Sequence[Aim] = ()

    @property
    def all_grids(self) -> list[Grid]:
        """The aims come last."""
        rows = [[one.aim, one.measured, "reached" if one.reached else "missed"] for one in self.aims]
        aims = Grid("Aims", ("aim", "measured", ""), rows, texts=3)
        return [*self.grids, aims] if rows else list(self.grids)


def said_of(rounds: int) -> str:
    """How many rounds there were, for `Found.said`."""
    return "1 round" if rounds == 1 else f"{rounds} rounds, figures are medians"


OURS, OTHER, GRAY = "#2563eb", "#d97706", "#64748b"
DOCUMENT = Path(__file__).resolve().parents[1] / "docs" / "performance.md"


def median(values: Sequence[float]) -> float:
    return statistics.median(values)


def p95(values: Sequence[float]) -> float:
    """The smallest value that at least 95 % of all do not exceed."""
    ordered = sorted(values)
    return ordered[-(-len(ordered) * 95 // 100) - 1]


def ratio_of_rounds(ones: Sequence[float], others: Sequence[float]) -> float:
    """The median over the rounds of `ones` / `others`: what else the machine did hit both of a round."""
    return statistics.median(one / other for one, other in zip(ones, others, strict=True))
