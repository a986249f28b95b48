"""Two replicas that share the ids of events by one real Redis (`dedupe: {store: redis}`)."""

import hashlib
import json
import os
import pathlib
import random
import signal
import socket
import struct
import threading
import time

import pytest
from support import http, program, sender
from support.wait import wait_for

ROUNDS = int(os.environ.get("HOOKSTREAM_TEST_ROUNDS", "8"))


@pytest.fixture
def replicas(hookstream, tmp_path):
    """Makes replicas with folders of their own, one stream, and a Redis for their ids."""

    def make(ids, out, count=2, source=None, start=True, **dedupe):
        made = []
        for number in range(count):
            folder = tmp_path / f"replica{number}"
            folder.mkdir()
            config = program.configuration(
                folder,
                sinks={"redis": {"type": "redis", "url": out.url}},
                routes=[
                    {"name": "all", "match": "**", "to": [{"sink": "redis", "stream": "events"}]}
                ],
                source=source,
                # Generous, for a busy machine: what waits for it waits on purpose.
                dedupe={"store": "redis", "url": ids.url, "timeout": "5s", **dedupe},
                server={"deadline": "1s"} if dedupe.get("reservation") else {},
            )
            made.append(hookstream(config, start=False))
        for one in made:
            if start:
                one.start()
                up(one)
        return made

    return make


def shared(one):
    return one.status["dedupe"]["shared"]


def up(one, is_up=True):
    wait_for(lambda: shared(one)["up"] is is_up, what=f"the shared dedupe to be {is_up}")


def ids(server):
    return [json.loads(entry["body"])["id"] for entry in server.stream("events")]


def send(one, document):
    """The status, or None without an answer."""
    try:
        answer = one.post(document)
    except OSError:
        return None
    return answer.status if answer else None


def send_until_taken(one, document, deadline=30):
    wait_for(lambda: send(one, document) == 202, deadline=deadline, what=f"{document['id']} taken")


def key_of(server, prefix="hookstream:id:"):
    """The one key of an event; those by which links try are not counted."""
    keys = [key.decode() for key in server("KEYS", f"{prefix}*") if b":try:" not in key]
    assert len(keys) == 1, keys
    return keys[0]


def confirmed(server, key):
    wait_for(lambda: server("GET", key)[:1] == b"c", what="the id to be confirmed")


def reason(one, word):
    answer = http.get(one.admin_port, "/readyz")
    return answer if word in answer.body.decode() else None


def test_a_retry_that_reaches_another_replica_is_written_once(replicas, redis_server):
    server = redis_server()
    one, two = replicas(server, server)
    document = sender.event()
    assert send(one, document) == 202
    key = key_of(server)
    confirmed(server, key)
    assert server("PTTL", key) > 40 * 3600 * 1000, "it is kept for the window"
    assert [send(two, document), send(one, document), send(two, document)] == [202] * 3
    two.counts("hookstream_dedupe_shared_total", 2, result="seen")
    one.drained()
    two.drained()
    assert ids(server) == [document["id"]]
    assert two.status["journal"]["durable"] == 0


@pytest.mark.threads
def test_copies_at_the_same_moment_are_written_once(replicas, redis_server):
    server = redis_server()
    pair = replicas(server, server)
    documents = [sender.event() for _ in range(150)]
    failures = []

    def run(one, order):
        try:
            for document in order:
                send_until_taken(one, document)
        except AssertionError as error:
            failures.append(error)

    # Two connections a replica in the same order, so that equal ids meet; one in another.
    threads = []
    for one in pair:
        for seed in (0, 0, 1):
            order = documents[:]
            random.Random(seed).shuffle(order)
            threads.append(threading.Thread(target=run, args=(one, order)))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    for one in pair:
        one.drained()
    found = ids(server)
    assert len(found) == len(set(found)) == len(documents)


def test_what_another_replica_has_pending_is_not_answered_on_its_strength(replicas, redis_server):
    server = redis_server()
    (one,) = replicas(server, server, count=1)
    document = sender.event()
    assert send(one, document) == 202
    key = key_of(server)
    confirmed(server, key)
    other = sender.event()
    server("SET", f"hookstream:id:{shared_key(other['id'])}", "panother-replica", "PX", 2000)
    answer = one.post(other)
    assert answer.status == 503 and answer.fields["retry-after"] == "1"
    one.counts("hookstream_rejected_total", 1, source="fanfare", reason="dedupe_held")
    send_until_taken(one, other)
    one.drained()
    assert ids(server) == [document["id"], other["id"]]


def shared_key(event_id):
    return hashlib.sha256(b"fanfare\0" + event_id.encode()).hexdigest()[:32]


