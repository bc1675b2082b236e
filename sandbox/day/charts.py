"""Charts of a day as inline SVG: time runs from left to right, the doors' opening to their closing."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape

from sandbox.day.clock import shown

_WIDTH, _LEFT, _RIGHT = 1000, 170, 14
_LANE, _TOP = 34, 26
INK, GRAY, LINE = "#1e293b", "#64748b", "#e2e8f0"


@dataclass(frozen=True, slots=True)
class Span:
    """A bar on a lane, in played minutes; `label` stands on or beside it, `title` shows under the pointer."""

    began: float
    ended: float
    color: str
    title: str
    label: str = ""


@dataclass(frozen=True, slots=True)
class Lane:
    name: str
    spans: Sequence[Span]


@dataclass(frozen=True, slots=True)
class Axis:
    """Minutes as places; what comes after the doors are closed stands right of `minutes`."""

    minutes: float

    def x(self, minute: float) -> float:
        inside = min(max(minute, 0.0), self.minutes)
        return _LEFT + (_WIDTH - _LEFT - _RIGHT) * inside / self.minutes

    def ticks(self) -> Iterator[float]:
        step = 60 if self.minutes > 120 else 10
        yield from (float(minute) for minute in range(0, int(self.minutes) + 1, step))


def timeline(minutes: float, lanes: Sequence[Lane]) -> str:
    """What happened when, a lane for each kind."""
    axis, height = Axis(minutes), _TOP + _LANE * len(lanes) + 8
    drawn = [*_grid(axis, height)]
    for place, lane in enumerate(lanes):
        y = _TOP + place * _LANE
        drawn.append(_text(_LEFT - 10, y + 20, lane.name, anchor="end", size=13))
        drawn.append(f'<line x1="0" x2="{_WIDTH}" y1="{y}" y2="{y}" stroke="{LINE}"/>')
        drawn += [_bar(axis, span, y) for span in lane.spans]
    return _svg("What happened when", height, drawn)


def _grid(axis: Axis, height: float) -> Iterator[str]:
    for minute in axis.ticks():
        x = axis.x(minute)
        yield f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{_TOP}" y2="{height}" stroke="{LINE}"/>'
        anchor = "end" if minute == axis.minutes else "middle"
        yield _text(min(x, _WIDTH), 16, shown(minute), anchor=anchor, color=GRAY, size=12)


def _bar(axis: Axis, span: Span, y: float) -> str:
    x, until = axis.x(span.began), axis.x(span.ended)
    width = max(until - x, 4)
    label = ""
    if span.label:
        middle, y_text = x + width / 2, y + 21
        label = _text(middle, y_text, span.label, anchor="middle", color="#ffffff", size=12, bold=True)
    return (
        f'<g><title>{escape(span.title)}</title><rect x="{x:.1f}" y="{y + 7}" width="{width:.1f}"'
        f' height="{_LANE - 14}" rx="3" fill="{span.color}" stroke="#fff"/>{label}</g>'
    )


def stacked(hours: Sequence[str], series: Mapping[str, tuple[str, Sequence[int]]]) -> str:
    """Columns of counts; `series` is name → color and a count for each hour."""
    totals = [sum(counts[place] for _, counts in series.values()) for place in range(len(hours))]
    top, height = _rounded(max(totals, default=0) or 1), 270
    drawn = [*_levels(height, [(top * part / 4, f"{top * part / 4:g}") for part in range(5)], top)]
    room = (_WIDTH - 50 - _RIGHT) / len(hours)
    for place, hour in enumerate(hours):
        x, y = 50 + room * place + room * 0.16, float(height)
        for name, (color, counts) in series.items():
            size = (height - 40) * counts[place] / top
            y -= size
            if size:
                drawn.append(
                    f'<g><title>{hour}: {counts[place]} {escape(name)}</title><rect x="{x:.1f}" y="{y:.1f}"'
                    f' width="{room * 0.68:.1f}" height="{size:.1f}" fill="{color}"/></g>'
                )
        drawn.append(_text(x + room * 0.34, y - 6, str(totals[place]), anchor="middle", size=12))
        drawn.append(_text(x + room * 0.34, height + 18, hour, anchor="middle", color=GRAY, size=12))
    return _svg("Answers by outcome", height + 26, drawn)


def latency(hours: Sequence[str], middle: Sequence[float | None], slow: Sequence[float | None]) -> str:
    """Median and 95th percentile in seconds per hour, on a scale of tens."""
    height, floor, ceiling = 250, -2.0, 1.6
    marks = [(10.0**power, name) for power, name in zip(range(-2, 2), _TENS, strict=True)]
    drawn = [*_levels(height, [(math.log10(v) - floor, name) for v, name in marks], ceiling - floor)]
    room = (_WIDTH - 50 - _RIGHT) / len(hours)

    def point(place: int, seconds: float) -> tuple[float, float]:
        part = (math.log10(max(seconds, 0.01)) - floor) / (ceiling - floor)
        return 50 + room * (place + 0.5), height - (height - 40) * min(part, 1)

    for values, color, below in ((slow, "#d97706", False), (middle, "#2563eb", True)):
        points = [(point(place, value), value) for place, value in enumerate(values) if value is not None]
        path = " ".join(f"{x:.1f},{y:.1f}" for (x, y), _ in points)
        drawn.append(f'<polyline points="{path}" fill="none" stroke="{color}" stroke-width="2.5"/>')
        for (x, y), value in points:
            drawn.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{color}"/>')
            drawn.append(_text(x, y + (19 if below else -10), spoken(value), anchor="middle", size=12))
    drawn += [
        _text(50 + room * (place + 0.5), height + 18, hour, anchor="middle", color=GRAY, size=12)
        for place, hour in enumerate(hours)
    ]
    return _svg("How long answers took", height + 26, drawn)


_TENS = ("10 ms", "100 ms", "1 s", "10 s")


def spoken(seconds: float) -> str:
    """0.0234 is 23 ms, 4.56 is 4.6 s."""
    return f"{seconds * 1000:.0f} ms" if seconds < 0.9995 else f"{seconds:.1f} s"


def _levels(height: float, marks: Sequence[tuple[float, str]], top: float) -> Iterator[str]:
    for value, name in marks:
        y = height - (height - 40) * value / top
        yield f'<line x1="50" x2="{_WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}" stroke="{LINE}"/>'
        yield _text(44, y + 4, name, anchor="end", color=GRAY, size=12)


#: Each divided by four is a figure that people can read.
_STEPS = (1, 1.2, 1.6, 2, 2.4, 2.8, 3.2, 4, 6, 8, 10, 12)


def _rounded(most: float) -> float:
    """The next higher number that four levels divide nicely: 183 gives 200."""
    power = 10.0 ** math.floor(math.log10(most))
    return next(step * power for step in _STEPS if step * power >= most * 1.05)


def _text(
    x: float,
    y: float,
    text: str,
    *,
    anchor: str = "start",
    color: str = INK,
    size: int = 12,
    bold: bool = False,
) -> str:
    weight = ' font-weight="600"' if bold else ""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{color}" font-size="{size}"{weight}>'
        f"{escape(text)}</text>"
    )


def _svg(name: str, height: float, drawn: Sequence[str]) -> str:
    size = f"0 0 {_WIDTH} {height:.0f}"
    return f'<svg role="img" aria-label="{escape(name)}" viewBox="{size}">{"".join(drawn)}</svg>'
