"""Proves: the catalogue command shows the types, and its schemas hold for the examples."""

import json
import re
from pathlib import Path

import pytest

from support import program

EXAMPLES = sorted((Path(__file__).parents[1] / "fixtures" / "fanfare").glob("*.json"))
KINDS = {"string": str, "integer": int, "boolean": bool, "object": dict, "array": list,
         "number": (int, float), "null": type(None)}


def catalogue(*words):
    return program.command("catalogue", *words)


def faults(schema, value, path="$"):
    """What of the keywords that our schemas use does not hold."""
    kinds = schema.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    if kinds and not any(isinstance(value, KINDS[kind]) for kind in kinds):
        yield f"{path}: {value!r} is not {kinds}"
    if "pattern" in schema and isinstance(value, str) and not re.search(schema["pattern"], value):
        yield f"{path}: {value!r} is not as {schema['pattern']}"
    if isinstance(value, dict):
        yield from (f"{path}.{name}: missing" for name in schema["required"] if name not in value)
        for name, below in schema["properties"].items():
            if name in value:
                yield from faults(below, value[name], f"{path}.{name}")
    if isinstance(value, list):
        for item in value:
            yield from faults(schema["items"], item, path + "[*]")


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_a_schema_holds_for_the_providers_example_and_not_without_its_data(example):
    schema = json.loads(catalogue("schema", example.stem).stdout)
    event = json.loads(example.read_text())
    assert list(faults(schema, event)) == []
    event["data"].popitem()
    assert list(faults(schema, event)) != []


def test_the_list_has_every_type_and_show_says_what_is_personal():
    listed = [line.split()[0] for line in catalogue("list").stdout.splitlines()]
    assert sorted(listed) == [example.stem for example in EXAMPLES]
    typed = json.loads(catalogue("--json", "list").stdout)
    assert [one["name"] for one in typed] == listed
    shown = catalogue("show", "consumer.created").stdout
    assert re.search(r"data\.phone +text +nullable personal", shown)
    assert catalogue("show", "order.creatd").returncode == 1
    assert catalogue("shew", "order.created").returncode == 2


def test_a_faulty_catalogue_file_is_refused_with_its_place(tmp_path):
    own = tmp_path / "own.yaml"
    own.write_text("types:\n  a.b:\n    fields:\n      id: {type: idd}\n")
    answer = catalogue("--catalogue", own, "list")
    assert answer.returncode == 1
    assert f"{own}:4:" in answer.stderr and "`id`" in answer.stderr
    own.write_text("types:\n  a.b:\n    help: Own\n    fields:\n      id: {type: id}\n")
    assert catalogue("--catalogue", own, "list").stdout.split() == ["a.b", "Own"]
