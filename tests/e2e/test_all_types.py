"""The worked example config/hookstream.yaml with real Kafka and Redis: every one of the 21
types arrives on its topic and its stream, with key, headers and body as its route says."""

import hashlib
import hmac
import json
import shutil

import pytest

from support import program, sender
from support.ports import free_port

PII_KEY = "a-key-for-pseudonyms"
TOPICS = {
    "queue": "fanfare.queue",
    "draw": "fanfare.draw",
    "auction": "fanfare.auction",
    "order": "fanfare.order",
    "consumer": "fanfare.consumer",
    "distribution": "fanfare.distribution",
}
KEYS = {
    "queue": "queueId",
    "draw": "drawId",
    "auction": "auctionId",
    "order": "orderId",
    "consumer": "consumerId",
    "distribution": "distributionId",
}
STREAMS = {
    "queue": "fanfare:{queueId}",
    "draw": "fanfare:{drawId}",
    "auction": "fanfare:{auctionId}",
    "order": "fanfare:order",
    "consumer": "fanfare:consumer",
    "distribution": "fanfare:{distributionId}",
}
CREDENTIALS = {"queue": "admissionToken", "draw": "admissionToken", "auction": "paymentToken"}


def expected(document):
    """What the routes of config/hookstream.yaml make of an event, worked out by hand."""
    family = document["type"].split(".")[0]
    document = json.loads(json.dumps(document))
    data = document["data"]
    data.pop(CREDENTIALS.get(family), None)
    if family == "consumer":
        for field in ("email", "phone"):
            if isinstance(data.get(field), str):
                digest = hmac.new(PII_KEY.encode(), data[field].encode(), hashlib.sha256)
                data[field] = digest.hexdigest()
    return document


@pytest.fixture
def example(kafka, redis, hookstream, tmp_path):
    kafka.create(list(TOPICS.values()))
    text = (program.ROOT / "config" / "hookstream.yaml").read_text()
    port, admin_port = free_port(), free_port()
    for address, mine in {"0.0.0.0:8080": port, "0.0.0.0:9464": admin_port}.items():
        assert text.count(address) == 1
        text = text.replace(address, f"127.0.0.1:{mine}")
    environment = {
        "FANFARE_SECRET": sender.SECRET,
        "PII_KEY": PII_KEY,
        "KAFKA_BROKERS": kafka.address,
        "REDIS_URL": redis.url,
        "HOOKSTREAM_JOURNAL": str(tmp_path / "journal"),
    }
    one = hookstream(text, start=False, environment=environment)
    one.port, one.admin_port = port, admin_port
    return one.start()


def stream_of(document):
    return STREAMS[document["type"].split(".")[0]].format(**document["data"])


def test_every_type_arrives_as_its_route_says(example, kafka, redis):
    sent = [sender.event(name) for name in sender.all_types()]
    assert len(sent) == 21
    for document in sent:
        assert example.post(document).status == 202
    example.drained("kafka", "redis")

    records = {topic: {record.id: record for record in kafka.read(topic)}
               for topic in TOPICS.values()}
    for document in sent:
        family = document["type"].split(".")[0]
        record = records[TOPICS[family]].get(document["id"])
        assert record is not None, f"{document['type']} is not on {TOPICS[family]}"
        assert record.key == document["data"][KEYS[family]]
        assert record.headers["webhook-id"] == document["id"]
        assert record.headers["webhook-type"] == document["type"]
        assert record.headers["webhook-timestamp"] == document["timestamp"]
        assert record.headers["organization-id"] == document["organizationId"]
        assert record.headers["content-type"] == "application/json"

        want, got = expected(document), record.document
        if family == "consumer" and "fullName" in want["data"]:
            assert got["data"].pop("fullName") != want["data"].pop("fullName")
        assert got == want

        entries = [json.loads(entry["body"]) for entry in redis.stream(stream_of(document))]
        same = [entry for entry in entries if entry["id"] == document["id"]]
        assert len(same) == 1, f"{document['type']}: {len(same)} times in its stream"
        if family == "consumer":
            same[0]["data"].pop("fullName", None)
        assert same[0] == want


def test_explain_says_what_the_brokers_got(example, kafka, redis, tmp_path):
    sent = [sender.event(name) for name in sender.all_types()]
    for document in sent:
        assert example.post(document).status == 202
    example.drained("kafka", "redis")
    records = {topic: {record.id: record for record in kafka.read(topic)}
               for topic in TOPICS.values()}
    for document in sent:
        file = tmp_path / "event.json"
        file.write_text(json.dumps(document))
        done = program.command("explain", "-c", example.file, "--json", "--show-values", file,
                               env=example.environment)
        assert done.returncode == 0, done
        to_kafka, to_redis = json.loads(done.stdout)["messages"]
        record = records[to_kafka["topic"]][document["id"]]
        assert (record.key, record.headers) == (to_kafka["key"], to_kafka["headers"])
        assert record.partition == to_kafka["murmur2"] % 3
        entries = [json.loads(entry["body"]) for entry in redis.stream(to_redis["stream"])]
        (entry,) = [one for one in entries if one["id"] == document["id"]]
        for said, got in ((to_kafka["body"], record.document), (to_redis["body"], entry)):
            if "fullName" in document["data"]:  # redacted with a mark of its own
                assert said["data"].pop("fullName") == got["data"].pop("fullName")
            assert said == got


def test_an_untransformed_route_forwards_the_bytes(example, kafka, redis):
    document = sender.event("order.created")
    body = json.dumps(document, indent=3, ensure_ascii=True).encode() + b"\n"
    body = body.replace(b'"quantity"', b'"zahl\\u0000\\u00fc":1.50e+3 ,  "quantity"', 1)
    assert example.post(body).status == 202
    example.drained("kafka", "redis")
    (record,) = [one for one in kafka.read("fanfare.order") if one.id == document["id"]]
    assert record.body == body
    assert body in [entry["body"] for entry in redis.stream("fanfare:order")]


def test_send_all_arrives_once_in_each(example, kafka, redis, tmp_path):
    ledger = tmp_path / "ledger"
    secret = sender.SECRET
    url = f"http://127.0.0.1:{example.port}{sender.PATH}"
    done = program.command(
        "send", "--all", "--count", 2100, "--connections", 8, "--url", url, "--secret", secret,
        "--ledger", ledger, "--quiet",
    )
    assert done.returncode == 0, done
    example.drained("kafka", "redis")
    rows = [line.split() for line in ledger.read_text().splitlines()]
    sent = [row[0] for row in rows if row[1] == "202"]
    assert len(sent) == len(set(sent)) == 2100
    found = [record.id for topic in TOPICS.values() for record in kafka.read(topic)]
    ours = [one for one in found if one in set(sent)]
    assert sorted(ours) == sorted(sent), "not each exactly once in Kafka"
    assert example.metric("sink_delivered_total", sink="redis") >= 2100
    assert example.metric("dead_letters_total") == 0


def test_check_finds_the_example_good(tmp_path):
    environment = {"FANFARE_SECRET": sender.SECRET, "PII_KEY": PII_KEY, "PATH": "/usr/bin:/bin"}
    done = program.command(
        "check", "-c", program.ROOT / "config" / "hookstream.yaml", env=environment
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed")
def test_metrics_pass_promtool_with_every_kind_of_sink(example):
    import subprocess

    for name in sender.all_types():
        example.post(sender.event(name))
    example.post(sender.event(), secret="another-secret")
    done = subprocess.run(
        ["promtool", "check", "metrics"], input=example.metrics.text, text=True,
        capture_output=True, check=False,
    )
    assert done.returncode == 0 and not done.stderr.strip(), done
