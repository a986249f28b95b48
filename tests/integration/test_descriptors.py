"""The limit of open files: connections never take what journal, sinks and the admin port need, and
a limit that is too low for those is refused at the start, with what to do."""

import json
import socket

import pytest

from support import program, sender
from support.http import get
from support.wait import wait_for

SINKS = {"files": {"type": "file", "path": "out"}}
ROUTES = [
    {
        "name": "all",
        "match": "**",
        "to": [{"sink": "files", "file": "{family}.jsonl"}],
    }
]


def start(tmp_path, limit, soft=None, **parts):
    config = program.configuration(
        tmp_path,
        sinks=SINKS,
        routes=ROUTES,
        journal={"max_size": "32MiB", "retain": "0s"},
        server={"workers": 1, "limits": {"body_size": "64KiB"}},
        **parts,
    )
    one = program.Hookstream(tmp_path, config)
    one.start(ready=False, prefix=["prlimit", f"--nofile={soft or limit}:{limit}"])
    return one


def line_of(one, words):
    return next(line for line in one.log.splitlines() if words in line)


def fill(port, count):
    """Idle connections, as many as get in."""
    idle = []
    for _ in range(count):
        one = socket.socket()
        one.settimeout(5)
        idle.append(one)
        try:
            one.connect(("127.0.0.1", port))
        except OSError:
            break
    return idle


@pytest.mark.parametrize("limit", [64, 80, 128, 256, 1024])
def test_idle_connections_leave_the_files_that_events_need(tmp_path, limit):
    one = start(tmp_path, limit)
    try:
        wait_for(one.is_ready, deadline=60, what="hookstream to be ready")
        said = line_of(one, "limit of open files has no room for limits.connections")
        assert f"limit={limit}" in said and "configured=10000" in said and "level=warn" in said
        most = one.metric("connections_max")
        assert 8 <= most < limit and f"connections={most:.0f}" in said
        idle = fill(one.port, 3 * limit)
        # Over the ends of segments, and to a file per family.
        for number in range(120):
            kind = ("order.created", "queue.consumer.admitted", "payment.completed")[number % 3]
            if kind not in sender.all_types():
                kind = "order.created"
            answer = one.post(sender.event(kind, note="x" * 30000))
            assert answer is not None and answer.status == 202, (number, answer)
        assert get(one.admin_port, "/readyz").status == 200
        assert one.metric("connections") <= most and one.metric("journal_writable") == 1
        one.drained()
        for connection in idle:
            connection.close()
        assert "level=error" not in one.log
        one.stop()
    finally:
        if one.running:
            one.kill9()
    files = (tmp_path / "out").glob("*.jsonl")
    lines = [line for file in files for line in file.read_text().splitlines()]
    assert len({json.loads(line)["id"] for line in lines}) == 120


@pytest.mark.parametrize("limit", [20, 30, 40])
def test_a_limit_that_has_no_room_for_the_rest_is_refused_with_what_to_do(tmp_path, limit):
    one = start(tmp_path, limit)
    try:
        code = one.process.wait(60)
    finally:
        if one.running:
            one.kill9()
    assert code == 1
    said = line_of(one, "cannot start")
    assert f"the limit of open files is {limit}" in said and "ulimit -n" in said


def test_the_soft_limit_is_raised_to_the_hard_one(tmp_path):
    one = start(tmp_path, 12000, soft=64)
    try:
        wait_for(one.is_ready, deadline=60, what="hookstream to be ready")
        assert one.metric("connections_max") == 10000
        said = line_of(one, 'msg="open files"')
        assert "limit=12000" in said and "level=info" in said
        one.stop()
    finally:
        if one.running:
            one.kill9()
