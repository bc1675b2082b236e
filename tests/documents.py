"""What the documents say, as values: blocks, commands, tables, links, words set as code."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = tuple(sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]))
#: Their commands are examples of `--help`, tested where `--help` is.
GENERATED = frozenset({ROOT / "docs" / "cli.md", ROOT / "docs" / "answers.md"})
WRITTEN = tuple(path for path in DOCUMENTS if path not in GENERATED)

Command = tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """Cells as written, without the backticks of code."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    @property
    def first_column(self) -> list[str]:
        return [row[0] for row in self.rows]


def blocks(document: Path, info: str) -> list[str]:
    """The fenced blocks whose opening fence says `info`, for example `sh` or `json start-state`."""
    return [token.content for token in _tokens(document) if token.type == "fence" and token.info == info]


def steps(document: Path, heading: str) -> list[tuple[str, str]]:
    """The fenced blocks of one section in their order: what the opening fence says, and what is inside."""
    inside, found = False, []
    for token, following in _with_next(document):
        if token.type == "heading_open" and following is not None:
            inside = following.content == heading
        elif inside and token.type == "fence":
            found.append((token.info, token.content))
    return found


def headings(document: Path) -> list[str]:
    """Of all levels, as written."""
    return [
        following.content
        for token, following in _with_next(document)
        if token.type == "heading_open" and following is not None
    ]


def infos(document: Path) -> set[str]:
    return {token.info for token in _tokens(document) if token.type == "fence"}


def commands(document: Path) -> list[Command]:
    """The commands of all `sh` blocks, in their order; `a && b` is two."""
    return [command for block in blocks(document, "sh") for command in _split(block)]


def tables(document: Path) -> list[Table]:
    found: list[list[list[str]]] = []
    for token, inside in _with_next(document):
        if token.type == "table_open":
            found.append([])
        elif token.type == "tr_open":
            found[-1].append([])
        elif token.type in {"th_open", "td_open"} and inside is not None:
            found[-1][-1].append(inside.content.replace("`", ""))
    return [Table(tuple(rows[0]), tuple(map(tuple, rows[1:]))) for rows in found]


def links(document: Path) -> list[str]:
    opened = (token for token in _inline(document) if token.type == "link_open")
    return [str(token.attrGet("href")) for token in opened]


def code_words(document: Path) -> list[str]:
    """What stands between backticks within sentences and tables."""
    return [token.content for token in _inline(document) if token.type == "code_inline"]


def make_targets() -> set[str]:
    """What `make` can be asked for. `make -n` alone would also accept the name of a folder."""
    return set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


def _split(block: str) -> Iterator[Command]:
    for line in block.replace("\\\n", " ").splitlines():
        words = shlex.split(line, comments=True)
        while "&&" in words:
            cut = words.index("&&")
            yield tuple(words[:cut])
            words = words[cut + 1 :]
        if words:
            yield tuple(words)


@cache
def _tokens(document: Path) -> tuple[Token, ...]:
    return tuple(MarkdownIt("commonmark").enable("table").parse(document.read_text("utf-8")))


def _inline(document: Path) -> Iterator[Token]:
    return (child for token in _tokens(document) for child in token.children or ())


def _with_next(document: Path) -> Iterator[tuple[Token, Token | None]]:
    tokens = _tokens(document)
    return zip(tokens, (*tokens[1:], None), strict=True)
