"""Proves: the catalogue command shows the types, and its schemas hold for the examples."""

import json
import re
from pathlib import Path

import pytest

from support import program

pytestmark = pytest.mark.single_threaded

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
    assert catalogue("shew", "order.created").returncode == 2


@pytest.mark.parametrize("name, words", [
    ("order.crated", "there is no event type `order.crated`, did you mean `order.created`?"),
    ("order", "no event type `order`; the family `order` has order.created, order.completed, "),
    ("orders", "no event type `orders`; the family `order` has order.created, "),
    ("nothing.like.it", "`hookstream catalogue list` shows them"),
])
def test_a_name_that_is_no_type_is_told_with_what_was_meant(name, words):
    shown = catalogue("show", name)
    assert shown.returncode == 1 and shown.stdout == "" and words in shown.stderr, shown
    config = Path(__file__).parents[2] / "config" / "quickstart.yaml"
    for one in (program.command("explain", "-c", config, "--type", name),
                program.command("send", "-c", config, "--type", name)):
        assert one.returncode == 2 and words in one.stderr, one


def test_a_faulty_catalogue_file_is_refused_with_its_place(tmp_path):
    own = tmp_path / "own.yaml"
    own.write_text("types:\n  a.b:\n    fields:\n      id: {type: idd}\n")
    answer = catalogue("--catalogue", own, "list")
    assert answer.returncode == 1
    assert f"{own}:4:" in answer.stderr and "`id`" in answer.stderr
    own.write_text("types:\n  a.b:\n    help: Own\n    fields:\n      id: {type: id}\n")
    assert catalogue("--catalogue", own, "list").stdout.split() == ["a.b", "Own"]


def test_infer_out_of_the_examples_comes_close_to_the_built_in_catalogue(tmp_path):
    inferred = catalogue("infer", *map(str, EXAMPLES))
    assert inferred.returncode == 0
    own = tmp_path / "own.yaml"
    own.write_text(inferred.stdout)
    compared = catalogue("--json", "diff", str(own))
    # The only example of data.phone is null, which shows no type.
    assert json.loads(compared.stdout) == [
        {"change": "changed", "type": "consumer.created", "field": "data.phone",
         "words": "is any, was text"}]
    assert compared.returncode == 1
    assert '"data.email": {type: text, personal: true}  # by its name' in inferred.stdout
    assert re.search(r'"data.admissionToken": \{type: text, credential: true\}', inferred.stdout)
    same = catalogue("--catalogue", str(own), "diff", str(own))
    assert (same.returncode, same.stdout) == (0, "no difference\n")


def test_infer_reads_json_lines_and_tells_optional_nullable_and_arrays(tmp_path):
    samples = tmp_path / "samples.jsonl"
    samples.write_text(
        '{"type":"shop.sold","data":{"total":"12.50","note":null,'
        '"lines":[{"n":1},{"n":1.5,"x":"a"}]}}\n'
        '{"type":"shop.sold","data":{"total":"3","currency":"EUR","note":"hi",'
        '"lines":[],"odd.name":1}}\n')
    inferred = catalogue("infer", str(samples))
    lines = [line.strip() for line in inferred.stdout.splitlines()]
    assert lines[3:] == [
        "fields:",
        '"type": {type: text}',
        '"data": {type: object}',
        "# members of data whose names have dots or symbols are omitted",
        '"data.total": {type: money}',
        '"data.note": {type: text, nullable: true}',
        '"data.lines": {type: array}',
        '"data.lines[*]": {type: object}',
        '"data.lines[*].n": {type: number}',
        '"data.lines[*].x": {type: text, optional: true}',
        '"data.currency": {type: currency, optional: true}',
    ]
    own = tmp_path / "own.yaml"
    own.write_text(inferred.stdout)
    assert catalogue("--catalogue", str(own), "list").returncode == 0


@pytest.mark.parametrize("text, words", [
    ('{"type":"a.b"}\n{"typ":1}\n', ":2: an event is an object with a text `type`"),
    ('{"type":"a.b"}\n{"type":\n', ":2: "),
    ('[{"type":7}]', ": an event is an object with a text `type`"),
])
def test_infer_names_the_place_of_a_sample_that_is_no_event(tmp_path, text, words):
    samples = tmp_path / "samples.jsonl"
    samples.write_text(text)
    refused = catalogue("infer", str(samples))
    assert refused.returncode == 1
    assert f"{samples}{words}" in refused.stderr


