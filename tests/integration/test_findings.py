"""Findings as people and programs read them: `check --json`, `--explain` and the page of each
code, whose examples are held against the program; and no secret, wherever it stands."""

import json
import os
import re

import pytest

from support import program
from test_broken_configurations import BROKEN, GOOD, check, place

pytestmark = pytest.mark.single_threaded

# ---- JSON and exit status ----


def test_json_is_one_document_with_every_finding(tmp_path):
    text = GOOD.replace("brokers:", "brokrs:").replace("deadline: 5s", 'deadline: "5\\""')
    done = check(tmp_path, text, "--json")
    report = json.loads(done.stdout)
    assert done.returncode == 1
    assert list(report) == ["file", "good", "errors", "warnings", "notes", "findings"]
    assert (report["good"], report["errors"], report["warnings"]) == (False, 2, 0)
    first, second = [one for one in report["findings"] if one["severity"] != "note"]
    assert list(first) == ["code", "severity", "file", "line", "column", "message"]
    assert (first["code"], first["severity"], first["line"]) == ("HS037", "error", 3)
    assert f"{second['line']}:{second['column']}" == place(text, "brokrs")
    assert "did you mean `brokers`?" in second["message"]


def test_warnings_alone_are_good_unless_strict(tmp_path):
    text = GOOD.replace("match: order", "match: parcel")
    report = json.loads(check(tmp_path, text, "--json").stdout)
    assert (report["good"], report["errors"], report["warnings"]) == (True, 0, 1)
    assert "HS202" in [one["code"] for one in report["findings"] if one["severity"] == "warning"]
    strict = check(tmp_path, text, "--json", "--strict")
    assert strict.returncode == 1 and json.loads(strict.stdout)["good"] is False


def test_a_note_is_told_and_counts_nowhere(tmp_path):
    done = check(tmp_path, GOOD, "--json", "--strict")
    report = json.loads(done.stdout)
    assert done.returncode == 0 and report["good"]
    assert (report["errors"], report["warnings"], report["notes"]) == (0, 0, 1)
    (note,) = report["findings"]
    assert (note["code"], note["severity"]) == ("HS221", "note")
    assert "queue.consumer.entered" in note["message"] and "order.created" not in note["message"]


def test_a_file_that_is_not_there_is_a_finding_without_a_place(tmp_path):
    done = program.command("check", "-c", tmp_path / "none.yaml", "--json")
    (one,) = json.loads(done.stdout)["findings"]
    assert done.returncode == 1
    assert one["code"] == "HS001" and "line" not in one


# ---- --explain ----


def test_explain_prints_a_page_and_how_to_list_the_codes_for_an_unknown_one():
    page = program.command("check", "--explain", "hs121")
    assert page.returncode == 0
    assert page.stdout.startswith("HS121: ") and "Wrong:" in page.stdout and "Right:" in page.stdout
    codes = re.findall(r"^HS\d{3}  \S", program.command("check", "--explain", "all").stdout, re.M)
    assert len(codes) > 80
    for word in ("HS19", "HS999", "nonsense at all"):
        unknown = program.command("check", "--explain", word)
        assert unknown.returncode == 2 and unknown.stdout == ""
        assert unknown.stderr == (f"hookstream check: there is no code `{word}`; "
                                  "`hookstream check --explain all` lists them\n")


def test_every_code_of_a_broken_configuration_has_a_page():
    for _, _, code, _, _ in BROKEN.values():
        assert program.command("check", "--explain", f"HS{code:03}").returncode == 0


# ---- The examples of the pages ----

# Where an example belongs that begins with this key: a configuration with @ for it. Those of a
# whole section of the file are put in its stead.
TO = 'to: [{sink: kafka, topic: t, key: "{data.orderId}"}]'
SECTIONS = {
    "server": 'server: {listen: "127.0.0.1:8080"}\n',
    "journal": "journal: {path: journal}\n",
    "sources": "sources:\n  fanfare: {path: /webhooks/fanfare, verify: {scheme: fanfare,"
               " secrets: [a-secret-of-the-test]}}\n",
    "sinks": 'sinks:\n  kafka: {type: kafka, brokers: ["kafka:9092"]}\n'
             '  redis: {type: redis, url: "redis://redis:6379"}\n',
    "routes": f"routes:\n  - {{name: r, match: order, {TO}}}\n",
    "default": "default: dead_letter\n",
    "dedupe": "dedupe: {window: 48h}\n",
    "dead_letters": "",
    "admin": "",
    "transformations": "",
}
SERVER = {"listen", "workers", "deadline"}
KAFKA = {"brokers", "properties", "transactional_id", "exactly_once"}
REDIS = {"url", "password", "cursor_key"}
TARGET = {"topic", "key", "headers"}
ROUTES = {"match", "to", "transform", "when", "sample"}
OPERATIONS = {"remove", "rename", "copy", "set", "cloudevent", "jq"}


