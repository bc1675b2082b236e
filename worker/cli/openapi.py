"""A tenant's OpenAPI document against our mapping."""

from collections.abc import Iterable, Mapping

from schemas.vinacles import Entity


def missing(document: Mapping[str, object], entities: Iterable[Entity]) -> tuple[str, ...] | None:
    """Entities (`Workorder`) and columns (`Workorder.Mileage`) that we read and the document does not list.

    None where the document does not describe any entity at all.
    """
    schemas = _mapping(_mapping(document.get("components")).get("schemas"))
    if not schemas:
        return None
    lacking: list[str] = []
    for entity in entities:
        if entity.name not in schemas:
            lacking.append(entity.name)
            continue
        columns = _mapping(_mapping(schemas[entity.name]).get("properties"))
        lacking += [f"{entity.name}.{column}" for column in entity.columns if column not in columns]
    return tuple(lacking)


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}
