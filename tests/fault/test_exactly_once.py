"""`exactly_once: true` into Kafka: a reader of what is committed sees each event once, whatever
is killed, cut off or made to wait, and the sink never counts more than that."""

import random
import time

import pytest

from support.load import DELIVERED
from support.wait import wait_for


@pytest.fixture
def once(stage, kafka):
    """once(**options): a stage whose Kafka sink writes transactions, and runs."""

    def make(**options):
        it = stage(kafka=kafka)
        it.transactional_id = f"{it.name}-id"
        sink = {"exactly_once": True, "cursor_topic": f"{it.name}-cursors"}
        sink["transactional_id"] = it.transactional_id
        # Connections that are cut again and again are else left alone for up to five seconds.
        sink["properties"] = {"reconnect.backoff.max.ms": "500"}
        it.start(kafka=sink, **options)
        return it

    return make


def committed(it):
    """The last event that Kafka's own record of the sink covers; 0: there is no record."""
    texts = [record.body.split() for record in it.kafka.read(f"{it.name}-cursors")
             if record.key == it.transactional_id]
    return int(texts[-1][4]) if texts else 0


def counted_too_early(it):
    """Events that the saved cursor has passed and Kafka has not committed. Dead letters are none:
    the record in Kafka follows them later."""
    passed, events = it.journal.cursor("kafka"), it.ledger.events
    return [
        record.id
        for record in it.journal.records(after=committed(it))
        if record.sequence <= passed and events[record.id].fate == DELIVERED
    ]


def delivered(it):
    """Of this process."""
    return it.one.sink("kafka")["delivered"]


def only_taken_or_refused(load):
    assert set(load.statuses) <= {202, 401}, load.statuses


# ---- Killed ----


@pytest.mark.rounds(4)
def test_exactly_once_through_kill_9(once, services, rounds, seed):
    """`exactly_once`: killed at random moments, every fifth time with Kafka: each event is in
    Kafka once, in order."""
    chance = random.Random(seed)
    it = once()
    brokers_killed = 0
    for number in range(rounds):
        with it.load(rate=600) as load:
            load.wait_for_answers(chance.randrange(1, 100))
            if number % 4 < 3:  # else perhaps while it still begins
                before = delivered(it)
                wait_for(lambda before=before: delivered(it) > before, deadline=60, what="a commit")
            if number % 5 == 4:
                services("kill", "kafka")
                services("start", "kafka")
                brokers_killed += 1
            time.sleep(chance.uniform(0, 0.2))  # the instant is what is tried
            it.kill()
        it.one.start()
        it.settle()
        if number % 10 == 9:
            it.judge(kills=it.kills, kills_of_kafka=brokers_killed)
    it.judge(kills=it.kills, kills_of_kafka=brokers_killed)
    assert "lost events that it had confirmed" not in it.one.log


def test_exactly_once_killed_while_kafka_stands_still(once, services):
    """`exactly_once`: killed three times during a commit that Kafka has not answered. What counts
    as delivered is committed, and the rest comes once when Kafka continues."""
    it = once()
    for _ in range(3):
        with it.load() as load:
            before = delivered(it)
            wait_for(lambda before=before: delivered(it) > before, what="a commit")
            services("pause", "kafka")
            load.wait_for_answers(300)  # longer than the cursor's interval of saving
            it.kill()
        services("resume", "kafka")
        early = counted_too_early(it)
        assert not early, f"counted before they were committed: {early[:5]}"
        it.one.start()
    it.settle()
    it.judge(kills=it.kills)
    assert "lost events that it had confirmed" not in it.one.log


def test_exactly_once_killed_with_a_cursor_that_cannot_be_saved(once, failing_disk):
    """`exactly_once`: the journal's own cursors cannot be written (EIO), and hookstream is killed.
    Kafka's record has the position, and each event is there once."""
    environment, fail, mend = failing_disk
    it = once(environment=environment)
    with it.load() as load:
        load.wait_for_answers(50)
        fail("pwrite", "/cursors/")
        at = it.journal.cursor("kafka")
        load.wait_for_answers(300)
        wait_for(lambda: committed(it) > at + 100, what="commits behind the saved cursor")
        it.kill()
    assert it.journal.cursor("kafka") < committed(it), "the cursor was saved"
    mend("pwrite")
    it.one.start()
    it.settle()
    it.judge(kills=it.kills)


def test_exactly_once_and_sigterm_at_load(once, proxy, kafka):
    """`exactly_once`: SIGTERM under load, the last time with a Kafka too slow for the grace
    period: it exits 0 by itself, and each event is there once."""
    middle = proxy(kafka.address, kafka=True)
    it = once(kafka_address=middle.address, server={"shutdown_grace": "1s"})
    for rate in (None, None, 16 << 10):
        with it.load(rate=800) as load:
            load.wait_for_answers(200)
            middle.rate = rate
            load.wait_for_answers(100)
            it.stop()
        middle.rate = None
        it.one.start()
    it.settle()
    it.judge(stops=it.kills)


# ---- Kafka and the way to it ----


def test_exactly_once_and_kafka_is_killed_and_started(once, services):
    """`exactly_once`: Kafka is killed (kill -9) and restarts: senders always get 2xx. Each event
    is there once, in order, although the result of a commit was unknown."""
    it = once()
    with it.load() as load:
        load.wait_for_answers(200)
        services("kill", "kafka")
        load.wait_for_answers(200)
        services("start", "kafka")
        before = delivered(it)
        wait_for(lambda: delivered(it) > before, deadline=60, what="Kafka to go on")
    only_taken_or_refused(load)
    it.judge()


def test_exactly_once_and_acknowledgements_are_swallowed(once, proxy, kafka):
    """`exactly_once`: Kafka has the messages and commits, and its responses are lost: each event
    is there once, in order."""
    middle = proxy(kafka.address, kafka=True)
    it = once(kafka_address=middle.address)
    with it.load() as load:
        for _ in range(8):
            load.wait_for_answers(50)
            before = middle.swallowed
            middle.swallow = True
            load.wait_for_answers(50)
            wait_for(lambda before=before: middle.swallowed > before, what="an answer to swallow")
            middle.swallow = False
            middle.cut()
    only_taken_or_refused(load)
    it.judge(swallowed_bytes=middle.swallowed)


def test_exactly_once_and_replies_are_cut_in_the_middle(once, proxy, kafka, seed):
    """`exactly_once`: Kafka's responses are repeatedly cut after some bytes: each event is there
    once, in order."""
    middle = proxy(kafka.address, kafka=True)
    it = once(kafka_address=middle.address)
    chance = random.Random(seed)
    with it.load() as load:
        for _ in range(4):
            load.wait_for_answers(20)
            before = middle.cuts
            middle.cut_after = chance.randrange(1, 200)
            wait_for(lambda before=before: middle.cuts > before, what="a cut", pause=0.005)
    only_taken_or_refused(load)
    it.judge(cuts=middle.cuts)
