"""Transformations of a running hookstream, through the file sink: what leaves, byte for byte,
and what becomes of an event that one of them fails on."""

import contextlib
import json
import os
import pathlib
import re
import shutil
import signal
import textwrap

import pytest

from support import program, sender
from support.wait import wait_for

LISTS = {
    "contact": [{"trim": ["data.email"]}, {"lower": ["data.email"]}],
    "order": [
        {"use": "contact"},
        {"default": {"data.currencyCode": "USD"}},
        {
            "decimal": {
                "field": "data.amount",
                "currency": "data.currencyCode",
                "into": "data.amountMinor",
            }
        },
        {
            "for": "data.items[*]",
            "decimal": {
                "field": "item.price",
                "currency": "data.currencyCode",
                "into": "item.priceMinor",
            },
        },
        {"cast": {"fields": ["data.items[*].quantity"], "to": "integer"}},
        {"time": {"field": "timestamp", "to": "unix_ms", "into": "data.at"}},
        {"truncate": {"fields": ["data.note"], "length": 5, "with": "\u2026"}},
        {"flatten": {"field": "data"}},
        {"unwrap": "data", "when": "data.at exists"},
    ],
}
SETTINGS = {
    "sinks": {"files": {"type": "file", "path": "out"}},
    "routes": [
        {
            "name": "orders",
            "match": "order",
            "transform": [{"use": "order"}],
            "to": [{"sink": "files", "file": "orders.jsonl"}],
        }
    ],
    "transformations": LISTS,
}


def order(event_id, data):
    """An event whose body is written as no encoder would write it."""
    return (
        '{ "id":"%s", "type": "order.created","timestamp":"2024-12-01T10:00:00.250+01:00", '
        '"organizationId":"org_1", "data": %s }' % (event_id, data)
    ).encode()


def test_a_route_with_many_of_them(hookstream):
    one = hookstream(**SETTINGS)
    body = order(
        "whk_many",
        '{"email":" A.B@Example.COM\\n","amount": "149.99","rate": 1.2300e-7,'
        '"ship":{"to":{"city":"Z\\u00fcrich"}},"note":"\u00e9t\u00e9 \U0001f600!!",'
        '"items":[{"price":"0.10","quantity":"2"},{"price": 149.9,"quantity":1.0}]}',
    )
    assert one.post(body).status == 202
    one.drained()
    lines = (one.folder / "out" / "orders.jsonl").read_bytes().splitlines()
    assert len(lines) == 1
    assert lines[0].decode() == (  # the file sink leaves white space out
        '{"id":"whk_many","type":"order.created",'
        '"timestamp":"2024-12-01T10:00:00.250+01:00","organizationId":"org_1",'
        '"email":"a.b@example.com","amount":"149.99","rate":1.2300e-7,'
        '"ship_to_city":"Z\\u00fcrich","note":"\u00e9t\u00e9 \u2026",'
        '"items":[{"price":"0.10","quantity":2,"priceMinor":10},'
        '{"price":149.9,"quantity":1,"priceMinor":14990}],'
        '"currencyCode":"USD","amountMinor":14999,"at":1733043600250}'
    )


def test_what_fails_is_a_dead_letter_that_says_why(hookstream):
    one = hookstream(**SETTINGS)
    assert one.post(order("whk_bad", '{"amount":"149.999"}')).status == 202
    assert one.post(order("whk_item", '{"items":[{},{"price":"1,50"}]}')).status == 202
    assert one.post(order("whk_good", '{"amount":"1"}')).status == 202
    one.drained()
    lines = (one.folder / "out" / "orders.jsonl").read_bytes().splitlines()
    assert [json.loads(line)["id"] for line in lines] == ["whk_good"]
    letters = program.command("dead-letters", "list", "-c", one.file, "--json").stdout
    assert "decimal data.amount: it has more than 2 decimal places" in letters
    assert "decimal item.price: it is a text that is not an amount" in letters
    assert "(number 2 of data.items[*])" in letters
    assert "1,50" not in letters


def test_check_says_what_is_wrong_with_the_lists(tmp_path):
    lists = {
        "a": [{"use": "b"}],
        "b": [{"use": "a"}],
        "idle": [{"lower": ["data.email"]}],
    }
    config = program.configuration(
        tmp_path,
        sinks=SETTINGS["sinks"],
        routes=[{**SETTINGS["routes"][0], "transform": [{"use": "a"}, {"use": "idel"}]}],
        transformations=lists,
    )
    file = tmp_path / "config.yaml"
    file.write_text(json.dumps(config, indent=1))
    done = program.command("check", "-c", file)
    assert done.returncode == 1
    assert "the list `a` would use itself: a -> b -> a" in done.stdout
    assert "unknown list `idel`, did you mean `idle`?" in done.stdout
    assert "warning HS174: no route uses the list `idle`" in done.stdout


