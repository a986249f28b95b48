"""Outcomes of a Kafka sink with `exactly_once: true`, with a real broker."""

import json
import os

import pytest

from support import http, sender
from support.wait import wait_for


def kafka_to(kafka, unique, topic=None, options=None, **target):
    sink = {
        "type": "kafka",
        "brokers": [kafka.address],
        "exactly_once": True,
        "cursor_topic": f"{unique}-cursors",
        "transaction_time": "20ms",
        **(options or {}),
    }
    to = {"sink": "kafka", "topic": topic or unique, **target}
    return {"sinks": {"kafka": sink}, "routes": [{"name": "all", "match": "**", "to": [to]}]}


def send(one, count, **fields):
    events = [sender.event(**fields) for _ in range(count)]
    for document in events:
        assert one.post(document).status == 202
    return [event["id"] for event in events]


def ids(kafka, topic):
    return [record.id for record in kafka.read(topic)]


def cursor(kafka, unique):
    """The words of the last record of the cursors' topic."""
    return kafka.read(f"{unique}-cursors")[-1].body.decode().split()


def test_the_cursor_is_in_the_topic_and_a_restart_goes_on_from_it(hookstream, kafka, unique):
    kafka.create(unique, partitions=1)
    one = hookstream(**kafka_to(kafka, unique))
    sent = send(one, 20)
    one.drained()
    assert cursor(kafka, unique)[0] == "hookstream"
    assert cursor(kafka, unique)[4:] == ["20", "-"]
    # Without a cursor of its own the sink would send all again.
    one.kill9()
    (one.folder / "journal" / "cursors" / "kafka.cursor").unlink()
    one.start()
    sent += send(one, 20)
    one.drained()
    assert ids(kafka, unique) == sent


def test_switched_off_and_on_again_it_sends_nothing_twice(hookstream, kafka, unique):
    """The record in the topic is of before; what went out meanwhile is not sent again for it."""
    kafka.create(unique, partitions=1)
    one = hookstream(**kafka_to(kafka, unique))
    sent = send(one, 10)
    one.drained()
    changes = [{"exactly_once": False}, {"exactly_once": True}, {"cursor_topic": f"{unique}-2"},
               {"cursor_topic": f"{unique}-cursors"}]
    config = json.loads(one.file.read_text())
    for change in changes:
        one.stop()
        config["sinks"]["kafka"].update(change)
        one.file.write_text(json.dumps(config))
        one.start()
        one.stop()  # with nothing to do, an old record stays old
        one.start()
        sent += send(one, 10)
        one.drained()
    one.kill9()
    (one.folder / "journal" / "cursors" / "kafka.cursor").unlink()
    one.start()  # now the record counts
    sent += send(one, 1)
    one.drained()
    assert ids(kafka, unique) == sent


def test_too_large_for_the_topic_costs_only_itself(hookstream, kafka, unique):
    kafka.create(unique, partitions=1, max_message_bytes=20000)
    one = hookstream(**kafka_to(kafka, unique))
    large = sender.event(note=os.urandom(30000).hex())
    sent = send(one, 30)
    assert one.post(large).status == 202
    sent += send(one, 30)
    one.drained(deadline=60)
    one.counts("dead_letters", is_now=1)
    one.counts("dead_letters_total", reason="too_large", is_now=1)
    assert ids(kafka, unique) == sent
    wait_for(lambda: cursor(kafka, unique)[4:] == ["61", "-"], what="the hole to be closed")
    one.kill9()
    one.start()
    sent += send(one, 5)
    one.drained()
    assert ids(kafka, unique) == sent
    one.counts("dead_letters", is_now=1)


def test_more_refusals_than_the_cursor_has_holes_for_cost_only_themselves(
    hookstream, kafka, unique
):
    kafka.create(unique, partitions=1)
    small = {"properties": {"message.max.bytes": "4000"}, "transaction_time": "1s"}
    one = hookstream(**kafka_to(kafka, unique, options=small))
    sent = []
    with sender.Connection(one.port) as connection:
        for number in range(200):
            document = sender.event(**({"note": "x" * 5000} if number % 4 else {}))
            connection.send(sender.request(sender.encode(document)))
            assert connection.read_answer().status == 202
            sent += [] if number % 4 else [document["id"]]
    one.drained(deadline=90)
    assert ids(kafka, unique) == sent
    one.counts("dead_letters_total", reason="too_large", is_now=150)
    wait_for(lambda: cursor(kafka, unique)[4:] == ["200", "-"], what="the holes to be closed")


