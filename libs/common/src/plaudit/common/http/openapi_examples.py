"""Examples of bodies, put together from the examples of their fields."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

AN_ID: Final = "0199d6f2-7c1e-7a40-9a52-1f0c6f0f3b11"
A_TIME: Final = "2026-02-14T10:15:30Z"
_OF_FORMATS: Final = {"uuid": AN_ID, "date-time": A_TIME}
_OF_TYPES: Final[Mapping[str, Any]] = {"boolean": False, "null": None}
_NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})


class NoExampleError(Exception):
    """A field has neither an example nor a type from which one follows."""


def example_of(
    schema: Mapping[str, Any], schemas: Mapping[str, Any], differing: Mapping[str, Any] = _NOTHING, name: str = ""
) -> Any:
    """Return an example of a schema.

    It is the schema's own where it has one. Otherwise, an object's is made of its members' examples, a list's of one
    item; constants, ids, times and booleans need none.

    Args:
        schema: of what the example is.
        schemas: the components, which references name.
        differing: member → its value in place of its example, at any depth.
        name: of the field, for the error.

    Raises:
        NoExampleError: a field has no example.
    """
    if schema.get("examples"):
        return schema["examples"][0]
    if "$ref" in schema:
        return example_of(schemas[schema["$ref"].rpartition("/")[2]], schemas, differing, name)
    if schema.get("properties"):
        return {
            member: differing[member] if member in differing else example_of(each, schemas, differing, member)
            for member, each in schema["properties"].items()
            if member in schema.get("required", ()) or member in differing or each.get("examples")
        }
    if schema.get("type") == "array" and "items" in schema:
        return [example_of(schema["items"], schemas, differing, name)]
    return _plain(schema, schemas, differing, name)


def _plain(schema: Mapping[str, Any], schemas: Mapping[str, Any], differing: Mapping[str, Any], name: str) -> Any:
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return schema["enum"][0]
    if "default" in schema:
        return schema["default"]
    choices = schema.get("anyOf") or schema.get("oneOf")
    if choices:
        return None if {"type": "null"} in choices else example_of(choices[0], schemas, differing, name)
    if schema.get("format") in _OF_FORMATS:
        return _OF_FORMATS[schema["format"]]
    if schema.get("type") in _OF_TYPES:
        return _OF_TYPES[schema["type"]]
    raise NoExampleError(f"the field {name!r} has no example")
