"""The table of answers (DESIGN.md section 2): each request gets the answer it says, a metric
counts it under its reason, and nothing forged reaches a sink."""

import json
import os
import re
import subprocess
import time

import pytest

from support import program, sender
from support.http import Connection, exchange
from support.wait import wait_for


@pytest.fixture
def door(hookstream):
    """hookstream(file sink) with small limits, and `door.delivered()`."""

    def make(**parts):
        one = hookstream(
            sinks={"files": {"type": "file", "path": "out"}},
            routes=[
                {
                    "name": "orders",
                    "match": "order",
                    "to": [{"sink": "files", "file": "all.jsonl"}],
                }
            ],
            **{
                "server": {
                    "limits": {
                        "body_size": "16KiB",
                        "header_size": "4KiB",
                        "header_time": "1s",
                        "body_time": "2s",
                    }
                },
                **parts,
            },
        )

        def delivered():
            one.drained()
            file = one.folder / "out" / "all.jsonl"
            return file.read_bytes().splitlines() if file.exists() else []

        one.delivered = delivered
        return one

    return make


def problem(answer):
    """Errors carry a JSON problem body, and the text names no secret."""
    assert answer.fields["content-type"] == "application/problem+json", answer
    body = json.loads(answer.body)
    assert body["status"] == answer.status
    assert sender.SECRET not in answer.body.decode()
    return body


def test_accepted_is_202_with_an_empty_body(door):
    one = door()
    answer = one.post(sender.event())
    assert (answer.status, answer.body) == (202, b"")
    assert len(one.delivered()) == 1
    one.counts("events_accepted_total", family="order", is_now=1)
    one.counts("requests_total", code="202", is_now=1)


UNVERIFIED = {
    "signature": lambda body, now: sender.request(body, secret="not-the-secret"),
    "signature_of_another_body": lambda body, now: sender.request(
        body, fields={"X-Fanfare-Signature": sender.signature(body + b" ", now)}
    ),
    "signature_of_another_time": lambda body, now: sender.request(
        body, fields={"X-Fanfare-Timestamp": now - 1}, timestamp=now
    ),
    "signature_missing": lambda body, now: sender.request(
        body, fields={"X-Fanfare-Signature": None}
    ),
    "signature_malformed": lambda body, now: sender.request(
        body, fields={"X-Fanfare-Signature": "sha256=" + "g" * 64}
    ),
    "signature_malformed_short": lambda body, now: sender.request(
        body, fields={"X-Fanfare-Signature": sender.signature(body, now)[:-1]}
    ),
    "signature_malformed_long": lambda body, now: sender.request(
        body, fields={"X-Fanfare-Signature": sender.signature(body, now) + "0"}
    ),
    "signature_malformed_scheme": lambda body, now: sender.request(
        body, fields={"X-Fanfare-Signature": sender.signature(body, now).replace("256", "512")}
    ),
    "timestamp_missing": lambda body, now: sender.request(
        body, fields={"X-Fanfare-Timestamp": None}
    ),
    "timestamp_malformed": lambda body, now: sender.request(body, timestamp=f"{now}.0"),
    "timestamp_malformed_sign": lambda body, now: sender.request(body, timestamp=f"+{now}"),
    "stale": lambda body, now: sender.request(body, timestamp=now - 310),
    "future": lambda body, now: sender.request(body, timestamp=now + 90),
}
REASONS = {"signature", "signature_missing", "signature_malformed", "timestamp_missing",
           "timestamp_malformed", "stale", "future"}


def reason_of(case):
    return max((reason for reason in REASONS if case.startswith(reason)), key=len)


def test_I2_unverified_is_401_and_reaches_no_sink(door):
    one = door()
    counts = dict.fromkeys(REASONS, 0)
    for case, make in UNVERIFIED.items():
        body = sender.encode(sender.event())
        answer = exchange(one.port, make(body, int(time.time())))
        assert answer.status == 401, (case, answer)
        assert problem(answer)["status"] == 401
        counts[reason_of(case)] += 1
    for reason, count in counts.items():
        one.counts("rejected_total", reason=reason, is_now=count)
    one.counts("requests_total", code="401", is_now=len(UNVERIFIED))
    assert one.delivered() == []
    one.counts("journal_sequence", point="appended", is_now=0)
    assert sender.SECRET not in one.log


def test_a_timestamp_within_the_allowance_is_taken(door):
    one = door()
    for shift in (-290, 0, 50):
        assert one.post(sender.event(), timestamp=int(time.time()) + shift).status == 202
    assert len(one.delivered()) == 3


def test_either_of_two_secrets_is_taken_and_counted_by_name(hookstream):
    one = hookstream(
        sinks={"files": {"type": "file", "path": "out"}},
        routes=[{"name": "all", "match": "**", "to": [{"sink": "files", "file": "a.jsonl"}]}],
        source={
            "verify": {
                "scheme": "fanfare",
                "secrets": {"new": "the-new-secret-of-two", "old": "the-old-secret-of-two"},
            }
        },
    )
    assert one.post(sender.event(), secret="the-new-secret-of-two").status == 202
    assert one.post(sender.event(), secret="the-old-secret-of-two").status == 202
    assert one.post(sender.event(), secret="the-old-secret-of-two").status == 202
    assert one.post(sender.event(), secret="an-older-secret").status == 401
    one.counts("signature_secret_total", secret="new", is_now=1)
    one.counts("signature_secret_total", secret="old", is_now=2)


