"""kill -9 under load, ten rounds: every id answered 2xx is delivered after the restart."""

import collections
import random

from support import sender
from support.wait import wait_for

ROUNDS = 10


def parts(kafka, redis, topic, unique):
    return {
        "sinks": {
            "kafka": {"type": "kafka", "brokers": [kafka.address]},
            "redis": {"type": "redis", "url": redis.url},
            "files": {"type": "file", "path": "out"},
        },
        "routes": [
            {
                "name": "all",
                "match": "**",
                "to": [
                    {"sink": "kafka", "topic": topic, "key": "{data.orderId}"},
                    {"sink": "redis", "stream": unique},
                    {"sink": "files", "file": "all.jsonl"},
                ],
            }
        ],
    }


def test_nothing_answered_is_lost_by_ten_kills(hookstream, kafka, redis, unique):
    kafka.create(unique)
    one = hookstream(**parts(kafka, redis, unique, unique))
    answered = []
    for _ in range(ROUNDS):
        load = sender.Load(one.port, rate=1500, connections=6, number_field="orderId").start()
        wanted = random.randrange(50, 600)
        wait_for(lambda: len(load.answered) >= wanted, what=f"{wanted} answers")
        one.kill9()
        load.stop()
        assert not load.others, f"answers other than 2xx: {set(load.others)}"
        answered += load.answered
        one.start()
    one.drained()
    answered_set = set(answered)
    assert len(answered_set) == len(answered) >= 50 * ROUNDS

    in_kafka = [record.id for record in kafka.read(unique)]
    assert not answered_set - set(in_kafka), "lost on the way to Kafka"

    bodies = [entry["body"] for entry in redis.stream(unique)]
    in_redis = collections.Counter(sender.json.loads(body)["id"] for body in bodies)
    assert not answered_set - in_redis.keys(), "lost on the way to Redis"
    twice = [event_id for event_id, count in in_redis.items() if count > 1]
    assert not twice, "Redis has them more than once"

    lines = (one.folder / "out" / "all.jsonl").read_bytes().splitlines()
    in_file = collections.Counter(sender.json.loads(line)["id"] for line in lines)
    assert not answered_set - in_file.keys(), "lost on the way to the file"


def test_ids_survive_a_kill_so_a_retry_is_a_duplicate(hookstream, redis, unique):
    one = hookstream(
        sinks={"redis": {"type": "redis", "url": redis.url}},
        routes=[{"name": "all", "match": "**", "to": [{"sink": "redis", "stream": unique}]}],
    )
    sent = [sender.event() for _ in range(20)]
    for document in sent:
        assert one.post(document).status == 202
    one.kill9()
    one.start()
    for document in sent:
        assert one.post(document, fields={"X-Fanfare-Retry-Count": 1}).status == 202
    one.drained()
    assert redis.length(unique) == 20
    one.counts("events_duplicate_total", is_now=20)
