"""Replay: what the journal still keeps, delivered once more."""

import datetime
import json
import signal
import subprocess

import pytest

from support import http, program, sender
from support.journal import Journal
from support.wait import wait_for

TARGETS = [{"sink": "one", "file": "all.jsonl"}, {"sink": "two", "file": "all.jsonl"}]
PARTS = {
    "sinks": {"one": {"type": "file", "path": "one"}, "two": {"type": "file", "path": "two"}},
    "routes": [{"name": "orders", "match": "order", "to": TARGETS}],
    "default": "drop",
}


def ids(one, sink):
    path = one.folder / sink / "all.jsonl"
    found = path.read_bytes().splitlines() if path.exists() else []
    return [json.loads(line)["id"] for line in found]


def has(one, sink, count):
    """Waits for what a replay sent: it may end a moment before that is durable."""
    wait_for(lambda: len(ids(one, sink)) == count, what=f"{count} events in {sink}")


def run(one, *words):
    return program.command("replay", *words, "-c", one.file, cwd=one.folder)


def post(one, query):
    """By the admin port, as curl does: the status and the answer."""
    request = (f"POST /api/replay?{query} HTTP/1.1\r\nHost: localhost\r\n"
               f"Content-Length: 0\r\n\r\n")
    answer = http.exchange(one.admin_port, request.encode())
    return answer.status, json.loads(answer.body)


def ask(one, method, page):
    """The answer to a method and page of any kind."""
    request = (f"{method} {page} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
               f"Content-Length: 0\r\n\r\n")
    return http.exchange(one.admin_port, request.encode())


def state(one):
    return json.loads(http.get(one.admin_port, "/api/replay").body)


def iso(ns):
    seconds, rest = divmod(ns, 10**9)
    return f"{datetime.datetime.utcfromtimestamp(seconds).isoformat()}.{rest:09}Z"


def send(one, count, name="order.created"):
    documents = [sender.event(name) for _ in range(count)]
    for document in documents:
        assert one.post(document).status == 202
    one.drained()
    return [document["id"] for document in documents]


def test_a_replay_to_one_sink_sends_what_matches_once_more(hookstream):
    one = hookstream(**PARTS)
    assert state(one)["state"] == "none"
    orders = send(one, 5)
    send(one, 2, "queue.consumer.left")
    done = run(one, "--since", "1h", "--dry-run")
    assert done.stdout == ("done: 7 events matched, 5 would be sent again, "
                           "2 that no route takes to a sink\n")
    assert ids(one, "one") == ids(one, "two") == orders
    done = run(one, "--since", "1h", "--match", "order.created", "--to", "two", "--rate", "0")
    assert done.returncode == 0, done
    assert done.stdout == "done: 5 events matched, 5 sent again, 0 that no route takes to two\n"
    assert run(one, "status").stdout == done.stdout and state(one)["to"] == "two"
    has(one, "two", 10)
    assert ids(one, "one") == orders
    assert ids(one, "two") == orders + orders
    # What was sent again is not sent again by the next one.
    assert "5 sent again" in run(one, "--from", "1", "--rate", "0").stdout
    has(one, "one", 10)
    has(one, "two", 15)
    assert ids(one, "one") == orders + orders
    assert ids(one, "two") == orders + orders + orders
    assert one.metric("resent_total", kind="replay") == 10


def test_times_sequences_and_ids_choose(hookstream):
    one = hookstream(**PARTS)
    orders = send(one, 6)
    for words, matched in (
        (("--from", "1", "--until", "1h"), 0),
        (("--from", "3", "--last", "4"), 2),
        (("--id", orders[2]), 1),
        (("--since", "1h", "--source", "fanfare"), 6),
        (("--from", "3", "--last", "3"), 1),
        (("--from", "7"), 0),  # what a replay says that ended at the newest event
        (("--since", "1970-01-01T00:00:00+00:00", "--match", "*.created"), 6),
    ):
        done = run(one, "--dry-run", *words)
        events = "event" if matched == 1 else "events"
        assert done.stdout.startswith(f"done: {matched} {events} matched,"), (words, done)


