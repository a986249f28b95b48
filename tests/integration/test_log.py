"""The log: a stderr that nobody reads, that is closed or full, and what may be printed on it."""

import fcntl
import json
import os
import re
import signal
import subprocess

import pytest

from support import http, program, sender
from support.wait import wait_for

ROUTES = [{"name": "all", "match": "**", "to": [{"sink": "files", "file": "all.jsonl"}]}]
VALUE = r'("([^"\\]|\\.)*"|\S+)'
WHOLE_LINE = re.compile(rf"time=\S+ level=\w+ msg={VALUE}( \w+={VALUE})*")
RING_BYTES = 1 << 20  # HS_LOG_QUEUE_BYTES


def parts(tmp_path, **rest):
    sinks = {"files": {"type": "file", "path": str(tmp_path / "out")}}
    return {"sinks": sinks, "routes": ROUTES, "source": {"catalogue": "none"}, **rest}


def start(one, stderr):
    """As Hookstream.start(), with another stderr; None: closed."""
    words = [str(program.binary()), "run", "-c", str(one.file)]
    if stderr is None:
        words = ["sh", "-c", 'exec "$@" 2>&-', "sh", *words]
    one.process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                   stderr=stderr, env=one.environment, cwd=one.cwd)
    wait_for(one.is_ready, deadline=60, what="hookstream to be ready")
    return one


def small_pipe():
    reader, writer = os.pipe()
    fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4096)
    return reader, writer


def refused(one):
    """A request that is refused; with log.level debug its end is logged."""
    answer = http.exchange(one.port, b"POST /nowhere HTTP/1.1\r\nHost: t\r\nConnection: close\r\n"
                                     b"Content-Length: 0\r\n\r\n", timeout=10)
    assert answer.status == 404


