"""Dead letters forwarded to a topic or a stream: each once more there, and none less here."""

import json

import pytest

from support import http, program, sender
from support.ports import free_port
from support.redis import RedisServer
from support.wait import wait_for

FORWARD = "dead_letters.forward"


def letters(one):
    answer = http.get(one.admin_port, "/api/dead-letters?body=1&limit=1000")
    assert answer.status == 200, answer.body
    return json.loads(answer.body)["letters"]


def forwarding(hookstream, sinks, target, **rest):
    """Orders go into a file, everything else is a dead letter."""
    return hookstream(
        sinks={"files": {"type": "file", "path": "out"}, **sinks},
        routes=[{"name": "orders", "match": "order", "to": [{"sink": "files", "file": "o.jsonl"}]}],
        dead_letters={"forward": target, **rest.pop("limits", {})},
        **rest,
    )


def post(one, kind, count=1, **options):
    documents = [sender.event(kind, **options) for _ in range(count)]
    for document in documents:
        assert one.post(document).status == 202
    return documents


def broken(one):
    """A request that is genuine and no JSON; its bytes."""
    body = b'{"id": 17, "not": "an envelope" '
    assert http.exchange(one.port, sender.request(body)).status == 202
    return body


def test_a_topic_gets_each_letter_and_why(hookstream, kafka, unique):
    kafka.create(unique, partitions=1)
    target = {"sink": "kafka", "topic": unique, "key": "{type}", "headers": {"origin": "{source}"}}
    one = forwarding(hookstream, {"kafka": {"type": "kafka", "brokers": [kafka.address]}}, target)
    (document,) = post(one, "queue.consumer.entered")
    one.drained()
    body = broken(one)
    one.counts("dead_letters_forwarded_total", is_now=2)
    first, second = kafka.read(unique)
    kept = letters(one)
    assert [letter["reason"] for letter in kept] == ["no_route", "not_json"], "they stay here"
    assert first.body == sender.encode(document) and first.key == "queue.consumer.entered"
    assert first.headers == {
        "webhook-id": document["id"], "webhook-type": "queue.consumer.entered",
        "webhook-source": "fanfare", "dead-letter-number": str(kept[0]["number"]),
        "dead-letter-reason": "no_route", "dead-letter-attempts": "0", "origin": "fanfare",
    }  # fmt: skip
    assert second.body == body and second.headers["dead-letter-reason"] == "not_json"
    assert second.headers["webhook-id"].startswith("sha256:"), "it has no id of its own"
    assert one.sink(FORWARD)["state"] == "up"
    assert one.metric("sink_state", sink=FORWARD, state="up") == 1


def test_transactions_have_an_id_of_their_own(hookstream, kafka, unique):
    """With `transactional_id` the route's sink and the forwarding would fence each other."""
    kafka.create([unique, f"{unique}.dead"], partitions=1)
    one = hookstream(
        sinks={"kafka": {"type": "kafka", "brokers": [kafka.address], "exactly_once": True,
                         "transactional_id": unique, "cursor_topic": f"{unique}.cursors"}},
        routes=[{"name": "orders", "match": "order", "to": [{"sink": "kafka", "topic": unique}]}],
        dead_letters={"forward": {"sink": "kafka", "topic": f"{unique}.dead"}},
    )  # fmt: skip
    for _ in range(3):
        post(one, "queue.consumer.entered", 5)
        post(one, "order.created", 5)
        one.drained()
        one.counts("dead_letters_forwarded_total", is_now=5)
        one.stop()
        one.start()
    assert len(kafka.read(unique)) == len(kafka.read(f"{unique}.dead")) == 15
    assert "fenced" not in one.log


def test_a_stream_gets_the_sink_that_did_not_take_it(hookstream, redis, unique):
    routes = [{"name": "lacking", "match": "**",
               "to": [{"sink": "redis", "stream": "{data.missing}"}]}]  # fmt: skip
    one = hookstream(
        sinks={"redis": {"type": "redis", "url": redis.url}}, routes=routes,
        dead_letters={"forward": {"sink": "redis", "stream": f"{unique}:{{family}}"}},
    )  # fmt: skip
    (document,) = post(one, "order.created")
    one.counts("dead_letters_forwarded_total", is_now=1)
    (entry,) = redis.stream(f"{unique}:order")
    assert entry["body"] == sender.encode(document)
    assert (entry["dead-letter-reason"], entry["dead-letter-route"], entry["dead-letter-sink"],
            entry["dead-letter-attempts"]) == (b"template", b"lacking", b"redis", b"1")
    assert b"data.missing" in entry["dead-letter-detail"]