def test_the_rate_holds_and_an_interrupt_cancels(hookstream):
    one = hookstream(**PARTS)
    send(one, 40)
    process = subprocess.Popen(
        [program.binary(), "replay", "--since", "1h", "--rate", "2", "-c", one.file],
        cwd=one.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    wait_for(lambda: state(one)["resent"] >= 2, what="the first ones")
    assert state(one)["state"] == "running"
    second = run(one, "--since", "1h")
    assert second.returncode == 1 and "a replay is running" in second.stderr
    assert "`hookstream replay cancel`" in second.stderr and "(409)" in second.stderr
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 1 and out.startswith("cancelled") and "--from" in err
    assert state(one)["state"] == "cancelled"
    assert 2 <= state(one)["resent"] < 40


def begin(one, *words, **options):
    """The command, when its job has sent something."""
    process = subprocess.Popen(
        [program.binary(), "replay", "--since", "1h", "--rate", "2", "-c", one.file, *words],
        cwd=one.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)
    wait_for(lambda: state(one)["state"] == "running" and state(one)["resent"] >= 1, what="it")
    return process


def test_a_hangup_cancels_as_an_interrupt_does(hookstream):
    one = hookstream(**PARTS)
    send(one, 40)
    # Under nohup the tests themselves ignore it, and a command inherits that.
    process = begin(one, preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_DFL))
    process.send_signal(signal.SIGHUP)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 1 and out.startswith("cancelled") and "--from" in err
    assert state(one)["state"] == "cancelled"