def test_diff_tells_what_is_added_gone_and_changed(tmp_path):
    before, now = tmp_path / "before.yaml", tmp_path / "now.yaml"
    before.write_text("types:\n  a.b: {fields: {id: {type: id}, x: {type: text}}}\n"
                      "  a.c: {fields: {id: {type: id}}}\n")
    now.write_text("types:\n  a.b: {fields: {id: {type: text, optional: true}, y: {type: text}}}\n"
                   "  a.d: {fields: {id: {type: id}}}\n")
    told = catalogue("--catalogue", str(before), "diff", str(now))
    assert told.returncode == 1
    assert told.stdout == ("changed  a.b id: is text, was id; is optional now\n"
                           "added    a.b y\ngone     a.b x\nadded    a.d\ngone     a.c\n")


def test_explain_makes_samples_of_the_sources_own_catalogue(tmp_path):
    (tmp_path / "shop.yaml").write_text(
        "types:\n  shop.sold:\n    fields:\n      id: {type: id, sample: <id>}\n"
        "      type: {type: text, sample: <type>}\n      data: {type: object}\n"
        "      data.colour: {type: text, sample: red}\n")
    config = tmp_path / "hookstream.yaml"
    config.write_text(
        "sources:\n  shop:\n    path: /shop\n    catalogue: shop.yaml\n"
        "    verify: {scheme: fanfare, secrets: [k9Jq2mZx7LpW4vT1]}\n"
        "sinks: {files: {type: file, path: data}}\n"
        "routes: [{name: all, match: shop, to: [{sink: files}]}]\ndefault: drop\n")
    explained = program.command("explain", "-c", str(config), "--type", "shop.sold")
    assert explained.returncode == 0, explained.stderr
    assert '"colour":"red"' in explained.stdout.replace(" ", "")
    refused = program.command("explain", "-c", str(config), "--type", "order.created")
    assert refused.returncode == 2
    assert f"`hookstream catalogue list --catalogue {tmp_path}/shop.yaml`" in refused.stderr
    near = program.command("explain", "-c", str(config), "--type", "shop.solt")
    assert near.returncode == 2 and "did you mean `shop.sold`?" in near.stderr
    assert "0 errors, 0 warnings" in program.command("check", "-c", str(config)).stdout


def test_the_catalogue_and_the_route_of_the_page_are_good(tmp_path):
    page = (Path(__file__).parents[2] / "docs" / "catalogue.md").read_text()
    blocks = re.findall(r"```yaml\n(.*?)```", page, re.S)
    source, types, route, default = blocks
    own = tmp_path / "shop-events.yaml"
    own.write_text(types)
    listed = catalogue("--catalogue", str(own), "list")
    assert listed.stdout.split()[0] == "shop.sold", listed.stderr
    config = tmp_path / "hookstream.yaml"
    config.write_text(
        source.replace("${SHOP_SECRET}", "k9Jq2mZx7LpW4vT1") +
        "  fanfare: {path: /f, verify: {scheme: fanfare, secrets: [q7Lp2Xz9Kd4Wm1Vt]}}\n"
        "sinks: {kafka: {type: kafka, brokers: [\"localhost:9092\"]}}\n" +
        route + default)
    checked = program.command("check", "-c", str(config))
    assert checked.stdout.endswith("good, 0 errors, 0 warnings\n"), checked.stdout


@pytest.mark.parametrize("name", ["hookstream.yaml", "quickstart.yaml"])
def test_the_shipped_configurations_come_out_without_findings(name, monkeypatch):
    monkeypatch.setenv("FANFARE_SECRET", "k9Jq2mZx7LpW4vT1")
    monkeypatch.setenv("PII_KEY", "k9Jq2mZx7LpW4vT1b3")
    config = Path(__file__).parents[2] / "config" / name
    checked = program.command("check", "--strict", "-c", str(config))
    assert checked.stdout.endswith("good, 0 errors, 0 warnings\n"), checked.stdout
