"""Outcomes of the Kafka sink, each told apart with a real broker."""

import json
import os
import socket

import pytest

from support import http, sender
from support.advertised import Advertised
from support.wait import wait_for


def kafka_to(kafka, topic, **target):
    return {
        "sinks": {"kafka": {"type": "kafka", "brokers": [kafka.address]}},
        "routes": [
            {"name": "all", "match": "**", "to": [{"sink": "kafka", "topic": topic, **target}]}
        ],
    }


def test_an_unknown_topic_is_held_until_it_is_created(hookstream, kafka, unique):
    one = hookstream(**kafka_to(kafka, unique))
    sent = [sender.event() for _ in range(5)]
    for document in sent:
        assert one.post(document).status == 202
    wait_for(lambda: one.sink("kafka")["state"] == "blocked", what="the sink to be blocked")
    assert one.sink("kafka")["reason"] == "unknown_topic"
    words = f"topic {unique}: the topic does not exist: create it"
    assert words in one.sink("kafka")["detail"] and words in one.readiness and words in one.log
    one.counts("sink_state", sink="kafka", state="blocked", is_now=1)
    assert one.metric("sink_failed_total", sink="kafka", **{"class": "blocked"}) > 0
    one.counts("dead_letters", is_now=0)
    wait_for(lambda: one.metric("sink_failed_total", sink="kafka") > 5, what="another try")
    held = [line for line in one.log.splitlines() if "level=error" in line]
    assert len(held) == 1
    assert 'msg="sink state" sink=kafka state=blocked reason=unknown_topic' in held[0]
    kafka.create(unique)
    one.drained(deadline=90)
    assert {record.id for record in kafka.read(unique)} == {event["id"] for event in sent}
    assert one.sink("kafka")["state"] == "up"


@pytest.mark.parametrize("exactly_once", [False, True])
def test_a_topic_without_a_right_to_it_holds_the_sink(hookstream, kafka, unique, exactly_once):
    kafka.create(unique)
    kafka.deny(unique)  # not even to describe it
    parts = kafka_to(kafka, unique)
    if exactly_once:
        parts["sinks"]["kafka"] |= {"exactly_once": True, "cursor_topic": f"{unique}-cursors",
                                    "transactional_id": unique}
    one = hookstream(**parts)
    sent = [sender.event() for _ in range(5)]
    for document in sent:
        assert one.post(document).status == 202
    wait_for(lambda: one.sink("kafka")["state"] == "blocked", what="the sink to be blocked")
    assert one.sink("kafka")["reason"] == "topic_authorization"
    words = f"topic {unique}: the user may not write to the topic: grant WRITE"
    assert words in one.sink("kafka")["detail"] and words in one.readiness and words in one.log
    kafka.allow(unique)
    one.drained(deadline=90)
    assert {record.id for record in kafka.read(unique)} == {event["id"] for event in sent}
    assert one.sink("kafka")["state"] == "up"


@pytest.fixture
def no_producer(kafka):
    """The broker answers every client, and refuses its producer. Ends with no_producer()."""
    undone = []

    def undo():
        if not undone:
            kafka.allow_idempotent_writes()
        undone.append(True)

    kafka.deny_idempotent_writes()
    yield undo
    undo()


def test_a_sink_whose_producers_are_refused_is_not_up(hookstream, kafka, unique, no_producer):
    kafka.create(unique)
    one = hookstream(log={"level": "debug"}, **kafka_to(kafka, unique))
    sent = [sender.event() for _ in range(5)]
    for document in sent:
        assert one.post(document).status == 202
    wait_for(lambda: one.log.count("facility=FATAL") >= 3, what="three producers to be refused")
    assert one.sink("kafka")["reason"] == "cluster_authorization"
    refused = one.log.split("state=blocked", 1)[1]  # before that, it was up
    assert "sink=kafka state=up" not in refused
    no_producer()
    one.drained(deadline=90)
    assert {record.id for record in kafka.read(unique)} == {event["id"] for event in sent}
    assert one.sink("kafka")["state"] == "up"


def test_brokers_that_are_not_there_are_named(hookstream, unique):
    one = hookstream(
        sinks={"kafka": {"type": "kafka", "brokers": ["127.0.0.1:1", "127.0.0.1:2"]}},
        routes=[{"name": "all", "match": "**", "to": [{"sink": "kafka", "topic": unique}]}],
    )
    wait_for(lambda: one.sink("kafka")["reason"] == "brokers_down", what="the brokers to be away")
    words = "127.0.0.1:1, 127.0.0.1:2: 2/2 brokers are down"
    assert one.sink("kafka")["detail"].startswith(f"{words}: ")
    assert "Connection refused" in one.sink("kafka")["detail"]
    assert f'reason=brokers_down detail="{words}: ' in one.log
    assert f"0 events wait in the journal until it is reached: {words}" in one.readiness