def keys(text):
    """The top keys of a mapping, each with its text."""
    parts = re.split(r"\n(?=[^ \t\n-])", text)
    return {part.split(":")[0]: part for part in parts}


def indented(parts, depth):
    lines = "\n".join(parts.values()).split("\n")
    return "".join(f"{' ' * depth}{line}\n" for line in lines)


def section(text):
    """An example as the section of the file in which it belongs; None: it is of another file."""
    first = re.match(r"- name|- \{name|- |[\w.]+(?=:)|", text).group(0)
    parts = keys(text)
    if first in ("- name", "- {name"):
        return {"routes": "routes:\n" + indented({"": text}, 2)}
    if first in OPERATIONS:
        return section("- " + text)
    if first == "- ":
        return section("transform:\n" + indented({"": text}, 2).rstrip("\n"))
    if first in ROUTES:
        route = {"name": "name: r", "match": "match: order",
                 "to": TO, **parts}
        return {"routes": "routes:\n  -\n" + indented(route, 4)}
    if first in TARGET:
        target = {"sink": "sink: kafka", "topic": "topic: t", "key": "key: k", **parts}
        return {"routes": "routes:\n  - name: r\n    match: order\n    to:\n      -\n"
                + indented(target, 8)}
    if first in KAFKA:
        sink = {"type": "type: kafka", "brokers": 'brokers: ["kafka:9092"]', **parts}
        return {"sinks": "sinks:\n  kafka:\n" + indented(sink, 4)}
    if first in REDIS:
        sink = {"type": "type: redis", "url": "url: redis://redis", **parts}
        redis = "sinks:\n  redis:\n" + indented(sink, 4)
        return {"sinks": redis + '  kafka: {type: kafka, brokers: ["kafka:9092"]}\n'}
    if first in SERVER:
        return {"server": "server:\n" + indented(parts, 2)}
    if first in SECTIONS:
        return {key: part + "\n" for key, part in parts.items()}
    return None


def examples():
    """(code, wrong, right) of every page that has both and belongs into a configuration."""
    manual = program.command("manual", "findings").stdout
    for page in re.split(r"\n### HS", manual)[1:]:
        found = re.findall(r"(?:Wrong|Right):\n\n```yaml\n(.*?)\n```", page, re.S)
        code = int(page[:3])
        # A list under `sources` is that of a route; what only a server knows is asked online.
        if len(found) == 2 and code < 220 and section(found[0]) and "sources: [" not in found[0]:
            yield code, found[0], found[1]


def codes_of(tmp_path, example):
    (tmp_path / "redis").write_text("k9Jq2mZx\n")
    text = "".join({**SECTIONS, **section(example)}.values())
    text = text.replace("/run/secrets", str(tmp_path))
    environment = {name: f"sixteen-and-more-{name}" for name in (
        "FANFARE_SECRET", "HASH_KEY", "SECRET_A", "SECRET_B", "ADMIN_TOKEN")}
    environment["REDIS_URL"] = "redis://redis"
    done = check(tmp_path, text, "--json", env={**os.environ, **environment})
    return [int(one["code"][2:]) for one in json.loads(done.stdout)["findings"]], done.stdout


def test_the_examples_of_the_pages_are_as_wrong_and_as_right_as_they_say(tmp_path, share):
    count = 0
    for code, wrong, right in list(examples())[::share]:
        found, words = codes_of(tmp_path, wrong)
        assert code in found, (code, wrong, words)
        found, words = codes_of(tmp_path, right)
        assert code not in found, (code, right, words)
        # An example names sinks that its few lines do not have.
        others = [one for one in found if one < 200 and one not in (121, 174)]
        assert not others, (code, right, words)
        count += 1
    assert count > 75 // share


# ---- Secrets ----

