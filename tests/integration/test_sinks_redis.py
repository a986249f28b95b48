"""Outcomes of the Redis sink, each told apart with a real server that may be killed."""

import json
import re
import shutil
import signal
import time

import pytest

from support import http, program, sender
from support.journal import Journal
from support.wait import wait_for


def redis_to(url, stream, **target):
    return {
        "sinks": {"redis": {"type": "redis", "url": url}},
        "routes": [
            {"name": "all", "match": "**", "to": [{"sink": "redis", "stream": stream, **target}]}
        ],
    }


def ids(server, stream):
    return [json.loads(entry["body"])["id"] for entry in server.stream(stream)]


def test_each_event_once_though_redis_is_killed_again_and_again(hookstream, redis_server):
    server = redis_server()
    one = hookstream(**redis_to(server.url, "events"))
    load = sender.Load(one.port, rate=800, connections=4).start()
    for _ in range(4):
        wanted = len(load.answered) + 250
        wait_for(lambda: len(load.answered) >= wanted, what="answers")
        server.end()
        wanted = len(load.answered) + 100
        wait_for(lambda: len(load.answered) >= wanted, what="answers without Redis")
        server.start()
    load.stop()
    one.drained()
    assert not load.others and not load.unanswered
    found = ids(server, "events")
    assert len(found) == len(set(found)), "some events are there twice"
    assert set(found) == set(load.answered)


@pytest.mark.threads
def test_each_event_once_though_hookstream_is_killed_too(hookstream, redis_server):
    server = redis_server()
    one = hookstream(**redis_to(server.url, "events"))
    answered = []
    for round_number in range(6):
        load = sender.Load(one.port, rate=800, connections=4).start()
        wait_for(lambda: len(load.answered) > 150, what="answers")
        if round_number % 2:
            server.end()
            time.sleep(0.05)
        one.kill9()
        load.stop()
        answered += load.answered
        if round_number % 2:
            server.start()
        one.start()
    one.drained()
    found = ids(server, "events")
    assert len(found) == len(set(found)), "some events are there twice"
    assert not set(answered) - set(found)


def test_P2_a_redis_that_stands_still_gets_each_once_in_order(hookstream, redis_server):
    server = redis_server()
    one = hookstream(**redis_to(server.url, "events"))
    sent = []
    with sender.Connection(one.port) as connection:
        for number in range(300):
            if number == 100:
                server.process.send_signal(signal.SIGSTOP)
            if number == 250:
                server.process.send_signal(signal.SIGCONT)
            document = sender.event()
            connection.send(sender.request(sender.encode(document)))
            assert connection.read_answer().status == 202
            sent.append(document["id"])
    one.drained()
    assert ids(server, "events") == sent


def test_P3_a_key_of_another_type_is_a_dead_letter_and_others_go_on(hookstream, redis_server):
    server = redis_server()
    server("SET", "stream:bad", "a string")
    one = hookstream(**redis_to(server.url, "stream:{data.orderId}"))
    bad, good = sender.event(orderId="bad"), sender.event(orderId="good")
    assert one.post(bad).status == one.post(good).status == 202
    one.drained()
    assert ids(server, "stream:good") == [good["id"]]
    one.counts("dead_letters_total", reason="wrong_type", is_now=1)
    assert server("GET", "stream:bad") == b"a string"


