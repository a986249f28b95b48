"""The journal's disk, or Kafka's, is full, or fails."""

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from stage import wait_for_answer, wait_for_state
from support import http, program, sender
from support.journal import Journal
from support.load import DEAD
from support.wait import wait_for

MIB = 1 << 20


def _mount(folder, mebibytes):
    """Why it cannot, or None."""
    options = ["-t", "tmpfs", "-o", f"size={mebibytes}m", "hookstream-test", str(folder)]
    done = subprocess.run(["mount", *options], capture_output=True, text=True, check=False)
    return None if done.returncode == 0 else done.stderr.strip()


@pytest.fixture
def small_disk(tmp_path, request):
    """A file system of 24 MiB, where mounting is allowed. Ask for it first: it has to be there
    for as long as hookstream is. Another size is a parameter."""
    folder = tmp_path / "disk"
    folder.mkdir()
    refusal = _mount(folder, getattr(request, "param", 24))
    if refusal:
        pytest.skip(f"a small disk needs mount, which is not allowed: {refusal}")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.fixture
def kafka_disk(services):
    """Kafka's log directory, on a file system with 64 MiB to spare for the time of the test."""
    data = services.folder / "kafka" / "data"
    kept = data.with_name("data.kept")
    services("start", "kafka")
    services("stop", "kafka")
    used = int(subprocess.check_output(["du", "-sm", data], text=True).split()[0])
    data.rename(kept)
    data.mkdir()
    refusal = _mount(data, used + 64)
    if not refusal:
        subprocess.run(["cp", "-a", "--sparse=always", f"{kept}/.", str(data)], check=True)
        services("start", "kafka")
        yield data
        services("stop", "kafka")
        subprocess.run(["umount", "-l", str(data)], check=True)
    data.rmdir()
    kept.rename(data)
    services("start", "kafka")
    if refusal:
        pytest.skip(f"a small disk needs mount, which is not allowed: {refusal}")


def test_the_disk_is_full_and_is_given_room(small_disk, stage, redis_server):
    """There is no space for another segment while Redis is down: senders get 503, and nothing
    answered 2xx is lost. With space again the retries are accepted, and each event is there once,
    in order."""
    filler = small_disk / "filler"
    filler.write_bytes(bytes(8 * MIB))
    server = redis_server()
    it = stage(redis=server)
    one = it.start(journal={"path": str(small_disk / "journal"), "max_size": "32MiB"})
    server.end()
    with it.load(rate=150, pad=32 << 10) as load:
        wait_for(lambda: load.statuses.get(503, 0) > 20, what="503 for want of room")
        assert http.get(one.admin_port, "/readyz").status == 503
        filler.unlink()
        load.wait_for_answers(20)
    assert set(load.statuses) <= {202, 401, 503}, load.statuses
    server.start()
    it.settle()
    it.judge(answered_503=load.statuses[503])


def test_a_full_disk_and_a_kill(small_disk, stage, redis_server):
    """hookstream is killed and restarted on a full disk: it delivers what it has, which frees
    space, and accepts the retries."""
    server = redis_server()
    it = stage(redis=server)
    it.start(journal={"path": str(small_disk / "journal"), "max_size": "32MiB"})
    server.end()
    with it.load(rate=150, pad=32 << 10) as load:
        wait_for(lambda: load.statuses.get(503, 0) > 20, what="503 for want of room")
        it.kill()
    it.one.start(ready=False)
    wait_for(lambda: _answers(it.one), what="the operator's port")
    server.start()
    wait_for(it.one.is_ready, what="room")
    it.settle()
    it.judge(answered_503=load.statuses[503])


def test_a_journal_that_filled_its_disk_makes_room(small_disk, stage, redis_server):
    """`max_size` exceeds the disk, and the journal fills it repeatedly while Redis is down.
    Deliveries then free space by themselves, and the retries are accepted."""
    server = redis_server()
    it = stage(redis=server)
    it.start(journal={"path": str(small_disk / "journal"), "max_size": "32MiB"})
    refused = 0
    for _ in range(3):
        server.end()
        with it.load(rate=400, pad=64 << 10) as load:
            wait_for(lambda load=load: load.statuses.get(503, 0) > 10, what="503")
        refused += load.statuses[503]
        server.start()
        wait_for(it.one.is_ready, what="room made by delivering")
        it.settle(again=0)
    it.judge(answered_503=refused)


