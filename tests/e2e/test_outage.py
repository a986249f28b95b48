"""A dead Kafka: Redis goes on, the sender sees only 202, and Kafka gets it all in order."""

import os
import time

from support import sender
from support.wait import wait_for

OUTAGE_S = float(os.environ.get("HOOKSTREAM_TEST_OUTAGE", "15"))


def test_kafka_stopped_under_load(hookstream, kafka, redis, services, unique):
    kafka.create(unique, partitions=3)
    one = hookstream(
        sinks={
            "kafka": {"type": "kafka", "brokers": [kafka.address]},
            "redis": {"type": "redis", "url": redis.url},
        },
        routes=[
            {
                "name": "all",
                "match": "**",
                "to": [
                    {"sink": "kafka", "topic": unique, "key": "{data.consumerId}"},
                    {"sink": "redis", "stream": unique},
                ],
            }
        ],
    )
    load = sender.Load(one.port, rate=500, connections=4, number_field="consumerId").start()
    wait_for(lambda: len(load.answered) > 500, what="the load to run")

    services("kill", "kafka")
    end = time.monotonic() + OUTAGE_S
    longest, last, grown_at = 0.0, redis.length(unique), time.monotonic()
    while time.monotonic() < end:
        time.sleep(0.05)
        length, now = redis.length(unique), time.monotonic()
        if length > last:
            longest, last, grown_at = max(longest, now - grown_at), length, now
    assert time.monotonic() - grown_at < 3 and longest < 3, "Redis paused with Kafka away"
    assert one.sink("kafka")["state"] == "connecting"
    assert one.sink("kafka")["lag_events"] > 0
    assert one.is_ready(), "a broker that is down must not make it unready"

    services("start", "kafka")
    wait_for(lambda: one.sink("kafka")["state"] == "up", deadline=60, what="Kafka to be up again")
    load.stop()
    one.drained(deadline=90)

    assert not load.others and not load.unanswered, (set(load.others), load.unanswered)
    in_redis = [sender.json.loads(entry["body"])["id"] for entry in redis.stream(unique)]
    assert len(in_redis) == len(set(in_redis))
    assert set(in_redis) == set(load.answered)

    # A single Redis stream has the journal's order: each partition must agree with it.
    place = {event_id: number for number, event_id in enumerate(in_redis)}
    records = kafka.read(unique)
    assert {record.id for record in records} == set(load.answered), "Kafka lacks some"
    for partition in range(3):
        seen, places = set(), []
        for record in records:
            if record.partition == partition and record.id not in seen:
                seen.add(record.id)
                places.append(place[record.id])
        assert places, f"nothing on partition {partition}"
        assert places == sorted(places), f"partition {partition} is out of order"


def test_kafka_that_is_not_there_at_the_start_is_waited_for(hookstream, kafka, services, unique):
    kafka.create(unique)
    services("stop", "kafka")
    one = hookstream(
        sinks={"kafka": {"type": "kafka", "brokers": [kafka.address]}},
        routes=[{"name": "all", "match": "**", "to": [{"sink": "kafka", "topic": unique}]}],
    )
    sent = [sender.event() for _ in range(10)]
    for document in sent:
        assert one.post(document).status == 202
    services("start", "kafka")
    one.drained()
    assert {record.id for record in kafka.read(unique)} == {event["id"] for event in sent}


def test_kafka_that_stands_still_gets_each_once_in_order(hookstream, kafka, services, unique):
    kafka.create(unique, partitions=1)
    one = hookstream(
        sinks={"kafka": {"type": "kafka", "brokers": [kafka.address]}},
        routes=[{"name": "all", "match": "**", "to": [{"sink": "kafka", "topic": unique}]}],
    )
    sent = []
    with sender.Connection(one.port) as connection:

        def send(count):
            for _ in range(count):
                document = sender.event()
                connection.send(sender.request(sender.encode(document)))
                assert connection.read_answer().status == 202
                sent.append(document["id"])

        send(50)
        services("pause", "kafka")
        send(200)
        services("resume", "kafka")
        send(50)
    one.drained()
    assert [record.id for record in kafka.read(unique)] == sent
