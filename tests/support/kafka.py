"""Kafka from the outside: topics by the protocol itself, records by kcat."""

import json
import socket
import struct
import subprocess
import sys
import time

CREATE_TOPICS = 19
DELETE_TOPICS = 20
CREATE_ACLS = 30
DELETE_ACLS = 31
UNKNOWN_TOPIC = 3
TOPIC_ALREADY_EXISTS = 36
NOT_CONTROLLER = 41


def _text(value):
    data = value.encode()
    return struct.pack(">h", len(data)) + data


def _ask(address, key, version, body):
    host, port = address.rsplit(":", 1)
    message = struct.pack(">hhi", key, version, 1) + _text("hookstream-tests") + body
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        connection.sendall(struct.pack(">i", len(message)) + message)
        reader = connection.makefile("rb")
        size = struct.unpack(">i", reader.read(4))[0]
        return reader.read(size)[4:]


def _create_once(address, topics, properties):
    """CreateTopics version 2: (code, message) a topic."""
    body = struct.pack(">i", len(topics))
    for name, partitions in topics.items():
        body += _text(name) + struct.pack(">ihi", partitions, 1, 0)
        body += struct.pack(">i", len(properties))
        for key, value in properties.items():
            body += _text(key) + _text(str(value))
    answer = _ask(address, CREATE_TOPICS, 2, body + struct.pack(">i?", 20000, False))
    results, at = {}, 8
    for _ in range(struct.unpack_from(">i", answer, 4)[0]):
        size = struct.unpack_from(">h", answer, at)[0]
        name = answer[at + 2 : at + 2 + size].decode()
        code, length = struct.unpack_from(">hh", answer, at + 2 + size)
        at += 6 + size
        message = answer[at : at + max(length, 0)].decode()
        at += max(length, 0)
        results[name] = (code, message)
    return results


def create_topics(address, topics, **properties):
    """Creates what is not there yet; properties with _ for the dots."""
    properties = {key.replace("_", "."): value for key, value in properties.items()}
    for name, (code, message) in _create_once(address, topics, properties).items():
        if code not in (0, TOPIC_ALREADY_EXISTS):
            raise RuntimeError(f"topic {name}: error {code} {message}")
    _wait_for_leaders(address, topics)


def delete_topic(address, topic, deadline=20):
    """Deletes a topic and waits until the broker does not know it any more."""
    end = time.monotonic() + deadline
    body = struct.pack(">i", 1) + _text(topic) + struct.pack(">i", 20000)
    while True:
        answer = _ask(address, DELETE_TOPICS, 1, body)
        code = struct.unpack(">h", answer[-2:])[0]
        if code == UNKNOWN_TOPIC:
            return
        if code != 0 or time.monotonic() > end:
            raise RuntimeError(f"topic {topic} is not deleted: error {code}")
        time.sleep(0.05)


# Numbers of the protocol.
TOPIC, CLUSTER = 2, 4  # resources
ALL, WRITE, IDEMPOTENT_WRITE = 2, 4, 12  # operations
LITERAL, DENY, ALLOW = 3, 2, 3
# Whoever may write to any topic may do so idempotently.
_no_idempotent_writes = (
    (CLUSTER, "kafka-cluster", ALL, ALLOW),
    (TOPIC, "*", ALL, ALLOW),
    (CLUSTER, "kafka-cluster", IDEMPOTENT_WRITE, DENY),
    (TOPIC, "*", WRITE, DENY),
)


def _change_rule(address, key, kind, name, operation, permission):
    """For everyone here, from anywhere."""
    rule = struct.pack(">b", kind) + _text(name) + struct.pack(">b", LITERAL)
    rule += _text("User:ANONYMOUS") + _text("*") + struct.pack(">bb", operation, permission)
    answer = _ask(address, key, 1, struct.pack(">i", 1) + rule)
    code = struct.unpack_from(">h", answer, 8)[0]
    if code != 0:
        raise RuntimeError(f"rule for {name}: error {code}")


def add_rule(address, kind, name, operation, permission):
    _change_rule(address, CREATE_ACLS, kind, name, operation, permission)


def remove_rule(address, kind, name, operation, permission):
    _change_rule(address, DELETE_ACLS, kind, name, operation, permission)


def _wait_for_leaders(address, topics, deadline=20):
    end = time.monotonic() + deadline
    while True:
        listing = subprocess.run(
            ["kcat", "-b", address, "-L", "-J", "-m", "5"], capture_output=True, check=False
        )
        known = json.loads(listing.stdout or b"{}").get("topics", [])
        ready = {
            topic["topic"]
            for topic in known
            if topic["partitions"] and all(part["leader"] >= 0 for part in topic["partitions"])
        }
        if set(topics) <= ready:
            return
        if time.monotonic() > end:
            raise RuntimeError(f"topics without a leader: {sorted(set(topics) - ready)}")
        time.sleep(0.05)


class Record:
    def __init__(self, row):
        self.topic, self.partition, self.offset = row["topic"], row["partition"], row["offset"]
        self.key, self.body = row.get("key"), (row.get("payload") or "").encode()
        names = row.get("headers") or []
        self.headers = dict(zip(names[::2], names[1::2]))

    @property
    def id(self):
        return self.headers.get("webhook-id")

    @property
    def document(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"<Record {self.topic}/{self.partition}@{self.offset} {self.key} {self.id}>"


class Kafka:
    """One broker and the topics that a test uses on it."""

    def __init__(self, address):
        self.address = address

    def create(self, topics, partitions=3, **properties):
        if not isinstance(topics, dict):
            names = [topics] if isinstance(topics, str) else topics
            topics = {name: partitions for name in names}
        create_topics(self.address, topics, **properties)

    def delete(self, topic):
        delete_topic(self.address, topic)

    def deny(self, topic):
        """Takes every right to the topic away, that to describe it, too."""
        add_rule(self.address, TOPIC, topic, ALL, DENY)

    def allow(self, topic):
        """What deny() took away is given back."""
        remove_rule(self.address, TOPIC, topic, ALL, DENY)

    def deny_idempotent_writes(self):
        """No producer may begin. Any rule takes the rights away that it does not name, so all are
        allowed first."""
        for rule in _no_idempotent_writes:
            add_rule(self.address, *rule)

    def allow_idempotent_writes(self):
        for rule in reversed(_no_idempotent_writes):
            remove_rule(self.address, *rule)

    def read(self, topic, isolation="read_committed"):
        """Every record of a topic so far, partition by partition in order of their offsets."""
        done = subprocess.run(
            ["kcat", "-b", self.address, "-C", "-t", topic, "-o", "beginning", "-e", "-q", "-J"]
            + ["-X", "fetch.wait.max.ms=20", "-X", "socket.timeout.ms=5000"]
            + ["-X", f"isolation.level={isolation}"],
            capture_output=True,
            check=False,
            timeout=60,
        )
        if done.returncode != 0:
            raise AssertionError(f"kcat: {done.stderr.decode()}")
        records = [Record(json.loads(line)) for line in done.stdout.splitlines()]
        return sorted(records, key=lambda record: (record.partition, record.offset))


if __name__ == "__main__":
    words = sys.argv[3:]
    if len(sys.argv) < 5 or sys.argv[1] != "create" or len(words) % 2:
        sys.exit("usage: kafka.py create HOST:PORT NAME PARTITIONS [NAME PARTITIONS]...")
    create_topics(sys.argv[2], {name: int(count) for name, count in zip(words[::2], words[1::2])})
