"""Rules that a data engineer could write by mistake, each a file of tests/fixtures/wrong_rules. Its
first line has the code that `check` has to find, and those that may come with it: found before
anything runs, and what is said to become a dead letter does, with the same words."""

import json
import os
import re

import pytest

from support import program

FOLDER = program.ROOT / "tests" / "fixtures" / "wrong_rules"
HEAD = f"""\
server: {{listen: 127.0.0.1:8080}}
journal: {{path: journal}}
sources:
  fanfare: {{path: /f, verify: {{scheme: fanfare, secrets: [a-secret-of-32-bytes-for-the-test]}}}}
  shop:
    path: /s
    catalogue: {FOLDER}/catalogue/shop-events.yaml
    verify: {{scheme: fanfare, secrets: [a-secret-of-32-bytes-for-the-shop]}}
sinks:
  kafka: {{type: kafka, brokers: ["kafka:9092"]}}
  redis: {{type: redis, url: "redis://redis:6379/0"}}
  files: {{type: file, path: out}}
"""
ENVIRONMENT = {**os.environ, "PII_KEY": "a-key-of-32-bytes-for-pseudonyms"}
CASES = sorted(FOLDER.glob("*.yaml"))
GOOD = sorted((program.ROOT / "tests" / "fixtures" / "good_rules").glob("*.yaml"))
# Of the head, or no fault: a sink that the few routes do not name, types that they do not take.
BESIDE = ("HS220", "HS221")


def findings(tmp_path, rules):
    config = tmp_path / "config.yaml"
    config.write_text(HEAD + rules)
    done = program.command("check", "--strict", "--json", "-c", config, env=ENVIRONMENT)
    return done.returncode, json.loads(done.stdout)["findings"]


def test_there_are_enough_of_them():
    assert len(CASES) >= 190


@pytest.mark.single_threaded
@pytest.mark.parametrize("case", CASES, ids=[case.stem for case in CASES])
def test_wrong_rules_are_found_and_their_dead_letters_are_what_was_said(tmp_path, case):
    rules = case.read_text()
    wanted, *beside = rules[2:rules.index(":")].split()
    code, found = findings(tmp_path, rules)
    codes = [one["code"] for one in found]
    assert code == 1 and wanted in codes, found
    assert {one for one in codes if one not in (wanted, *beside, *BESIDE)} == set(), found
    for one in found:
        always = re.search(r": every event of type ([\w.]+).* becomes a dead letter \((\w+)\): "
                           r"(.*)", one["message"])
        if one["code"] == "HS212" and always and "sample:" not in rules:
            is_dead_letter(tmp_path, *always.groups())


@pytest.mark.parametrize("case", GOOD, ids=[case.stem for case in GOOD])
def test_good_rules_are_called_good(tmp_path, case):
    _, found = findings(tmp_path, case.read_text())
    assert [one for one in found if one["code"] not in BESIDE] == []


def is_dead_letter(tmp_path, type_name, reason, words):
    source = "shop" if type_name.startswith("shop.") else "fanfare"
    done = program.command("explain", "--json", "-c", tmp_path / "config.yaml", "--source", source,
                           "--type", type_name, env=ENVIRONMENT)
    outcome = json.loads(done.stdout)
    assert (outcome["end"], outcome["reason"]) == ("dead_letter", reason), outcome
    assert without_values(outcome["detail"]) == without_values(words)


def without_values(words):
    return re.sub(r"`[^`]*`", "`...`", words)


def test_a_door_that_takes_more_than_a_sink_is_found(tmp_path):
    rules = "default: [{sink: kafka, topic: t, key: \"{id}\", accept: [HS205, HS206, HS207]}]\n"
    _, found = findings(tmp_path, rules)
    assert "HS225" not in [one["code"] for one in found]
    head = HEAD.replace("server: {", "server: {limits: {body_size: 4MiB}, ")
    (tmp_path / "config.yaml").write_text(head + rules)
    done = program.command("check", "-c", tmp_path / "config.yaml", env=ENVIRONMENT)
    assert "HS225" in done.stdout and "4194304" in done.stdout
    config = head.replace('["kafka:9092"]', '["kafka:9092"], properties: {message.max.bytes: '
                          '"4200000"}')
    (tmp_path / "config.yaml").write_text(config + rules)
    done = program.command("check", "-c", tmp_path / "config.yaml", env=ENVIRONMENT)
    assert "HS225" not in done.stdout
