"""What was measured, as a table and a plot."""

from html import escape
from math import log10
from typing import Any

from benchmarks.bulk.rounds import ALL, DLT, FIRST, NONE, NONE_MODIFIED, ORM, SOME, SOME_MODIFIED
from benchmarks.found import Aim, Grid, at_least, said_of

_COLORS = {"ours": "#2563eb", "dlt": "#d97706"}
_OTHER = "#64748b"
_BAR, _LEFT, _WIDTH, _TOP = 18, 400, 440, 52


def grid(measured: Any) -> Grid:
    names = ("case", "way", "seconds", "workorders/s", "lowest–highest", "ours is … times as fast")
    rows = [[row["case"], *_cells(row)] for row in measured["rows"]]
    return Grid("", (*names, "requests per 1,000"), rows, texts=2)


def aims(measured: Any) -> list[Aim]:
    """Of ours against dlt doing the same, and against one task per workorder."""
    ratios = {(row["case"], row["way"]): row["ours_times_faster"] for row in measured["rows"]}
    aimed = (
        (FIRST, DLT, 2.5),
        (ALL, DLT, 2.5),
        (SOME, DLT, 20),
        (SOME_MODIFIED, DLT, 20),
        (NONE, DLT, 40),
        (NONE_MODIFIED, DLT, 40),
        (FIRST, ORM, 15),
    )
    return [at_least(f"{case}: ours × {way}", least, ratios[case, way]) for case, way, least in aimed]


def said(measured: Any) -> str:
    """What was measured, with what, and how busy the machine was."""
    loads = ", ".join(f"{load:.1f}" for load in measured["loads"])
    return (
        f"{measured['workorders']:,} workorders with {measured['lines']:,} lines and"
        f" {measured['contacts']:,} contacts; {said_of(measured['rounds'])};"
        f" {measured['dlt']}; PostgreSQL with `fsync` on. Programs that wanted the cores, on average of the"
        f" last minute of each round: {loads}."
    )


def _cells(row: Any) -> list[str]:
    requests = row["requests_per_1000"]
    return [
        row["way"],
        f"{row['seconds']:.2f}",
        f"{row['rate']:,.0f}",
        f"{row['rate_lowest']:,.0f}–{row['rate_highest']:,.0f}",
        "" if row["way"] == "ours" else f"{row['ours_times_faster']:.2f}",
        "" if requests is None else f"{requests:.2f}",
    ]


def bars(measured: Any) -> str:
    """Workorders per second as an SVG, on a logarithmic scale from 10."""
    rows = measured["rows"]
    most = log10(max(row["rate"] for row in rows)) - 1
    drawn, y, last = [], _TOP, None
    for row in rows:
        y += 12 if row["case"] != last else 0
        last = row["case"]
        length = _WIDTH * (log10(max(row["rate"], 10)) - 1) / most
        label = escape(f"{row['case']}: {row['way']}")
        drawn.append(
            f'<text x="{_LEFT - 8}" y="{y + 13}" text-anchor="end">{label}</text>'
            f'<rect x="{_LEFT}" y="{y}" width="{length:.1f}" height="{_BAR - 4}"'
            f' fill="{_COLORS.get(row["way"], _OTHER)}"/>'
            f'<text x="{_LEFT + length + 6:.1f}" y="{y + 13}">{row["rate"]:,.0f}</text>'
        )
        y += _BAR
    title = f"Workorders per second, logarithmic; medians of {measured['rounds']} rounds"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_LEFT + _WIDTH + 90}" height="{y + 20}"'
        ' font-family="sans-serif" font-size="12"><rect width="100%" height="100%" fill="white"/>'
        f'<text x="12" y="22" font-size="15">{title}</text>'
        f'<text x="12" y="40" fill="{_OTHER}">{escape(measured["machine"][:140])}</text>'
        f"{''.join(drawn)}</svg>\n"
    )
