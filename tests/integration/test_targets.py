"""Samples, and targets with a `when` and transformations of their own: what comes to each, once,
whatever is killed, and what becomes of events that nobody wants."""

import json

import pytest
from support import program, sender

EVENT = {
    "id": "whk_00007",
    "type": "order.created",
    "timestamp": "2026-01-01T00:00:00Z",
    "organizationId": "org_1",
    "data": {"orderId": "order_1", "amount": "50.00", "email": "a@example.com"},
}


def lines(one, sink, name):
    path = one.folder / sink / name
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def ids(events):
    return [event["id"] for event in events]


def files(*names):
    return {name: {"type": "file", "path": name} for name in names}


def post_all(one, documents):
    for document in documents:
        assert one.post(document).status == 202


def test_each_target_gets_its_events_once_though_both_are_killed(hookstream, redis_server):
    server = redis_server()
    one = hookstream(
        sinks={"redis": {"type": "redis", "url": server.url}, **files("files")},
        routes=[
            {
                "name": "orders",
                "match": "order",
                "transform": [{"set": {"data.seen": True}}],
                "to": [
                    {"sink": "redis", "stream": "all"},
                    {
                        "sink": "redis",
                        "stream": "large",
                        "when": "data.amount >= 100",
                        "transform": [{"remove": ["data.orderId"]}],
                    },
                    {"sink": "redis", "stream": "odd", "when": "data.number in [1, 3, 5, 7, 9]"},
                    {"sink": "files", "file": "large", "when": "data.amount >= 100"},
                ],
            }
        ],
    )
    sent = []
    for number in range(400):
        if number in (150, 300):
            server.end()
            one.kill9()
            server.start()
            one.start()
        document = sender.event(amount=f"{number % 200}.00", number=number % 10)
        assert one.post(document).status == 202
        sent.append(document)
    one.drained()

    def found(stream):
        return [json.loads(entry["body"]) for entry in server.stream(stream)]

    large = [event["id"] for event in sent if float(event["data"]["amount"]) >= 100]
    odd = [event["id"] for event in sent if event["data"]["number"] % 2]
    assert ids(found("all")) == ids(sent)
    assert ids(found("large")) == large
    assert ids(found("odd")) == odd
    assert all("orderId" not in event["data"] and event["data"]["seen"] for event in found("large"))
    assert all("orderId" in event["data"] for event in found("odd"))
    written = ids(lines(one, "files", "large"))
    assert list(dict.fromkeys(written)) == large  # a kill may leave some there twice
    assert one.metric("dead_letters") == 0


def test_a_target_that_refuses_leaves_the_others_whole(hookstream, redis_server):
    """One message of three is a dead letter, and only that one is; it can be sent again."""
    server = redis_server()
    server("SET", "taken", "a string")
    one = hookstream(
        sinks={"redis": {"type": "redis", "url": server.url}},
        routes=[
            {
                "name": "orders",
                "match": "order",
                "to": [
                    {"sink": "redis", "stream": "never", "when": "type == 'order.other'"},
                    {"sink": "redis", "stream": "taken"},
                    {"sink": "redis", "stream": "good", "when": "data.amount exists"},
                ],
            }
        ],
    )
    documents = [sender.event() for _ in range(20)]
    post_all(one, documents)
    one.drained()
    assert len(server.stream("good")) == 20
    assert not server("EXISTS", "never")
    one.counts("dead_letters_total", reason="wrong_type", is_now=20)


def test_what_no_target_wants_is_done_and_no_dead_letter(hookstream):
    one = hookstream(
        sinks=files("a", "b"),
        routes=[
            {
                "name": "orders",
                "match": "order",
                # It would fail, but is not done for events that are for no target.
                "transform": [{"decimal": {"field": "data.amount", "code": "USD"}}],
                "to": [
                    {"sink": "a", "file": "x", "when": "data.amount == 1"},
                    {"sink": "b", "file": "x", "when": "data.amount in ['1', '2.00']"},
                ],
            }
        ],
        source={"ack": "delivered"},
    )
    post_all(one, [sender.event(amount=amount) for amount in ("1.00", "2", "no amount", "3")])
    one.drained()
    assert len(lines(one, "a", "x")) == 1
    assert len(lines(one, "b", "x")) == 2
    one.counts("sink_skipped_total", sink="a", route="orders", is_now=3)
    one.counts("sink_skipped_total", sink="b", route="orders", is_now=2)
    assert one.metric("dead_letters") == 0