SECRET = "hunter2-hunter2-hunter2"
FULL = """\
server: {listen: 127.0.0.1:8080}
admin: {listen: 127.0.0.1:9464, token: ADMIN}
journal: {path: journal}
dedupe: {store: redis, url: "redis://:DEDUPE@redis:6379"}
sources:
  fanfare:
    path: /webhooks/fanfare
    verify:
      scheme: fanfare
      secrets: [FIRST, SECOND]
sinks:
  kafka:
    type: kafka
    brokers: ["kafka:9092"]
    properties: {sasl.password: PROPERTY, security.protocol: sasl_ssl}
  redis: {type: redis, url: "redis://me:URL@redis:6379/0"}
routes:
  - name: consumers
    match: consumer
    when: "data.email != 'WHEN'"
    transform:
      - hash: {fields: [data.email, data.phone], key: HASH}
      - set: {data.a: "SET"}
    to:
      - {sink: kafka, topic: consumers, key: "{data.consumerId}", headers: {h: "HEADER"}}
default: dead_letter
"""
PLACES = ["ADMIN", "DEDUPE", "FIRST", "SECOND", "PROPERTY", "URL", "WHEN", "HASH", "SET", "HEADER"]
# Faults laid over every line, so that lines with secrets have findings, too.
FAULTS = [
    ("", ""), ("token:", "tokn:"), ("secrets:", "secrts:"), ("key: HASH", "kye: HASH"),
    ("HASH}", "HASH, x: y}"), ("sasl.password", "sasl.pasword"), ("url:", "urll:"),
    ("6379", "port"), ("!=", "="), ("scheme: fanfare", "scheme: fan"), ("]\nsinks", "\nsinks"),
    ("  secrets", "   secrets"), ("type: kafka", "type: kafak"),
    ("headers: {h: ", "headers: {h h: "),
    ("    verify:", "\tverify:"), ("fields: [", "fields: ["), ("- hash:", "- hsah:"),
    ("- set:", "- st:"), ("default: dead_letter", "default: nothing"), ("me:", "me:@"),
]


@pytest.mark.parametrize("kind", ["literal", "variable", "default", "file"])
def test_no_secret_is_printed_wherever_it_stands(tmp_path, kind):
    (tmp_path / "secret").write_text(SECRET + "\n")
    # What people write into a condition or a fixed text is not marked as a secret by itself.
    shown = {"WHEN", "SET", "HEADER"} if kind in ("literal", "default") else set()
    text = FULL
    for name in PLACES:
        value = {"literal": SECRET, "variable": "${A_SECRET}",
                 "default": "${A_SECRET_:-" + SECRET + "}",
                 "file": f"${{file:{tmp_path}/secret}}"}[kind]
        value = "plain" if name in shown else value
        quoted = f'"{value}"' if name in ("ADMIN", "FIRST", "SECOND", "PROPERTY", "HASH") else value
        text = text.replace(name, quoted)
    environment = {**os.environ, "A_SECRET": SECRET}
    for before, after in FAULTS:
        broken = text.replace(before, after) if before else text
        for words in ([], ["--json"], ["--strict"]):
            done = check(tmp_path, broken, *words, env=environment)
            assert done.returncode in (0, 1), done.stderr
            assert "hunter2" not in done.stdout + done.stderr, (before, done.stdout)
        assert not before or before == after or done.returncode == 1, (before, done.stdout)


def test_a_line_shows_the_name_of_a_variable_and_not_what_it_stands_for(tmp_path):
    text = GOOD.replace("deadline: 5s", "deadline: ${A_DEADLINE}")
    done = check(tmp_path, text, env={**os.environ, "A_DEADLINE": "hunter2"})
    assert "    3 |   deadline: ${A_DEADLINE}\n      |             ^" in done.stdout
    assert "hunter2" not in done.stdout


# ---- The exact place in a condition ----

CONDITIONS = {
    "plain": ("data.currencyCode == USD", "USD"),
    "single quotes": ("'data.currencyCode == ''USD'' and data.orderId = 1'", "= 1"),
    "double quotes": ('"data.currencyCode == \\"USD\\" and data.orderId = 1"', "= 1"),
    "two lines": ('"data.currencyCode == \'USD\'\n      and data.orderId = 1"', "= 1"),
    "folded": (">-\n      data.currencyCode == 'USD'\n      and data.orderId = 1", "= 1"),
    "literal": ("|\n      data.currencyCode == 'USD'\n        and data.orderId = 1", "= 1"),
}


@pytest.mark.parametrize("name", CONDITIONS)
def test_a_fault_in_a_condition_has_its_very_place(tmp_path, name):
    condition, at = CONDITIONS[name]
    text = GOOD.replace("\"data.currencyCode == 'USD'\"", condition)
    done = check(tmp_path, text)
    assert f"config.yaml:{place(text, at)}: error HS150: " in done.stdout, done.stdout