WRONG_ADDRESSES = [("127.0.0.1", 1, "Connection refused"), ("kafka.bad", 9092, "Failed to resolve")]


@pytest.mark.parametrize("exactly_once", [False, True])
@pytest.mark.parametrize(("host", "port", "words"), WRONG_ADDRESSES)
def test_a_broker_that_advertises_a_wrong_address_is_named(
        hookstream, kafka, unique, host, port, words, exactly_once):  # fmt: skip
    """The cluster answers at the address of the configuration, and nothing can be written."""
    kafka.create(unique)
    way = Advertised(kafka.address, host, port)
    parts = kafka_to(kafka, unique)
    parts["sinks"]["kafka"]["brokers"] = [way.address]
    if exactly_once:
        parts["sinks"]["kafka"] |= {"exactly_once": True, "cursor_topic": f"{unique}-cursors",
                                    "transactional_id": unique}
    one = hookstream(**parts)
    document = sender.event()
    assert one.post(document).status == 202
    wait_for(lambda: one.sink("kafka")["reason"] == "broker_unreachable", what="the reason")
    assert one.sink("kafka")["state"] == "connecting"
    for text in (one.sink("kafka")["detail"], one.readiness, one.log):
        assert "advertised.listeners" in text and words in text and f"{host}:{port}" in text
    way.name_itself()
    one.drained(deadline=90)
    assert [record.id for record in kafka.read(unique)] == [document["id"]]
    assert one.sink("kafka")["state"] == "up"
    way.close()


@pytest.mark.parametrize("exactly_once", [False, True])
def test_a_broker_that_advertises_an_address_where_nobody_answers_is_named(
        hookstream, kafka, unique, exactly_once):  # fmt: skip
    """Connections are accepted there, and nothing that is sent is ever answered."""
    kafka.create(unique)
    silent = socket.create_server(("127.0.0.1", 0), backlog=64)
    way = Advertised(kafka.address, "127.0.0.1", silent.getsockname()[1])
    parts = kafka_to(kafka, unique)
    parts["sinks"]["kafka"]["brokers"] = [way.address]
    if exactly_once:
        parts["sinks"]["kafka"] |= {"exactly_once": True, "cursor_topic": f"{unique}-cursors",
                                    "transactional_id": unique}
    one = hookstream(**parts)
    document = sender.event()
    assert one.post(document).status == 202
    reasons = ("no_confirmation", "broker_unreachable")
    wait_for(lambda: one.sink("kafka")["reason"] in reasons, deadline=60, what="the reason")
    assert one.sink("kafka")["state"] == "connecting"
    for text in (one.sink("kafka")["detail"], one.readiness, one.log):
        assert "advertised.listeners" in text
    way.name_itself()
    one.drained(deadline=120)
    assert [record.id for record in kafka.read(unique)] == [document["id"]]
    assert one.sink("kafka")["state"] == "up"
    way.close()
    silent.close()


def test_P3_too_large_for_the_topic_is_a_dead_letter_and_the_next_goes_on(
    hookstream, kafka, unique
):
    kafka.create(unique, partitions=1, max_message_bytes=20000)
    one = hookstream(**kafka_to(kafka, unique))
    noise = os.urandom(30000).hex()  # which no compression makes small enough
    first, large, last = sender.event(), sender.event(note=noise), sender.event()
    for document in (first, large, last):
        assert one.post(document).status == 202
    one.drained(deadline=60)
    assert [record.id for record in kafka.read(unique)] == [first["id"], last["id"]]
    one.counts("dead_letters", is_now=1)
    one.counts("dead_letters_total", reason="too_large", is_now=1)


def test_events_of_one_key_stay_in_order_on_one_partition(hookstream, kafka, unique):
    kafka.create(unique, partitions=6)
    one = hookstream(**kafka_to(kafka, unique, key="{data.orderId}"))
    sent = {}
    for number in range(600):
        document = sender.event(orderId=f"order{number % 20}", number=number)
        sent.setdefault(f"order{number % 20}", []).append(number)
        assert one.post(document).status == 202
    one.drained()
    partitions, numbers = {}, {}
    for record in kafka.read(unique):
        partitions.setdefault(record.key, set()).add(record.partition)
        numbers.setdefault(record.key, []).append(record.document["data"]["number"])
    assert numbers == sent
    assert all(len(found) == 1 for found in partitions.values())
    assert len(set.union(*partitions.values())) > 1


