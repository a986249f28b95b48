"""`exactly_once: true`: through kills and a broker that restarts, a read_committed reader sees
every event once, and every partition in the journal's order. Redis, which has each once and in
one stream, says what the journal's order is."""

import collections
import os
import random
import subprocess
import time

from support import http, program, sender
from support.wait import wait_for

# Every fifth round the broker is killed and started, too.
ROUNDS = int(os.environ.get("HOOKSTREAM_TEST_ROUNDS", "6"))
PARTITIONS = 4


def configuration(kafka, redis, unique, **options):
    return {
        "sinks": {
            "kafka": {
                "type": "kafka",
                "brokers": [kafka.address],
                "exactly_once": True,
                "transaction_time": "50ms",
                "cursor_topic": f"{unique}-cursors",
                **options,
            },
            "redis": {"type": "redis", "url": redis.url},
        },
        "routes": [
            {
                "name": "all",
                "match": "**",
                "to": [
                    {"sink": "kafka", "topic": unique, "key": "{id}"},
                    {"sink": "redis", "stream": unique},
                ],
            }
        ],
    }


class Sending:
    """`hookstream send` in the background; `answered` has the ids that got a 2xx."""

    def __init__(self, one, number, count=6000, rate=2500):
        self.ledger = one.folder / f"ledger{number}"
        self.process = subprocess.Popen(
            [program.binary(), "send", "-q", "-c", one.file, "-n", str(count), "-r", str(rate)]
            + ["-C", "8", "--seed", str(number + 1), "--ledger", self.ledger],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def end(self, now=False):
        if now:
            self.process.terminate()
        self.process.wait(120)

    @property
    def answered(self):
        rows = [line.split() for line in self.ledger.read_text().splitlines()]
        return [row[0] for row in rows if len(row) > 1 and row[1].startswith("2")]


def check(kafka, redis, unique, answered):
    in_redis = [sender.json.loads(entry["body"])["id"] for entry in redis.stream(unique)]
    assert len(in_redis) == len(set(in_redis)), "Redis is no measure"
    records = kafka.read(unique)
    ids = [record.id for record in records]
    assert not set(answered) - set(ids), "lost"
    places = collections.defaultdict(list)
    for record in records:
        places[record.id].append((record.partition, record.offset))
    twice = {event_id: where for event_id, where in places.items() if len(where) > 1}
    assert not twice, f"{len(twice)} more than once, at {list(twice.items())[:30]}"
    assert set(ids) == set(in_redis)
    place = {event_id: number for number, event_id in enumerate(in_redis)}
    for partition in range(PARTITIONS):
        places = [place[record.id] for record in records if record.partition == partition]
        assert places, f"nothing on partition {partition}"
        assert places == sorted(places), f"partition {partition} is out of order"
    return len(ids)


def delivered(one):
    return one.sink("kafka")["delivered"]


def test_each_is_seen_once_through_kills_and_a_broker_restart(
    hookstream, kafka, redis, services, unique
):
    kafka.create(unique, partitions=PARTITIONS)
    one = hookstream(**configuration(kafka, redis, unique))
    answered = []
    for number in range(ROUNDS):
        sending = Sending(one, number)
        wanted = random.randrange(200, 2500)
        wait_for(lambda: delivered(one) > wanted, what=f"{wanted} to be delivered")
        if number % 5 == 3:
            services("kill", "kafka")
            services("start", "kafka")
            before = delivered(one)
            wait_for(lambda: delivered(one) > before, deadline=90, what="Kafka to go on")
        time.sleep(random.uniform(0, 0.15))  # else it is always just behind a commit
        one.kill9()
        sending.end(now=True)
        answered += sending.answered
        one.start()
    one.drained(deadline=120)
    assert len(answered) > 200 * ROUNDS
    seen = check(kafka, redis, unique, answered)
    assert len(kafka.read(unique, "read_uncommitted")) > seen, "no kill met an open transaction"


def test_a_broker_that_is_away_for_long_is_waited_for(hookstream, kafka, redis, services, unique):
    kafka.create(unique, partitions=PARTITIONS)
    # The cluster gives up transactions that are older than this, and the sink must not take
    # that for a fence. Now and then none is open when the broker stands still.
    short = {"properties": {"transaction.timeout.ms": "4000"}}
    one = hookstream(**configuration(kafka, redis, unique, **short))
    sending = Sending(one, 0, count=20000, rate=1000)
    wait_for(lambda: delivered(one) > 500, what="the load to run")
    services("pause", "kafka")
    behind = one.sink("kafka")["lag_events"]
    wait_for(
        lambda: one.sink("kafka")["lag_events"] > behind + 8000, deadline=60, what="the sink to lag"
    )
    services("resume", "kafka")
    sending.end()
    one.drained(deadline=120)
    assert one.sink("kafka")["state"] == "up"
    check(kafka, redis, unique, sending.answered)


def test_who_is_fenced_says_so_and_stays_away(hookstream, kafka, redis, unique):
    kafka.create(unique, partitions=PARTITIONS)
    same = {"transactional_id": f"{unique}-id"}
    first = hookstream(**configuration(kafka, redis, unique, **same))
    assert first.post(sender.event()).status == 202
    first.drained()
    parts = configuration(kafka, redis, unique, **same)
    second = hookstream(
        **{**parts, "journal": {"path": str(first.folder / "journal2"), "max_size": "64MiB"}}
    )
    wait_for(lambda: second.sink("kafka")["state"] == "up", what="the second to take over")
    assert first.post(sender.event()).status == 202
    wait_for(lambda: first.sink("kafka")["state"] == "blocked", deadline=60, what="the fence")
    assert first.sink("kafka")["reason"] == "fenced"
    page = http.get(first.admin_port, "/readyz").body.decode()
    assert "sink kafka is blocked (fenced)" in page and "`transactional_id`" in page
    events = [sender.event() for _ in range(20)]
    for document in events:
        assert second.post(document).status == 202
    second.drained("kafka")
    assert first.sink("kafka")["reason"] == "fenced"
    ids = [record.id for record in kafka.read(unique)]
    assert len(ids) == 21 and {event["id"] for event in events} < set(ids)
