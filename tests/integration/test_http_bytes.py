"""Raw bytes in, exact answers out: what RFC 9112 refuses is 400 and closed, and nothing that
follows on that connection is read as a request."""

import socket

import pytest

from support import sender
from support.http import Connection


@pytest.fixture
def one(hookstream):
    return hookstream(
        sinks={"files": {"type": "file", "path": "out"}},
        routes=[{"name": "all", "match": "**", "to": [{"sink": "files", "file": "a.jsonl"}]}],
    )


def good():
    return sender.request(sender.encode(sender.event()))


def with_line(line, drop=None):
    """A good request with one more line, and without another."""
    head, body = good().split(b"\r\n\r\n", 1)
    lines = [part for part in head.split(b"\r\n") if drop is None or not part.startswith(drop)]
    return b"\r\n".join([*lines, line]) + b"\r\n\r\n" + body


def chunked(chunks):
    head, _ = good().split(b"\r\n\r\n", 1)
    lines = [part for part in head.split(b"\r\n") if not part.startswith(b"Content-Length")]
    return b"\r\n".join([*lines, b"Transfer-Encoding: chunked"]) + b"\r\n\r\n" + chunks


BAD = {
    "length and chunked": lambda: with_line(b"Transfer-Encoding: chunked"),
    "two lengths": lambda: with_line(b"Content-Length: 5"),
    "a list of lengths": lambda: with_line(b"Content-Length: 5, 6", drop=b"Content-Length"),
    "length with a sign": lambda: with_line(b"Content-Length: +5", drop=b"Content-Length"),
    "length in hex": lambda: with_line(b"Content-Length: 0x5", drop=b"Content-Length"),
    "length that overflows": lambda: with_line(
        b"Content-Length: 18446744073709551617", drop=b"Content-Length"
    ),
    "chunked twice": lambda: with_line(
        b"Transfer-Encoding: chunked, chunked", drop=b"Content-Length"
    ),
    "another coding": lambda: with_line(b"Transfer-Encoding: gzip", drop=b"Content-Length"),
    "chunked not last": lambda: with_line(
        b"Transfer-Encoding: chunked, identity", drop=b"Content-Length"
    ),
    "space before the colon": lambda: with_line(b"X-One : 1"),
    "folded line": lambda: with_line(b"X-One: 1\r\n and more"),
    "bare LF": lambda: with_line(b"X-One: 1\nX-Two: 2"),
    "bare CR": lambda: with_line(b"X-One: 1\rX-Two: 2"),
    "NUL in a field": lambda: with_line(b"X-One: a\0b"),
    "control in a field": lambda: with_line(b"X-One: a\x01b"),
    "no host": lambda: with_line(b"X-One: 1", drop=b"Host"),
    "two hosts": lambda: with_line(b"Host: other"),
    "no colon": lambda: with_line(b"X-One"),
    "empty name": lambda: with_line(b": 1"),
    "two spaces in the line": lambda: good().replace(b" HTTP/1.1", b"  HTTP/1.1", 1),
    "bad version": lambda: good().replace(b"HTTP/1.1", b"HTTP/1.x", 1),
    "chunk size overflows": lambda: chunked(b"fffffffffffffffff\r\n"),
    "chunk size not hex": lambda: chunked(b"5 \n\r\nhello\r\n0\r\n\r\n"),
    "chunk too long": lambda: chunked(b"5\r\nhelloX\r\n0\r\n\r\n"),
}


def test_malformed_is_400_and_closed_with_nothing_read_after(one):
    for case, make in BAD.items():
        with Connection(one.port) as connection:
            connection.send(make() + good())
            answer = connection.read_answer()
            assert answer is not None and answer.status == 400, (case, answer)
            assert answer.closed, case
            assert connection.at_end(), f"{case}: something more was answered"
    one.counts("requests_total", code="400", is_now=len(BAD))
    one.counts("requests_total", code="202", is_now=0)
    one.counts("journal_sequence", point="appended", is_now=0)


def test_pipelined_requests_are_answered_in_order(one):
    with Connection(one.port) as connection:
        connection.send(good() + sender.request(b"x", path="/nowhere") + good())
        assert [connection.read_answer().status for _ in range(3)] == [202, 404, 202]


def test_a_chunked_body_is_the_same_body(one):
    body = sender.encode(sender.event())
    head = sender.request(
        body, fields={"Content-Length": None, "Transfer-Encoding": "chunked"}
    ).split(b"\r\n\r\n")[0]
    chunks = b"".join(b"1\r\n%c\r\n" % byte for byte in body)
    chunks = chunks.replace(b"1\r\n", b'001;name="a value"\r\n', 1)
    with Connection(one.port) as connection:
        connection.send(head + b"\r\n\r\n" + chunks + b"0\r\nX-Trailer: 1\r\n\r\n" + good())
        answers = [connection.read_answer() for _ in range(2)]
    assert [answer and answer.status for answer in answers] == [202, 202], answers
    one.drained()
    assert body in (one.folder / "out" / "a.jsonl").read_bytes().splitlines()


def test_bytes_one_at_a_time(one):
    with Connection(one.port) as connection:
        for byte in good():
            connection.send(bytes([byte]))
        assert connection.read_answer().status == 202


def test_expect_100_continue(one):
    whole = sender.request(sender.encode(sender.event()), fields={"Expect": "100-continue"})
    head, body = whole.split(b"\r\n\r\n", 1)
    with Connection(one.port) as connection:
        connection.send(head + b"\r\n\r\n")
        assert connection.read_answer().status == 100
        connection.send(body)
        assert connection.read_answer().status == 202


def test_http_1_0_closes_and_needs_no_host(one):
    request = good().replace(b"HTTP/1.1", b"HTTP/1.0", 1).replace(b"Host: test\r\n", b"")
    with Connection(one.port) as connection:
        connection.send(request)
        assert connection.read_answer().status == 202
        assert connection.at_end()


def test_a_half_closed_sender_still_gets_its_answer(one):
    with Connection(one.port) as connection:
        connection.send(good())
        connection.socket.shutdown(socket.SHUT_WR)
        assert connection.read_answer().status == 202
