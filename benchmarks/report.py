"""What was found, for a terminal, for docs/performance.md and as a plot."""

from collections.abc import Sequence
from html import escape
from pathlib import Path

from rich.table import Table

from benchmarks.found import GRAY, Bar, Found, Grid

_BAR, _LEFT, _WIDTH, _TOP = 18, 400, 440, 52


def table(grid: Grid) -> Table:
    shown = Table(title=grid.title, title_justify="left")
    for place, name in enumerate(grid.columns):
        shown.add_column(name, justify="left" if place < grid.texts else "right")
    for row in grid.rows:
        shown.add_row(*row)
    return shown


def markdown(grid: Grid) -> str:
    """With its title in bold above, where it has one."""
    marks = ["---" if place < grid.texts else "--:" for place in range(len(grid.columns))]
    lines = [f"| {' | '.join(cells)} |" for cells in (grid.columns, *grid.rows)]
    lines.insert(1, f"|{'|'.join(marks)}|")
    title = f"**{grid.title}**\n\n" if grid.title else ""
    return title + "\n".join(lines)


def section(found: Found, said: str) -> str:
    """All that stands between a measurement's marks; `said` is when, where and of what."""
    return "\n\n".join([f"{said} {found.said}", *map(markdown, found.all_grids)])


def marks(name: str) -> tuple[str, str]:
    return f"<!-- measured {name} -->", f"<!-- /measured {name} -->"


def written_into(document: str, name: str, title: str, text: str) -> str:
    """The document with `text` between the marks of `name`. One that lacks them gets a section at its end,
    headed `title`, to be put in its place by hand."""
    begin, end = marks(name)
    if begin not in document:
        document = f"{document.rstrip()}\n\n## {title}\n\n{begin}\n{end}\n"
    return between(document, begin, end, text)


def between(document: str, begin: str, end: str, text: str) -> str:
    """Raises ValueError where `end` is missing."""
    before, _, rest = document.partition(begin)
    _, found, after = rest.partition(end)
    if not found:
        raise ValueError(f"the document lacks {begin} or {end}")
    return f"{before}{begin}\n{text}\n{end}{after}"


def bars(title: str, below: str, rows: Sequence[Bar]) -> str:
    """Horizontal bars from zero as an SVG."""
    most = max(bar.value for bar in rows) or 1
    drawn = []
    for place, bar in enumerate(rows):
        y, length = _TOP + place * _BAR, _WIDTH * bar.value / most
        drawn.append(
            f'<text x="{_LEFT - 8}" y="{y + 13}" text-anchor="end">{escape(bar.label)}</text>'
            f'<rect x="{_LEFT}" y="{y}" width="{length:.1f}" height="{_BAR - 4}" fill="{bar.color}"/>'
            f'<text x="{_LEFT + length + 6:.1f}" y="{y + 13}">{escape(bar.shown)}</text>'
        )
    height = _TOP + len(rows) * _BAR + 20
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_LEFT + _WIDTH + 120}" height="{height}"'
        ' font-family="sans-serif" font-size="12"><rect width="100%" height="100%" fill="white"/>'
        f'<text x="12" y="22" font-size="15">{escape(title)}</text>'
        f'<text x="12" y="40" fill="{GRAY}">{escape(below[:150])}</text>{"".join(drawn)}</svg>\n'
    )


def write_down(document: Path, name: str, title: str, found: Found, said: str, machine: str) -> None:
    """Into the document, and the plot beside it."""
    written = written_into(document.read_text("utf-8"), name, title, section(found, said))
    written = written_into(written, "machine", "The machine", f"{machine}.")
    document.write_text(written, "utf-8")
    plot = bars(found.plot_title, machine, found.plot) if found.plot else found.drawn
    if plot:
        document.with_name(f"{name.replace('_', '-')}.svg").write_text(plot, "utf-8")
