"""
Checks values by JSON Schema, as much of it as `schema.json` uses: what zod writes of the schemas in packages/core/src/engine
(scripts/engine-schema.ts). A keyword that is not known here is refused when the schema is opened, not passed over.
"""

from __future__ import annotations

import math
import re
from typing import Any

Json = dict[str, Any]

TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "boolean": (bool,),
    "number": (int, float),
    "integer": (int, float),
    "null": (type(None),),
}
PARTS = ("items", "additionalProperties", "propertyNames")
LISTS = ("anyOf", "oneOf", "prefixItems")
PLAIN = (
    *("$schema", "default", "type", "required", "enum", "const", "minLength", "maxLength", "minItems", "maxItems"),
    *("minimum", "maximum", "exclusiveMinimum", "pattern"),
)
# they say what the pattern beside them says, too, and nothing without one
NAMES_OF_PATTERNS = ("format", "contentEncoding")


class Invalid(Exception):
    """What is wrong, and where."""


class Schema:
    """Throws ValueError for a schema with a keyword that is not known."""

    def __init__(self, schema: Json) -> None:
        require_known(schema)
        self._schema = schema

    def check(self, value: Any) -> None:
        """Throws Invalid."""
        check(self._schema, value, ())


def require_known(schema: Any) -> None:
    if isinstance(schema, bool):
        return
    for keyword, part in schema.items():
        if keyword == "properties":
            parts = list(part.values())
        elif keyword in LISTS:
            parts = part
        elif keyword in PARTS:
            parts = [part]
        elif keyword in PLAIN or (keyword in NAMES_OF_PATTERNS and "pattern" in schema):
            parts = []
        else:
            raise ValueError(f"the schema has a keyword that is not known: {keyword}")
        for one in parts:
            require_known(one)


def check(schema: Any, value: Any, at: tuple[str, ...]) -> None:
    if schema is True or schema == {}:
        return
    if schema is False:
        raise wrong(at, "is not known")
    if "anyOf" in schema:
        check_any(schema["anyOf"], value, at)
    if "oneOf" in schema:
        check_one(schema["oneOf"], value, at)
    kind = schema.get("type")
    if kind is not None and not is_of(kind, value):
        raise wrong(at, f"expected {kind}")
    if "const" in schema and not is_same(value, schema["const"]):
        raise wrong(at, f"expected {schema['const']}")
    if "enum" in schema and not any(is_same(value, one) for one in schema["enum"]):
        raise wrong(at, f"expected one of {', '.join(map(str, schema['enum']))}")
    if isinstance(value, dict):
        check_object(schema, value, at)
    elif isinstance(value, list):
        check_list(schema, value, at)
    elif isinstance(value, str):
        check_text(schema, value, at)
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        check_number(schema, value, at)


def check_text(schema: Json, value: str, at: tuple[str, ...]) -> None:
    require_within(len(value), schema.get("minLength", 0), schema.get("maxLength", math.inf), at)
    if "pattern" in schema and not re.search(as_python(schema["pattern"]), value, re.ASCII):
        raise wrong(at, "does not have the right form")


def check_number(schema: Json, value: float, at: tuple[str, ...]) -> None:
    require_within(value, schema.get("minimum", -math.inf), schema.get("maximum", math.inf), at)
    if value <= schema.get("exclusiveMinimum", -math.inf):
        raise wrong(at, "is out of range")


def check_any(branches: list[Any], value: Any, at: tuple[str, ...]) -> None:
    """What is said is the fault of the branch that went furthest."""
    faults: list[Invalid] = []
    for branch in branches:
        try:
            return check(branch, value, at)
        except Invalid as fault:
            faults.append(fault)
    raise max(faults, key=lambda fault: len(fault.args[1]))


def check_one(branches: list[Any], value: Any, at: tuple[str, ...]) -> None:
    """What fits two branches fits none."""
    check_any(branches, value, at)
    if sum(fits(branch, value, at) for branch in branches) > 1:
        raise wrong(at, "is ambiguous")


def fits(branch: Any, value: Any, at: tuple[str, ...]) -> bool:
    try:
        check(branch, value, at)
    except Invalid:
        return False
    return True


def as_python(pattern: str) -> str:
    """In ECMAScript `$` is the very end, in Python also a line end before it."""
    return re.sub(r"(?<!\\)\$$", r"\\Z", pattern)


def check_object(schema: Json, value: Json, at: tuple[str, ...]) -> None:
    known = schema.get("properties", {})
    for name in schema.get("required", ()):
        if name not in value:
            raise wrong((*at, name), "is missing")
    for name, item in value.items():
        check(schema.get("propertyNames", True), name, (*at, name))
        check(known[name] if name in known else schema.get("additionalProperties", True), item, (*at, name))


def check_list(schema: Json, value: list[Any], at: tuple[str, ...]) -> None:
    require_within(len(value), schema.get("minItems", 0), schema.get("maxItems", math.inf), at)
    first = schema.get("prefixItems", [])
    for nth, item in enumerate(value):
        check(first[nth] if nth < len(first) else schema.get("items", True), item, (*at, str(nth)))


def require_within(size: float, least: float, most: float, at: tuple[str, ...]) -> None:
    if not least <= size <= most:
        raise wrong(at, "is out of range")


def is_of(kind: str, value: Any) -> bool:
    if isinstance(value, bool):
        return kind == "boolean"
    if isinstance(value, float) and kind == "integer":
        return value.is_integer()
    return isinstance(value, TYPES[kind])


def is_same(a: Any, b: Any) -> bool:
    return isinstance(a, bool) == isinstance(b, bool) and bool(a == b)


def wrong(at: tuple[str, ...], what: str) -> Invalid:
    return Invalid(f"{'.'.join(at) or 'request'}: {what}", at)
