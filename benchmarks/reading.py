"""What reading a workorder costs the processor, from JSON to a value: `python benchmarks/reading.py`.

Every figure is the median of five rounds over the same workorders (8 lines, 3 contacts) in one process. Each
way of reading is checked to give the same workorders first.
"""

import argparse
import gc
import importlib
import json
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import date
from decimal import Decimal
from functools import partial
from hashlib import sha256
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.invented import Row, invented, unreadable, with_remarks
from benchmarks.machine import machine
from benchmarks.plain_schema import QuickWorkorderSchema, WorkorderSchema
from schemas.reading import Accepted, Branch, digest, read_workorder
from schemas.rows import RowSchema, contact_schema, header_schema, line_schema
from schemas.vinacles import RawWorkorder
from schemas.workorder import Workorder

ROUNDS = 5
BRANCH = Branch("Europe/Amsterdam", "NL", date(2026, 6, 4))
SALT = "1/Europe/Amsterdam/NL"
Measured = dict[str, dict[str, float]]


def ours(raws: Sequence[RawWorkorder]) -> list[Workorder]:
    read = (read_workorder(raw, BRANCH) for raw in raws)
    return [outcome.workorder for outcome in read if isinstance(outcome, Accepted)]


@contextmanager
def marshmallow_alone() -> Iterator[None]:
    schemas: tuple[RowSchema, ...] = (header_schema(), line_schema(), contact_schema(BRANCH.phone_region))
    kept = [schema.read_quickly for schema in schemas]
    for schema in schemas:
        schema.read_quickly = lambda row: None
    yield
    for schema, quick in zip(schemas, kept, strict=True):
        schema.read_quickly = quick


def ours_by_marshmallow(raws: Sequence[RawWorkorder]) -> list[Workorder]:
    with marshmallow_alone():
        return ours(raws)


def plain(schema: WorkorderSchema, raws: Sequence[RawWorkorder]) -> list[Workorder]:
    return [schema.load({**raw.header, "lines": raw.lines, "contacts": raw.contacts}) for raw in raws]


def json_digest(raw: RawWorkorder) -> bytes:
    """The way most people identify a record: sorted JSON."""
    rows = [raw.header, *raw.lines, *raw.contacts]
    return sha256(json.dumps(rows, sort_keys=True, default=str).encode()).digest()


def medians(ways: dict[str, Callable[[], object]], count: int) -> dict[str, float]:
    """Microseconds per workorder. The ways take turns, so that a slow moment strikes them all."""
    seen: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(ROUNDS):
        for name, work in ways.items():
            gc.collect()
            began = time.perf_counter()
            work()
            seen[name].append((time.perf_counter() - began) / count * 1e6)
    return {name: statistics.median(values) for name, values in seen.items()}


def compared(ways: dict[str, Callable[[], object]], count: int) -> Measured:
    """Against the first of the ways: how many times faster."""
    found = medians(ways, count)
    base = next(iter(found.values()))
    return {name: {"microseconds": value, "times_faster": base / value} for name, value in found.items()}


def reading(raws: Sequence[RawWorkorder]) -> Measured:
    schema, with_shortcuts = WorkorderSchema(), QuickWorkorderSchema()
    remarks, bad = with_remarks(raws), unreadable(raws)
    expected = plain(schema, raws)
    for same in (plain(with_shortcuts, raws), ours_by_marshmallow(raws), ours(raws)):
        assert same == expected  # different work is not worth comparing
    assert len(ours(remarks)) == len(ours(bad)) == len(raws)
    ways: dict[str, Callable[[], object]] = {
        "plain nested schema": lambda: plain(schema, raws),
        "the same with our shortcuts for phones and addresses": lambda: plain(with_shortcuts, raws),
        "ours, each row loaded by marshmallow": lambda: ours_by_marshmallow(raws),
        "ours, compiled": lambda: ours(raws),
        "ours, compiled, a remark on every row": lambda: ours(remarks),
        "ours, a column unreadable in every row": lambda: ours(bad),
    }
    return compared(ways, len(raws))


def digesting(raws: Sequence[RawWorkorder]) -> Measured:
    ways: dict[str, Callable[[], object]] = {
        "sorted JSON and SHA-256": lambda: [json_digest(raw) for raw in raws],
        "ours": lambda: [digest(raw, SALT) for raw in raws],
    }
    return compared(ways, len(raws))


def parsers() -> dict[str, Callable[[bytes], Any]]:
    """Those that are installed. An amount must come from its digits as written, not from a float."""
    found: dict[str, Callable[[bytes], Any]] = {
        "json, parse_float=Decimal": lambda body: json.loads(body.decode("utf-8-sig"), parse_float=Decimal),
        "json, floats: not usable for amounts": json.loads,
    }
    with suppress(ImportError):
        msgspec = importlib.import_module("msgspec")
        found["msgspec, float_hook=Decimal"] = msgspec.json.Decoder(float_hook=Decimal).decode
    with suppress(ImportError):
        simplejson = importlib.import_module("simplejson")
        found["simplejson, use_decimal"] = lambda body: simplejson.loads(body, use_decimal=True)
    with suppress(ImportError):
        rapidjson = importlib.import_module("rapidjson")
        found["rapidjson, NM_DECIMAL"] = lambda body: rapidjson.loads(body, number_mode=rapidjson.NM_DECIMAL)
    with suppress(ImportError):
        orjson = importlib.import_module("orjson")
        found["orjson, floats only: not usable for amounts"] = orjson.loads
    return found


def page(rows: Sequence[Row]) -> bytes:
    """A page of an answer; amounts are JSON numbers with their trailing zeros, as DAB writes them."""
    body = json.dumps({"value": rows}, default=lambda amount: f"<{amount}>")
    return body.replace('"<', "").replace('>"', "").encode()


def parsing(raws: Sequence[RawWorkorder]) -> Measured:
    """The headers of all workorders, their lines, and their contacts; a page each."""
    sent: list[list[Any]] = [
        [raw.header for raw in raws],
        [row for raw in raws for row in raw.lines],
        [row for raw in raws for row in raw.contacts],
    ]
    bodies = [page(rows) for rows in sent]
    ways: dict[str, Callable[[], object]] = {}
    for name, parse in parsers().items():
        if "not usable" not in name:
            assert list(map(repr, (parse(body)["value"] for body in bodies))) == list(map(repr, sent))
        ways[name] = partial(parse_all, parse, bodies)
    return compared(ways, len(raws))


def parse_all(parse: Callable[[bytes], Any], bodies: Sequence[bytes]) -> None:
    for body in bodies:
        parse(body)


def shown(title: str, measured: Measured) -> Table:
    table = Table(title=title, title_justify="left")
    table.add_column("way")
    table.add_column("µs per workorder", justify="right")
    table.add_column("times faster", justify="right")
    for name, values in measured.items():
        table.add_row(name, f"{values['microseconds']:.1f}", f"{values['times_faster']:.2f}")
    return table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workorders", type=int, default=1000, help="per round (default 1000)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()
    raws = invented(options.workorders)
    results = {
        "Reading rows": reading(raws),
        "Digest of rows": digesting(raws),
        "Parsing JSON": parsing(raws),
    }
    described = {"machine": machine(), "workorders": options.workorders, "rounds": ROUNDS}
    if options.json:
        print(json.dumps({**described, "microseconds per workorder": results}))
        return
    console = Console()
    console.print(f"{described['machine']}; medians of {ROUNDS} rounds over {options.workorders} workorders")
    for title, measured in results.items():
        console.print(shown(title, measured))


if __name__ == "__main__":
    main()
