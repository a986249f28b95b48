"""Addresses in every form that people write: what is listened on is found by `health`, `send` and
the other commands, and is printed so that it can be read again."""

import re
import socket
import subprocess

import pytest

from support import program, sender
from support.ports import free_port
from support.wait import wait_for

FORMS = ["*:{}", "0.0.0.0:{}", "[::]:{}", ":{}", "[::1]:{}", "127.0.0.1:{}", "localhost:{}",
         "[::ffff:127.0.0.1]:{}", "[0:0:0:0:0:0:0:1]:{}"]


def start(hookstream, listen, admin, **source):
    one = hookstream(
        sinks={"files": {"type": "file", "path": "files"}},
        routes=[{"name": "all", "match": "**", "to": [{"sink": "files"}]}],
        server={"listen": listen, "workers": 2}, admin={"listen": admin}, start=False,
        **source)
    one.start(ready=False)
    wait_for(lambda: "msg=ready" in one.log or not one.running, deadline=60, what="the start")
    assert one.running, one.log
    return one


@pytest.mark.parametrize("form", FORMS)
def test_whatever_is_listened_on_is_reached(hookstream, form):
    port, admin = free_port(), free_port()
    one = start(hookstream, form.format(port), form.format(admin))
    health = program.command("health", "-c", one.file)
    assert health.returncode == 0, health.stderr
    sent = program.command("send", "-c", one.file, "--type", "order.created", "-q")
    assert sent.returncode == 0 and "202: 1" in sent.stdout, sent.stdout + sent.stderr
    letters = program.command("dead-letters", "list", "-c", one.file)
    assert letters.returncode == 0, letters.stderr
    shown = re.search(r"listen=\"?([^ \"]+)\"? admin=\"?([^ \"]+)", one.log)
    expected = form.format(port) if form[0] != ":" else "*" + form.format(port)
    assert shown.group(1) == expected and shown.group(2).endswith(f":{admin}"), shown.group(0)


def test_send_to_a_url_with_an_ipv6_address_says_it_in_host():
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as server:
        server.settimeout(30)
        port = server.getsockname()[1]
        with subprocess.Popen([program.binary(), "send", "--url", f"http://[::1]:{port}/a",
                               "--secret", "x", "--type", "order.created", "-q"]) as sending:
            connection, _ = server.accept()
            with connection:
                head = connection.recv(65536)
                connection.sendall(b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n"
                                   b"Connection: close\r\n\r\n")
                assert sending.wait(30) == 0
        assert b"POST /a HTTP/1.1\r\n" in head and b"\r\nHost: [::1]:%d\r\n" % port in head


@pytest.mark.parametrize("url,words", {
    "http://::1:80/a": "an IPv6 address needs brackets",
    "http://127.0.0.1:99999/": "a port is at most 65535",
    "http://127.0.0.1:x/": "its port is not a number",
    "http://:80/": "it names no host",
    "https://127.0.0.1/": "TLS is not supported",
    "127.0.0.1:80": "--url is http://HOST:PORT/PATH",
}.items())
def test_send_says_what_is_wrong_with_a_url(url, words):
    done = program.command("send", "--url", url, "--secret", "x", "--type", "order.created")
    assert done.returncode == 2 and words in done.stderr, done.stderr


def test_messages_print_ipv6_addresses_in_brackets(hookstream):
    one = start(hookstream, f"[::1]:{free_port()}", f"[::1]:{free_port()}")
    health = program.command("health", "-c", one.file)
    assert health.returncode == 0
    one.stop()
    admin = re.search(r"admin=\"?([^ \"]+)", one.log).group(1)
    health = program.command("health", "-c", one.file)
    assert health.returncode == 1 and f"the admin port {admin}" in health.stderr
    assert sender.SECRET not in health.stderr