def test_a_sample_is_the_same_on_every_sink_and_after_a_restart(hookstream):
    to = [{"sink": name, "file": "x"} for name in ("a", "b")]
    one = hookstream(
        sinks=files("a", "b"),
        routes=[
            {"name": "thin", "match": "order", "sample": "30%", "to": to},
            {"name": "all", "match": "**", "to": [{"sink": "a", "file": "all"}]},
        ],
    )
    first = [sender.event(event_id=f"whk_{number:05}") for number in range(200)]
    post_all(one, first[:100])
    one.drained()
    one.stop()
    one.start()
    post_all(one, first[100:])
    one.drained()
    taken = ids(lines(one, "a", "x"))
    assert taken == ids(lines(one, "b", "x"))
    assert 30 < len(taken) < 90
    assert not lines(one, "a", "all")  # no other route gets them
    since = [event["id"] for event in first[100:] if event["id"] not in taken]
    one.counts("events_sampled_out_total", route="thin", is_now=len(since))
    assert one.metric("dead_letters") == 0
    # And what `explain` says of each is what happened.
    for event in first[:20]:
        done = program.command(
            "explain", "-c", one.file, "--json", "-", input=json.dumps(event)
        )
        told = json.loads(done.stdout)
        assert (told["end"] == "delivered") == (event["id"] in taken), told
        assert told.get("reason") == (None if event["id"] in taken else "sampled_out")


def test_routes_are_limited_to_their_sources(hookstream):
    def source(name):
        verify = {"scheme": "fanfare", "secrets": [sender.SECRET]}
        return {"path": f"/webhooks/{name}", "verify": verify}

    def to(name):
        return [{"sink": "files", "file": name}]

    both = "source in ['fanfare', 'second']"
    one = hookstream(
        sinks=files("files"),
        sources={name: source(name) for name in ("fanfare", "second", "third")},
        routes=[
            {"name": "a", "match": "order", "sources": ["fanfare"], "to": to("a")},
            {"name": "b", "match": "order", "sources": ["second", "third"], "to": to("b")},
            {"name": "c", "match": "order", "to": to("c")},
            {"name": "d", "match": "**", "when": both, "to": to("d")},
            {"name": "e", "match": "**", "to": [{**to("e")[0], "when": "source == 'third'"}]},
        ],
    )
    for name in ("fanfare", "second", "third"):
        for kind in ("order.created", "queue.consumer.entered"):
            event = sender.event(kind, event_id=f"whk_{name}_{kind}")
            assert one.post(event, path=f"/webhooks/{name}").status == 202
    one.drained()
    found = {name: ids(lines(one, "files", name)) for name in "abcde"}
    assert found == {
        "a": ["whk_fanfare_order.created"],
        "b": ["whk_second_order.created", "whk_third_order.created"],
        "c": [],
        "d": ["whk_fanfare_queue.consumer.entered", "whk_second_queue.consumer.entered"],
        "e": ["whk_third_queue.consumer.entered"],
    }
    assert one.metric("dead_letters") == 0


def test_what_waited_goes_by_the_targets_of_before_too(hookstream, redis_server):
    """P4: an event that a target wanted when it came, and no target wants now, is a dead letter;
    one that none wanted then is not."""
    server = redis_server()
    sinks = {"redis": {"type": "redis", "url": server.url}, **files("files")}

    def routes(least):
        return [
            {
                "name": "orders",
                "match": "order",
                "to": [
                    {"sink": "redis", "stream": "s", "when": f"data.amount >= {least}"},
                    {"sink": "files", "file": "x"},
                ],
            }
        ]

    one = hookstream(sinks=sinks, routes=routes(100))
    server.end()
    post_all(one, [sender.event(amount=amount) for amount in ("50", "150", "250")])
    one.drained("files")
    one.stop()
    config = json.loads(one.file.read_text())
    config["routes"] = routes(200)
    one.file.write_text(json.dumps(config, indent=2))
    server.start()
    one.start()
    one.drained()
    found = [json.loads(entry["body"])["data"]["amount"] for entry in server.stream("s")]
    assert found == ["250"]
    one.counts("dead_letters_total", reason="rerouted", is_now=1)


@pytest.mark.parametrize("where", ["route", "target"])
def test_what_waited_and_a_smaller_sample_leaves_out_is_a_dead_letter(
    hookstream, redis_server, where
):
    """P4: it was accepted to be delivered, so it is not dropped as one that comes now is. A retry
    goes by the share of today."""
    server = redis_server()

    def routes(share):
        route, target = ({"sample": share}, {}) if where == "route" else ({}, {"sample": share})
        to = [{"sink": "redis", "stream": "s", **target}]
        return [{"name": "orders", "match": "order", **route, "to": to}]

    def restart(share):
        one.stop()
        config = json.loads(one.file.read_text())
        config["routes"] = routes(share)
        one.file.write_text(json.dumps(config, indent=2))
        one.start()

    one = hookstream(sinks={"redis": {"type": "redis", "url": server.url}}, routes=routes("100%"))
    server.end()
    post_all(one, [sender.event() for _ in range(40)])
    restart("50%")
    server.start()
    one.drained()
    delivered = len(server.stream("s"))
    assert 0 < delivered < 40
    one.counts("dead_letters_total", reason="rerouted", is_now=40 - delivered)
    retry = ["dead-letters", "retry", "-c", one.file, "--reason", "rerouted"]
    restart("100%")
    assert program.command(*retry).returncode == 0
    one.drained()
    assert len(server.stream("s")) == 40
    assert one.metric("dead_letters") == 0


