"""A tenant's OpenAPI document against our mapping. Pure."""

import re
from collections.abc import Iterable, Iterator, Mapping

from schemas.drift import Drift, Kind, column_of, expected_type
from schemas.vinacles import Entity

_KEY = re.compile(r"\{([^{}]+)\}")
#: Of an entity; an instance of Data API builder that lists more columns than this is none of ours.
_MOST_OTHERS = 500
#: As coarse as Data API builder's; what says nothing of the kind is not compared.
_TYPES = {"integer": "number", "number": "number", "string": "string", "boolean": "boolean"}


def compare(document: Mapping[str, object], entities: Iterable[Entity]) -> tuple[Drift, ...] | None:
    """How the document differs, in the order of `entities`: columns that are missing, of another type, or
    not asked for, and other keys. An entity that is not listed is a missing column without a name.

    None where the document does not describe any entity at all.
    """
    schemas = _mapping(_mapping(document.get("components")).get("schemas"))
    if not schemas:
        return None
    paths = _mapping(document.get("paths"))
    return tuple(drift for entity in entities for drift in _of_entity(entity, schemas, paths))


def _of_entity(entity: Entity, schemas: Mapping[str, object], paths: Mapping[str, object]) -> Iterator[Drift]:
    if entity.name not in schemas:
        yield Drift(entity.name, "", Kind.MISSING_COLUMN)
        return
    columns = _mapping(_mapping(schemas[entity.name]).get("properties"))
    for column in entity.columns:
        found = _coarse_type(columns.get(column))
        if column not in columns:
            yield Drift(entity.name, column, Kind.MISSING_COLUMN)
        elif found and found != expected_type(column):
            yield Drift(entity.name, column, Kind.RETYPED_COLUMN, found)
    others = {
        Drift(entity.name, column_of(column), Kind.NEW_COLUMN, _coarse_type(described))
        for column, described in columns.items()
        if column not in entity.columns
    }
    yield from sorted(others)[:_MOST_OTHERS]
    yield from _of_key(entity, paths)


def _of_key(entity: Entity, paths: Mapping[str, object]) -> Iterator[Drift]:
    """A document that shows no path with a key says nothing of it."""
    of_entity = (path for path in map(str, paths) if path.startswith(f"/{entity.name}/"))
    keys = {tuple(map(column_of, _KEY.findall(path))) for path in of_entity} - {()}
    if keys and entity.key not in keys:
        yield Drift(entity.name, ",".join(entity.key), Kind.OTHER_KEY, ",".join(min(keys)))


def _coarse_type(described: object) -> str:
    return _TYPES.get(str(_mapping(described).get("type")), "")


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}
