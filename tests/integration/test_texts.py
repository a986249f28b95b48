"""How people's editors and templates write texts: byte order marks, CR LF, lists in one variable,
words of YAML 1.1, sections of the wrong shape; and commands that do not exist."""

import json
import os
import re

import pytest

from support import program

pytestmark = pytest.mark.single_threaded

BOM = b"\xef\xbb\xbf"
GOOD = """\
server: {listen: "127.0.0.1:1"}
admin: {listen: "127.0.0.1:2"}
journal: {path: journal}
sources:
  fanfare:
    path: /webhooks/fanfare
    verify: {scheme: fanfare, secrets: ["${SECRET_OF_THE_TEST}"]}
sinks:
  files: {type: file, path: files}
  kafka: {type: kafka, brokers: ["${BROKERS}"]}
routes:
  - {name: all, match: order, to: [{sink: files}]}
  - {name: lots, match: distribution, to: [{sink: kafka, topic: t, key: "{data.distributionId}"}]}
default: dead_letter
"""
ENV = {**os.environ, "SECRET_OF_THE_TEST": "k9Jq2mZx7LpW4vT1", "BROKERS": "a:9092,b:9092"}
WRITINGS = {
    "a byte order mark": lambda text: BOM + text.encode(),
    "CR LF": lambda text: text.replace("\n", "\r\n").encode(),
    "both": lambda text: BOM + text.replace("\n", "\r\n").encode(),
}


def check(tmp_path, text, *words, env=None):
    file = tmp_path / "hookstream.yaml"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return program.command("check", "-c", file, *words, cwd=tmp_path, env=env or ENV)


@pytest.mark.parametrize("writing", WRITINGS)
def test_a_configuration_is_read_as_editors_write_it(tmp_path, writing):
    done = check(tmp_path, WRITINGS[writing](GOOD), "--strict")
    assert done.returncode == 0, done.stdout
    done = check(tmp_path, WRITINGS[writing](GOOD.replace("/webhooks", "webhooks")))
    assert ":6:11: error HS052" in done.stdout, "the place counts no byte order mark"


@pytest.mark.parametrize("writing", WRITINGS)
def test_everything_beside_the_configuration_is_read_so_too(tmp_path, writing):
    """Cases, an env-file, an event, a catalogue and samples for one."""
    write = WRITINGS[writing]
    env = {**os.environ}
    (tmp_path / "env").write_bytes(write(
        "SECRET_OF_THE_TEST=k9Jq2mZx7LpW4vT1\nBROKERS=a:9092,b:9092\n"))
    event = {"id": "e_1", "type": "order.created", "createdAt": "2026-01-01T00:00:00Z",
             "organizationId": "o_1", "data": {"orderId": "o_1"}}
    (tmp_path / "event.json").write_bytes(write(json.dumps(event, indent=1) + "\n"))
    (tmp_path / "types.yaml").write_bytes(write(
        "types:\n  order.created:\n    help: An order.\n    fields:\n"
        "      data: {type: object}\n      data.orderId: {type: id}\n"))
    (tmp_path / "cases.yaml").write_bytes(write(
        "cases:\n  - name: one\n    event: {file: event.json}\n    expect: {route: all}\n"))
    file = tmp_path / "hookstream.yaml"
    file.write_bytes(write(GOOD.replace(
        "    path: /webhooks/fanfare", "    path: /webhooks/fanfare\n    catalogue: types.yaml")))
    for words in (("test", "-c", file, "--env-file", "env", "cases.yaml"),
                  ("explain", "-c", file, "--env-file", "env", "event.json"),
                  ("catalogue", "--catalogue", "types.yaml", "list"),
                  ("catalogue", "infer", "event.json")):
        done = program.command(*words, cwd=tmp_path, env=env)
        assert done.returncode == 0, (words, done.stdout, done.stderr)
        assert "placeholder-for" not in done.stdout, words


def test_a_configuration_of_utf16_says_so(tmp_path):
    done = check(tmp_path, "\ufeff".encode("utf-16-le") + GOOD.encode("utf-16-le"))
    assert done.returncode == 1 and "the file is UTF-16: save it as UTF-8" in done.stdout


@pytest.mark.parametrize("brokers,faults", [
    ("a:9092,b:9092", 0), (" a:9092 , b:9092, ", 0), ("[::1]:9092,b:9092", 0), ("a", 0),
    ("a:9092;b:9092", 1), ("a:9092,b:x", 1), ("a:0,b:99999", 2), ("a:9092 b:9092", 1)])
def test_one_variable_may_hold_a_list_of_brokers(tmp_path, brokers, faults):
    done = check(tmp_path, GOOD, env={**ENV, "BROKERS": brokers})
    assert done.stdout.count("error HS060") == faults, done.stdout


@pytest.mark.parametrize("word", ["True", "TRUE", "False", "yes", "No", "on", "OFF", "Null", "NULL",
                                  "None", "0x1F", "+1", ".5", "1_000", "007"])
