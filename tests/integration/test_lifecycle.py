"""Start, stop, restart, a second process, duplicates, health: the life of one process."""

import json
import re
import resource
import shutil
import signal
import socket
import subprocess
import threading

import pytest

from support import http, program, sender
from support.http import Connection
from support.wait import wait_for

FILES = {
    "sinks": {"files": {"type": "file", "path": "out"}},
    "routes": [{"name": "all", "match": "**", "to": [{"sink": "files", "file": "all.jsonl"}]}],
}


def lines(one):
    return (one.folder / "out" / "all.jsonl").read_bytes().splitlines()


def test_a_retry_is_202_and_not_written_again(hookstream):
    one = hookstream(**FILES)
    document = sender.event()
    for attempt in range(4):
        answer = one.post(document, fields={"X-Fanfare-Retry-Count": attempt})
        assert (answer.status, answer.body) == (202, b"")
    one.drained()
    assert len(lines(one)) == 1
    one.counts("events_duplicate_total", family="order", is_now=3)
    one.stop()
    one.start()
    assert one.post(document).status == 202
    one.drained()
    assert len(lines(one)) == 1
    one.counts("dedupe_ids", is_now=1)


@pytest.mark.threads
def test_the_same_event_from_many_connections_at_once_is_written_once(hookstream):
    one = hookstream(**FILES)
    for _ in range(10):
        body = sender.encode(sender.event())
        connections = [Connection(one.port) for _ in range(16)]
        for connection in connections:
            connection.send(sender.request(body))
        for connection in connections:
            assert connection.read_answer().status == 202
            connection.close()
    one.drained()
    assert len(lines(one)) == 10


@pytest.mark.parametrize("key", ["server", "admin"])
def test_a_port_in_use_is_told_with_its_option(hookstream, key):
    one = hookstream(**FILES, start=False)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        other = "admin" if key == "server" else "server"
        one.file.write_text(json.dumps({
            **json.loads(one.file.read_text()), key: {"listen": f"127.0.0.1:{port}"},
            other: {"listen": "127.0.0.1:0"}}))
        done = program.command("run", "-c", one.file, cwd=one.folder)
    assert done.returncode == 1
    assert f"{key}.listen: cannot listen on 127.0.0.1:{port}: another process" in done.stderr


@pytest.mark.threads
def test_sigterm_under_load_ends_well_and_loses_nothing(hookstream):
    one = hookstream(**FILES)
    load = sender.Load(one.port, rate=1000, connections=6).start()
    wait_for(lambda: len(load.answered) > 200, what="answers")
    one.stop()
    load.stop()
    assert set(load.others) <= {503}
    one.start()
    one.drained()
    found = [json.loads(line)["id"] for line in lines(one)]
    assert set(load.answered) <= set(found)
    assert len(found) == len(set(found))


def test_a_sink_that_was_never_there_is_seen_to_be_behind(hookstream, unique):
    """From the first minute on: its state, how many events wait, for how long, and a log line."""
    one = hookstream(
        sinks={"redis": {"type": "redis", "url": "redis://127.0.0.1:1/0"}},
        routes=[{"name": "all", "match": "**", "to": [{"sink": "redis", "stream": unique}]}],
    )
    assert one.post(sender.event()).status == 202
    wait_for(lambda: one.sink("redis")["lag_seconds"] > 0.5, what="the age of what waits")
    assert one.sink("redis")["lag_events"] == 1
    assert one.metric("sink_lag_seconds", sink="redis") > 0.5
    assert 'state=connecting reason=connect detail="127.0.0.1:1: Connection refused"' in one.log


def test_a_sink_that_is_away_is_named_by_readyz_and_health_which_stay_good(hookstream, unique):
    one = hookstream(
        sinks={"redis": {"type": "redis", "url": "redis://127.0.0.1:1/0"}},
        routes=[{"name": "all", "match": "**", "to": [{"sink": "redis", "stream": unique}]}],
    )
    assert one.post(sender.event()).status == 202
    wait_for(lambda: "1 event waits" in one.readiness, what="the line of the sink")
    assert http.get(one.admin_port, "/readyz").status == 200
    assert one.metric("sink_state", sink="redis", state="connecting") == 1
    assert one.metric("sink_failed_total", sink="redis") == 0, "what is given to nobody cannot fail"
    line = (
        r"sink redis is connecting \(connect\), not up for \d+ s, 1 event waits in the journal "
        r"until it is reached: 127.0.0.1:1: Connection refused\n"
    )
    assert re.match(r"ready\n" + line, one.readiness)
    done = program.command("health", "-c", one.file)
    assert done.returncode == 0 and re.match(r"ok\nready\n" + line, done.stdout), done
    done = program.command("health", "-c", one.file, "--ready")
    assert done.returncode == 0 and re.match(r"ready\n" + line, done.stdout), done