def examples():
    """Of docs/transformations.md: the YAML, the event before and the event after."""
    page = (program.ROOT / "docs" / "transformations.md").read_text()
    blocks = re.findall(r"^```(\w+)\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    assert [kind for kind, _ in blocks] == ["yaml", "json", "json"] * (len(blocks) // 3)
    texts = [text for _, text in blocks]
    return list(zip(texts[0::3], texts[1::3], texts[2::3]))


def exact(text):
    """JSON with its digits and the order of its members."""
    return json.loads(text, object_pairs_hook=list, parse_float=str, parse_int=str)


def test_the_examples_of_the_manual_are_true(hookstream, tmp_path):
    plain = program.configuration(tmp_path, sinks=SETTINGS["sinks"], routes=[])
    del plain["routes"]
    lists, routes, sent, want = "", "routes:\n", [], []
    for number, (yaml, before, after) in enumerate(examples()):
        if yaml.startswith("transformations:"):
            lists, yaml = yaml.split("transform:\n")
            yaml = textwrap.dedent(yaml)
        whole = before.startswith('{"id"')
        kind = json.loads(before)["type"] if whole else f"example.{number}"
        envelope = '{"id":"page_%d","type":"%s","data":%%s}' % (number, kind)
        sent.append(before if whole else envelope % before)
        want.append(after if whole else envelope % after)
        routes += f"  - name: r{number}\n    match: {kind}\n    transform:\n"
        routes += textwrap.indent(yaml, "      ")
        routes += f"    to: [{{sink: files, file: {number}.jsonl}}]\n"
    # JSON is YAML, and so are its members one by one.
    text = "".join(f"{name}: {json.dumps(value)}\n" for name, value in plain.items())
    one = hookstream(text + lists + routes, start=False)
    one.port, one.admin_port = (
        int(plain[name]["listen"].rsplit(":", 1)[1]) for name in ("server", "admin")
    )
    one.start()
    for body in sent:
        if '"timestamp"' not in body:
            body = body.replace('"data":', '"timestamp":"2024-12-01T10:00:00Z","data":', 1)
        assert one.post(body.encode()).status == 202
    one.drained()
    for number, text in enumerate(want):
        (line,) = (one.folder / "out" / f"{number}.jsonl").read_text().splitlines()
        got = [pair for pair in exact(line) if pair[0] != "timestamp"]
        assert got == exact(text), examples()[number][0]


def test_cloudevents_binary_mode_is_in_the_headers(hookstream, kafka, unique):
    kafka.create(unique)
    one = hookstream(
        sinks={"kafka": {"type": "kafka", "brokers": [kafka.address]}},
        routes=[{
            "name": "orders",
            "match": "order",
            "transform": [{"cloudevent": {"mode": "binary", "subject": "{data.orderId}"}}],
            "to": [{"sink": "kafka", "topic": unique, "key": "{data.orderId}"}],
        }],
    )
    document = sender.event("order.created")
    assert one.post(document).status == 202
    one.drained()
    (record,) = kafka.read(unique)
    assert record.headers["ce_specversion"] == "1.0"
    assert record.headers["ce_id"] == document["id"]
    assert record.headers["ce_type"] == "order.created"
    assert record.headers["ce_source"] == "/fanfare"
    assert record.headers["ce_subject"] == document["data"]["orderId"]
    assert record.headers["content-type"] == "application/json"
    assert record.body == sender.encode(document)


def test_a_jq_program_that_never_ends_costs_its_event_only(hookstream):
    never = 'if .data.amount == "1.00" then (def f: f; f) else .data.seen = true end'
    route = {**SETTINGS["routes"][0], "transform": [{"jq": {"program": never, "timeout": "200ms"}}]}
    one = hookstream(sinks=SETTINGS["sinks"], routes=[route])
    for event_id, amount in (("whk_1", "2.00"), ("whk_2", "1.00"), ("whk_3", "3.00")):
        assert one.post(order(event_id, '{"amount":"%s"}' % amount)).status == 202
    one.drained()
    lines = (one.folder / "out" / "orders.jsonl").read_bytes().splitlines()
    assert [json.loads(line)["id"] for line in lines] == ["whk_1", "whk_3"]
    assert all(json.loads(line)["data"]["seen"] for line in lines)
    letters = program.command("dead-letters", "list", "-c", one.file, "--json").stdout
    assert "did not end within `timeout`" in letters


def jq_processes(one):
    """Of the program, by their ids."""
    children = pathlib.Path(f"/proc/{one.process.pid}/task").glob("*/children")
    found = [int(word) for file in children for word in file.read_text().split()]
    return [child for child in found if b"-jq-process" in command_line(child)]


def command_line(process):
    try:
        return pathlib.Path(f"/proc/{process}/cmdline").read_bytes()
    except OSError:
        return b""


def at_work(process):
    """It has used more CPU than a start takes: it was given an event."""
    try:
        fields = pathlib.Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return False
    return int(fields[11]) + int(fields[12]) > 0.3 * os.sysconf("SC_CLK_TCK")


def kill_all(processes):
    for process in processes:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)