def test_every_refusal_of_a_message_names_its_key(hookstream, redis_server):
    """Keys of another type, a key that is too long, and keys that the user may not write."""
    server = redis_server()
    sink = {"type": "redis", "url": server.url}
    to = [{"sink": "redis", "stream": "type:{data.orderId}"}]
    route = {"name": "all", "match": "**", "to": to}
    one = hookstream(sinks={"redis": sink}, routes=[route])
    odd = "a\u202e\u0007" + "x" * 300
    server("SET", f"type:{odd}", "a string")
    server("SET", "type:other", "a string")
    for name in (odd, "other"):
        assert one.post(sender.event(orderId=name)).status == 202
    assert one.post(sender.event(orderId="y" * 1200)).status == 202
    one.drained()
    one.counts("dead_letters", is_now=3)
    letters = json.loads(http.get(one.admin_port, "/api/dead-letters").body)["letters"]
    details = sorted(letter["detail"] for letter in letters)
    said = [
        ("a stream's key has 1 to 1024 bytes, `type:yyy", "yyy...` has 1205"),
        ("stream type:a\\u202e\\u0007xxx", "the key holds something that is no stream"),
        ("stream type:other: ", "WRONGTYPE Operation"),
    ]
    for detail, (name, why) in zip(details, said):
        assert detail.startswith(name) and why in detail and len(detail) < 400, detail
    assert "stream type:other: the key holds" in one.log
    server("ACL", "SETUSER", "default", "resetkeys", "~hookstream:*", "~type:allowed")
    assert one.post(sender.event(orderId="forbidden")).status == 202
    wait_for(lambda: one.sink("redis")["state"] == "blocked", what="the sink to be blocked")
    assert one.sink("redis")["reason"] == "no_permission"
    assert one.sink("redis")["detail"].startswith("stream type:forbidden: the user may not")
    assert "stream type:forbidden: the user may not" in one.readiness


def test_a_wrong_password_is_held_and_never_logged(hookstream, redis_server):
    server = redis_server("--requirepass", "the-right-password")
    url = f"redis://:a-wrong-password@{server.address}/0"
    one = hookstream(**redis_to(url, "events"))
    document = sender.event()
    assert one.post(document).status == 202
    wait_for(lambda: one.sink("redis")["state"] == "blocked", what="the sink to be blocked")
    held = [line for line in one.log.splitlines() if "level=error" in line]
    assert len(held) == 1
    assert 'msg="sink state" sink=redis state=blocked reason=wrong_password' in held[0]
    server("AUTH", "the-right-password")
    server("CONFIG", "SET", "requirepass", "a-wrong-password")
    one.drained(deadline=90)
    assert re.search(r'state=up reason="" detail="up after \d+\.\d s, 1 event to go"', one.log)
    assert ids(server, "events") == [document["id"]]
    assert "a-wrong-password" not in one.log


def test_out_of_memory_is_held_until_there_is_room(hookstream, redis_server):
    server = redis_server()
    one = hookstream(**redis_to(server.url, "events"))
    server("CONFIG", "SET", "maxmemory", "1")
    document = sender.event()
    assert one.post(document).status == 202
    wait_for(lambda: one.sink("redis")["state"] == "blocked", what="the sink to be blocked")
    assert one.sink("redis")["reason"] == "oom"
    server("CONFIG", "SET", "maxmemory", "0")
    one.drained(deadline=90)
    assert ids(server, "events") == [document["id"]]
    assert re.search(r'detail="up again after \d+\.\d s, 1 event to go"', one.log)


def test_a_replica_is_held_until_it_is_promoted(hookstream, redis_server):
    master, replica = redis_server(), redis_server()
    replica("REPLICAOF", "127.0.0.1", master.port)
    one = hookstream(**redis_to(replica.url, "events"))
    document = sender.event()
    assert one.post(document).status == 202
    wait_for(lambda: one.sink("redis")["state"] == "blocked", what="the sink to be blocked")
    assert one.sink("redis")["reason"] == "read_only"
    words = "this Redis is a replica: point `url` at the master, or promote this one: READONLY"
    assert words in one.sink("redis")["detail"] and words in one.readiness
    one.counts("sink_state", sink="redis", state="blocked", is_now=1)
    held = [line for line in one.log.splitlines() if "level=error" in line]
    assert len(held) == 1 and words in held[0]
    assert 'msg="sink state" sink=redis state=blocked reason=read_only' in held[0]
    one.counts("dead_letters", is_now=0)
    replica("REPLICAOF", "NO", "ONE")
    one.drained(deadline=90)
    assert ids(replica, "events") == [document["id"]]
    assert one.sink("redis")["state"] == "up"


