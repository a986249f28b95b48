"""`hookstream check`: everything wrong with a file in one go, each with its place and what
would be right; and no secret in any output."""

import json
import os
import re
import subprocess

import pytest

from support import program, sender

pytestmark = pytest.mark.single_threaded

GOOD = """\
server: {listen: 127.0.0.1:8080}
journal: {path: journal}
sources:
  fanfare:
    path: /webhooks/fanfare
    verify: {scheme: fanfare, secrets: ["a-secret-of-the-test"]}
sinks:
  kafka: {type: kafka, brokers: [kafka:9092]}
routes:
  - {name: orders, match: order, to: [{sink: kafka, topic: orders, key: "{data.orderId}"}]}
default: dead_letter
"""


def check(tmp_path, text, **options):
    file = tmp_path / "config.yaml"
    file.write_text(text)
    return program.command("check", "-c", file, **options)


def place(text, word):
    """line:column of a word in a file."""
    before = text[: text.index(word)]
    return f"{before.count(chr(10)) + 1}:{len(before) - before.rfind(chr(10))}"


def test_a_good_file_is_good(tmp_path):
    done = check(tmp_path, GOOD)
    assert done.returncode == 0, done.stdout


def test_every_error_is_told_with_its_place_in_one_go(tmp_path):
    text = (
        GOOD.replace("brokers:", "brokrs:")
        .replace("listen: 127.0.0.1:8080", "listen: 127.0.0.1:99999")
        .replace("scheme: fanfare", "scheme: fanfaer")
        .replace("default: dead_letter", "default: dead_leter")
    )
    done = check(tmp_path, text)
    assert done.returncode == 1
    for word in ("brokrs", "127.0.0.1:99999", "fanfaer", "dead_leter"):
        told = [one for one in done.stdout.splitlines() if ": error HS" in one]
        line = next((one for one in told if word in one), None)
        assert line is not None, (word, done.stdout)
        assert f"config.yaml:{place(text, word)}:" in line
    assert "did you mean `brokers`?" in done.stdout


def test_the_catalogue_is_asked_past_errors_that_have_nothing_to_do_with_events(tmp_path):
    wrong = GOOD.replace("{data.orderId}", "{data.orderID}")
    waits = "fix these errors and check again"
    done = check(tmp_path, wrong.replace("127.0.0.1:8080", "127.0.0.1:99999")
                 .replace("[kafka:9092]}", "[kafka:9092], linger: 5}"))
    assert "HS038" in done.stdout and "HS030" in done.stdout
    assert "HS200" in done.stdout and waits not in done.stdout
    done = check(tmp_path, wrong.replace("match: order", "match: order, too: x"))
    assert "HS200" not in done.stdout and waits in done.stdout


def test_of_a_file_that_cannot_be_read_it_is_said_what_was_not_looked_at(tmp_path):
    nothing_else, fields = "Nothing else was checked", "sender's events"
    torn = check(tmp_path, GOOD.replace("127.0.0.1:8080", "wrong") + "  - : [\n").stdout
    assert nothing_else in torn and fields not in torn and "HS038" not in torn
    gone = program.command("check", "-c", tmp_path / "gone.yaml").stdout
    assert "HS001" in gone and nothing_else not in gone and fields not in gone


ONE_FAULT = {
    "a duplicate key": (GOOD + "default: drop\n", "default"),
    "no default": (GOOD.replace("default: dead_letter\n", ""), "default"),
    "an unknown sink": (GOOD.replace("sink: kafka", "sink: kafak"), "kafak"),
    "a wrong type": (GOOD.replace("brokers: [kafka:9092]", "brokers: {a: b}"), "brokers"),
    "an unset variable": (GOOD.replace("a-secret-of-the-test", "${NOT_SET_ANYWHERE}"), "NOT_SET"),
    "not YAML": (GOOD + "  - : [\n", "config.yaml:"),
    "two routes that tie": (
        GOOD.replace(
            "default:",
            "  - {name: again, match: order, to: [{sink: kafka, topic: t}]}\ndefault:",
        ),
        "again",
    ),
    "two sources on one path": (
        GOOD.replace(
            "sinks:",
            "  other:\n    path: /webhooks/fanfare\n"
            "    verify: {scheme: fanfare, secrets: [another-secret-of-the-test]}\nsinks:",
        ),
        "/webhooks/fanfare",
    ),
    "a route without a name for its sink's topic": (GOOD.replace("topic: orders, ", ""), "topic"),
    "an unknown transformation": (
        GOOD.replace("match: order,", "match: order, transform: [{remvoe: [data.x]}],"),
        "remvoe",
    ),
}


