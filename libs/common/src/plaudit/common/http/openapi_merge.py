"""One OpenAPI document of several services, for the one address that they share."""

import copy
from collections.abc import Mapping
from typing import Any, Final

TITLE: Final = "Plaudit"
DESCRIPTION: Final = """
Plaudit listens to what customers say on every platform, keeps trust scores current to the second, sees to it that each
review is answered in time, and turns what people ask for into a public board.

Send `Authorization: Bearer plaudit_…` with an API key of your tenant; each operation names the scopes that the key
needs. Lists come in pages: send `next` as `cursor`. An answer that is not a success is a problem after RFC 9457, and
`/problems` explains its type. Times are RFC 3339 in UTC.
"""
_REFERENCE: Final = "#/components/schemas/"


def merge(documents: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return the document of all services at one address.

    Schemas of one name that differ get the service's name after their own.

    Args:
        documents: service → its document.

    Raises:
        ValueError: two services have the same path, operation id or tag.
    """
    merged: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": {"title": TITLE, "version": "1", "description": DESCRIPTION.strip()},
        "servers": [{"url": "/", "description": "The address that this document came from."}],
        "tags": [],
        "x-tagGroups": [],
        "paths": {},
        "components": {},
    }
    for service, document in documents.items():
        own = _with_own_names(document, service, merged["components"].get("schemas", {}))
        _add(merged["paths"], own["paths"], "path")
        for kind, components in own["components"].items():
            merged["components"].setdefault(kind, {}).update(components)
        merged["tags"] += own.get("tags", [])
        merged["x-tagGroups"].append({"name": service, "tags": [tag["name"] for tag in own.get("tags", [])]})
    _check_unique([tag["name"] for tag in merged["tags"]], "tag")
    _check_unique(
        [operation["operationId"] for item in merged["paths"].values() for operation in item.values()], "operation id"
    )
    return merged


def _with_own_names(document: Mapping[str, Any], service: str, taken: Mapping[str, Any]) -> dict[str, Any]:
    """Return a document in which no schema has the name of a different one that is taken."""
    schemas = document["components"].get("schemas", {})
    new_names = {name: f"{name}_{service}" for name in schemas if name in taken and taken[name] != schemas[name]}
    own: dict[str, Any] = _renamed(
        copy.deepcopy(dict(document)), {_REFERENCE + old: _REFERENCE + new for old, new in new_names.items()}
    )
    own["components"]["schemas"] = {
        new_names.get(name, name): schema for name, schema in own["components"].get("schemas", {}).items()
    }
    return own


def _renamed(value: Any, references: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {
            key: references.get(each, each) if key == "$ref" else _renamed(each, references)
            for key, each in value.items()
        }
    return [_renamed(each, references) for each in value] if isinstance(value, list) else value


def _add(paths: dict[str, Any], more: Mapping[str, Any], what: str) -> None:
    _check_unique([*paths, *more], what)
    paths.update(more)


def _check_unique(names: list[str], what: str) -> None:
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"two services have the same {what}: {', '.join(twice)}")
