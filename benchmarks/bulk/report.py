"""What was measured, as a table for a terminal, a table in Markdown, and a plot."""

import os
import platform
import subprocess
from html import escape
from importlib.metadata import version
from math import log10
from pathlib import Path
from typing import Any

from rich.table import Table

_COLORS = {"ours": "#2563eb", "dlt": "#d97706"}
BEGIN, END = "<!-- measured -->", "<!-- /measured -->"
_OTHER = "#64748b"
_BAR, _LEFT, _WIDTH, _TOP = 18, 400, 440, 52


def machine(dlt: str) -> str:
    cpu = next(
        (
            line.split(":", 1)[1].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        platform.machine(),
    )
    packages = ("celery", "SQLAlchemy", "psycopg2-binary", "marshmallow", "requests")
    named = ", ".join(f"{name} {version(name)}" for name in packages)
    return f"{os.cpu_count()} cores of {cpu}, Python {platform.python_version()}, {named}, dlt {dlt}"


def commit() -> str:
    """Of the source that is measured."""
    command = ["git", "rev-parse", "--short", "HEAD"]
    said = subprocess.run(command, cwd=Path(__file__).parent, capture_output=True, text=True, check=False)
    return said.stdout.strip() or "unknown"


def table(measured: Any) -> Table:
    title = f"{measured['workorders']} workorders, medians of {measured['rounds']} rounds"
    shown = Table(title=title, caption=measured["machine"])
    for name in ("case", "way"):
        shown.add_column(name)
    for name in (
        "seconds",
        "workorders/s",
        "lowest–highest",
        "ours is … times as fast",
        "requests per 1,000",
    ):
        shown.add_column(name, justify="right")
    last = None
    for row in measured["rows"]:
        if row["case"] != last:
            shown.add_section()
        shown.add_row("" if row["case"] == last else row["case"], *_cells(row))
        last = row["case"]
    return shown


def markdown(measured: Any) -> str:
    """The same for docs/performance.md."""
    names = ("case", "way", "seconds", "workorders/s", "lowest–highest", "ours is … times as fast")
    lines = [f"| {' | '.join(names)} | requests per 1,000 |", "|---|---|--:|--:|--:|--:|--:|"]
    lines += [f"| {row['case']} | {' | '.join(_cells(row))} |" for row in measured["rows"]]
    return "\n".join(lines)


def written_into(document: str, measured: Any) -> str:
    """The document with what was measured between its two marks."""
    before, _, rest = document.partition(BEGIN)
    _, _, after = rest.partition(END)
    if not after:
        raise ValueError(f"the document lacks {BEGIN} or {END}")
    loads = measured["loads"]
    said = (
        f"Measured on {measured['date']} at commit `{measured['commit']}`:"
        f" {measured['workorders']:,} workorders with"
        f" {measured['lines']:,} lines and {measured['contacts']:,} contacts; {measured['rounds']} rounds,"
        f" figures are medians. The machine: {measured['machine']}; PostgreSQL with `fsync` on. Programs that"
        " wanted the cores, on average of the last minute of each round:"
        f" {', '.join(f'{load:.1f}' for load in loads)}."
    )
    return f"{before}{BEGIN}\n{said}\n\n{markdown(measured)}\n{END}{after}"


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