CONFIG = """\
server: {listen: 127.0.0.1:8080}
journal: {path: journal}
sources:
  fanfare:
    path: /webhooks/fanfare
    verify: {scheme: fanfare, secrets: ["${SECRET_OF_THE_TEST}"]}
sinks:
  files: {type: file, path: out}
routes:
  - name: orders
    match: order
    sample: SAMPLE
    transform: [{set: {data.version: 2}}]
    to:
      - {sink: files, file: all}
      - sink: files
        file: large
        when: data.amount >= 100
      - sink: files
        file: bare
        transform: [{remove: [data.email]}]
default: drop
"""
CASES = """\
cases:
  - name: a small order
    event: {sample: order.created, set: {data.amount: "50.00", data.email: a}}
    expect:
      answer: 202
      messages:
        - {file: all, body_subset: {data: {email: a, version: 2}}}
        - {file: bare, absent: [data.email], body_subset: {data: {version: 2}}}
  - name: a large order
    event: {sample: order.created, set: {data.amount: "100.00"}}
    expect: {answer: 202, count: 3}
"""


def configuration(tmp_path, sample="100%"):
    (tmp_path / "config.yaml").write_text(CONFIG.replace("SAMPLE", sample))
    (tmp_path / "cases.yaml").write_text(CASES)
    return tmp_path / "config.yaml"


def test_explain_shows_targets_and_what_each_does(tmp_path):
    config = configuration(tmp_path)
    done = program.command("explain", "-c", config, "-", input=json.dumps(EVENT))
    assert done.returncode == 0, done
    assert "  1. files: takes it\n" in done.stdout
    assert "  2. files: left out: `when` is false (data.amount >= 100)\n" in done.stdout
    _, own = done.stdout.split("  3. files: takes it\n")
    assert "- data.email: \"a@example.com\"" in own.split("Messages")[0]
    told = json.loads(
        program.command("explain", "-c", config, "--json", "-", input=json.dumps(EVENT)).stdout
    )
    assert told["left_out"] == [{"target": 2, "sink": "files", "by": "when"}]
    assert [message["file"] for message in told["messages"]] == ["all", "bare"]
    assert "email" not in told["messages"][1]["body"]["data"]
    assert told["messages"][0]["body"]["data"]["email"] == "a@example.com"


def test_explain_shows_why_a_sample_left_it_out(tmp_path):
    done = program.command(
        "explain", "-c", configuration(tmp_path, "0.0001%"), "-", input=json.dumps(EVENT)
    )
    assert done.returncode == 1
    assert "`sample` takes positions below 0.0001%, and this event's is " in done.stdout
    assert "dropped: sampled_out" in done.stdout


def test_cases_hold_targets_and_samples(tmp_path):
    done = program.command("test", "-c", configuration(tmp_path), tmp_path / "cases.yaml")
    assert done.returncode == 0, done.stdout
    config = configuration(tmp_path, "0.0001%")
    done = program.command("test", "-c", config, tmp_path / "cases.yaml")
    assert done.returncode == 1 and "not ok 1" in done.stdout
    (tmp_path / "dropped.yaml").write_text(
        "cases:\n  - {name: d, event: {sample: order.created}, expect: {dropped: true}}\n"
    )
    done = program.command("test", "-c", config, tmp_path / "dropped.yaml")
    assert done.returncode == 0, done.stdout


def test_transactions_hold_what_each_target_gets(hookstream, kafka, unique):
    """With `exactly_once` and kills: every topic has its events once, in order, and a target's
    own edits are its own."""
    topics = [f"{unique}-{name}" for name in ("all", "large", "none")]
    for topic in topics:
        kafka.create(topic, partitions=1)
    one = hookstream(
        sinks={
            "kafka": {
                "type": "kafka",
                "brokers": [kafka.address],
                "exactly_once": True,
                "cursor_topic": f"{unique}-cursors",
                "transaction_time": "20ms",
            }
        },
        routes=[
            {
                "name": "orders",
                "match": "order",
                "to": [
                    {"sink": "kafka", "topic": topics[0], "when": "data.amount < 190"},
                    {
                        "sink": "kafka",
                        "topic": topics[1],
                        "when": "data.amount >= 100",
                        "transform": [{"cloudevent": {"mode": "binary"}}],
                    },
                    {"sink": "kafka", "topic": topics[2], "when": "type == 'order.other'"},
                ],
            }
        ],
    )
    sent = []
    for number in range(300):
        if number in (100, 200):
            one.kill9()
            one.start()
        document = sender.event(amount=f"{number % 200}.00")
        assert one.post(document).status == 202
        sent.append((document["id"], number % 200))
    one.drained()
    plain, large = kafka.read(topics[0]), kafka.read(topics[1])
    assert [record.id for record in plain] == [name for name, amount in sent if amount < 190]
    headers = [record.headers for record in large]
    assert [one_event["ce_id"] for one_event in headers] == [
        name for name, amount in sent if amount >= 100
    ]
    assert not any("ce_id" in record.headers for record in plain)
    assert not kafka.read(topics[2])
    assert one.metric("dead_letters") == 0
