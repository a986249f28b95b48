"""Who is answered at the admin port: /api by a name of loopback or with the token, the other
pages by any name; and the program's own commands reach it wherever it listens."""

import json

import pytest

from support import http, program, sender
from support.ports import free_port
from support.wait import wait_for

FILES = {
    "sinks": {"files": {"type": "file", "path": "out"}},
    "routes": [{"name": "orders", "match": "order", "to": [{"sink": "files", "file": "a.jsonl"}]}],
}
OPEN = ("/metrics", "/livez", "/readyz")
GUARDED = ("/api/status", "/api/dead-letters?number=1&body=1", "/api/replay")
STRANGERS = ("evil.example", "evil.example:9464", "localhost.evil.example", "127.evil.example",
             "127.0.0.1.evil.example", "10.0.0.1", "[::2]:9464", "2130706433", "")
BEARER = "Authorization: Bearer the-token-of-the-test\r\n"


def with_a_letter(hookstream, **admin):
    listen = {"listen": f"127.0.0.1:{free_port()}"}
    one = hookstream(**FILES, admin={**listen, **admin})
    assert one.post(sender.event("queue.consumer.entered")).status == 202
    wait_for(lambda: one.metric("dead_letters") == 1, what="a letter")
    return one


def test_a_name_that_another_machine_may_have_is_not_answered(hookstream):
    """DNS rebinding: a web page's own name is made to lead to loopback, and says so in Host."""
    one = with_a_letter(hookstream)
    for host in STRANGERS:
        for page in GUARDED:
            answer = http.get(one.admin_port, page, host)
            assert answer.status == 403, (host, page, answer)
            assert "set admin.token" in json.loads(answer.body)["detail"]
            assert b"consumer" not in answer.body
        for page in OPEN:
            assert http.get(one.admin_port, page, host).status == 200, (host, page)
    answer = http.exchange(one.admin_port, b"GET /api/status HTTP/1.0\r\n\r\n")
    assert answer.status == 403, answer
    answer = http.exchange(
        one.admin_port, b"POST /api/dead-letters/discard HTTP/1.1\r\nHost: evil.example\r\n"
                        b"Content-Length: 0\r\n\r\n")
    assert answer.status == 403 and one.metric("dead_letters") == 1, answer


def test_a_name_of_loopback_is_answered(hookstream):
    one = with_a_letter(hookstream)
    for host in ("127.0.0.1", f"127.0.0.1:{one.admin_port}", "127.1.2.3:1", "localhost",
                 "LocalHost:15000", "[::1]", "[::1]:9464"):
        for page in GUARDED:
            assert http.get(one.admin_port, page, host).status == 200, (host, page)


def test_the_name_that_it_listens_on_is_answered(hookstream):
    one = with_a_letter(hookstream, listen=f"127.1:{free_port()}")
    assert http.get(one.admin_port, "/api/status", f"127.1:{one.admin_port}").status == 200
    assert http.get(one.admin_port, "/api/status", "127.2").status == 403


def test_the_token_is_answered_by_any_name(hookstream):
    one = with_a_letter(hookstream, token="the-token-of-the-test")
    for page in GUARDED:
        assert http.get(one.admin_port, page, "evil.example").status == 403
        assert http.get(one.admin_port, page, "hookstream.svc:9464", BEARER).status == 200
        wrong = BEARER.replace("the-token-of-the-test", "the-tokem-of-the-test")
        assert http.get(one.admin_port, page, "hookstream.svc:9464", wrong).status == 403
        assert http.get(one.admin_port, page).status == 200  # loopback, as without a token


@pytest.mark.parametrize("listen", ["127.0.0.1", "localhost", "0.0.0.0", "[::1]", "[::]", ""])
def test_the_commands_reach_it_wherever_it_listens(hookstream, listen):
    one = hookstream(**FILES, admin={"listen": f"{listen}:{free_port()}"}, start=False)
    one.start(ready=False)

    def run(*words):
        return program.command(*words, "-c", one.file, cwd=one.folder)

    wait_for(lambda: run("health", "--ready").returncode == 0, what="health --ready")
    for words in (("health",), ("dead-letters", "list"), ("replay", "--since", "1h", "--dry-run")):
        done = run(*words)
        assert done.returncode == 0, (words, done)


@pytest.mark.parametrize("size", [256, 257, 4000, 8192])
def test_a_long_token_is_accepted(hookstream, size):
    token = ("k9Jq2mZx7LpW4vT1" * 512)[:size]
    one = hookstream(**FILES, admin={"listen": f"127.0.0.1:{free_port()}", "token": token})
    page = "/api/status"
    assert http.get(one.admin_port, page, "evil.example",
                    f"Authorization: Bearer {token}\r\n").status == 200
    for other in (token[:-1], token + "x", token[:-1] + "x"):
        assert http.get(one.admin_port, page, "evil.example",
                        f"Authorization: Bearer {other}\r\n").status == 403


def test_a_token_that_fits_in_no_request_is_an_error(tmp_path):
    file = tmp_path / "hookstream.yaml"
    file.write_text(json.dumps({"admin": {"token": "k9Jq2mZx7LpW4vT1" * 512 + "x"}}))
    assert "HS057" in program.command("check", "--json", "-c", file).stdout