def test_F1_what_is_kept_when_it_is_switched_on_is_forwarded_and_nothing_comes_twice(
    hookstream, redis, unique
):
    target = {"sink": "redis", "stream": unique}
    one = forwarding(hookstream, {"redis": {"type": "redis", "url": redis.url}}, target)
    config = json.loads(one.file.read_text())
    one.stop()
    del config["dead_letters"]["forward"]
    one.file.write_text(json.dumps(config))
    one.start()
    before = post(one, "queue.consumer.entered", 3)
    one.drained()
    one.stop()
    config["dead_letters"]["forward"] = target
    one.file.write_text(json.dumps(config))
    one.start()
    after = post(one, "queue.consumer.left", 2)
    one.drained()
    one.counts("dead_letters_forwarded_total", is_now=5)
    one.kill9()
    one.start()
    one.drained()
    ids = [json.loads(entry["body"])["id"] for entry in redis.stream(unique)]
    assert ids == [document["id"] for document in before + after]


def test_a_sink_that_is_down_keeps_nothing_else_waiting(hookstream, tmp_path, unique):
    server = RedisServer(tmp_path / "late")
    target = {"sink": "redis", "stream": unique}
    one = forwarding(hookstream, {"redis": {"type": "redis", "url": server.url}}, target)
    sent = post(one, "queue.consumer.entered", 30)
    post(one, "order.created", 30)
    one.drained("files", "dead_letters")
    assert len(letters(one)) == 30
    assert one.sink(FORWARD)["state"] == "connecting"
    # What an operator takes out meanwhile is not forwarded.
    for letter in letters(one)[:10]:
        done = program.command("dead-letters", "discard", letter["number"], "-c", one.file)
        assert done.returncode == 0, done
    server.start()
    try:
        one.drained()
        ids = [json.loads(entry["body"])["id"] for entry in server.stream(unique)]
        assert ids == [document["id"] for document in sent[10:]]
        one.stop()
    finally:
        server.end()


def test_what_the_target_will_not_take_is_passed_over_and_makes_no_letter(
    hookstream, redis, unique
):
    redis("SET", f"{unique}:queue", "no stream")
    target = {"sink": "redis", "stream": f"{unique}:{{family}}"}
    one = forwarding(hookstream, {"redis": {"type": "redis", "url": redis.url}}, target)
    post(one, "queue.consumer.entered", 3)
    post(one, "draw.consumer.won", 2)
    one.drained()
    one.counts("dead_letters_forwarded_total", is_now=2)
    assert one.metric("dead_letters_unforwarded_total", reason="wrong_type") == 3
    assert redis.length(f"{unique}:draw") == 2
    assert len(letters(one)) == 5, "no more and no less than the events"
    assert "cannot be forwarded and is skipped" in one.log


def test_a_held_target_says_what_to_do_and_goes_on(hookstream, redis_server, unique):
    server = redis_server()
    one = forwarding(hookstream, {"redis": {"type": "redis", "url": server.url}},
                     {"sink": "redis", "stream": unique})  # fmt: skip
    wait_for(lambda: one.sink(FORWARD)["state"] == "up", what="Redis")
    server("CONFIG", "SET", "maxmemory", "1")
    post(one, "queue.consumer.entered", 5)
    wait_for(lambda: one.sink(FORWARD)["state"] == "blocked", what="the forwarding to be blocked")
    answer = http.get(one.admin_port, "/readyz")
    assert answer.status == 200 and f"sink {FORWARD} is blocked (oom)" in answer.body.decode()
    server("CONFIG", "SET", "maxmemory", "0")
    one.drained()
    assert server.length(unique) == 5
    wait_for(lambda: one.sink(FORWARD)["state"] == "up", what="the state")
    assert one.metric("dead_letters_unforwarded_total") == 0


@pytest.mark.threads
def test_the_limit_of_dead_letters_holds_and_what_it_cost_is_said(hookstream, unique):
    target = {"sink": "redis", "stream": unique}
    one = forwarding(
        hookstream, {"redis": {"type": "redis", "url": f"redis://127.0.0.1:{free_port()}/0"}},
        target, limits={"max_size": "16MiB"},
    )  # fmt: skip
    post(one, "queue.consumer.entered", 60, data={"filler": "x" * 900_000})
    one.drained("files", "dead_letters")

    def adds_up(sent):
        """More may be dropped at any moment, so the figures are those of one page."""
        page = one.metrics
        dropped = page.value("dead_letters_dropped_total", limit="max_size")
        told = page.value("dead_letters_unforwarded_total", reason="dropped")
        return told == dropped > 0 and page.value("dead_letters") == sent - dropped

    wait_for(lambda: adds_up(60), what="what was dropped to be told")
    assert "dropped before dead_letters.forward had them" in one.log
    post(one, "queue.consumer.left")
    one.drained("files", "dead_letters")
    wait_for(lambda: adds_up(61), what="room for another")


def test_check_refuses_a_target_that_cannot_be(hookstream):
    one = forwarding(hookstream, {"redis": {"type": "redis", "url": "redis://h"}},
                     {"sink": "redis", "stream": "{data.orderId}"}, start=False)  # fmt: skip
    done = program.command("check", "-c", one.file)
    assert done.returncode == 1 and "HS088" in done.stdout + done.stderr, done
