"""The limit of open files: connections never take what journal, sinks and the admin port need, and
a limit that is too low for those is refused at the start, with what to do."""

import json
import re
import os
import resource
import socket
import subprocess

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


def start(tmp_path, limit, soft=None, sinks=None, routes=None, **parts):
    config = program.configuration(
        tmp_path,
        sinks=sinks or SINKS,
        routes=routes or ROUTES,
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


# A file that a sink or the housekeeping has open for a moment counts or does not.
EACH_START_DIFFERS = 6


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
    named = int(re.search(r"raise it to at least (\d+)", said)[1])
    one = start(tmp_path, named + EACH_START_DIFFERS)
    try:
        wait_for(one.is_ready, deadline=60, what="a start with the limit that was named")
        one.stop()
    finally:
        if one.running:
            one.kill9()


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


@pytest.mark.parametrize("limit", [80, 128])
def test_servers_get_their_events_under_a_low_limit(tmp_path, kafka, redis, unique, limit):
    """Kafka and Redis beside as many idle connections as get in."""
    kafka.create(unique, partitions=1)
    sinks = {
        "kafka": {"type": "kafka", "brokers": [kafka.address]},
        "redis": {"type": "redis", "url": redis.url},
    }
    to = [{"sink": "kafka", "topic": unique, "key": "{id}"}, {"sink": "redis", "stream": unique}]
    routes = [{"name": "all", "match": "**", "to": to}]
    one = start(tmp_path, limit, sinks=sinks, routes=routes)
    try:
        wait_for(one.is_ready, deadline=60, what="hookstream to be ready")
        idle = fill(one.port, 3 * limit)
        sent = [sender.event("order.created", note="x" * 30000) for _ in range(100)]
        for document in sent:
            answer = one.post(document)
            assert answer is not None and answer.status == 202, answer
        assert get(one.admin_port, "/readyz").status == 200
        assert one.metric("journal_writable") == 1
        one.drained()
        for connection in idle:
            connection.close()
        assert "level=error" not in one.log
        one.stop()
    finally:
        if one.running:
            one.kill9()
    ids = {document["id"] for document in sent}
    assert {record.id for record in kafka.read(unique)} == ids
    assert {json.loads(entry["body"])["id"] for entry in redis.stream(unique)} == ids


def set_limit(one, soft):
    hard = resource.prlimit(one.process.pid, resource.RLIMIT_NOFILE)[1]
    resource.prlimit(one.process.pid, resource.RLIMIT_NOFILE, (soft, hard))
    return hard


def test_the_journal_recovers_after_there_were_no_descriptors(hookstream):
    """The limit falls below what is open: no new segment can be opened, and events get 503. When it
    rises again the journal is written again, and every event that was answered 202 is delivered."""
    one = hookstream(
        sinks=SINKS, routes=ROUTES, journal={"max_size": "32MiB", "retain": "0s"},
        server={"workers": 1, "limits": {"body_size": "64KiB"}},
    )  # fmt: skip
    taken, refused = set(), 0
    with sender.Connection(one.port) as connection:

        def post():
            document = sender.event("order.created", note=os.urandom(30000).hex())
            connection.send(sender.request(sender.encode(document)))
            status = connection.read_answer().status
            assert status in (202, 503)
            if status == 202:
                taken.add(document["id"])
            return status

        assert post() == 202
        one.drained()
        hard = set_limit(one, 3)
        for _ in range(2000):
            refused += post() == 503
            if refused == 3:
                break
        assert refused == 3
        set_limit(one, hard)
        wait_for(lambda: post() == 202, what="the journal to be written again")
        for _ in range(100):
            assert post() == 202
    one.drained()
    assert one.metric("journal_writable") == 1
    assert get(one.admin_port, "/readyz").status == 200
    files = (one.folder / "out").glob("*.jsonl")
    lines = [json.loads(line)["id"] for file in files for line in file.read_text().splitlines()]
    assert set(lines) >= taken
    assert len(lines) == len(set(lines))


@pytest.mark.parametrize("limit, warns", [(256, True), (9000, True), (12000, False)])
def test_check_warns_of_a_limit_below_the_connections(tmp_path, limit, warns):
    config = program.configuration(tmp_path, sinks=SINKS, routes=ROUTES)
    file = tmp_path / "limit.yaml"
    file.write_text(json.dumps(config))
    words = ["prlimit", f"--nofile=64:{limit}", program.binary(), "check", "-c", file, "--json"]
    done = subprocess.run(list(map(str, words)), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    found = [one for one in json.loads(done.stdout)["findings"] if one["code"] == "HS098"]
    assert len(found) == warns
    assert not warns or f"the hard limit of open files is {limit}" in json.dumps(found[0])
