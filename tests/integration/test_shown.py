"""Nothing that a command prints moves a terminal's cursor, reorders a line or is not UTF-8, whether
it comes from a configuration, an event, a file's name or an argument; and no file makes it wait."""

import json
import os
import re
import subprocess

import pytest

from support import http, program, sender
from support.wait import wait_for

pytestmark = pytest.mark.single_threaded

HOSTILE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]")
ODD = "\u009b31m\u202ex\u2028\u2066"
ENV = {**os.environ, "SECRET_OF_THE_TEST": "k9Jq2mZx7LpW4vT1"}
GOOD = """\
server: {listen: "127.0.0.1:1"}
admin: {listen: "127.0.0.1:2"}
journal: {path: journal}
sources:
  fanfare: {path: /w, verify: {scheme: fanfare, secrets: ["${SECRET_OF_THE_TEST}"]}}
sinks:
  kafka: {type: kafka, brokers: ["127.0.0.1:1"]}
routes:
  - {name: orders, match: order, to: [{sink: kafka, topic: t, key: "{data.orderId}"}]}
default: dead_letter
"""
FILES = {
    "an unknown key": f"{GOOD}rou\u202etes: 1\n".encode(),
    "an escape": GOOD.replace("topic: t", 'topic: "\x1b[31m"').encode(),
    "C1": GOOD.replace("topic: t", 'topic: "\u009b31m"').encode(),
    "escapes of YAML": GOOD.replace("topic: t", r'topic: "\u009b\u202e\e"').encode(),
    "a broken line": b"a: [\x1b[31m\n\xff\xfe\xc2\x9b: }\n",
    "half a character": GOOD.encode() + b"a: \xed\xa0\x80\n",
    "NUL": GOOD.encode() + b"a: \0b\n",
    "no text": bytes(range(256)) * 20,
}


def printed(*words, **options):
    done = program.command(*words, text=False, **options)
    text = (done.stdout + done.stderr).decode()  # fails where it is not UTF-8
    assert not HOSTILE.search(text), (words, text)
    return done.returncode, text


@pytest.mark.parametrize("kind", FILES)
def test_a_configuration_prints_nothing_hostile(tmp_path, kind):
    file = tmp_path / "a\x1b[31m\u202e.yaml"
    file.write_bytes(FILES[kind])
    for words in (["check"], ["check", "--json"], ["explain", "--type", "order.created"], ["run"],
                  ["journal", "stat"], ["dead-letters", "list"], ["test", file]):
        code, _ = printed(*words, "-c", file, cwd=tmp_path, env=ENV)
        assert code in (1, 2), words


@pytest.mark.parametrize("words", [["--bog\x1b\u202eus"], ["check", "--bog\u009bus"],
                                   ["check", b"--bog\xff"], ["co\u202emmand"],
                                   ["check", "--explain", "\u009b"]])
def test_an_argument_is_shown_harmless(words):
    done = subprocess.run([program.binary(), *words], capture_output=True, check=False)
    assert done.returncode == 2
    assert not HOSTILE.search(done.stderr.decode()), done.stderr


EVENTS = {
    "raw": json.dumps({"id": f"whk_{ODD}", "type": "order.created", "timestamp": ODD,
                       "data": {"orderId": ODD, f"k{ODD}": {ODD: 1}}}, ensure_ascii=False).encode(),
    "escaped": json.dumps({"id": f"whk_{ODD}\x1b", "type": f"order.{ODD}\x1b",
                           "data": {"orderId": f"{ODD}\x1b"}}).encode(),
    "not JSON": b"\x1b[31m\xff\xfe\xc2\x9b31m",
}


@pytest.mark.parametrize("kind", EVENTS)
def test_an_event_prints_nothing_hostile(tmp_path, kind):
    (tmp_path / "hookstream.yaml").write_text(GOOD)
    (tmp_path / "event.json").write_bytes(EVENTS[kind])
    (tmp_path / "cases.yaml").write_text(
        f'cases:\n  - name: "n{ODD}"\n    event: {{file: event.json}}\n    expect: {{route: z}}\n')
    words = ["-c", "hookstream.yaml"]
    for more in ([], ["--json"]):
        _, text = printed("explain", *words, *more, "event.json", cwd=tmp_path, env=ENV)
        assert not more or json.loads(text)
    printed("test", *words, "cases.yaml", cwd=tmp_path, env=ENV)


@pytest.mark.parametrize("kind", EVENTS)
def test_a_stored_event_prints_nothing_hostile(hookstream, kind):
    one = hookstream(sinks={"files": {"type": "file", "path": "out"}}, routes=[])
    assert one.post(EVENTS[kind]).status == 202
    wait_for(lambda: one.metric("dead_letters") == 1, what="a letter")
    for words in (["list"], ["list", "--json"], ["show", "1"], ["show", "1", "--json"]):
        printed("dead-letters", *words, "-c", one.file)
    _, text = printed("journal", "dump", "-c", one.file)
    event = json.loads(text.splitlines()[0])
    if kind == "raw":
        assert event["body"] == json.loads(EVENTS[kind])


def test_a_line_that_is_no_text_is_not_shown_since_it_may_hold_a_secret(tmp_path):
    """UTF-16 without a mark: no key can be made out in it."""
    file = tmp_path / "hookstream.yaml"
    file.write_bytes('admin: {token: "k9Jq2mZx7LpW4vT1"}\n'.encode("utf-16-le"))
    code, text = printed("check", "-c", file)
    assert code == 1 and "U+0000" in text
    assert "k?9?J" not in text and "|" not in text, text


@pytest.mark.parametrize("place", ["the configuration", "a secret"])
def test_a_fifo_without_a_writer_makes_nothing_wait(tmp_path, place):
    os.mkfifo(tmp_path / "fifo")
    text = GOOD.replace("${SECRET_OF_THE_TEST}", f"${{file:{tmp_path}/fifo}}")
    (tmp_path / "hookstream.yaml").write_text(text)
    file = "fifo" if place == "the configuration" else "hookstream.yaml"
    for words in (["check"], ["run"], ["journal", "stat"], ["health"]):
        assert program.command(*words, "-c", file, cwd=tmp_path, timeout=20).returncode in (1, 2)


def test_a_pipe_is_read_to_its_end(tmp_path):
    read, write = os.pipe()
    script = f"sleep 0.2; cat {tmp_path}/half1; sleep 0.2; cat {tmp_path}/half2"
    (tmp_path / "half1").write_text(GOOD[:200])
    (tmp_path / "half2").write_text(GOOD[200:])
    with subprocess.Popen(["sh", "-c", script], stdout=write) as writer:
        os.close(write)
        done = program.command("check", "-c", f"/dev/fd/{read}", pass_fds=[read], env=ENV)
        os.close(read)
        writer.wait()
    assert "0 errors" in done.stdout, done.stdout
