"""config/hookstream.schema.json, for editors: it takes what `hookstream check` takes, and refuses
what is wrong in its form."""

import json
import re

import jsonschema
import pytest
import yaml

from support import program

pytestmark = pytest.mark.single_threaded

ROOT = program.ROOT
SCHEMA = ROOT / "config" / "hookstream.schema.json"

GOOD = """\
server: {listen: 127.0.0.1:8080, deadline: 25s, limits: {body_size: 1MiB, connections: "${N:-10}"}}
journal: {path: journal}
sources:
  fanfare:
    path: /webhooks/fanfare
    verify: {scheme: fanfare, secrets: ["a-secret-of-the-test"]}
sinks:
  kafka: {type: kafka, brokers: [kafka:9092]}
  redis: {type: redis, url: "redis://localhost"}
routes:
  - name: orders
    match: order
    transform:
      - remove: [data.reason]
      - {set: {data.n: 1}, when: "data.amount exists", on_error: skip}
    to:
      - {sink: kafka, topic: orders, key: "{data.orderId}"}
      - {sink: redis, stream: orders, max_length: 10}
default: dead_letter
"""


@pytest.fixture(scope="module")
def validator():
    schema = json.loads(SCHEMA.read_text())
    jsonschema.Draft7Validator.check_schema(schema)
    return jsonschema.Draft7Validator(schema)


def check(tmp_path, text):
    file = tmp_path / "config.yaml"
    file.write_text(text)
    return program.command("check", "-c", file)


@pytest.mark.parametrize("name", ["hookstream.yaml", "quickstart.yaml"])
def test_the_examples_are_valid(validator, name):
    text = (ROOT / "config" / name).read_text()
    assert list(validator.iter_errors(yaml.safe_load(text))) == []
    assert text.startswith("# yaml-language-server: $schema=hookstream.schema.json\n")


def test_the_examples_of_transformations_are_valid(validator):
    text = (ROOT / "docs" / "transformations.md").read_text()
    lists = [yaml.safe_load(one) for one in re.findall(r"```yaml\n(- .*?)```", text, re.S)]
    assert len(lists) > 5
    for items in lists:
        whole = yaml.safe_load(GOOD)
        whole["routes"][0]["transform"] = items
        assert list(validator.iter_errors(whole)) == [], items


def test_a_good_file_is_good_to_both(validator, tmp_path):
    assert list(validator.iter_errors(yaml.safe_load(GOOD))) == []
    done = check(tmp_path, GOOD)
    assert done.returncode == 0, done.stdout


BROKEN = {
    "unknown key": ("journal:", "jurnal:"),
    "unknown key of a part": ("body_size", "body_sise"),
    "a duration without unit": ("25s", "25"),
    "a size of an unknown unit": ("1MiB", "1Mb"),
    "a number that is text": ('"${N:-10}"', "many"),
    "an address without port": ("127.0.0.1:8080", "127.0.0.1"),
    "an unknown scheme": ("scheme: fanfare", "scheme: fanfaer"),
    "a secret alone": ('["a-secret-of-the-test"]', "a-secret-of-the-test"),
    "an unknown type of sink": ("type: redis", "type: rabbit"),
    "a sink without what it needs": (", brokers: [kafka:9092]", ""),
    "an option of another sink": ("type: redis,", "type: redis, brokers: [a:1],"),
    "a route without name": ("name: orders\n    match", "match"),
    "a route without targets": ("    to:\n", "    too:\n"),
    "routes as a mapping": ("  - name: orders", "    name: orders"),
    "a target without sink": ("{sink: kafka, topic", "{topic"),
    "an unknown key of a target": ("key:", "kee:"),
    "a length of nothing": ("max_length: 10", "max_length: 0"),
    "an unknown operation": ("remove:", "remoev:"),
    "two operations in an item": ("remove: [data.reason]", "{remove: [data.x], keep: [id]}"),
    "an operation of the wrong form": ("{data.n: 1}", "[data.n]"),
    "an unknown on_error": ("on_error: skip", "on_error: skp"),
    "no default": ("default: dead_letter\n", ""),
    "an unknown default": ("default: dead_letter", "default: dead_leter"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_broken_both_refuse(validator, tmp_path, name):
    old, new = BROKEN[name]
    assert old in GOOD
    text = GOOD.replace(old, new, 1)
    assert list(validator.iter_errors(yaml.safe_load(text))), text
    assert check(tmp_path, text).returncode == 1, text
