"""Holds an answer against its schema in provision/openapi.yaml; the part of JSON Schema that stands there, and members
that no schema names are faults too.
"""
import os
import re
import sys

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(TOP, "tests", "lint"))

import plain_yaml  # noqa: E402

TYPES = {"object": dict, "array": list, "string": str, "boolean": bool, "null": type(None)}
FORMATS = {"date-time": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "date": r"\d{4}-\d\d-\d\d"}


def load():
    with open(os.path.join(TOP, "provision", "openapi.yaml"), encoding="utf-8") as file:
        return plain_yaml.load(file.read())


def resolve(document, schema):
    while "$ref" in schema:
        found = document
        for word in schema["$ref"].split("/")[1:]:
            found = found[word]
        schema = found
    return schema


def is_type(value, name):
    if name == "integer":
        return isinstance(value, int) and not isinstance(value, bool)
    return isinstance(value, TYPES[name])


def faults(document, schema, value, where="answer"):
    """What is wrong with a value, in words."""
    schema = resolve(document, schema)
    if "anyOf" in schema:
        found = [faults(document, one, value, where) for one in schema["anyOf"]]
        return [] if [] in found else found[0]
    types = schema.get("type", [])
    types = types if isinstance(types, list) else [types]
    if types and not any(is_type(value, name) for name in types):
        return [f"{where}: {value!r} is no {' or '.join(types)}"]
    if "enum" in schema and value not in schema["enum"]:
        return [f"{where}: {value!r} is none of {schema['enum']}"]
    if isinstance(value, str):
        pattern = schema.get("pattern") or FORMATS.get(schema.get("format"))
        return [] if not pattern or re.fullmatch(pattern, value) else [f"{where}: {value!r} is not like {pattern}"]
    if isinstance(value, list):
        return [one for number, item in enumerate(value)
                for one in faults(document, schema.get("items", {}), item, f"{where}[{number}]")]
    return members(document, schema, value, where) if isinstance(value, dict) else []


def members(document, schema, value, where):
    known, others = schema.get("properties", {}), schema.get("additionalProperties")
    found = [f"{where}.{name}: is missing" for name in schema.get("required", []) if name not in value]
    for name, member in value.items():
        if name in known:
            found += faults(document, known[name], member, f"{where}.{name}")
        elif isinstance(others, dict):
            found += faults(document, others, member, f"{where}.{name}")
        elif known or others is False:
            found.append(f"{where}.{name}: is not documented")
    return found