def test_what_goes_well_does_not_end_the_hold_for_what_does_not(hookstream, redis_server):
    server = redis_server()
    last = "18446744073709551615-18446744073709551615"
    server("XADD", "full", last, "body", "{}")  # no greater id is left, so XADD fails
    parts = redis_to(server.url, "full")
    parts["routes"][0]["to"].append({"sink": "redis", "stream": "good"})
    one = hookstream(**parts)
    document = sender.event()
    assert one.post(document).status == 202
    wait_for(lambda: one.metric("sink_failed_total", sink="redis") > 2, what="some tries")
    assert ids(server, "good") == [document["id"]]
    assert one.sink("redis")["state"] == "blocked"
    assert "Redis refuses the command: ERR The stream has" in one.sink("redis")["detail"]
    assert one.log.count("state=blocked") == 1
    assert "state=up" not in one.log.split("state=blocked")[1]
    server("DEL", "full")
    one.drained(deadline=90)
    assert ids(server, "full") == ids(server, "good") == [document["id"]]
    wait_for(lambda: one.sink("redis")["state"] == "up", what="the sink to be up")


def test_max_length_trims_and_nothing_else_does(hookstream, redis_server):
    server = redis_server()
    parts = redis_to(server.url, "trimmed", max_length=100)
    parts["routes"][0]["to"].append({"sink": "redis", "stream": "whole"})
    one = hookstream(**parts)
    with sender.Connection(one.port) as connection:
        for _ in range(1000):
            connection.send(sender.request(sender.encode(sender.event())))
            assert connection.read_answer().status == 202
    one.drained()
    assert server.length("whole") == 1000
    assert 100 <= server.length("trimmed") < 400


def test_flat_fields_are_one_a_member(hookstream, redis_server):
    server = redis_server()
    one = hookstream(**redis_to(server.url, "events", fields="flat"))
    document = sender.event()
    assert one.post(document).status == 202
    one.drained()
    (entry,) = server.stream("events")
    assert entry["id"].decode() == document["id"]
    assert entry["type"] == b"order.created"
    assert json.loads(entry["data"]) == document["data"]


def test_a_journal_older_than_what_redis_has_is_held_and_loses_nothing(hookstream, redis_server):
    server = redis_server()
    one = hookstream(**redis_to(server.url, "events"))
    journal, copy = one.folder / "journal", one.folder / "copy"
    for _ in range(5):
        assert one.post(sender.event()).status == 202
    one.drained()
    one.stop()
    shutil.copytree(journal, copy)
    one.start()
    for _ in range(10):
        assert one.post(sender.event()).status == 202
    one.drained()
    one.stop()
    shutil.rmtree(journal)
    copy.rename(journal)
    one.start()
    wait_for(lambda: one.sink("redis")["reason"] == "cursor_ahead", what="the sink to be blocked")
    documents = [sender.event() for _ in range(6)]
    for document in documents:
        assert one.post(document).status == 202
    assert len(ids(server, "events")) == 15
    assert "older copy" in one.sink("redis")["detail"]
    # More came than Redis has beyond the copy: still not taken for what Redis has.
    documents += [sender.event() for _ in range(9)]
    for document in documents[6:]:
        assert one.post(document).status == 202
    server("CLIENT", "KILL", "TYPE", "normal")
    held = one.log.count("reason=cursor_ahead")
    wait_for(lambda: one.log.count("reason=cursor_ahead") > held, what="a blocked sink again")
    one.stop()
    one.start()
    wait_for(lambda: one.sink("redis")["reason"] == "cursor_ahead", what="it to be blocked again")
    assert len(ids(server, "events")) == 15
    one.stop()
    (cursor,) = [key for key in server("KEYS", "*") if b"cursor" in key]
    server("DEL", cursor)
    one.start()
    one.drained()
    assert ids(server, "events")[15:] == [document["id"] for document in documents]
    assert not list(journal.glob("cursors/*.unheard"))