def test_delivered_is_what_the_sink_has_and_no_dead_letters(hookstream):
    """The status counts as the metric does."""
    cast = {"cast": {"fields": ["data.number"], "to": "number"}}
    one = hookstream(**{**FILES, "routes": [{**FILES["routes"][0], "transform": [cast]}]})
    for number in range(6):
        assert one.post(sender.event("order.created", number="none")).status == 202
    wait_for(lambda: one.metric("dead_letters") == 6, what="the dead letters")
    for number in range(3):
        assert one.post(sender.event("order.created", number=str(number))).status == 202
    one.drained()
    wait_for(lambda: one.sink("files")["delivered"] >= 3, what="the count, a moment later")
    assert one.sink("files")["delivered"] == one.metric("sink_delivered_total", sink="files") == 3
    assert one.sink("files")["position"] == 9


@pytest.mark.parametrize("name", ["SIGHUP", "SIGUSR1", "SIGUSR2"])
def test_a_signal_neither_ends_it_nor_reads_the_configuration(hookstream, name):
    one = hookstream(**FILES)
    before = one.metrics.text.split("hookstream_config_info{")[1].splitlines()[0]
    one.file.write_text(one.file.read_text().replace("all.jsonl", "other.jsonl"))
    one.process.send_signal(getattr(signal, name))
    assert before in one.metrics.text
    assert one.post(sender.event()).status == 202
    one.drained()
    assert len(lines(one)) == 1


def test_sigterm_with_a_dead_sink_ends_in_its_grace(hookstream, unique):
    parts = {
        "sinks": {"redis": {"type": "redis", "url": "redis://127.0.0.1:1/0"}},
        "routes": [{"name": "all", "match": "**", "to": [{"sink": "redis", "stream": unique}]}],
    }
    one = hookstream(**parts, server={"shutdown_grace": "1s"})
    assert one.post(sender.event()).status == 202
    assert one.is_ready(), "a sink that is away must not make it unready"
    one.stop(deadline=20)


@pytest.mark.threads
def test_a_second_signal_ends_it_at_once(hookstream, redis_server):
    server = redis_server()
    one = hookstream(
        sinks={"redis": {"type": "redis", "url": server.url}},
        routes=[{"name": "all", "match": "**", "to": [{"sink": "redis", "stream": "events"}]}],
        source={"ack": "delivered"},
        server={"shutdown_grace": "60s"},
    )
    assert one.post(sender.event()).status == 202
    server.process.send_signal(signal.SIGSTOP)
    waiting = Connection(one.port)
    waiting.send(sender.request(sender.encode(sender.event())))
    wait_for(lambda: one.metric("journal_sequence", point="durable") == 2, what="the append")
    one.process.send_signal(signal.SIGTERM)
    wait_for(lambda: "stopping" in one.log, what="the stop to begin")
    assert one.process.poll() is None
    one.process.send_signal(signal.SIGTERM)
    one.process.wait(5)
    waiting.close()


def test_a_second_process_on_the_same_journal_is_refused(hookstream):
    one = hookstream(**FILES)
    config = json.loads(one.file.read_text())
    other = program.configuration(one.folder, **FILES)
    config["server"], config["admin"] = other["server"], other["admin"]
    second = hookstream(config, start=False)
    second.start(ready=False)
    assert second.process.wait(20) == 1
    assert "journal" in second.log
    assert one.post(sender.event()).status == 202


def test_a_torn_tail_is_cut_and_work_goes_on(hookstream):
    one = hookstream(**FILES)
    for _ in range(20):
        assert one.post(sender.event()).status == 202
    one.drained()
    position = one.status["journal"]["durable"]
    one.kill9()
    segment = min((one.folder / "journal" / "segments").iterdir())
    data = bytearray(segment.read_bytes())
    end = (len(data.rstrip(b"\0")) + 7) // 8 * 8  # records are padded to eight bytes
    data[end : end + 40] = b"\x7f\x01" * 20
    segment.write_bytes(data)
    one.start()
    assert one.status["journal"]["durable"] == position
    assert one.post(sender.event()).status == 202
    one.drained()
    assert len({json.loads(line)["id"] for line in lines(one)}) == 21


def test_journal_stat_beside_the_running_process(hookstream):
    one = hookstream(**FILES)
    for _ in range(3):
        assert one.post(sender.event()).status == 202
    one.drained()
    done = program.command("journal", "stat", "-c", one.file)
    assert done.returncode == 0, done
    assert "files" in done.stdout and "3 (1 to 3)" in done.stdout


