"""Write what others need to know: JSON Schemas of messages and answers, tables of codes, the command line.

python docs/generate.py            writes docs/schemas/, docs/answers.md and docs/cli.md
python docs/generate.py --check    writes nothing and fails where they are not current
"""

import argparse
import json
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from marshmallow import Schema

from schemas.answers import ImportResultSchema, StartRecord, StartStateSchema
from schemas.bulk import BulkResultSchema
from schemas.messages import (
    ImportRequestSchema,
    MarkStartedSchema,
    RefreshDealerSchema,
    RefreshRequestSchema,
    WhyRequestSchema,
)
from schemas.outcome import Outcome, Reason, Sentence, Warning
from schemas.verdicts import Verdict
from schemas.why import WhySchema
from worker.cli.manual import manual
from worker.errors import ErrorCode

DOCS = Path(__file__).resolve().parent
SCHEMAS: dict[str, type[Schema]] = {
    "workorders.import": ImportRequestSchema,
    "workorders.refresh": RefreshRequestSchema,
    "workorders.mark_started": MarkStartedSchema,
    "workorders.refresh_dealer": RefreshDealerSchema,
    "workorders.why": WhyRequestSchema,
    "import-result": ImportResultSchema,
    "start-state": StartStateSchema,
    "bulk-result": BulkResultSchema,
    "why": WhySchema,
}
_COMPONENTS = "#/components/schemas/"
_LISTS: tuple[tuple[str, type[Sentence], str], ...] = (
    ("Outcomes", Outcome, "What happened to one workorder: `workorders[].outcome`."),
    (
        "Reasons",
        Reason,
        "Why it was `rejected` or `not_found`: `workorders[].reason`. Of several the first listed is told.",
    ),
    ("Warnings", Warning, "What a person should look at: `workorders[].warnings`."),
    ("Starts of work", StartRecord, "What `workorders.mark_started` did: `state`."),
)
_INTRODUCTION = """\
# Answers and error codes

Made by `python docs/generate.py` from `schemas/` and `worker/errors.py`; edit those. The shapes of messages
and answers are in [schemas/](schemas/README.md) as JSON Schema 2020-12. Codes are stable; sentences may
improve.
"""
_OF_SCHEMAS = """\
# JSON Schemas of messages and answers

Made by `python docs/generate.py`. A message is the keyword arguments of the task of its name; an answer
is what `get()` returns.
"""
_VERDICTS = """\
## Why it is or is not in Claire

What `workorders.why` and `twodrive why` find: `findings[].verdict`. Words in braces are filled in;
some are empty where there is nothing to say, and `{once}` where searching and refreshing work now.
"""
_ERRORS = """\
## Error codes

A task that fails raises `TaskFailed`, whose `args` are the code, what happened, and what to do.
"""


def documents() -> dict[Path, str]:
    """Every generated file with its text."""
    texts = {
        DOCS / "schemas" / f"{name}.json": json.dumps(json_schema(name, schema), indent=2) + "\n"
        for name, schema in SCHEMAS.items()
    }
    texts[DOCS / "schemas" / "README.md"] = _schemas()
    return {**texts, DOCS / "answers.md": _answers(), DOCS / "cli.md": manual()}


def _schemas() -> str:
    rows = (
        (f"[{name}]({name}.json)", (schema.__doc__ or "").partition("\n")[0])
        for name, schema in SCHEMAS.items()
    )
    return f"{_OF_SCHEMAS}\n{_table(('schema', 'of what'), rows)}"


def json_schema(name: str, schema: type[Schema]) -> dict[str, Any]:
    """The JSON Schema of one message or answer; what it refers to stands in its `$defs`."""
    components = _components(schema)
    root = components.pop(_title(schema))
    document = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"{name}.json",
        "title": _title(schema),
        "description": schema.__doc__,
        **root,
    }
    if components:
        document["$defs"] = components
    moved: dict[str, Any] = json.loads(json.dumps(document).replace(_COMPONENTS, "#/$defs/"))
    return moved


def _components(schema: type[Schema]) -> dict[str, Any]:
    """Components of OpenAPI 3.1 are JSON Schemas of the 2020-12 draft."""
    plugin = MarshmallowPlugin(schema_name_resolver=_title)
    spec = APISpec(title="", version="", openapi_version="3.1.0", plugins=[plugin])
    spec.components.schema(_title(schema), schema=schema)
    components: dict[str, Any] = spec.to_dict()["components"]["schemas"]
    return components


def _title(schema: type[Schema] | Schema) -> str:
    kind = schema if isinstance(schema, type) else type(schema)
    return kind.__name__.removesuffix("Schema")


def _answers() -> str:
    sections = [_INTRODUCTION]
    for title, members, text in _LISTS:
        rows = ((f"`{member.value}`", member.en, member.nl) for member in members)
        sections.append(f"## {title}\n\n{text}\n\n{_table(('code', 'English', 'Dutch'), rows)}")
    verdicts = ((f"`{v.value}`", v.en, v.next_en, v.nl, v.next_nl) for v in Verdict)
    head = ("code", "English", "what to do", "Dutch", "wat te doen")
    sections.append(f"{_VERDICTS}\n{_table(head, verdicts)}")
    codes = ((f"`{code.value}`", code.meaning, code.next_step) for code in ErrorCode)
    sections.append(f"{_ERRORS}\n{_table(('code', 'what it means', 'what to do'), codes)}")
    return "\n".join(sections)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Write schemas/, answers.md and cli.md.")
    parser.add_argument("--check", action="store_true", help="fail where they are not current")
    check: bool = parser.parse_args(arguments).check
    stale = [
        path for path, text in documents().items() if not path.is_file() or path.read_text("utf-8") != text
    ]
    for path in stale:
        if check:
            sys.stderr.write(f"{path.name} is not current; run: python docs/generate.py\n")
        else:
            path.parent.mkdir(exist_ok=True)
            path.write_text(documents()[path], "utf-8")
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