def test_a_hangup_that_is_ignored_stays_so(hookstream):
    one = hookstream(**PARTS)
    send(one, 40)
    process = begin(one, preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
    process.send_signal(signal.SIGHUP)
    sent = state(one)["resent"]
    wait_for(lambda: state(one)["resent"] > sent, what="more")
    assert process.poll() is None
    process.terminate()
    process.communicate(timeout=60)
    assert state(one)["state"] == "cancelled"


@pytest.mark.threads
def test_a_replay_whose_command_was_killed_is_seen_and_cancelled(hookstream):
    one = hookstream(**PARTS)
    send(one, 40)
    assert run(one, "status").stdout.startswith("none: ")
    nothing = run(one, "cancel")
    assert nothing.returncode == 1 and "no replay is running" in nothing.stderr
    process = begin(one)
    process.kill()
    process.communicate(timeout=60)
    seen = run(one, "status")
    assert seen.returncode == 0, seen
    assert seen.stdout.startswith("running: at sequence ") and " of 40, " in seen.stdout
    told = json.loads(run(one, "status", "--json").stdout)
    assert told["state"] == "running" and told["job"] == 1
    ended = run(one, "cancel")
    assert ended.returncode == 0 and ended.stdout.startswith("cancelled: "), ended
    last = state(one)
    assert last["state"] == "cancelled" and last["resent"] < 40
    again = f"continue with --from {last['at'] + 1} and the other options; a relative --since "
    assert again in ended.stderr
    after = run(one, "status")
    assert after.returncode == 0 and after.stdout.startswith("cancelled: ")
    assert run(one, "cancel").returncode == 1


def test_the_command_says_where_the_replay_was_when_hookstream_ends(hookstream):
    one = hookstream(**PARTS)
    send(one, 40)
    process = begin(one)
    one.kill9()
    _, err = process.communicate(timeout=60)
    assert process.returncode == 1 and "continue with --from " in err, err
    one.start()


@pytest.mark.threads
def test_a_replay_does_not_hold_up_the_end(hookstream):
    one = hookstream(**PARTS)
    send(one, 20)
    assert post(one, "since=1h&rate=1")[0] == 200
    wait_for(lambda: state(one)["resent"] >= 1, what="the first one")
    one.stop()
    one.start()
    assert state(one)["state"] == "none"


def test_the_admin_port_wants_to_be_told_from_when(hookstream):
    one = hookstream(**PARTS)
    send(one, 3)
    for query in ("", "rate=0", "match=order", "until=1h", "last=3"):
        status, answer = post(one, query)
        assert status == 400, query
        assert "say where to start: since, from, or an id" in answer["detail"], query
    for query, words in (
        ("from=0", "sequences begin at 1"),
        ("since=1h&from=0", "sequences begin at 1"),
        ("from=1&dry_run=false", "dry_run takes 0 or 1, not `false`"),
        ("from=1&dry_run=", "dry_run takes 0 or 1"),
    ):
        status, answer = post(one, query)
        assert status == 400 and words in answer["detail"], answer
    assert state(one)["state"] == "none"
    for query in ("since=1970-01-01", "from=1", "id=whk_none"):
        assert post(one, f"{query}&rate=0&dry_run=1")[0] == 200, query
        wait_for(lambda: state(one)["state"] == "done", what="the end")
    assert state(one)["job"] == 3


def test_what_is_no_way_to_ask_is_not_taken_for_one(hookstream):
    one = hookstream(**PARTS)
    send(one, 1)
    assert post(one, "from=1&rate=0")[0] == 200
    wait_for(lambda: state(one)["state"] == "done", what="the end")
    for method, page, status, words, allow in (
        ("GET", "/api/replay?since=2h", 400, "start one with POST", None),
        ("POST", "/api/replay/cancel?job=1", 400, "takes no parameters", None),
        ("GET", "/api/replay/cancel", 405, "takes POST", "POST"),
        ("GET", "/api/dead-letters/retry", 405, "takes POST", "POST"),
        ("POST", "/api/dead-letters", 405, "takes GET", "GET, HEAD"),
        ("DELETE", "/api/replay", 405, "take GET or POST", "GET, HEAD, POST"),
        ("DELETE", "/metrics", 405, "read with GET", "GET, HEAD"),
        ("GET", "/api/replays", 404, "GET and POST /api/replay", None),
    ):
        answer = ask(one, method, page)
        detail = json.loads(answer.body)["detail"]
        assert answer.status == status and words in detail, (method, page, answer)
        assert answer.fields.get("allow") == allow, (method, page, answer)


def test_the_admin_port_has_the_names_of_the_command(hookstream):
    one = hookstream(**PARTS)
    orders = send(one, 4)
    assert post(one, "from=2&last=3&to=two&rate=0")[0] == 200
    has(one, "two", 6)
    assert ids(one, "one") == orders
    assert ids(one, "two") == orders + orders[1:3]
    # The names of before mean nothing else now.
    for query, words in (("to=3", "no sink `3`"), ("sink=two", "has no parameter `sink`")):
        status, answer = post(one, f"from=1&{query}")
        assert status == 400 and words in answer["detail"], answer


def test_an_event_that_is_named_and_not_there_is_no_success(hookstream):
    one = hookstream(**PARTS)
    orders = send(one, 2)
    for words, code, says in (
        (("--id", orders[1]), 0, ""),
        (("--id", "nope"), 1, "no kept event has this id\n"),
        (("--id", "nope", "--dry-run"), 1, "no kept event has this id\n"),
        (("--id", orders[1], "--last", "1"), 1, "this id and matches the other filters\n"),
    ):
        done = run(one, *words)
        assert done.stdout.startswith("done: ") and done.returncode == code, (words, done)
        assert done.stderr.endswith(says) and (done.stderr == "") == (code == 0), (words, done)


def test_the_log_has_what_was_asked_for(hookstream):
    one = hookstream(**PARTS)
    orders = send(one, 2)
    assert run(one, "--since", "2h", "--match", "*.created", "--to", "two").returncode == 0
    assert run(one, "--id", orders[0], "--from", "1", "--last", "2", "--source", "fanfare",
               "--until", "0s", "--rate", "5", "--dry-run").returncode == 0
    assert post(one, "from=1&match=a%22%0Ab&dry_run=0")[0] == 400
    lines = [line.split(" msg=", 1)[1] for line in one.log.splitlines() if 'msg="replay' in line]
    begun = '"replay started" job='
    assert [line.rstrip() for line in lines if line.startswith(begun)] == [
        begun + "1 since=2h match=*.created to=two",
        begun + f"2 until=0s from=1 last=2 source=fanfare id={orders[0]} rate=5 dry_run=1",
    ]
    assert [" ".join(line.split()[:3]) for line in lines] == [
        '"replay started" job=1', '"replay ended" job=1',
        '"replay started" job=2', '"replay ended" job=2',
    ]  # fmt: skip


def test_damage_in_the_range_is_counted_and_told(hookstream):
    one = hookstream(**PARTS)
    orders = send(one, 6)
    between = Journal(one.folder / "journal").records()[4].received_ns
    send(one, 2)
    one.stop()
    journal = Journal(one.folder / "journal")
    journal.rot(8)  # the last one
    journal.rot(3)
    one.start()
    for words, damaged in (
        (("--since", "1h"), 2),
        (("--since", "1h", "--to", "two", "--dry-run"), 2),
        (("--from", "4"), 1),
        (("--from", "1", "--last", "7"), 1),
        (("--from", "3", "--last", "3"), 1),
        (("--from", "4", "--last", "7"), 0),
        # Times are not known of what is damaged, but of what is beside it.
        (("--since", iso(between)), 1),
        (("--since", "1h", "--until", iso(between)), 1),
        # What was found is not among the damaged; what was not found may be.
        (("--id", orders[4]), 0),
        (("--id", orders[2]), 2),
    ):
        done = run(one, "--rate", "0", *words)
        line, *rest = done.stdout.splitlines()
        assert rest == [] and line.startswith("done: "), done
        assert state(one)["damaged"] == damaged, words
        assert line.endswith(f", {damaged} damaged") == (damaged > 0), done
        assert done.returncode == (1 if damaged else 0), done
        assert ("see hookstream journal verify" in done.stderr) == (damaged > 0), done
        again = run(one, "status")
        assert (again.returncode, again.stdout) == (done.returncode, done.stdout)
        one.drained()
    assert json.loads(run(one, "status", "--json").stdout)["damaged"] == 2
    assert run(one, "status", "--json").returncode == 1
    assert 'msg="replay ended" job=1 state=done dry_run=no resent=6 unrouted=0 damaged=2' in one.log


def test_wrong_use_is_told_what_to_do(hookstream):
    one = hookstream(**PARTS)
    for words, says in (
        ((), "--since"),
        (("--since", "soon"), "since: `soon` is not a time"),
        (("--from", "1", "--until", "soon"), "until: `soon` is not a time"),
        (("--since", "1h", "--match", "a.**.**"), "match: `a.**.**` is not a pattern"),
        (("--since", "1h", "--to", "three"), "no sink `three` in the configuration, which has:"),
        (("--since", "1h", "--source", "nix"), "which has: fanfare; for events of a removed one"),
        (("--since", "1h", "--until", "2h"), ") is before since ("),
        (("--from", "5", "--last", "4"), "empty: last (4) is before from (5)"),
        (("--id", "whk_1", "--last", "0"), "empty: last (0) is before from (1)"),
        (("--since", "2499-01-01"), "since (2499-01-01T00:00:00"),
        (("--from", "2"), "no event from sequence 2 on: the newest one in the journal is 0"),
        (("--from", "0"), "sequences begin at 1"),
        (("status", "--rate", "1000"), "one replay at a time"),
        (("--id", ""), "id is empty: give it a value"),
        (("--since", "1h", "--source", ""), "source is empty"),
        (("--since", "1h", "--match", ""), "match is empty"),
        (("--since", "1h", "--to", ""), "to is empty"),
        (("stop",), "use status or cancel"),
        (("status", "--since", "1h"), "one replay at a time"),
        (("--since", "1h", "--json"), "--json is for status"),
    ):
        done = run(one, *words)
        assert done.stdout == "" and state(one)["state"] == "none", done
        assert done.returncode == 2 and says in done.stderr, (words, done)
