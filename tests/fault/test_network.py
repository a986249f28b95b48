"""What lies between hookstream and its brokers is slow, breaks, or loses answers (a proxy)."""

import random

import pytest

from support.wait import wait_for


@pytest.fixture
def between(stage, proxy, kafka, redis):
    """A stage with a proxy before each broker: (stage, Kafka's proxy, Redis' proxy)."""
    it = stage(kafka=kafka, redis=redis)
    to_kafka, to_redis = proxy(kafka.address, kafka=True), proxy(redis.address)
    it.start(kafka_address=to_kafka.address, redis_url=f"redis://{to_redis.address}/0")
    return it, to_kafka, to_redis


def only_taken_or_refused(load):
    assert set(load.statuses) <= {202, 401}, load.statuses


def test_every_answer_of_a_broker_comes_late(between):
    """Every piece of a response is delayed by 200 ms: senders do not wait for brokers, and each
    event is there once, in order."""
    it, to_kafka, to_redis = between
    to_kafka.delay = to_redis.delay = 0.2
    with it.load() as load:
        load.wait_for_answers(800)
    only_taken_or_refused(load)
    assert load.slowest < 5, "a sender waited for a broker"
    it.judge(exact=True)


def test_connections_are_cut_in_the_middle_of_a_reply(between, seed):
    """Responses are repeatedly cut after some bytes: each event is there once, in order. In Kafka,
    too: the idempotent producer's sequence numbers reveal copies to the broker."""
    it, to_kafka, to_redis = between
    chance = random.Random(seed)
    ways = (to_kafka, to_redis)
    with it.load() as load:
        for _ in range(5):
            load.wait_for_answers(20)
            before = [way.cuts for way in ways]
            for way in ways:
                way.cut_after = chance.randrange(1, 200)
            for way, cuts in zip(ways, before):
                wait_for(lambda way=way, cuts=cuts: way.cuts > cuts, what="a cut", pause=0.005)
    only_taken_or_refused(load)
    it.judge(exact=True, cuts=to_kafka.cuts + to_redis.cuts)


def test_acknowledgements_are_swallowed(between):
    """The brokers have the events, and their responses are lost: after reconnecting this is
    detected, and each event is there once, in order."""
    it, to_kafka, to_redis = between
    ways = (to_kafka, to_redis)
    with it.load() as load:
        for _ in range(4):
            load.wait_for_answers(50)
            before = [way.swallowed for way in ways]
            for way in ways:
                way.swallow = True
            load.wait_for_answers(100)
            for way, swallowed in zip(ways, before):
                wait_for(
                    lambda way=way, swallowed=swallowed: way.swallowed > swallowed,
                    what="an answer to swallow",
                )
            for way in ways:
                way.swallow = False
                way.cut()
    only_taken_or_refused(load)
    it.judge(exact=True, swallowed_bytes=to_kafka.swallowed + to_redis.swallowed)


def test_one_kibibyte_a_second(between):
    """Both connections to the brokers are throttled to 1 KiB/s: senders get 2xx at once, and the
    journal keeps the events. Without the throttle each is there once, in order."""
    it, to_kafka, to_redis = between
    with it.load() as load:
        load.wait_for_answers(100)
        to_kafka.rate = to_redis.rate = 1024
        load.wait_for_answers(1500)
        to_kafka.rate = to_redis.rate = None
    only_taken_or_refused(load)
    assert load.slowest < 5, "a sender waited for a broker"
    it.judge(exact=True)
