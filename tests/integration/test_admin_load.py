"""The admin port under load: health is answered whatever others ask, and commands do not hang."""

import signal
import socket
import time

import pytest

from support import http, program, sender
from support.http import Connection
from support.wait import wait_for

ROUTES = [{"name": "queue", "match": "queue", "to": [{"sink": "files", "file": "q.jsonl"}]}]
LIST = b"GET /api/dead-letters?id=none HTTP/1.1\r\nHost: localhost\r\n\r\n"


@pytest.fixture
def one(hookstream, tmp_path):
    return hookstream(sinks={"files": {"type": "file", "path": str(tmp_path / "out")}},
                      routes=ROUTES, source={"catalogue": "none"})


def is_live(one):
    answer = http.exchange(one.admin_port, b"GET /livez HTTP/1.1\r\nHost: localhost\r\n"
                                           b"Connection: close\r\n\r\n", timeout=10)
    return answer is not None and answer.status == 200


def test_health_is_answered_while_many_list_letters(one):
    """40 clients that each ask for 20 lists of letters: each is answered, or refused with 503 as
    one too many, and /livez is answered all the while."""
    for _ in range(200):
        document = sender.event("order.created", pad="x" * 100_000)
        assert one.post(document).status == 202
    wait_for(lambda: one.metric("dead_letters") == 200, what="the letters")
    clients = [Connection(one.admin_port, timeout=120) for _ in range(40)]
    for client in clients:
        client.send(LIST * 20)
    lives = [is_live(one) for _ in range(20)]
    assert all(lives)
    first = [client.read_answer() for client in clients]
    assert {answer.status for answer in first if answer is not None} <= {200, 503}
    for client in clients:
        client.close()
    assert is_live(one)
    wait_for(lambda: http.get(one.admin_port, "/api/dead-letters?limit=1").status == 200)


@pytest.mark.threads
@pytest.mark.parametrize("begun", [b"", b"GET /api/sta", LIST])
def test_health_gets_in_beside_idle_connections(one, begun):
    """More of them than the port takes, in whatever phase: the longest idle one makes room."""
    idle = [socket.create_connection(("127.0.0.1", one.admin_port)) for _ in range(300)]
    for connection in idle:
        try:
            connection.sendall(begun)
        except OSError:
            pass  # it made room already
    wait_for(lambda: is_live(one), deadline=10)
    assert all(is_live(one) for _ in range(20))
    for connection in idle:
        connection.close()


@pytest.mark.parametrize("words", [["health"], ["dead-letters", "list"], ["replay", "status"]])
def test_a_stopped_process_is_reported(one, words):
    """By each command that asks the admin port, soon and with a message."""
    one.process.send_signal(signal.SIGSTOP)
    try:
        begin = time.monotonic()
        done = program.command(*words, "-c", one.file)
        took = time.monotonic() - begin
        quick = program.command(*words, "-c", one.file, "--timeout", "1")
    finally:
        one.process.send_signal(signal.SIGCONT)
    assert done.returncode == 1
    assert "no answer from the admin port 127.0.0.1:" in done.stderr
    assert "is it stopped?" in done.stderr
    assert 4 < took < 30  # far below the minute that an answer may take
    assert quick.returncode == 1 and "within 1 s" in quick.stderr, quick.stderr
    assert program.command(*words, "-c", one.file).returncode == 0


@pytest.mark.parametrize("words", [["health"], ["dead-letters", "list"], ["replay", "status"]])
@pytest.mark.parametrize("timeout", ["0", "3601", "18446744073709551616"])
def test_a_timeout_that_cannot_be_is_refused(one, words, timeout):
    done = program.command(*words, "-c", one.file, "--timeout", timeout)
    assert done.returncode == 2 and "--timeout" in done.stderr


EDGES = [0, 1, 2**63 - 1, 2**63, 2**64 - 2, 2**64 - 1, 2**64, 2**65, "-1", "1e3", "0x1", "%2B1", "",
         "%201"]


@pytest.mark.parametrize("page", ["after", "number", "limit"])
@pytest.mark.parametrize("value", EDGES)
def test_numbers_of_a_query_do_not_wrap(one, page, value):
    """No letter comes after the largest possible number."""
    assert one.post(sender.event("order.created")).status == 202
    wait_for(lambda: b'"number":1,' in http.get(one.admin_port, "/api/dead-letters").body)
    answer = http.get(one.admin_port, f"/api/dead-letters?{page}={value}")
    assert answer.status in (200, 400)
    if page != "limit" and answer.status == 200 and value not in (0, 1):
        assert b'"letters":[\n]' in answer.body, answer.body
    if page == "number" and value == 1:
        assert b'"number":1,' in answer.body
    if isinstance(value, str) or value > 2**64 - 2:
        assert answer.status == 400


@pytest.mark.parametrize("name", ["from", "last", "rate"])
@pytest.mark.parametrize("value", EDGES)
def test_numbers_of_a_replay_do_not_wrap(one, name, value):
    first = "" if name == "from" else "from=1&"
    answer = http.exchange(one.admin_port, (
        f"POST /api/replay?{first}{name}={value}&dry_run=1 HTTP/1.1\r\nHost: localhost\r\n"
        "Content-Length: 0\r\n\r\n").encode())
    assert answer.status in (200, 400), answer
    if isinstance(value, str) or value > 2**64 - 2 or (name == "from" and value > 1):
        assert answer.status == 400