def test_each_fault_is_an_error_that_names_it(tmp_path):
    for case, (text, word) in ONE_FAULT.items():
        done = check(tmp_path, text)
        assert done.returncode == 1, (case, done.stdout)
        assert word in done.stdout, (case, done.stdout)
        assert "a-secret-of-the-test" not in done.stdout + done.stderr, case


def test_an_alias_bomb_is_refused_quickly(tmp_path):
    bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
    for level in range(1, 12):
        aliases = ", ".join([f"*a{level - 1}"] * 9)
        bomb += f"a{level}: &a{level} [{aliases}]\n"
    done = check(tmp_path, bomb + GOOD, timeout=20)
    assert done.returncode == 1


def test_aliases_and_files_and_defaults_work(tmp_path):
    (tmp_path / "secret").write_text("a-secret-from-a-file\n")
    text = GOOD.replace("a-secret-of-the-test", f"${{file:{tmp_path}/secret}}")
    text = text.replace("[{sink: kafka,", "&targets [{sink: kafka,")
    text = text.replace("default: dead_letter", "default: *targets")
    text = text.replace("journal: {path: journal}", 'journal: {path: "${NOT_SET_HERE:-journal}"}')
    done = check(tmp_path, text)
    assert done.returncode == 0, done.stdout


def test_run_refuses_a_bad_file_and_says_the_same(tmp_path):
    file = tmp_path / "config.yaml"
    file.write_text(GOOD.replace("brokers:", "brokrs:"))
    done = program.command("run", "-c", file)
    assert done.returncode != 0
    assert "did you mean `brokers`?" in done.stderr + done.stdout


def test_no_file_and_wrong_use(tmp_path):
    assert program.command("check", "-c", tmp_path / "none.yaml").returncode == 1
    assert program.command("check", "--nonsense").returncode == 2
    assert program.command("nonsense").returncode == 2
    assert program.command("send", "--url", "http://127.0.0.1:1/", "--secret", "abcdefgh",
                           "--type", "no.such.type").returncode == 2
    for name in ("run", "check", "send", "journal", "health", "version"):
        done = program.command(name, "--help")
        assert done.returncode == 0 and "Usage: hookstream" in done.stdout, name
    assert program.command("version").returncode == 0


@pytest.mark.skipif(os.path.exists("/etc/hookstream/hookstream.yaml"), reason="it is there")
@pytest.mark.parametrize("words", [
    ["check", "--json"], ["run"], ["explain", "--type", "order.created"], ["send"],
    ["journal", "stat"], ["replay", "--since", "1h"], ["dead-letters", "list"], ["health"],
], ids=" ".join)
def test_without_any_file_the_ways_to_name_one_are_told_once(words):
    bare = {name: value for name, value in os.environ.items() if name != "HOOKSTREAM_CONFIG"}
    done = program.command(*words, env=bare)
    assert done.returncode in (1, 2)
    assert done.stderr.count("-c FILE or $HOOKSTREAM_CONFIG") == 1, done.stderr
    assert "/etc/hookstream/hookstream.yaml" in done.stderr
    named = program.command(*words, env={**bare, "HOOKSTREAM_CONFIG": "/nowhere.yaml"})
    assert "$HOOKSTREAM_CONFIG" not in named.stderr


def test_the_version_of_libjq_is_that_of_jq():
    jq = subprocess.run(["jq", "--version"], capture_output=True, text=True, check=True).stdout
    (version,) = re.findall(r"libjq (\d+\.\d+)(?: or newer)?,", program.command("version").stdout)
    assert jq.startswith(f"jq-{version}"), (jq, version)


def test_the_secret_is_in_no_page(hookstream):
    one = hookstream(
        sinks={"files": {"type": "file", "path": "out"}},
        routes=[{"name": "all", "match": "**", "to": [{"sink": "files", "file": "a.jsonl"}]}],
    )
    one.post(sender.event(), secret="wrong-secret")
    pages = json.dumps(one.status) + one.metrics.text + one.log
    assert sender.SECRET not in pages
