"""The documents are true: tables, examples, links and names are compared with the code."""

import json
import re
import tomllib
from pathlib import Path
from uuid import UUID

import click
import pytest
from jsonschema import Draft202012Validator

from docs.generate import SCHEMAS
from schemas.outcome import Outcome
from schemas.vinacles import ENTITIES
from schemas.workorder import workorder_id
from tests.documents import (
    DOCUMENTS,
    ROOT,
    WRITTEN,
    Table,
    blocks,
    code_words,
    infos,
    links,
    make_targets,
    tables,
)
from worker.cli.program import program
from worker.errors import ErrorCode
from worker.settings import SETTINGS
from worker.store.tables import metadata

EXAMPLE_DEALER = 12


def tables_of(*head: str) -> list[Table]:
    """Every table with this head, of all documents that are written by hand."""
    return [table for document in WRITTEN for table in tables(document) if table.head == head]


@pytest.mark.parametrize("document", WRITTEN, ids=lambda d: d.name)
def test_examples_in_json_fit_their_schemas(document: Path) -> None:
    for info in infos(document):
        kind, _, name = info.partition(" ")
        for block in blocks(document, info) if kind == "json" else ():
            schema = json.loads((ROOT / "docs" / "schemas" / f"{name}.json").read_text())
            example = json.loads(block)
            Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER).validate(example)
            for workorder in example.get("workorders", ()):
                assert UUID(workorder["workorder_id"]) == workorder_id(
                    EXAMPLE_DEALER, workorder["dms_number"]
                )


def test_the_tables_of_outcomes_and_errors_are_the_codes() -> None:
    [outcomes] = tables_of("outcome", "meaning")
    assert outcomes.rows == tuple((member.value, member.en) for member in Outcome)
    [errors] = tables_of("error code", "what it means", "what to do")
    said = tuple(
        tuple(cell.replace("`", "") for cell in (c.value, c.meaning, c.next_step)) for c in ErrorCode
    )
    assert errors.rows == said
    [for_operators] = tables_of("error code", "what to do")
    assert sorted(for_operators.first_column) == sorted(ErrorCode)


def test_the_tables_of_tasks_are_the_messages() -> None:
    found = tables_of("task", "keyword arguments", "answer")
    assert len(found) == 2
    expected = {
        name: {field: kind.required for field, kind in schema().fields.items()}
        for name, schema in SCHEMAS.items()
        if name.startswith("workorders.")
    }
    for table in found:
        said = {
            task: {
                name: mark != "?"
                for name, mark in re.findall(
                    r"(\w+_\w+|search|offline|turn|fresh)\b(\??)", re.sub(r"\(.*?\)", "", arguments)
                )
            }
            for task, arguments, _ in table.rows
        }
        assert said == expected


def test_the_tables_of_entities_and_database_tables_exist() -> None:
    [entities] = tables_of("entity", "columns that we ask for")
    assert entities.rows == tuple((entity.name, ", ".join(entity.columns)) for entity in ENTITIES)
    [stored] = tables_of("table", "what it holds")
    assert set(stored.first_column) <= set(metadata.tables)


def test_every_dependency_is_explained() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"].values()
    needed = {
        re.split(r"[>\[]", line)[0]
        for line in [*project["dependencies"], *(one for extra in extras for one in extra)]
    }
    explained = {
        re.split(r"\[", name)[0]
        for table in tables_of("package", "why")
        for cell in table.first_column
        for name in cell.split(", ")
    }
    assert explained == needed - {project["name"]}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda d: d.name)
def test_links_lead_somewhere(document: Path) -> None:
    for link in links(document):
        if not link.startswith(("http://", "https://")):
            assert (document.parent / link.partition("#")[0]).exists(), link


#: Made by `docker/new-secrets`.
_MADE_LATER = {"docker/secrets/", "docker/secrets/flower_basic_auth"}


@pytest.mark.parametrize("document", WRITTEN, ids=lambda d: d.name)
def test_what_is_named_exists(document: Path) -> None:
    settings = {setting.variable for setting in SETTINGS}
    for name in re.findall(r"TWODRIVE_[A-Z_]+", document.read_text("utf-8")):
        assert name.removesuffix("_FILE") in settings, name
    targets = make_targets()
    for words in map(str.split, code_words(document)):
        if not words:
            continue
        if words[0] == "twodrive":
            assert_understood(words[1:])
        elif words[0] == "make" and len(words) > 1:
            assert words[1] in targets, words
        elif words[0].startswith("--"):
            assert words[0] in every_option(program), words
        elif re.fullmatch(r"\.?[\w.-]+(/[\w.-]+)*(/|\.(py|md|yml|toml|json|example))", words[0]):
            assert words[0] in _MADE_LATER or (ROOT / words[0]).exists(), words[0]


def assert_understood(words: list[str]) -> None:
    """`dealers set 12 --no-paused` names commands and options that exist."""
    command: click.Command = program
    options = [word for word in words if word.startswith("-")]
    for word in words:
        if not isinstance(command, click.Group) or word.startswith("-") or word == "…":
            break
        assert word in command.commands, words
        command = command.commands[word]
    assert set(options) <= options_of(command) | {"--help"}, words


def options_of(command: click.Command) -> set[str]:
    return {name for option in command.params for name in (*option.opts, *option.secondary_opts)}


def every_option(command: click.Command) -> set[str]:
    below = command.commands.values() if isinstance(command, click.Group) else ()
    return options_of(command).union({"--help"}, *(every_option(one) for one in below))