def flood(one):
    """Logs until lines are dropped."""
    for _ in range(RING_BYTES // 40):
        refused(one)
        if one.metric("hookstream_log_dropped_total") > 0:
            return
    raise AssertionError("nothing was dropped")


def test_a_log_that_nobody_reads_stops_nothing(hookstream, tmp_path):
    """With the pipe and the ring full, events are accepted, health answers, SIGTERM ends well; once
    the pipe is read, one line says how many were dropped, and every line is whole."""
    reader, writer = small_pipe()
    one = hookstream(start=False, **parts(tmp_path, log={"level": "debug"}))
    start(one, writer)
    flood(one)
    for _ in range(100):
        assert one.post(sender.event("order.created")).status == 202
    one.drained("files")
    assert http.get(one.admin_port, "/livez").status == 200
    assert "log lines" in one.readiness
    dropped = one.metric("hookstream_log_dropped_total")
    text = b""
    while b" dropped=" not in text:
        text += os.read(reader, 65536)
    told = int(re.search(rb" dropped=(\d+)", text).group(1))
    assert told >= dropped
    for line in text.decode().split("\n")[:-1]:
        assert WHOLE_LINE.fullmatch(line), line
    wait_for(lambda: "log lines" not in one.readiness)
    flood(one)
    one.process.send_signal(signal.SIGTERM)
    assert one.process.wait(30) == 0
    os.close(writer)
    os.close(reader)


@pytest.mark.parametrize("kind", ["reader_gone", "disk_full", "closed"])
def test_a_stderr_that_cannot_be_written_stops_nothing(hookstream, tmp_path, kind):
    one = hookstream(start=False, **parts(tmp_path, log={"level": "debug"}))
    if kind == "reader_gone":
        reader, stderr = os.pipe()
        os.close(reader)
    elif kind == "disk_full":
        stderr = os.open("/dev/full", os.O_WRONLY)
    else:
        stderr = None
    start(one, stderr)
    if stderr is not None:
        os.close(stderr)
    for _ in range(20):
        refused(one)
        assert one.post(sender.event("order.created")).status == 202
    one.drained("files")
    assert http.get(one.admin_port, "/livez").status == 200
    one.stop()


def test_lines_before_the_end_are_written(hookstream, tmp_path):
    """Nothing that was logged before the end is lost when stderr is read late."""
    reader, writer = small_pipe()
    one = hookstream(start=False, **parts(tmp_path, log={"level": "debug"}))
    start(one, writer)
    for _ in range(60):
        refused(one)
    one.process.send_signal(signal.SIGTERM)
    os.close(writer)
    text = b""
    while piece := os.read(reader, 65536):
        text += piece
    assert one.process.wait(30) == 0
    assert b'msg="stopped; ' in text
    os.close(reader)


def test_with_log_format_json_every_line_is_json(hookstream, tmp_path):
    """Also the findings of the start, whether it starts or not."""
    warned = parts(tmp_path, log={"format": "json"}, source={})
    warned["sinks"]["spare"] = {"type": "file", "path": str(tmp_path / "spare")}
    one = hookstream(**warned)
    one.stop()
    lines = [json.loads(line) for line in one.log.splitlines()]
    assert any(re.fullmatch(r"HS\d+", line.get("finding", "")) for line in lines), one.log
    wrong = program.configuration(tmp_path, **parts(tmp_path, log={"format": "json"}))
    wrong["sources"]["fanfare"]["verify"]["scheme"] = "nosuch"
    file = tmp_path / "wrong.yaml"
    file.write_text(json.dumps(wrong))
    done = program.command("run", "-c", file)
    assert done.returncode == 1
    for line in done.stderr.splitlines():
        assert json.loads(line)["level"] == "error", line


HOSTILE = "\u009b31m\u202egnp.exe\u2028\u2066\ufeff\U000e0041\x1b[2J"


@pytest.mark.parametrize("log_format", ["logfmt", "json"])
def test_nothing_of_an_event_moves_the_terminal_of_who_reads_the_log(hookstream, tmp_path,
                                                                     log_format):
    one = hookstream(**parts(tmp_path, log={"format": log_format, "level": "debug"},
                             default="dead_letter"))
    document = sender.event("order.created")
    document["id"] = "id" + HOSTILE
    document["type"] = "no.such" + HOSTILE
    one.post(document)
    path = "/nowhere" + HOSTILE.replace("\x1b", "")
    head = f"POST {path} HTTP/1.1\r\nHost: t\r\nContent-Length: 0\r\n\r\n"
    http.exchange(one.port, head.encode())
    one.stop()
    assert not set(one.log) & set(HOSTILE) - set("31mgnp.exe[2J"), one.log
    if log_format == "json":
        for line in one.log.splitlines():
            json.loads(line)


def test_nothing_of_an_event_moves_the_terminal_of_who_looks_at_it(hookstream, tmp_path):
    """Whatever command prints it; as JSON it means the same."""
    routes = [{"name": "queue", "match": "queue", "to": ROUTES[0]["to"]}]
    one = hookstream(**parts(tmp_path, routes=routes))
    document = sender.event("order.created", note=HOSTILE)
    assert one.post(document).status == 202
    wait_for(lambda: one.metric("dead_letters") == 1)
    body = tmp_path / "event.json"
    body.write_bytes(sender.encode(document))
    shown = [program.command("dead-letters", *words, "-c", one.file)
             for words in (["list"], ["show", "1"], ["export"], ["list", "--json"])]
    for words in ([], ["--json"]):
        shown.append(program.command("explain", "-c", one.file, "--show-values", *words, body))
    one.stop()
    shown.append(program.command("journal", "dump", "--path", one.folder / "journal"))
    for done in shown:
        assert not (set(done.stdout + done.stderr) & set(HOSTILE)) - set("31mgnp.exe[2J"), done
        assert done.stdout, done
    letter = json.loads(shown[2].stdout)
    assert json.loads(letter["body"]) == document
    assert json.loads(shown[-1].stdout.splitlines()[0])["body"] == document
