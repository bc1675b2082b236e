"""docs/simulator.md says what the simulator has."""

import json
from contextlib import closing
from dataclasses import fields

import pytest

from sandbox.simulator.admin_routes import AdminRoutes
from sandbox.simulator.faults import Fault, FaultKind
from sandbox.simulator.known import known_workorders
from sandbox.simulator.settings import Settings
from tests.documents import ROOT, Table, commands, tables
from tests.unit.simulator.tenants import TODAY, bare_site

DOCUMENT = ROOT / "docs" / "simulator.md"
#: What a fault of any kind has.
WHOM = {"kind", "match", "times", "after", "rate", "paging", "from_second", "until_second"}


def table(first: str) -> Table:
    [found] = [table for table in tables(DOCUMENT) if table.head[0] == first]
    return found


def sent_to(path: str) -> list[object]:
    """What the document's lines of curl send to a route of the remote control."""
    return [
        json.loads(command[command.index("-d") + 1])
        for command in commands(DOCUMENT)
        if command[0] == "curl"
        and "-d" in command
        and any(word.endswith(f"/_admin/{path}") for word in command)
    ]


def test_the_workorders_that_are_always_there() -> None:
    said = [row[:3] for row in table("WO number").rows]
    assert said == [
        (str(bundle.header["WONUMMER"]), str(bundle.header["LicensePlate"] or "none"), str(len(bundle.lines)))
        for bundle in known_workorders(TODAY)
    ]


def test_the_routes() -> None:
    with closing(bare_site()) as site:
        routes = {" ".join(route) for route in AdminRoutes(site).routes}
    assert set(table("request").first_column) == routes


@pytest.mark.parametrize(
    ("head", "kind", "names"),
    [("setting", Settings, {one.name for one in fields(Settings)}), ("field", Fault, WHOM - {"kind"})],
)
def test_settings_and_fields_with_their_defaults(
    head: str, kind: type[Settings | Fault], names: set[str]
) -> None:
    defaults = {
        one.name: one.default if isinstance(one.default, str) else json.dumps(one.default)
        for one in fields(kind)
        if one.name in names
    }
    assert {name: default for name, default, _ in table(head).rows} == defaults


def test_the_kinds_of_faults_and_their_fields() -> None:
    said = table("kind").rows
    assert [kind for kind, _, _ in said] == list(FaultKind)
    named = {field for _, cell, _ in said for field in cell.split(", ") if field}
    assert named | WHOM == {one.name for one in fields(Fault)}


def test_each_kind_of_fault_has_a_line_that_arms_it() -> None:
    lines = sent_to("faults")
    armed = [Fault.from_json(line) for line in lines if isinstance(line, dict)]
    assert {fault.kind for fault in armed} == set(FaultKind)
    said = {kind: {*WHOM, *cell.split(", ")} for kind, cell, _ in table("kind").rows}
    for line in lines:
        if isinstance(line, dict):
            assert line.keys() <= said[line["kind"]], line