@pytest.mark.parametrize("small_disk", [64], indirect=True)
def test_the_journal_leaves_room_for_dead_letters(small_disk, stage, redis_server):
    """The journal fills the disk that it shares with the dead letters, and a third of the accepted
    events become letters. It is killed on the full disk, three times. Each letter finds room, so
    segments are removed, and the retries are accepted."""
    server = redis_server()
    it = stage(redis=server)
    it.start(journal={"path": str(small_disk / "journal"), "max_size": "128MiB"})
    refused = 0
    for _ in range(3):
        server.end()
        with it.load(rate=400, pad=64 << 10, odd_every=2) as load:
            wait_for(lambda load=load: load.statuses.get(503, 0) > 10, what="503")
            it.kill()
        refused += load.statuses[503]
        it.one.start(ready=False)
        wait_for(lambda: _answers(it.one), what="the operator's port")
        server.start()
        wait_for(it.one.is_ready, what="room made by delivering and by dead letters")
        it.settle(again=0)
    assert "stay free for dead letters" in it.one.log
    dead = [event for event in it.ledger.taken() if event.fate == DEAD]
    it.judge(answered_503=refused, dead_letters=len(dead))


def _written(one):
    """Bytes that the process has asked the system to write, so far."""
    lines = Path(f"/proc/{one.process.pid}/io").read_text().splitlines()
    return int(dict(line.split(": ") for line in lines)["wchar"])


@pytest.mark.parametrize("free", ["smaller segments", "none at all"])
def test_little_room_costs_no_writes_in_vain(small_disk, hookstream, free):
    """There is space for a segment of 16 MiB but not for the reserve: smaller ones are used. With
    less space than the smallest needs, everything is answered 503, nothing is written, and /readyz
    says how much is needed."""
    filler = small_disk / "filler"
    filler.write_bytes(bytes((8 if free == "smaller segments" else 23) * MIB))
    one = hookstream(
        start=False,
        journal={"path": str(small_disk / "journal"), "max_size": "128MiB"},
        sinks={"files": {"type": "file", "path": "out"}},
        routes=[{"name": "all", "match": "**", "to": [{"sink": "files", "file": "all.jsonl"}]}],
    )
    one.start(ready=False)
    wait_for(lambda: _answers(one) and _has_started(one), what="both ports to be open")
    if free == "none at all":
        before, until = _written(one), time.monotonic() + 8
        while time.monotonic() < until:  # eight tries to write again
            assert one.post(sender.event()).status == 503
            time.sleep(0.5)
        assert _written(one) - before < MIB
        assert "are needed" in one.readiness, one.readiness
        filler.write_bytes(bytes(8 * MIB))
    wait_for(one.is_ready, what="room for smaller segments")
    assert "smaller than usual" in one.log
    documents = [sender.event(pad="x" * 20000) for _ in range(300)]
    for document in documents:  # they come faster than delivered ones make room
        wait_for(lambda document=document: one.post(document).status == 202, what="room")
    one.drained()
    lines = (one.folder / "out" / "all.jsonl").read_text().splitlines()
    assert [json.loads(line)["id"] for line in lines] == [d["id"] for d in documents]
    filler.unlink()
    one.stop()


def test_kafkas_log_directory_is_full(kafka_disk, stage, kafka, redis, services):
    """Kafka's disk fills up under load, which ends the broker: senders get 2xx and Redis
    continues. With space and a broker again, every event is in Kafka, in order."""
    it = stage(kafka=kafka, redis=redis)
    it.start(journal={"max_size": "512MiB"})  # room for as long as the broker is away
    filler = kafka_disk / "filler"
    with it.load(pad=16 << 10) as load:
        load.wait_for_answers(200)
        with open(filler, "wb", buffering=0) as file:
            _fill(file)
        wait_for(lambda: not services.runs("kafka"), deadline=60, what="Kafka to give up")
        at = len(it.ledger.taken())
        load.wait_for_answers(400)
        wait_for(lambda: redis.length(it.name) >= at, what="Redis to go on")
        filler.unlink()
        services("start", "kafka")
        wait_for_state(it.one, "kafka", "up", deadline=60)
        load.wait_for_answers(100)
    assert set(load.statuses) <= {202, 401}, load.statuses
    it.judge()


def _has_started(one):
    return "msg=ready" in one.log or 'msg="started' in one.log


def _fill(file):
    """Writes until there is no room, to the last byte."""
    size = MIB
    while size:
        try:
            file.write(bytes(size))
        except OSError:
            size //= 2


