"""kill -9 of hookstream under load."""

import collections
import random
import signal
import time

import pytest


def test_kill_9_at_random_instants(stage, kafka, redis, rounds, seed):
    """Events answered 2xx are in Kafka and in Redis at every kill. Redis has nothing twice, Kafka
    only events past the saved cursor. The sender's retries cause no copies."""
    chance = random.Random(seed)
    it = stage(kafka=kafka, redis=redis)
    it.start()
    for number in range(rounds):
        with it.load(rate=600) as load:
            load.wait_for_answers(chance.randrange(1, 100))
            time.sleep(chance.uniform(0, 0.1))  # the instant is what is tried, nothing is awaited
            it.kill()
        it.one.start()
        it.settle()
        if number % 50 == 49:
            it.judge(kills=it.kills)
    it.judge(kills=it.kills)


def test_kill_9_while_it_starts(stage, kafka, redis, rounds, seed):
    """Killed repeatedly during recovery, with work left over: nothing is lost, and nothing comes
    twice except as after any kill."""
    chance = random.Random(seed)
    it = stage(kafka=kafka, redis=redis)
    it.start()
    with it.load(rate=800) as load:
        load.wait_for_answers(300)
        it.kill()
    for _ in range(rounds):
        it.one.start(ready=False)
        time.sleep(chance.uniform(0, 0.15))  # as above
        it.kill()
    it.one.start()
    it.settle()
    it.judge(kills=it.kills)


def test_kill_9_while_the_brokers_stand_still(stage, kafka, redis_server, services):
    """Killed three times with work that neither broker has confirmed: events answered 2xx are in
    the journal. When the brokers continue, each is there, in order, in Redis once."""
    server = redis_server()
    it = stage(kafka=kafka, redis=server)
    it.start()
    for _ in range(3):
        with it.load() as load:
            load.wait_for_answers(50)
            services("pause", "kafka")
            server.process.send_signal(signal.SIGSTOP)
            load.wait_for_answers(300)  # longer than the cursors' interval of saving
            it.kill()
        services("resume", "kafka")
        server.process.send_signal(signal.SIGCONT)
        it.one.start()
    it.settle()
    it.judge(kills=it.kills)


@pytest.mark.parametrize("where", ["redis", "kafka"])
# F1
def test_kill_9_while_dead_letters_are_forwarded(stage, kafka, redis, rounds, seed, where):
    """Every second event is a forwarded dead letter, and hookstream is killed repeatedly. Each
    letter is forwarded, to Redis once, to Kafka more than once only if it was past the saved
    cursor."""
    chance = random.Random(seed)
    it = stage(kafka=kafka, redis=redis)
    place = f"{it.name}.dead"
    if where == "kafka":
        kafka.create(place, partitions=1)
    it.start(dead_letters={"forward": {"sink": where, _key_of[where]: place}})
    for _ in range(rounds):
        with it.load(rate=600, odd_every=2) as load:
            load.wait_for_answers(chance.randrange(1, 100))
            time.sleep(chance.uniform(0, 0.1))  # the instant is what is tried
            it.kill()
        it.one.start()
        it.settle()
    it.judge(kills=it.kills)
    got = [int(number) for number in _forwarded(where, it, place)]
    kept = {record.sequence for _, record in it.journal.dead_letters()}
    assert len(kept) > 3 * rounds, "there were few dead letters, so little was shown"
    assert set(got) == kept, "letters that were not forwarded, or that are none"
    times = collections.Counter(got)
    if where == "redis":
        assert max(times.values()) == 1, "a letter came twice"
        assert got == sorted(got), "out of order"
    else:
        assert max(times.values()) <= 1 + it.kills
        firsts = list(dict.fromkeys(got))
        assert firsts == sorted(firsts), "out of order"


def test_kill_9_while_dead_letters_wait_for_their_target(stage, kafka, redis, services):
    """Killed three times with dead letters that Kafka has not confirmed. Redis did not wait for
    them, and each is forwarded when Kafka continues."""
    it = stage(redis=redis)
    place = f"{it.name}.dead"
    kafka.create(place, partitions=1)
    forward = {"forward": {"sink": "kafka", "topic": place}}
    parts = it.parts(dead_letters=forward)
    parts["sinks"]["kafka"] = {"type": "kafka", "brokers": [kafka.address]}
    it.one = it.make(**parts)
    for _ in range(3):
        with it.load(odd_every=2) as load:
            load.wait_for_answers(50)
            services("pause", "kafka")
            load.wait_for_answers(400)  # longer than the cursors' interval of saving
            it.one.drained("redis", "dead_letters")
            assert it.one.sink("dead_letters.forward")["lag_events"] > 0
            it.kill()
        services("resume", "kafka")
        it.one.start()
    it.settle()
    it.judge(kills=it.kills)
    got = [int(record.headers["dead-letter-number"]) for record in kafka.read(place)]
    assert set(got) == {record.sequence for _, record in it.journal.dead_letters()}
    assert max(collections.Counter(got).values()) <= 1 + it.kills


_key_of = {"redis": "stream", "kafka": "topic"}


def _forwarded(where, it, place):
    if where == "redis":
        return [entry["dead-letter-number"] for entry in it.redis.stream(place)]
    return [record.headers["dead-letter-number"] for record in it.kafka.read(place)]