@pytest.mark.threads
def test_what_is_pending_by_the_replica_itself_is_taken_over(replicas, redis_server):
    server = redis_server()
    (one,) = replicas(server, server, count=1)
    document = sender.event()
    key = f"hookstream:id:{shared_key(document['id'])}"
    server("SET", key, f"p{one.status['journal']['identity']}", "PX", 60000)
    assert send(one, document) == 202
    confirmed(server, key)


def test_a_client_that_goes_meanwhile_leaves_nothing_reserved(replicas, redis_server):
    server = redis_server()
    (one,) = replicas(server, server, count=1, timeout="10s")
    server.process.send_signal(signal.SIGSTOP)
    document = sender.event()
    connection = http.Connection(one.port)
    connection.send(sender.request(sender.encode(document)))
    wait_for(lambda: one.metric("hookstream_in_flight_bytes") > 0, what="the request")
    # Reset, not only closed: who has but closed its sending side still gets an answer.
    connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()
    wait_for(lambda: one.metric("hookstream_in_flight_bytes") == 0, what="the client to be gone")
    server.process.send_signal(signal.SIGCONT)
    one.counts("hookstream_dedupe_shared_total", 1, result="ours")
    key = f"hookstream:id:{shared_key(document['id'])}"
    wait_for(lambda: server("GET", key) is None, what="the release")
    assert one.status["journal"]["durable"] == 0


def test_killed_at_any_moment_no_answered_event_is_missing(replicas, redis_server):
    server, out = redis_server(), redis_server()
    one, two = replicas(server, out, reservation="2s", timeout="1900ms")
    chance = random.Random(4711)
    answered, unanswered = [], []
    for round_number in range(ROUNDS):
        documents = [sender.event() for _ in range(400)]
        fates = {}

        def run(lane):
            for document in documents[lane::4]:
                fates[document["id"]] = send(one, document)
                if fates[document["id"]] is None:
                    return

        threads = [threading.Thread(target=run, args=(lane,)) for lane in range(4)]
        for thread in threads:
            thread.start()
        wait_for(lambda: len(fates) > 4, what="answers")
        time.sleep(chance.uniform(0, 0.06))
        if round_number % 2:  # reserved by one that is dead already
            server.process.send_signal(signal.SIGSTOP)
            time.sleep(chance.uniform(0, 0.02))
        one.kill9()
        server.process.send_signal(signal.SIGCONT)
        for thread in threads:
            thread.join()
        again = [document for document in documents if fates.get(document["id"], 0) != 202]
        again = [document for document in again if document["id"] in fates]
        answered += [event_id for event_id, fate in fates.items() if fate == 202]
        unanswered += [document["id"] for document in again]
        assert again, "nothing was cut off"
        one.start(ready=False)
        for document in again:
            send_until_taken(two, document)
        wait_for(one.is_ready, what="the killed one")
        up(one)
    one.drained()
    two.drained()
    found = ids(out)
    assert not set(answered + unanswered) - set(found), "an answered event is missing"
    twice = {event_id for event_id in found if found.count(event_id) > 1}
    assert twice <= set(unanswered), "written twice though it was answered at once"


def test_S4_redis_away_and_accepted_loses_nothing_and_says_so(replicas, redis_server):
    server, out = redis_server(), redis_server()
    one, two = replicas(server, out)
    server.end()
    up(one, False)
    up(two, False)
    answer = wait_for(lambda: reason(one, "shared by replicas"), what="the reason")
    assert answer.status == 200, "it takes events"
    assert one.metric("hookstream_dedupe_shared_up") == 0
    document, later = sender.event(), sender.event()
    assert [send(one, document), send(one, document), send(two, document)] == [202] * 3
    assert send(one, later) == 202
    assert one.metric("hookstream_dedupe_shared_total", result="accepted") == 2
    server.start()
    up(one)
    up(two)
    # What was taken meanwhile is told as soon as it is back.
    confirmed(server, f"hookstream:id:{shared_key(later['id'])}")
    assert send(two, later) == 202
    one.drained()
    two.drained()
    assert sorted(ids(out)) == sorted([document["id"]] * 2 + [later["id"]])
    assert not reason(one, "shared by replicas")


def test_redis_away_and_refused_is_503_until_it_is_back(replicas, redis_server):
    server, out = redis_server(), redis_server()
    one, _ = replicas(server, out, on_unavailable="refuse")
    known = sender.event()
    assert send(one, known) == 202
    server.end()
    up(one, False)
    document = sender.event()
    answer = one.post(document)
    assert answer.status == 503 and answer.fields["retry-after"] == "5"
    assert send(one, known) == 202, "what this replica knows needs no Redis"
    assert reason(one, "senders get 503").status == 503
    one.counts("hookstream_dedupe_shared_total", 1, result="refused")
    server.start()
    send_until_taken(one, document)
    one.drained()
    assert ids(out) == [known["id"], document["id"]]


