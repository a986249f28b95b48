"""Started with any of descriptors 0 to 2 closed, no file or socket of hookstream takes their
place: what is written to standard output or error never ends up in data."""

import json
import os
import pathlib
import re
import subprocess

import pytest

from support import http, program, sender
from support.wait import wait_for

SUBSETS = [[n for n in (0, 1, 2) if mask & (1 << n)] for mask in range(8)]
LOG_TEXT = re.compile(rb"level=(info|warn|error)|hookstream [a-z]+: ")
EVENTS = 100


def _name(closed):
    return "closed-" + "".join(map(str, closed)) if closed else "open"


def _popen(words, closed, **options):
    """sh closes them, so that nothing of Python's own is in the way."""
    closing = " ".join(f"{number}<&-" for number in closed)
    script = f'exec "$@" {closing}'
    return subprocess.Popen(["sh", "-c", script, "sh", *map(str, words)], **options)


def _data_files(folder):
    return [path for path in pathlib.Path(folder).rglob("*") if path.is_file()]


def _assert_no_log_text(folder):
    for path in _data_files(folder):
        found = LOG_TEXT.search(path.read_bytes())
        assert not found, f"{path} has log text: {found}"


def _standard(process):
    return [os.readlink(f"/proc/{process.pid}/fd/{number}") for number in (0, 1, 2)]


@pytest.fixture(params=SUBSETS, ids=_name)
def closed(request):
    return request.param


def test_run_keeps_log_text_out_of_its_data(hookstream, closed):
    """Events and refused requests, a stop, and a second run that delivers: all events are there,
    once, and no file of the journal or the sink has a log line in it."""
    one = hookstream(
        start=False,
        log={"level": "debug"},
        sinks={"files": {"type": "file", "path": "out"}},
        routes=[{"name": "all", "match": "**", "to": [{"sink": "files", "file": "all.jsonl"}]}],
    )
    null = subprocess.DEVNULL
    words = [program.binary(), "run", "-c", one.file]
    one.process = _popen(words, closed, stdin=null, stdout=null, stderr=null, cwd=one.cwd)
    wait_for(one.is_ready, what="hookstream to be ready")
    assert _standard(one.process) == ["/dev/null"] * 3
    documents = [sender.event(number=number) for number in range(EVENTS)]
    for document in documents:
        assert one.post(document).status == 202
    for _ in range(5):
        assert http.exchange(one.port, sender.request(b"{}", secret="x" * 20)).status == 401
    one.drained()
    one.stop()
    _assert_no_log_text(one.folder / "journal")
    _assert_no_log_text(one.folder / "out")
    lines = (one.folder / "out" / "all.jsonl").read_text().splitlines()
    assert [json.loads(line)["id"] for line in lines] == [d["id"] for d in documents]
    verified = program.command("journal", "verify", "--path", one.folder / "journal")
    assert verified.returncode == 0, verified


CASES = """\
cases:
  - name: recorded
    event: {sample: order.created}
    expect: {file: recorded.json}
"""


def _commands(folder):
    """Commands that write a file: their arguments, and the file."""
    config = folder / "hookstream.yaml"
    yield ["init", "-f", "order", "-s", "kafka", "-o", "new.yaml"], "new.yaml"
    yield ["test", "-c", config, "--update", "cases.yaml"], "recorded.json"
    yield ["test", "-c", config, "--junit", "junit.xml", "cases.yaml"], "junit.xml"
    yield ["send", "-c", config, "--url", "http://127.0.0.1:9/x", "--ledger", "ledger"], "ledger"


def _written(folder, closed):
    """What each command writes into its file."""
    folder.mkdir()
    config = program.configuration(
        folder,
        sinks={"files": {"type": "file", "path": "out"}},
        routes=[{"name": "all", "match": "**", "to": [{"sink": "files", "file": "all.jsonl"}]}],
    )
    (folder / "hookstream.yaml").write_text(json.dumps(config))
    (folder / "cases.yaml").write_text(CASES)
    null = subprocess.DEVNULL
    found = {}
    for words, file in _commands(folder):
        words = [program.binary(), *words]
        _popen(words, closed, stdin=null, stdout=null, stderr=null, cwd=folder).wait(60)
        found[file] = (folder / file).read_text()
    found["ledger"] = re.sub(r"whk_\S+|\d+$", "", found["ledger"], flags=re.MULTILINE)
    return found


@pytest.mark.single_threaded
def test_commands_write_nothing_else_into_their_files(tmp_path, closed):
    """The file is the same as with all descriptors open."""
    assert _written(tmp_path / "closed", closed) == _written(tmp_path / "open", [])
