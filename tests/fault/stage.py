"""A stage: one hookstream with its brokers, a ledger of what was sent, and the judgement."""

import collections
import json
import time

from oracle import Seen, judge
from support import load, program
from support.journal import Journal
from support.wait import wait_for

# Events that may be between a sink and its broker at once: librdkafka's queue as preset.
KAFKA_QUEUE = 5000


def kafka_seen(kafka, topic, exactly_once=False):
    """What a consumer sees that reads only what is committed, and how many records any other
    sees besides: of a sink that writes no transactions none."""
    plain = kafka.read(topic, isolation="read_uncommitted")
    committed = kafka.read(topic, isolation="read_committed")
    if not exactly_once:
        assert [record.id for record in plain] == [record.id for record in committed]
    seen = [Seen(record.id, record.key, record.body, record.partition) for record in committed]
    return seen, len(plain) - len(committed)


def redis_seen(redis, stream):
    """The entries of a stream; their keys are those of their bodies."""
    seen = []
    for entry in redis.stream(stream):
        document = json.loads(entry["body"])
        seen.append(Seen(document["id"], document["data"]["orderId"], entry["body"], 0))
    return seen


def letters_seen(journal):
    """The dead letters, of events that no route took or whose target lacked a field. The one
    pump does not wait for the other."""
    letters = journal.dead_letters()
    others = {reason for reason, _ in letters} - {"no_route", "template"}
    assert not others, f"dead letters for another reason: {', '.join(others)}"
    return [Seen(record.id, None, record.body, reason) for reason, record in letters]


class Stage:
    """What a scenario works with. Either broker may be left out (None)."""

    def __init__(self, make, name, report, kafka=None, redis=None, partitions=3, seed=0):
        self.make, self.name, self.report = make, name, report
        self.kafka, self.redis, self.partitions = kafka, redis, partitions
        self.ledger = load.Ledger(seed=seed)
        self.kills = 0  # and stops
        self.exactly_once = False  # into Kafka
        self.open = collections.Counter()  # id -> how many ends found it past Kafka's cursor
        self.one = None
        if kafka is not None:
            kafka.create(name, partitions=partitions)

    # ---- hookstream ----

    def parts(self, kafka_address=None, redis_url=None, **rest):
        """A configuration; the addresses may be those of proxies, `kafka` and `redis` are options
        of the sinks."""
        sinks, targets = {}, []
        if self.kafka is not None:
            address = kafka_address or self.kafka.address
            sinks["kafka"] = {"type": "kafka", "brokers": [address]}
            sinks["kafka"].update(rest.pop("kafka", {}))
            self.exactly_once = sinks["kafka"].get("exactly_once", False)
            targets.append({"sink": "kafka", "topic": self.name, "key": "{data.orderId}"})
        if self.redis is not None:
            sinks["redis"] = {"type": "redis", "url": redis_url or self.redis.url}
            sinks["redis"].update(rest.pop("redis", {}))
            targets.append({"sink": "redis", "stream": self.name})
        # Of an event for two sinks each writes a dead letter; one is enough here.
        lacking = dict(targets[0])
        lacking["key" if "topic" in lacking else "stream"] = "{data.not_there}"
        routes = [
            {"name": "orders", "match": "order", "to": targets},
            {"name": "lacking", "match": "auction", "to": [lacking]},
        ]
        # A small journal has small segments, which are soon prepared at a start.
        journal = {"max_size": "64MiB", **rest.pop("journal", {})}
        return {"sinks": sinks, "routes": routes, "journal": journal, **rest}

    def start(self, environment=None, **options):
        self.one = self.make(environment=environment, **self.parts(**options))
        return self.one

    @property
    def journal(self):
        config = json.loads(self.one.file.read_text())
        return Journal(config["journal"]["path"])

    def kill(self):
        """kill -9, at the instant."""
        self.one.kill9()
        self._note_end()

    def stop(self):
        """SIGTERM; it must end well. Kafka may still have had something on its way."""
        self.one.stop()
        self._note_end()

    def _note_end(self):
        """Notes what is past Kafka's saved cursor: only that may come again."""
        self.kills += 1
        if self.exactly_once:
            return
        cursor = self.journal.cursor("kafka")
        self.open.update(record.id for record in self.journal.records(after=cursor))

    # ---- events ----

    def load(self, **options):
        return load.Load(self.one.port, self.ledger, **options)

    def post(self, count):
        """So many events, one after the other, each answered 2xx."""
        load.retry(self.one.port, [self.ledger.make() for _ in range(count)])

    def settle(self, again=20):
        """The sender's retries: what was never answered 2xx, and the last that were."""
        taken = sorted(self.ledger.taken(), key=lambda event: event.ended)
        load.retry(self.one.port, self.ledger.untaken() + taken[-again:])

    # ---- judgement ----

    def _copies_allowed(self):
        """Kafka: at least once. A copy more for each kill that found the event past the saved
        cursor, and one for each time that the producer had to be rebuilt."""
        rebuilds = self.one.log.count("cannot go on and is rebuilt")
        return lambda event_id: 1 + rebuilds + self.open[event_id]

    def judge(self, deadline=60, exact=False, **figures):
        """Waits until all is delivered, reads everything, and compares. `exact`: no copy in
        Kafka either, as always with `exactly_once`."""
        self.one.drained(deadline=deadline)
        sent = [event for event in self.ledger.genuine() if event.attempts]
        letters = judge(self.ledger.events, letters_seen(self.journal), fate=load.DEAD)
        told = {"sent": len(sent), "answered": len(self.ledger.taken())}
        told.update(lost=len(letters.missing), reordered=0)
        verdicts = {}
        if self.kafka is not None:
            seen, aborted = kafka_seen(self.kafka, self.name, self.exactly_once)
            verdicts["kafka"] = judge(self.ledger.events, seen)
            if self.exactly_once:
                figures["aborted"] = aborted
        if self.redis is not None:
            verdicts["redis"] = judge(self.ledger.events, redis_seen(self.redis, self.name))
        for where, verdict in verdicts.items():
            told["lost"] += len(verdict.missing)
            told["reordered"] += len(verdict.reordered)
            told[f"duplicated_{where}"] = verdict.duplicates
        self.report(**told, **figures)
        # Written before the cursor moves: a kill between the two writes them again.
        letters.hold("dead letters", lambda event_id: 1 + self.kills)
        if "kafka" in verdicts:
            exact = exact or self.exactly_once
            allowed = (lambda event_id: 1) if exact else self._copies_allowed()
            verdicts["kafka"].hold("Kafka", allowed)
            assert verdicts["kafka"].duplicates <= KAFKA_QUEUE * (1 + self.kills)
        if "redis" in verdicts:
            verdicts["redis"].hold("Redis")
        assert self.ledger.taken(), "nothing was answered 2xx, so nothing was shown"
        return verdicts


def wait_for_answer(one, status, deadline=30):
    """Sends events that are in no ledger until one is answered so."""

    def probe():
        answer = one.post(program.sender.event())
        return answer is not None and answer.status == status

    wait_for(probe, deadline, f"an answer of {status}")


def wait_for_state(one, sink, *states, deadline=30):
    wait_for(lambda: one.sink(sink)["state"] in states, deadline, f"{sink} to be {states}")


class Stopwatch:
    def __init__(self):
        self.begun = time.monotonic()

    @property
    def seconds(self):
        return round(time.monotonic() - self.begun, 1)