INVALID = {
    "not_json": b"{nonsense",
    "empty": b"",
    "array": b"[]",
    "trailing": b'{"id":"a","type":"order.created","data":{}} x',
    "no_id": b'{"type":"order.created","data":{}}',
    "empty_id": b'{"id":"","type":"order.created","data":{}}',
    "number_id": b'{"id":7,"type":"order.created","data":{}}',
    "two_ids": b'{"id":"a","id":"b","type":"order.created","data":{}}',
    "no_type": b'{"id":"a","data":{}}',
    "bad_utf8": b'{"id":"a","type":"order.created","data":{"x":"\xff\xfe"}}',
    "too_deep": b'{"id":"a","type":"order.created","data":' + b"[" * 100 + b"]" * 100 + b"}",
}


def test_genuine_but_invalid_is_202_and_a_dead_letter(door):
    one = door()
    for case, body in INVALID.items():
        answer = sender.post(one.port, body)
        assert (answer.status, answer.body) == (202, b""), case
    assert one.post(sender.event("auction.settled")).status == 202  # no route takes it
    assert one.delivered() == []
    one.counts("dead_letters", is_now=len(INVALID) + 1)
    one.counts("dead_letters_total", reason="no_route", is_now=1)


def test_on_invalid_reject_makes_it_400(door):
    one = door(source={"on_invalid": "reject"})
    for case, body in INVALID.items():
        answer = sender.post(one.port, body)
        assert answer.status == 400, (case, answer)
        problem(answer)
    assert one.delivered() == []
    one.counts("journal_sequence", point="appended", is_now=0)


def test_unknown_path_method_and_media_type(door):
    one = door()
    body = sender.encode(sender.event())
    answer = exchange(one.port, sender.request(body, path="/elsewhere"))
    assert answer.status == 404, answer
    problem(answer)
    for path in (sender.PATH[:-1], sender.PATH.upper()):
        assert exchange(one.port, sender.request(body, path=path)).status == 404, path
    for method in ("GET", "PUT", "DELETE", "OPTIONS"):
        answer = exchange(one.port, sender.request(body, method=method))
        assert (answer.status, answer.fields.get("allow")) == (405, "POST"), answer
        problem(answer)
    for media in ("text/plain", "application/x-www-form-urlencoded", "application/jsonx"):
        answer = exchange(one.port, sender.request(body, fields={"Content-Type": media}))
        assert answer.status == 415, (media, answer)
        problem(answer)
    media = "application/json; charset=utf-8"
    assert exchange(one.port, sender.request(body, fields={"Content-Type": media})).status == 202
    one.counts("rejected_total", reason="unknown_path", is_now=3)
    one.counts("rejected_total", reason="wrong_method", is_now=4)
    one.counts("rejected_total", reason="wrong_media_type", is_now=3)
    assert len(one.delivered()) == 1


def test_body_over_the_limit_is_413(door):
    one = door()
    large = sender.encode(sender.event(note="x" * 20000))
    answer = exchange(one.port, sender.request(large))
    assert answer.status == 413, answer
    problem(answer)
    chunked = sender.request(
        large, fields={"Content-Length": None, "Transfer-Encoding": "chunked"}
    ).split(b"\r\n\r\n")[0]
    chunks = b"".join(b"1000\r\n" + b"x" * 4096 + b"\r\n" for _ in range(6)) + b"0\r\n\r\n"
    answer = exchange(one.port, chunked + b"\r\n\r\n" + chunks)
    assert answer.status == 413, answer
    one.counts("requests_total", code="413", is_now=2)
    assert one.delivered() == []


def test_headers_too_large_are_431(door):
    one = door()
    body = sender.encode(sender.event())
    answer = exchange(one.port, sender.request(body, fields={"X-Long": "y" * 5000}))
    assert answer.status == 431, answer
    one.counts("requests_total", code="431", is_now=1)


def test_too_slow_a_head_or_body_is_408(door):
    one = door()
    whole = sender.request(sender.encode(sender.event()))
    for part in (whole[:40], whole[:-5]):
        with Connection(one.port) as connection:
            connection.send(part)
            answer = connection.read_answer()
            assert answer.status == 408, answer
            assert connection.at_end()
    one.counts("requests_total", code="408", is_now=2)
    assert one.delivered() == []


def test_rate_limit_is_429_with_retry_after(door):
    one = door(source={"rate_limit": 5})
    answers = [one.post(sender.event()) for _ in range(30)]
    limited = [answer for answer in answers if answer.status == 429]
    assert limited and {answer.status for answer in answers} == {202, 429}
    for answer in limited:
        assert int(answer.fields["retry-after"]) >= 1
        problem(answer)
    one.counts("rejected_total", reason="rate_limited", is_now=len(limited))
    assert len(one.delivered()) == len(answers) - len(limited)