def _answers(one):
    try:
        return http.get(one.admin_port, "/livez") is not None
    except OSError:
        return False


def _replay(one, request="GET /api/replay"):
    data = f"{request} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n"
    return json.loads(http.exchange(one.admin_port, data.encode()).body)


@pytest.mark.parametrize("call", ["pwrite", "fdatasync"])
# I1
def test_the_disk_answers_eio_and_is_mended(stage, redis, failing_disk, call):
    """A write or a sync of the journal fails: waiting requests get 503, nothing more is accepted,
    and the failed file is not written again. When the disk works again the retries are accepted,
    and each event is there once, in order."""
    environment, fail, mend = failing_disk
    it = stage(redis=redis)
    it.start(environment)
    with it.load() as load:
        for _ in range(3):
            load.wait_for_answers(100)
            refused = load.statuses.get(503, 0)
            fail(call)
            failing = time.monotonic()
            wait_for(
                lambda refused=refused: load.statuses.get(503, 0) > refused + 20,
                what="503 from a disk that fails",
            )
            wait_for_answer(it.one, 503)
            until = time.monotonic()
            mend(call)
            early = [e.id for e in it.ledger.taken() if e.begun > failing and e.ended < until]
            assert not early, f"answered 2xx though the disk failed: {early[:5]}"
    assert set(load.statuses) <= {202, 401, 503}, load.statuses
    wait_for(it.one.is_ready, what="a journal that is written again")
    it.settle()
    it.judge(answered_503=load.statuses[503])


@pytest.mark.parametrize("call", ["pwrite", "fdatasync"])
def test_the_disk_answers_eio_and_it_is_killed(stage, redis, failing_disk, call):
    """Killed while the disk fails: events answered 2xx before are there, events answered 503 may
    be. After the retries each is there once."""
    environment, fail, mend = failing_disk
    it = stage(redis=redis)
    it.start(environment)
    with it.load() as load:
        load.wait_for_answers(200)
        fail(call)
        wait_for(lambda: load.statuses.get(503, 0) > 20, what="503 from a disk that fails")
        it.kill()
    mend(call)
    it.one.start()
    it.settle()
    it.judge(answered_503=load.statuses[503])


def test_the_disk_fails_under_a_replay(stage, redis, failing_disk):
    """Events that a replay had appended when a sync failed are lost, although the journal
    continues. The replay fails, reports where to resume, and never reports that it is done."""
    environment, fail, mend = failing_disk
    it = stage(redis=redis)
    it.start(environment)
    with it.load() as load:
        load.wait_for_answers(200)
    it.settle()
    assert _replay(it.one, "POST /api/replay?from=1&rate=50")["state"] == "running"
    wait_for(lambda: _replay(it.one)["resent"] > 10, what="events to be sent again")
    fail("fdatasync")
    wait_for(lambda: not it.one.is_ready(), what="a journal that fails")
    mend("fdatasync")
    wait_for(lambda: _replay(it.one)["state"] != "running", what="its end")
    ended = _replay(it.one)
    assert ended["state"] == "failed" and 0 < ended["safe"] < ended["at"], ended
    told = program.command("replay", "status", "-c", it.one.file)
    assert "the journal could not be written" in told.stderr, told
    assert f"continue with --from {ended['safe'] + 1}" in told.stderr, told


def test_dead_letters_cannot_be_written_and_it_is_killed(stage, redis, failing_disk):
    """Only the dead letters' files fail: sinks with one to write wait and report it, and no cursor
    passes the event. After a kill every dead letter is written."""
    environment, fail, mend = failing_disk
    it = stage(redis=redis)
    it.start(environment)
    with it.load(odd_every=4) as load:
        load.wait_for_answers(50)
        fail("fdatasync", "/dead-letters/segments/")
        load.wait_for_answers(300)  # longer than the cursors' interval of saving
        assert it.one.sink("dead_letters")["state"] == "blocked"
        it.kill()
    mend("fdatasync")
    it.one.start()
    it.settle()
    dead = [event for event in it.ledger.taken() if event.fate == DEAD]
    it.judge(dead_letters=len(dead))


def _kill_when_redis_knows(one, server):
    """kill -9, at an instant when nothing is on its way and the cursor names what is missing."""
    for _ in range(20):
        one.process.send_signal(signal.SIGSTOP)
        time.sleep(0.05)  # for what it had sent to be done
        (cursor,) = server("KEYS", "hookstream:cursor:*")
        if len(server("GET", cursor).split()) == 3:
            break
        one.process.send_signal(signal.SIGCONT)
        time.sleep(0.05)
    one.kill9()