def test_health_pages(hookstream):
    one = hookstream(**FILES)
    assert http.get(one.admin_port, "/livez").status == 200
    assert http.get(one.admin_port, "/readyz").status == 200
    assert http.get(one.admin_port, "/nothing").status == 404
    answer = http.get(one.admin_port, "/api/status")
    assert answer.fields["content-type"].startswith("application/json")
    assert {"journal", "sinks", "accepting"} <= json.loads(answer.body).keys()
    assert http.get(one.admin_port, "/metrics").fields["content-type"].startswith("text/plain")


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed")
def test_metrics_pass_promtool(hookstream):
    one = hookstream(**FILES)
    one.post(sender.event())
    one.post(sender.event(), secret="another-secret")
    one.post(b"{nonsense")
    done = subprocess.run(
        ["promtool", "check", "metrics"], input=one.metrics.text, text=True,
        capture_output=True, check=False,
    )
    assert done.returncode == 0 and not done.stderr.strip(), done


def test_memory_journal_with_ack_delivered(hookstream):
    one = hookstream(
        **FILES, journal={"store": "memory"}, source={"ack": "delivered"}
    )
    for _ in range(10):
        assert one.post(sender.event()).status == 202
    assert len(lines(one)) == 10


def test_what_may_come_twice_after_a_kill_is_counted(hookstream):
    one = hookstream(**FILES)
    assert one.metric("sink_maybe_resent_total", sink="files") == 0, "the sink is new"
    for _ in range(300):
        assert one.post(sender.event()).status == 202
    one.kill9()
    saved = (one.folder / "journal" / "cursors" / "files.cursor").read_bytes()
    behind = 300 - int.from_bytes(saved[8:16], "little")
    one.start()
    one.drained()
    again = len(lines(one)) - 300
    assert one.metric("sink_maybe_resent_total", sink="files") == behind >= again
    one.stop()
    one.start()
    assert one.metric("sink_maybe_resent_total", sink="files") == 0, "it ended in good order"


def test_idle_connections_do_not_hinder_work(hookstream):
    one = hookstream(**FILES)
    idle = [Connection(one.port) for _ in range(300)]
    errors = []

    def work():
        with Connection(one.port) as connection:
            for _ in range(50):
                connection.send(sender.request(sender.encode(sender.event())))
                answer = connection.read_answer()
                if answer is None or answer.status != 202:
                    errors.append(answer)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not errors
    assert one.metric("connections") >= 300
    for connection in idle:
        connection.close()
    one.drained()
    assert len(lines(one)) == 200


def two_sinks(*names, **start):
    return {
        "sinks": {name: {"type": "file", "path": name, **({"start": start[name]}
                                                          if name in start else {})}
                  for name in names},
        "routes": [{"name": "all", "match": "**", "accept": ["HS205", "HS206"],
                    "to": [{"sink": name, "file": "all.jsonl"} for name in names]}],
    }


def change(one, parts):
    config = json.loads(one.file.read_text())
    one.stop()
    one.file.write_text(json.dumps({**config, **parts}))
    return program.command("check", "-c", one.file, cwd=one.folder)


def test_a_new_sink_begins_where_it_was_told(hookstream):
    one = hookstream(**two_sinks("old"))
    before = [sender.event() for _ in range(3)]
    for document in before:
        assert one.post(document).status == 202
    one.drained()
    checked = change(one, two_sinks("old", "now", "all", all="oldest"))
    assert checked.returncode == 0
    assert "sink `now` is new" in checked.stdout and "`all` is new" not in checked.stdout
    one.start()
    after = sender.event()
    assert one.post(after).status == 202
    one.drained()

    def ids(sink):
        text = (one.folder / sink / "all.jsonl").read_bytes()
        return [json.loads(line)["id"] for line in text.splitlines()]

    assert ids("now") == [after["id"]]
    assert ids("all") == ids("old") == [document["id"] for document in [*before, after]]


def test_a_sink_that_went_or_was_renamed_is_told_of(hookstream):
    one = hookstream(**two_sinks("one", "two"))
    assert one.post(sender.event()).status == 202
    one.drained()
    assert "`two`" not in change(one, two_sinks("one", "two")).stdout
    one.start()
    told = change(one, two_sinks("one")).stdout
    assert "a cursor of sink `two`, 0 events behind, but no such sink" in told and "remove" in told
    one.start()
    told = change(one, two_sinks("one", "three")).stdout
    assert "was it renamed to `three`? Then rename" in told
    (one.folder / "journal/cursors/two.cursor").rename(one.folder / "journal/cursors/three.cursor")
    assert ": good, 0 errors, 0 warnings" in program.command(
        "check", "-c", one.file, cwd=one.folder).stdout
    one.start()


def test_a_limit_of_file_sizes_is_as_a_full_disk(hookstream):
    """ulimit -f: a write past it fails and senders see 503; it is no reason to end."""
    one = hookstream(**FILES)
    assert one.post(sender.event()).status == 202
    hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    resource.prlimit(one.process.pid, resource.RLIMIT_FSIZE, (4096, hard))
    wait_for(lambda: one.post(sender.event()).status == 503, what="503")
    resource.prlimit(one.process.pid, resource.RLIMIT_FSIZE, (hard, hard))
    document = sender.event()
    wait_for(lambda: one.post(document).status == 202, what="202 again")
    one.drained()