def test_key_headers_and_topic_come_from_templates(hookstream, kafka, unique):
    kafka.create([f"{unique}.order", f"{unique}.queue"])
    target = {"key": "{type}/{data.orderId|none}", "headers": {"tenant": "{organizationId}"}}
    one = hookstream(**kafka_to(kafka, unique + ".{family}", **target))
    order, queue = sender.event("order.created"), sender.event("queue.consumer.left")
    assert one.post(order).status == one.post(queue).status == 202
    one.drained()
    (record,) = kafka.read(f"{unique}.order")
    assert record.key == f"order.created/{order['data']['orderId']}"
    assert record.headers["tenant"] == order["organizationId"]
    assert record.body == sender.encode(order)
    (record,) = kafka.read(f"{unique}.queue")
    assert record.key == "queue.consumer.left/none"
    assert record.document["id"] == queue["id"]


def test_a_missing_field_of_a_template_is_a_dead_letter(hookstream, kafka, unique):
    kafka.create(unique)
    one = hookstream(**kafka_to(kafka, unique, key="{data.orderId}"))
    good, bad = sender.event("order.created"), sender.event("queue.consumer.left")
    assert one.post(bad).status == one.post(good).status == 202
    one.drained()
    assert [record.id for record in kafka.read(unique)] == [good["id"]]
    one.counts("dead_letters", is_now=1)
    one.counts("transform_failed_total", route="all", is_now=1)


def test_a_topic_that_no_name_can_be_is_a_dead_letter_and_the_next_goes_on(
    hookstream, kafka, unique
):
    kafka.create(unique + ".good")
    one = hookstream(**kafka_to(kafka, unique + ".{data.queue}"))
    wait_for(lambda: one.sink("kafka")["state"] == "up", what="the sink to be up")
    bad = [sender.event(queue=queue) for queue in ("a b", "a" * 300, "x/y")]
    good = sender.event(queue="good")
    for document in (*bad, good):
        assert one.post(document).status == 202
    one.drained(deadline=20)
    assert [record.id for record in kafka.read(unique + ".good")] == [good["id"]]
    assert one.sink("kafka")["state"] == "up"
    answer = http.get(one.admin_port, "/api/dead-letters")
    letters = {letter["id"]: letter for letter in json.loads(answer.body)["letters"]}
    assert set(letters) == {document["id"] for document in bad}
    assert {letter["reason"] for letter in letters.values()} == {"destination"}
    details = [letters[document["id"]]["detail"] for document in bad]
    assert details[0].startswith(f"`{unique}.a b` is no Kafka topic: only letters, digits")
    assert details[1].startswith(f"a Kafka topic has 1 to 249 characters, `{unique}.")
    assert details[1].endswith(f"...` has {len(unique) + 301}")
    assert "x/y` is no Kafka topic" in details[2]


def test_the_traceparent_of_the_request_goes_along(hookstream, kafka, unique):
    kafka.create(unique)
    one = hookstream(**kafka_to(kafka, unique))
    parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    assert one.post(sender.event(), fields={"traceparent": parent}).status == 202
    one.drained()
    (record,) = kafka.read(unique)
    assert record.headers["traceparent"] == parent


def test_transformations_keep_digits_order_and_escapes(hookstream, kafka, unique):
    kafka.create(unique)
    one = hookstream(
        sinks={"kafka": {"type": "kafka", "brokers": [kafka.address]}},
        routes=[
            {
                "name": "all",
                "match": "**",
                "transform": [
                    {"remove": ["data.secret"]},
                    {"rename": {"data.old": "new"}},
                    {"set": {"data.stage": "test"}},
                ],
                "to": [{"sink": "kafka", "topic": unique}],
            }
        ],
    )
    body = (
        b'{"id":"%s","type":"order.created","data":{"z":149.90,"secret":1,'
        b'"n":12345678901234567890,"e":1e400,"nul":"a\\u0000b","old":[1.0,2.50],"a":null}}'
        % sender.new_id().encode()
    )
    assert one.post(body).status == 202
    one.drained()
    (record,) = kafka.read(unique)
    text = record.body.decode()
    assert '"z":149.90,"n":12345678901234567890,"e":1e400,"nul":"a\\u0000b"' in text
    assert '"new":[1.0,2.50]' in text and '"secret"' not in text and '"old"' not in text
    assert json.loads(text)["data"]["stage"] == "test"