@pytest.mark.parametrize("mended", [True, False])
@pytest.mark.parametrize("key", ["a string", "full"])
def test_redis_refused_an_event_and_it_is_killed(
    hookstream, redis_server, failing_disk, key, mended
):
    """Redis refused an event, and its dead letter cannot be written or waits for its key to be
    fixed. After a kill, with the key fixed in between, the event is in Redis or among the dead
    letters, once."""
    environment, fail, mend = failing_disk
    server = redis_server()
    if key == "full":  # no greater id is left
        server("XADD", "to:bad", "18446744073709551615-18446744073709551615", "body", "{}")
    else:
        server("SET", "to:bad", key)
    streams = ("to:{data.orderId}", "all")
    targets = [{"sink": "redis", "stream": stream} for stream in streams]
    one = hookstream(
        sinks={"redis": {"type": "redis", "url": server.url}},
        routes=[{"name": "all", "match": "**", "to": targets}],
        environment=environment,
    )
    fail("pwrite", "/dead-letters/segments/")
    documents = [sender.event(orderId=where) for where in ("good", "bad", "good")]
    for document in documents:
        assert one.post(document).status == 202
    wait_for(lambda: one.metric("sink_failed_total", sink="redis") > 2, what="some tries")
    _kill_when_redis_knows(one, server)
    mend("pwrite")
    if mended:
        server("DEL", "to:bad")
    one.start()

    def entries(stream):
        return [json.loads(entry["body"]) for entry in server.stream(stream)]

    if key == "full" and not mended:
        wait_for(lambda: one.sink("redis")["state"] == "blocked", what="a blocked sink again")
        assert server.length("to:bad") == 1
        server("DEL", "to:bad")
    one.drained(deadline=90)
    good, bad, last = documents
    letters = [record.id for _, record in Journal(one.folder / "journal").dead_letters()]
    if key == "a string" and not mended:
        assert letters == [bad["id"]] and server("GET", "to:bad") == b"a string"
    else:
        assert entries("to:bad") == [bad], "the event is not there once"
        assert letters == []
    assert entries("to:good") == [good, last]
    assert sorted(entry["id"] for entry in entries("all")) == sorted(d["id"] for d in documents)


@pytest.mark.parametrize("part", ["journal", "out"])
def test_check_online_finds_a_folder_that_is_not_synced(tmp_path, failing_disk, part):
    """Some file systems refuse to sync a folder, so a file's name may be lost in a crash. `check
    --online` tries it in the folders of the journal and of a file sink, and names the folder."""
    environment, fail, mend = failing_disk
    for folder in ("journal", "out"):
        (tmp_path / folder).mkdir()
    config = program.configuration(
        tmp_path,
        sinks={"files": {"type": "file", "path": str(tmp_path / "out")}},
        routes=[{"name": "all", "match": "**", "to": [{"sink": "files", "file": "all.jsonl"}]}],
    )
    file = tmp_path / "online.yaml"
    file.write_text(json.dumps(config))
    words = ["check", "-c", file, "--online", "--timeout", 3]
    environment = {**os.environ, **environment}
    good = program.command(*words, env=environment)
    assert good.returncode == 0, good.stdout + good.stderr
    fail("fsync", str(tmp_path / part))
    bad = program.command(*words, env=environment)
    assert bad.returncode == 1, bad.stdout
    assert f"cannot sync the folder {tmp_path / part}" in bad.stdout
    mend("fsync")
    assert program.command(*words, env=environment).returncode == 0


def test_a_file_sink_whose_folder_is_not_synced_blocks_alone(hookstream, tmp_path, failing_disk):
    environment, fail, mend = failing_disk
    folders = {name: str(tmp_path / name) for name in ("good", "refused")}
    fail("fsync", folders["refused"])
    one = hookstream(
        sinks={name: {"type": "file", "path": path} for name, path in folders.items()},
        routes=[{"name": "all", "match": "**", "to": [{"sink": name} for name in folders]}],
        environment=environment,
    )
    document = sender.event("order.created")
    assert one.post(document).status == 202
    one.drained("good")
    wait_for(lambda: one.sink("refused")["state"] == "blocked", what="the sink to be blocked")
    assert folders["refused"] in one.sink("refused")["detail"]
    mend("fsync")
    one.drained()