@pytest.mark.threads
def test_past_the_limit_of_connections_the_longest_idle_one_makes_room(door):
    one = door(server={"workers": 1, "limits": {"connections": 4}})
    open_ones = [Connection(one.port) for _ in range(4)]
    for connection in open_ones[1:]:
        connection.send(sender.request(sender.encode(sender.event())))
        assert connection.read_answer().status == 202
    for _ in range(20):  # the silent one goes first, then each of these for the next
        with Connection(one.port) as another:
            another.send(sender.request(sender.encode(sender.event())))
            assert another.read_answer().status == 202
            assert one.metric("connections") <= one.metric("connections_max") == 4
    assert open_ones[0].at_end()
    assert one.metric("evicted_connections_total", phase="silent") >= 1
    for connection in open_ones:
        connection.close()
    wait_for(lambda: one.metric("connections") == 0, what="connections to be gone")
    assert one.post(sender.event()).status == 202


def test_who_sends_a_captured_request_again_is_not_spared_in_a_full_door(door):
    one = door(server={"workers": 1, "limits": {"connections": 8}})
    captured = sender.request(sender.encode(sender.event()))
    with Connection(one.port) as genuine:
        genuine.send(captured)
        assert genuine.read_answer().status == 202
        attackers = [Connection(one.port) for _ in range(7)]
        for attacker in attackers:
            attacker.send(captured)
            assert attacker.read_answer().status == 202
        newcomers = [Connection(one.port) for _ in range(8)]
        wait_for(lambda: one.metric("evicted_connections_total", phase="silent") >= 8)
        assert all(attacker.at_end() for attacker in attackers)
        genuine.send(sender.request(sender.encode(sender.event())))
        assert genuine.read_answer().status == 202
        for connection in attackers + newcomers:
            connection.close()


@pytest.mark.threads
def test_journal_full_is_503_until_there_is_room(hookstream, unique, kafka):
    one = hookstream(
        sinks={"kafka": {"type": "kafka", "brokers": [kafka.address]}},
        routes=[{"name": "all", "match": "**", "to": [{"sink": "kafka", "topic": unique}]}],
        server={"limits": {"body_size": "256KiB"}},
        journal={"max_size": "8MiB", "retain": "0s"},
    )
    # The topic does not exist, so nothing leaves the journal.
    accepted, answer = [], None
    for _ in range(400):
        document = sender.event(note="x" * 60000)
        answer = one.post(document)
        if answer.status != 202:
            break
        accepted.append(document["id"])
    assert answer.status == 503 and "retry-after" in answer.fields, answer
    problem(answer)
    one.counts("rejected_total", reason="journal_full", is_now=1)
    wait_for(lambda: one.sink("kafka")["state"] == "blocked", what="the sink to be blocked")

    kafka.create(unique)
    one.drained()
    wait_for(lambda: one.post(sender.event()).status == 202, what="room in the journal")
    one.drained()
    assert set(accepted) <= {record.id for record in kafka.read(unique)}


def test_ack_delivered_waits_for_the_sink_and_else_is_503(hookstream, redis_server, unique):
    server = redis_server()
    one = hookstream(
        sinks={"redis": {"type": "redis", "url": server.url}},
        routes=[{"name": "all", "match": "**", "to": [{"sink": "redis", "stream": unique}]}],
        source={"ack": "delivered"},
        server={"deadline": "2s"},
    )
    document = sender.event()
    assert one.post(document).status == 202
    assert server.length(unique) == 1
    server.end()
    late = sender.event()
    answer = one.post(late)
    assert answer.status == 503 and "retry-after" in answer.fields, answer
    server.start()
    wait_for(lambda: one.post(late).status == 202, what="a retry to be answered 202")
    one.drained()
    bodies = [json.loads(entry["body"])["id"] for entry in server.stream(unique)]
    assert bodies == [document["id"], late["id"]]


def test_what_the_page_says_signs_and_sends(door, tmp_path):
    page = (program.ROOT / "docs" / "answers.md").read_text()
    (lines,) = re.findall(r"^```sh\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    one = door()
    lines = lines.replace("127.0.0.1:8080", f"127.0.0.1:{one.port}")
    body = json.dumps(sender.event(), indent=2, ensure_ascii=False).encode() + b"\n"
    (tmp_path / "event.json").write_bytes(body)

    def answer(secret):
        done = subprocess.run(["bash", "-euo", "pipefail", "-c", lines], cwd=tmp_path, text=True,
                              env={**os.environ, "FANFARE_SECRET": secret}, check=False,
                              capture_output=True)
        assert done.returncode == 0, done
        return done.stdout.splitlines()[0]

    assert answer("another-secret-than-ours").startswith("HTTP/1.1 401 ")
    assert one.delivered() == []
    assert answer(sender.SECRET).startswith("HTTP/1.1 202 ")
    assert len(one.delivered()) == 1
    one.counts("rejected_total", reason="signature", is_now=1)