@pytest.mark.parametrize("policy, status", [("accept", 202), ("refuse", 503)])
def test_a_redis_that_stands_still_is_away_after_the_timeout(
    replicas, redis_server, policy, status
):
    server, out = redis_server(), redis_server()
    (one,) = replicas(server, out, count=1, timeout="300ms", on_unavailable=policy)
    server.process.send_signal(signal.SIGSTOP)
    document = sender.event()
    assert send(one, document) == status
    assert shared(one)["reason"] == "timeout"
    assert send(one, sender.event()) == status
    server.process.send_signal(signal.SIGCONT)
    up(one)
    send_until_taken(one, document)
    one.drained()
    assert ids(out).count(document["id"]) == 1


def test_S4_a_redis_that_comes_back_empty_is_taken_up_again(replicas, redis_server):
    server, out = redis_server(), redis_server()
    one, two = replicas(server, out)
    first, second = sender.event(), sender.event()
    assert send(one, first) == 202
    confirmed(server, key_of(server))
    server("FLUSHALL")
    server.end()
    up(one, False)
    up(two, False)
    server.start()
    server("FLUSHALL")
    up(one)
    up(two)
    assert [send(one, first), send(one, second)] == [202] * 2
    confirmed(server, f"hookstream:id:{shared_key(second['id'])}")
    assert send(two, second) == 202
    server("SCRIPT", "FLUSH")
    third = sender.event()
    assert send(two, third) == 202  # by itself, as the script is gone
    up(two)
    one.drained()
    two.drained()
    assert sorted(ids(out)) == sorted(d["id"] for d in (first, second, third))


def test_a_wrong_password_is_told(replicas, redis_server):
    server, out = redis_server("--requirepass", "right"), redis_server()
    (one,) = replicas(server, out, count=1, start=False, password="nobodys-secret")
    one.start()
    answer = wait_for(lambda: reason(one, "WRONGPASS"), what="the reason")
    assert answer.status == 200
    assert "WRONGPASS" in shared(one)["detail"] and shared(one)["reason"] == "error"
    assert send(one, sender.event()) == 202
    assert "nobodys-secret" not in one.log + json.dumps(one.status)


def test_a_redis_that_may_not_write_is_told(replicas, redis_server):
    server, out = redis_server(), redis_server()
    (one,) = replicas(server, out, count=1)
    server("CONFIG", "SET", "maxmemory", "1")
    assert send(one, sender.event()) == 202
    wait_for(lambda: "OOM" in shared(one)["detail"], what="the reason")
    server("CONFIG", "SET", "maxmemory", "0")
    up(one)


def test_an_event_acknowledged_when_delivered_is_confirmed_then(replicas, redis_server):
    server, out = redis_server(), redis_server()
    one, two = replicas(server, out, source={"ack": "delivered"})
    out.process.send_signal(signal.SIGSTOP)
    document = sender.event()
    connection = http.Connection(one.port)
    connection.send(sender.request(sender.encode(document)))
    wait_for(lambda: one.status["journal"]["durable"] == 1, what="the journal")
    assert send(two, document) == 503, "it is not delivered yet"
    out.process.send_signal(signal.SIGCONT)
    assert connection.read_answer().status == 202
    confirmed(server, key_of(server))
    assert send(two, document) == 202
    assert ids(out) == [document["id"]]


def test_what_one_replica_lost_is_taken_by_another(replicas, redis_server):
    """Confirmed in Redis, and lost on the disk of the replica that confirmed it."""
    ids_server, out = redis_server(), redis_server()
    one, two = replicas(ids_server, out)
    out.end()
    documents = [sender.event() for _ in range(20)]
    assert [send(one, document) for document in documents] == [202] * 20
    wait_for(
        lambda: sum(ids_server("GET", key)[:1] == b"c" for key in ids_server("KEYS", "*")) == 20,
        what="all to be confirmed",
    )
    one.stop()
    journal = pathlib.Path(json.loads(one.file.read_text())["journal"]["path"])
    sorted((journal / "segments").glob("*.hsj"))[-1].unlink()
    out.start()
    one.start()
    wait_for(lambda: one.metric("sink_lost_total", sink="redis") == 20, what="the loss")
    wait_for(lambda: ids_server("KEYS", "*:lost:*"), what="it to be published")
    assert [send(two, document) for document in documents[:10]] == [202] * 10
    assert [send(one, document) for document in documents[10:]] == [202] * 10
    one.drained()
    two.drained()
    assert sorted(ids(out)) == sorted(document["id"] for document in documents)
    # Once more: now they are duplicates, of either.
    assert [send(one, document) for document in documents[:10]] == [202] * 10
    assert [send(two, document) for document in documents[10:]] == [202] * 10
    one.drained()
    two.drained()
    assert len(ids(out)) == 20