def test_jq_killed_at_its_work_each_time_costs_its_event_only(hookstream):
    endless = 'if .data.amount == "1.00" then (def f: f; f) else .data.seen = true end'
    route = {**SETTINGS["routes"][0], "transform": [{"jq": {"program": endless, "timeout": "60s"}}]}
    one = hookstream(sinks=SETTINGS["sinks"], routes=[route])
    assert one.post(order("whk_1", '{"amount":"2.00"}')).status == 202
    one.drained()
    assert one.post(order("whk_2", '{"amount":"1.00"}')).status == 202

    def given_up():
        kill_all(filter(at_work, jq_processes(one)))
        return one.metric("hookstream_dead_letters") == 1

    wait_for(given_up, what="the event to be a dead letter")
    assert one.post(order("whk_3", '{"amount":"3.00"}')).status == 202
    one.drained()
    lines = (one.folder / "out" / "orders.jsonl").read_bytes().splitlines()
    assert [json.loads(line)["id"] for line in lines] == ["whk_1", "whk_3"]
    (letter,) = [
        json.loads(line)
        for line in program.command(
            "dead-letters", "list", "-c", one.file, "--json"
        ).stdout.splitlines()
    ]
    assert letter["reason"] == "transform"
    assert "ended from outside by signal 9" in json.dumps(letter)


@pytest.mark.threads
def test_an_event_whose_jq_was_killed_once_is_delivered(hookstream):
    long = ".data.sum = reduce range(500000) as $i (0; . + 1)"
    route = {**SETTINGS["routes"][0], "transform": [{"jq": {"program": long, "timeout": "60s"}}]}
    one = hookstream(sinks=SETTINGS["sinks"], routes=[route])
    assert one.post(order("whk_1", "{}")).status == 202
    wait_for(lambda: jq_processes(one), what="jq's process")
    kill_all(jq_processes(one))
    one.drained()
    (line,) = (one.folder / "out" / "orders.jsonl").read_bytes().splitlines()
    assert json.loads(line)["data"]["sum"] == 500000
    assert one.metric("hookstream_dead_letters") == 0


def test_a_jq_that_cannot_be_started_is_waited_for(hookstream, tmp_path, monkeypatch):
    """It is no fault of the events: none is a dead letter, and none is sent unchanged, though
    the item says `on_error: skip`. What waited goes out in order when a process can be started."""
    copy = tmp_path / "hookstream"
    shutil.copy(program.binary(), copy)
    monkeypatch.setenv("HOOKSTREAM_BIN", str(copy))
    transform = [{"jq": ".data.seen = true", "on_error": "skip"}]
    route = {**SETTINGS["routes"][0], "transform": transform}
    one = hookstream(sinks=SETTINGS["sinks"], routes=[route])
    copy.chmod(0o644)
    assert one.post(order("whk_1", "{}")).status == 202
    assert one.post(order("whk_2", "{}")).status == 202
    wait_for(lambda: one.sink("files")["state"] == "blocked", what="the sink to be blocked")
    held = one.sink("files")
    assert held["reason"] == "transform"
    assert "jq's process cannot be started: Permission denied; check" in held["detail"]
    why = {"sink": "files", "class": "blocked", "reason": "transform"}
    assert one.metric("sink_failed_total", **why) > 0
    copy.chmod(0o755)
    one.drained()
    assert one.sink("files")["state"] == "up"
    lines = (one.folder / "out" / "orders.jsonl").read_bytes().splitlines()
    assert [json.loads(line)["id"] for line in lines] == ["whk_1", "whk_2"]
    assert all(json.loads(line)["data"]["seen"] for line in lines)
    assert one.metric("dead_letters") == 0