def test_a_journal_put_back_while_redis_is_away_is_found_out_though_more_came(
    hookstream, redis_server
):
    server = redis_server()
    one = hookstream(**redis_to(server.url, "events"))
    journal, copy = one.folder / "journal", one.folder / "copy"
    for count in (3, 5):
        for _ in range(count):
            assert one.post(sender.event()).status == 202
        one.drained()
        one.stop()
        if count == 3:
            shutil.copytree(journal, copy)
            one.start()
    shutil.rmtree(journal)
    copy.rename(journal)
    server.end()
    documents = [sender.event() for _ in range(12)]
    for part in (documents[:6], documents[6:]):
        one.start(ready=False)
        wait_for(lambda: answers(one), what="it to listen")
        for document in part:
            assert one.post(document).status == 202
        one.stop()
    server.start()
    one.start(ready=False)
    wait_for(lambda: answers(one) and one.sink("redis")["reason"] == "cursor_ahead", what="blocked")
    assert len(ids(server, "events")) == 8
    (cursor,) = [key for key in server("KEYS", "*") if b"cursor" in key]
    server("DEL", cursor)
    one.stop()
    one.start()
    one.drained()
    assert ids(server, "events")[8:] == [document["id"] for document in documents]


def test_a_cursor_key_changed_and_changed_back_sends_nothing_twice(hookstream, redis_server):
    server = redis_server()
    one = hookstream(**redis_to(server.url, "events"))
    config = json.loads(one.file.read_text())
    sent = []
    for key in ("hookstream:cursor", "other", "hookstream:cursor", "other"):
        one.stop()
        config["sinks"]["redis"]["cursor_key"] = key
        one.file.write_text(json.dumps(config))
        one.start()
        documents = [sender.event() for _ in range(5)]
        for document in documents:
            assert one.post(document).status == 202
        sent += [document["id"] for document in documents]
        one.drained()
    assert ids(server, "events") == sent


def test_two_copies_of_a_journal_at_work_at_once_take_no_event_for_the_others(
    hookstream, redis_server
):
    server = redis_server()
    one = hookstream(**redis_to(server.url, "events"))
    assert one.post(sender.event()).status == 202
    one.drained()
    one.stop()
    folder = one.folder / "other"
    shutil.copytree(one.folder / "journal", folder / "journal")
    one.start()
    other = hookstream(program.configuration(folder, **redis_to(server.url, "events")))
    ours, others = sender.event(), sender.event()
    assert one.post(ours).status == 202
    one.drained()
    assert other.post(others).status == 202  # has the number of ours
    wait_for(lambda: other.sink("redis")["reason"] == "cursor_ahead", what="a blocked sink")
    assert one.post(sender.event()).status == 202
    one.drained()
    other.stop()
    other.start(ready=False)
    wait_for(
        lambda: answers(other) and other.sink("redis")["reason"] == "cursor_ahead",
        what="the other to be blocked after a restart",
    )
    assert ids(server, "events")[1] == ours["id"] and server.length("events") == 3
    one.stop()
    (cursor,) = [key for key in server("KEYS", "*") if b"cursor" in key]
    server("DEL", cursor)
    other.stop()
    other.start()
    other.drained()
    assert ids(server, "events")[3:] == [others["id"]]


def answers(one):
    try:
        return http.get(one.port, "/") is not None and "sinks" in one.status
    except OSError:
        return False


def test_what_is_a_dead_letter_at_the_end_is_not_given_again_after_a_kill(
    hookstream, redis_server
):
    """Redis' cursor stands at what it has; the journal's own is past the dead letter behind it.
    That is no loss, so the routes of the next start have nothing to say about it."""
    server = redis_server()
    parts = redis_to(server.url, "events-{data.total}")
    one = hookstream(**parts)
    documents = [sender.event() for _ in range(3)]
    for document, total in zip(documents, ({"total": 1}, {"total": 1}, {})):
        document["data"] = total
        assert one.post(document).status == 202
    wait_for(lambda: Journal(one.folder / "journal").cursor("redis") == 3, what="the cursor")
    one.kill9()
    (cursor,) = server("KEYS", "hookstream*")
    server("SET", cursor, "2 1")  # what it is for the first half of a second
    config = json.loads(one.file.read_text())
    config["routes"] = redis_to(server.url, "all")["routes"]
    one.file.write_text(json.dumps(config, indent=2))
    one.start()
    one.drained()
    assert ids(server, "events-1") == [document["id"] for document in documents[:2]]
    assert ids(server, "all") == []
    assert one.metric("dead_letters") == 1
    assert "lost" not in one.log
