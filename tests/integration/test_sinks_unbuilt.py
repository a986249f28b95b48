"""A sink without a usable client: `check` reports it, and `run` holds it and serves the rest."""

import json
import subprocess

import pytest
from support import program, sender
from support.ports import free_port
from support.wait import wait_for

CASES = {
    "a CA file that is missing": {"security.protocol": "ssl", "ssl.ca.location": "/missing.pem"},
    "SASL without a user": {"security.protocol": "sasl_plaintext",
                            "sasl.mechanism": "SCRAM-SHA-512"},
    "two that do not go together": {"max.in.flight": "6"},
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_it_is_blocked_and_the_others_continue(hookstream, tmp_path, name):
    sinks = {
        "kafka": {"type": "kafka", "brokers": [f"127.0.0.1:{free_port()}"],
                  "properties": CASES[name]},
        "files": {"type": "file", "path": "out"},
    }  # fmt: skip
    to = [{"sink": "kafka", "topic": "t", "key": "{id}"}, {"sink": "files"}]
    routes = [{"name": "a", "match": "**", "to": to}]
    one = hookstream(sinks=sinks, routes=routes)
    assert one.post(sender.event("order.created")).status == 202
    one.drained("files")
    wait_for(lambda: one.sink("kafka")["reason"] == "no_client", what="the sink to be blocked")
    assert "sink kafka is blocked (no_client)" in one.readiness
    done = program.command("check", "-c", one.file, "--json")
    assert "HS066" in [finding["code"] for finding in json.loads(done.stdout)["findings"]]
    assert done.returncode == 1


def test_a_broker_that_is_down_says_why(hookstream):
    port = free_port()
    one = hookstream(
        sinks={"kafka": {"type": "kafka", "brokers": [f"127.0.0.1:{port}"]}},
        routes=[{"name": "a", "match": "**", "to": [{"sink": "kafka", "topic": "t"}]}],
    )
    wait_for(lambda: "Connection refused" in one.readiness, what="the reason")
    assert str(port) in one.readiness


def test_a_held_sink_continues_when_its_file_appears(hookstream, tmp_path):
    """Without a restart. The broker is down, so the sink then waits for it."""
    port, file = free_port(), tmp_path / "ca.pem"
    sink = {
        "type": "kafka",
        "brokers": [f"127.0.0.1:{port}"],
        "properties": {"security.protocol": "ssl", "ssl.ca.location": str(file)},
    }
    one = hookstream(
        sinks={"kafka": sink},
        routes=[{"name": "a", "match": "**", "to": [{"sink": "kafka", "topic": "t"}]}],
    )
    wait_for(lambda: one.sink("kafka")["reason"] == "no_client", what="the sink to be blocked")
    words = f"ssl.ca.location: {file}: No such file or directory"
    assert words in one.sink("kafka")["detail"] and words in one.log
    assert words in program.command("check", "-c", one.file).stdout
    made = tmp_path / "ca.new"
    words = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=test"]
    words += ["-keyout", str(tmp_path / "ca.key"), "-out", str(made)]
    subprocess.run(words, check=True, capture_output=True)
    made.rename(file)
    wait_for(lambda: one.sink("kafka")["state"] == "connecting", what="the sink to continue")
    wait_for(lambda: "Connection refused" in one.readiness, what="the new reason")
