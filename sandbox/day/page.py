"""The pieces of a page: one file of HTML that needs nothing else, reads on a screen and prints well."""

from collections.abc import Iterable, Mapping, Sequence
from html import escape

_STYLE = """
:root { color-scheme: light; --ink: #1e293b; --gray: #64748b; --line: #e2e8f0; --soft: #f8fafc; }
* { box-sizing: border-box; }
body { margin: 0; background: #f1f5f9; color: var(--ink); font: 15px/1.5 system-ui, "Segoe UI", Roboto,
  "Helvetica Neue", "DejaVu Sans", sans-serif; }
main { max-width: 1080px; margin: 0 auto; padding: 32px 24px 64px; }
h1 { font-size: 28px; line-height: 1.2; margin: 0 0 4px; }
h2 { font-size: 19px; margin: 0 0 4px; }
p { margin: 0 0 12px; max-width: 76ch; }
.quiet { color: var(--gray); }
section { background: #fff; border: 1px solid var(--line); border-radius: 10px; padding: 20px 24px;
  margin-top: 20px; }
.verdict { border-left: 8px solid #16a34a; }
.verdict.bad { border-left-color: #dc2626; }
.verdict strong { font-size: 20px; }
.verdict p { margin: 4px 0 0; }
@media (max-width: 640px) { .tiles { grid-template-columns: repeat(2, 1fr); } }
.tiles { display: grid; grid-template-columns: repeat(4, 1fr); gap: 12px;
  margin-top: 20px; }
.tile { background: #fff; border: 1px solid var(--line); border-radius: 10px; padding: 12px 16px; }
.tile b { display: block; font-size: 24px; line-height: 1.3; }
.tile span { color: var(--gray); font-size: 13px; }
table + p { margin: 12px 0 0; }
svg { display: block; width: 100%; height: auto; margin-top: 12px; font-family: inherit; }
.legend { display: flex; flex-wrap: wrap; gap: 4px 18px; font-size: 13px; margin-top: 8px; }
.legend i { display: inline-block; width: 11px; height: 11px; border-radius: 3px; margin-right: 6px; }
table { border-collapse: collapse; width: 100%; margin-top: 12px; font-size: 14px; }
th { text-align: left; color: var(--gray); font-weight: 600; font-size: 13px;
  border-bottom: 2px solid var(--line); padding: 6px 10px 6px 0; vertical-align: bottom; }
td { border-bottom: 1px solid var(--line); padding: 6px 10px 6px 0; vertical-align: top; }
tr:last-child td { border-bottom: 0; }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.good { color: #15803d; font-weight: 600; }
.bad-text { color: #b91c1c; font-weight: 600; }
code { font: 13px ui-monospace, "DejaVu Sans Mono", monospace; background: var(--soft); padding: 1px 4px;
  border-radius: 4px; overflow-wrap: anywhere; }
@media print {
  @page { margin: 14mm; }
  body { background: #fff; font-size: 11pt; -webkit-print-color-adjust: exact; print-color-adjust: exact; }
  main { padding: 0; max-width: none; }
  section, .tile { break-inside: avoid; border-color: #cbd5e1; }
  section.long { break-inside: auto; }
  tr { break-inside: avoid; }
}
"""


class Raw(str):
    """HTML already; any other text is escaped."""

    __slots__ = ()


def page(title: str, sections: Iterable[str]) -> str:
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<main>\n"
        + "\n".join(sections)
        + "\n</main>\n</body>\n</html>\n"
    )


def section(title: str, said: str, *content: str, long: bool = False) -> str:
    kind = ' class="long"' if long else ""
    below = f'<p class="quiet">{escape(said)}</p>' if said else ""
    return f"<section{kind}><h2>{escape(title)}</h2>{below}{''.join(content)}</section>"


def tiles(figures: Mapping[str, str]) -> str:
    made = (
        f'<div class="tile"><b>{escape(value)}</b><span>{escape(name)}</span></div>'
        for name, value in figures.items()
    )
    return f'<div class="tiles">{"".join(made)}</div>'


def legend(colors: Mapping[str, str]) -> str:
    made = (
        f'<span><i style="background:{color}"></i>{escape(name)}</span>' for name, color in colors.items()
    )
    return f'<div class="legend">{"".join(made)}</div>'


def table(columns: Sequence[str], rows: Iterable[Sequence[str]], numbers: Sequence[int] = ()) -> str:
    """`numbers` are the places of columns that hold figures."""

    def cells(tag: str, row: Sequence[str]) -> str:
        return "".join(
            f"<{tag}{' class=number' if place in numbers else ''}>{_safe(cell)}</{tag}>"
            for place, cell in enumerate(row)
        )

    body = "".join(f"<tr>{cells('td', row)}</tr>" for row in rows)
    return f"<table><thead><tr>{cells('th', columns)}</tr></thead><tbody>{body}</tbody></table>"


def codes(names: Iterable[str]) -> Raw:
    return Raw(" ".join(f"<code>{escape(name)}</code>" for name in names))


def verdict_of(good: bool, words: str) -> Raw:
    return Raw(f'<span class="{"good" if good else "bad-text"}">{escape(words)}</span>')


def _safe(cell: str) -> str:
    return cell if isinstance(cell, Raw) else escape(cell)