def test_several_too_large_for_the_topic_cost_only_themselves(hookstream, kafka, unique):
    kafka.create(unique, partitions=3, max_message_bytes=20000)
    one = hookstream(**kafka_to(kafka, unique, key="{id}"))
    sent = []
    for _ in range(6):
        sent += send(one, 5)
        assert one.post(sender.event(note=os.urandom(30000).hex())).status == 202
    one.drained(deadline=90)
    assert sorted(ids(kafka, unique)) == sorted(sent)
    one.counts("dead_letters_total", reason="too_large", is_now=6)


def test_a_template_that_fails_costs_only_its_event(hookstream, kafka, unique):
    kafka.create(unique, partitions=1)
    one = hookstream(**kafka_to(kafka, unique, key="{data.orderId}"))
    sent = send(one, 5)
    assert one.post(sender.event("queue.consumer.left")).status == 202
    sent += send(one, 5)
    one.drained()
    assert ids(kafka, unique) == sent
    one.counts("dead_letters", is_now=1)
    wait_for(lambda: cursor(kafka, unique)[4:] == ["11", "-"], what="the cursor to pass it")


def test_an_unknown_topic_is_held_until_it_is_created(hookstream, kafka, unique):
    quick = {"properties": {"topic.metadata.propagation.max.ms": "500"}}
    one = hookstream(**kafka_to(kafka, unique, options=quick))
    sent = send(one, 5)
    wait_for(lambda: one.sink("kafka")["state"] == "blocked", what="the sink to be blocked")
    assert one.sink("kafka")["reason"] == "unknown_topic"
    one.counts("dead_letters", is_now=0)
    kafka.create(unique, partitions=1)
    one.drained(deadline=90)
    assert ids(kafka, unique) == sent
    wait_for(lambda: one.sink("kafka")["state"] == "up", what="the sink to be up")


def test_what_is_skipped_moves_the_cursor_too(hookstream, kafka, unique):
    kafka.create(unique, partitions=1)
    parts = kafka_to(kafka, unique)
    parts["routes"][0]["match"] = "order.**"
    one = hookstream(**parts, default="drop")
    send(one, 1)
    one.drained()
    for _ in range(10):
        assert one.post(sender.event("queue.consumer.left")).status == 202
    wait_for(lambda: cursor(kafka, unique)[4:] == ["11", "-"], what="the cursor to follow")


def test_a_topic_of_cursors_that_expire_is_said_in_readyz(hookstream, kafka, unique):
    kafka.create(unique)
    kafka.create(f"{unique}-cursors", partitions=1, cleanup_policy="delete")
    one = hookstream(**kafka_to(kafka, unique))
    wait_for(lambda: one.sink("kafka")["state"] == "blocked", what="the sink to be blocked")
    page = http.get(one.admin_port, "/readyz").body.decode()
    assert "cursor_topic_policy" in page and f"{unique}-cursors" in page


@pytest.mark.parametrize("choice", ["replay", "continue"])
def test_a_cursor_topic_that_was_made_again_is_noticed(hookstream, kafka, unique, choice):
    """Every event answered 202 is read as committed or reported as perhaps lost, by
    `on_cursor_lost`."""
    topic = f"{unique}-cursors"
    kafka.create(unique, partitions=1)
    kafka.create(topic, partitions=1, cleanup_policy="compact")
    one = hookstream(**kafka_to(kafka, unique, options={"on_cursor_lost": choice}))
    sent = send(one, 20)
    one.drained()
    one.stop()
    kafka.delete(topic)
    kafka.create(topic, partitions=1, cleanup_policy="compact")
    one.start()
    sent += send(one, 10)
    one.drained(deadline=90)
    one.counts("sink_cursor_lost_total", sink="kafka", is_now=1)
    found = ids(kafka, unique)
    outcome = "replayed" if choice == "replay" else "left"
    count = one.metric("sink_cursor_lost_events_total", sink="kafka", outcome=outcome)
    assert count == 20
    assert "reason=cursor_missing" in one.log
    assert set(found) == set(sent)
    # Those that are reported as left are in the topic all the same: only the cursor's was deleted.
    assert len(found) == len(sent) + (20 if choice == "replay" else 0)
    assert cursor(kafka, unique)[4:] == [str(len(sent)), "-"]


def test_a_cursor_topic_that_is_deleted_while_in_use_is_made_again(hookstream, kafka, unique):
    """The transaction that is refused is ended at once, and not when Kafka gives it up."""
    kafka.create(unique, partitions=1)
    one = hookstream(**kafka_to(kafka, unique, options={"properties": {
        "transaction.timeout.ms": 600000}}))  # fmt: skip
    sent = send(one, 20)
    one.drained()
    kafka.delete(f"{unique}-cursors")
    sent += send(one, 10)
    one.drained(deadline=60)
    found = ids(kafka, unique)
    assert set(found) == set(sent)
    assert cursor(kafka, unique)[4:] == [str(len(sent)), "-"]