def test_a_word_of_another_yaml_is_warned_of(tmp_path, word):
    for key in ("set", "default"):
        text = GOOD.replace("match: order,", "match: order, transform: [{%s: {data.v: %s}}],"
                            % (key, word))
        done = check(tmp_path, text)
        assert f"warning HS043: `{key}` sets the field to the text `{word}`" in done.stdout
        quoted = check(tmp_path, text.replace(f"data.v: {word}", f'data.v: "{word}"'))
        assert "HS043" not in quoted.stdout


@pytest.mark.parametrize("word", ["true", "false", "null", "1", "-1.5", "1e3", "paid", "2026-01-01",
                                  "1.2.3", "x1", "{id}"])
def test_a_plain_value_is_not_warned_of(tmp_path, word):
    word = f'"{word}"' if word.startswith("{") else word
    text = GOOD.replace("match: order,", "match: order, transform: [{set: {data.v: %s}}]," % word)
    assert "HS043" not in check(tmp_path, text).stdout


SHAPES = {
    "sinks as a list": ("sinks:\n  files: {type", "sinks:\n  - {name: files, type"),
    "sources as a list": ("sources:\n  fanfare:\n    path", "sources:\n  - fanfare:\n    path"),
    "a sink as a list": ("{type: file, path: files}", "[file, files]"),
    "server as a list": ('{listen: "127.0.0.1:1"}', "[a]"),
    "server as a text": ('{listen: "127.0.0.1:1"}', "8080"),
    "journal as a text": ("{path: journal}", "journal"),
    "verify as a list": ('{scheme: fanfare, secrets: ["${SECRET_OF_THE_TEST}"]}', "[fanfare]"),
    "secrets as a text": ('["${SECRET_OF_THE_TEST}"]', '"${SECRET_OF_THE_TEST}"'),
    "routes as a mapping": ("  - {name: all, match", "  all: {match"),
    "a route as a text": ("{name: all, match: order, to: [{sink: files}]}", "order"),
    "to as a mapping": ("[{sink: files}]", "{sink: files}"),
    "to as a text": ("[{sink: files}]", "files"),
    "default as a mapping": ("default: dead_letter", "default: {sink: files}"),
    "brokers as a mapping": ('["${BROKERS}"]', "{a: 1}"),
    "properties as a list": ('["${BROKERS}"]', '["${BROKERS}"], properties: [a]'),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_a_wrong_shape_is_one_error_that_shows_the_right_one(tmp_path, shape):
    before, after = SHAPES[shape]
    assert before in GOOD
    text = GOOD.replace(before, after)
    if shape == "sinks as a list":
        text = text.replace("  kafka: {type", "  - {name: kafka, type")
    if shape == "routes as a mapping":
        text = text.replace("  - {name: lots, match", "  lots: {match")
    if shape == "sources as a list":
        text = text.replace("    path: /w", "      path: /w").replace("    verify", "      verify")
    done = check(tmp_path, text)
    assert done.stdout.count(": error HS") == 1, done.stdout
    assert "`" in done.stdout or "such as" in done.stdout, done.stdout


@pytest.mark.parametrize("words", [["chekc"], ["check", "--strcit"], ["journal", "vreify"],
                                   ["dead-letters", "lsit"], ["catalogue", "shwo"]])
def test_what_is_not_known_is_said_in_the_last_line(words):
    done = program.command(*words)
    assert done.returncode == 2
    lines = done.stderr.rstrip("\n").split("\n")
    assert words[-1] in lines[-1] and len(lines) < 4, done.stderr


def test_init_takes_all_families_and_sinks(tmp_path):
    done = program.command("init", "--families", "all", "--sinks", "all", "-o", "all.yaml",
                           cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    text = (tmp_path / "all.yaml").read_text()
    for family in ("queue", "draw", "auction", "order", "consumer", "distribution"):
        assert f"match: {family}\n" in text
    checked = program.command("check", "-c", "all.yaml", "--strict", cwd=tmp_path,
                              env={**os.environ, "FANFARE_SECRET": "k9Jq2mZx7LpW4vT1"})
    assert checked.returncode == 0, checked.stdout


def test_topics_and_keys_are_the_same_in_every_example():
    """README, the worked example and the cookbook contain what `init` writes."""
    target = re.compile(r"topic: (fanfare\.\w+), key: \"({[\w.]+})\"")
    made = dict(target.findall(program.command("init", "-f", "all", "-s", "kafka").stdout))
    assert len(made) == 6
    for name in ("README.md", "config/hookstream.yaml", "docs/cookbook.md"):
        found = target.findall((program.ROOT / name).read_text())
        assert found, name
        for topic, key in found:
            assert made.get(topic) == key, (name, topic, key)
    compose = (program.ROOT / "docker-compose.yml").read_text()
    topics = re.search(r"for topic in ([\w ]+); do", compose).group(1).split()
    assert {f"fanfare.{one}" for one in topics} == set(made)
