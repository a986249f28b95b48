"""The door's address and its edges: who may listen, the health path, paths, media types, and what
the log says of a request that was refused."""

import concurrent.futures
import gzip
import json
import socket
import time

import pytest

from support import program, sender
from support.http import Connection, exchange, get
from support.ports import free_port
from support.wait import wait_for

SINKS = {"files": {"type": "file", "path": "out"}}
ROUTES = [{"name": "all", "match": "**", "to": [{"sink": "files", "file": "all.jsonl"}]}]


@pytest.fixture
def door(hookstream):
    """door(...): a started hookstream with a file sink."""
    return lambda **parts: hookstream(sinks=SINKS, routes=ROUTES, **parts)


def ends(folder, config):
    """Runs hookstream until it ends by itself: its status and its log."""
    folder.mkdir()
    one = program.Hookstream(folder, config).start(ready=False)
    try:
        return one.process.wait(30), one.log
    finally:
        if one.running:
            one.kill9()


def listening(folder, listen, admin=None):
    folder = folder / "second"
    return folder, program.configuration(
        folder,
        sinks=SINKS,
        routes=ROUTES,
        server={"listen": listen},
        admin={"listen": admin or f"127.0.0.1:{free_port()}"},
    )


@pytest.mark.parametrize("first", ["127.0.0.1", "0.0.0.0", "*", "[::]"])
@pytest.mark.parametrize("second", ["127.0.0.1", "0.0.0.0", "*", "[::]"])
def test_a_second_hookstream_on_the_port_is_refused_and_takes_no_request(
    door, tmp_path, first, second
):
    port = free_port()
    one = door(server={"listen": f"{first}:{port}", "workers": 4})
    code, log = ends(*listening(tmp_path, f"{second}:{port}"))
    assert code not in (0, None)
    assert f":{port}" in log and "another process listens there" in log and "ss -tanp" in log
    assert all(one.post(sender.event()).status == 202 for _ in range(50))


def test_a_port_that_a_connection_uses_is_refused_and_nobody_is_said_to_listen(door, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket() as client:
        client.bind(("127.0.0.1", 0))
        client.connect(server.getsockname())
        port = client.getsockname()[1]
        code, log = ends(*listening(tmp_path, f"127.0.0.1:{port}"))
    assert code not in (0, None)
    assert f":{port}" in log and "or has a connection from this port" in log


def test_a_second_hookstream_on_the_admin_port_is_refused(door, tmp_path):
    one = door()
    address = f"127.0.0.1:{one.admin_port}"
    code, log = ends(*listening(tmp_path, f"127.0.0.1:{free_port()}", admin=address))
    assert code not in (0, None)
    assert "admin.listen" in log and address in log and "another process listens there" in log


def test_of_several_that_start_at_once_on_a_port_one_gets_it(tmp_path):
    port = free_port()
    all_of_them = []
    for i in range(6):
        folder = tmp_path / str(i)
        folder.mkdir()
        config = program.configuration(
            folder, sinks=SINKS, routes=ROUTES, server={"listen": f"127.0.0.1:{port}"}
        )
        all_of_them.append(program.Hookstream(folder, config))
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda one: one.start(ready=False), all_of_them))
    try:
        wait_for(
            lambda: sum(one.running for one in all_of_them) <= 1,
            deadline=60,
            what="all but one to end",
        )
        (winner,) = [one for one in all_of_them if one.running]
        wait_for(winner.is_ready, deadline=60, what="the one that is left to be ready")
        assert all(winner.post(sender.event()).status == 202 for _ in range(20))
        winner.stop()
    finally:
        for one in all_of_them:
            if one.running:
                one.kill9()


def test_a_restart_takes_the_port_at_once_while_connections_of_before_linger(door):
    one = door()
    for _ in range(5):
        assert one.post(sender.event()).status == 202
        one.stop()
        one.start()


# ---- The health path ----


def test_the_health_path_answers_as_events_are_accepted_and_writes_nothing(door):
    one = door(server={"health_path": "/healthz"})
    before = one.status["journal"]["durable"]
    for path in ("/healthz", "/healthz/", "/healthz?x=1"):
        answer = get(one.port, path)
        assert (answer.status, answer.body) == (200, b"ready\n")
    with Connection(one.port) as connection:
        connection.send(b"HEAD /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        head = connection.socket.makefile("rb").read()
    assert head.startswith(b"HTTP/1.1 200 OK\r\n") and head.endswith(b"\r\n\r\n")
    post = one.post(sender.event(), path="/healthz")
    assert post.status == 405 and post.fields["allow"] == "GET, HEAD"
    assert one.status["journal"]["durable"] == before


def test_the_health_path_is_503_while_the_journal_is_full(hookstream):
    one = hookstream(
        sinks={"away": {"type": "redis", "url": f"redis://127.0.0.1:{free_port()}"}},
        routes=[{"name": "all", "match": "**", "to": [{"sink": "away", "stream": "s"}]}],
        server={"limits": {"body_size": "256KiB"}, "health_path": "/healthz"},
        journal={"max_size": "8MiB", "retain": "0s"},
    )
    assert get(one.port, "/healthz").status == 200
    for size in (60000, 0):
        wait_for(
            lambda: one.post(sender.event(note="x" * size)).status == 503,
            deadline=60,
            what=f"the journal to have no room for {size} bytes",
            pause=0,
        )
    answer = get(one.port, "/healthz")
    assert (answer.status, answer.body) == (503, b"not ready\n")


def test_without_a_health_path_it_is_404(door):
    assert get(door().port, "/healthz").status == 404


@pytest.mark.parametrize(
    "path, words",
    [
        (sender.PATH, "is the path of source"),
        (sender.PATH + "/", "is the path of source"),
        ("healthz", "begins with a slash"),
        ("/health*", "begins with a slash"),
    ],
)
def test_a_health_path_that_cannot_be_is_refused(tmp_path, path, words):
    config = program.configuration(
        tmp_path, sinks=SINKS, routes=ROUTES, server={"health_path": path}
    )
    (tmp_path / "c.yaml").write_text(json.dumps(config))
    done = program.command("check", "-c", tmp_path / "c.yaml")
    assert done.returncode == 1 and "HS097" in done.stdout + done.stderr
    assert words in done.stdout + done.stderr


# ---- Paths and media types ----


@pytest.mark.parametrize("configured", ["/hook", "/hook/"])
def test_a_slash_at_the_end_of_a_path_makes_no_difference(door, configured):
    one = door(source={"path": configured})
    for path in ("/hook", "/hook/", "/hook?a=b", "/hook/?a=b"):
        assert one.post(sender.event(), path=path).status == 202
    for path in ("/hook//", "/hook/x", "/", "/hoo", "//hook"):
        assert one.post(sender.event(), path=path).status == 404


def test_two_sources_whose_paths_differ_by_a_slash_are_refused(tmp_path):
    config = program.configuration(tmp_path, sinks=SINKS, routes=ROUTES)
    config["sources"]["other"] = {**config["sources"]["fanfare"], "path": sender.PATH + "/"}
    (tmp_path / "c.yaml").write_text(json.dumps(config))
    done = program.command("check", "-c", tmp_path / "c.yaml")
    assert done.returncode == 1 and "every source needs its own" in done.stdout + done.stderr


MEDIA = {
    "application/json": 202,
    "application/json; charset=utf-8": 202,
    "application/cloudevents+json": 202,
    "Application/Vnd.Fanfare.V1+JSON ; charset=utf-8": 202,
    "application/+json": 415,
    "application/json+x": 415,
    "application/jsonp": 415,
    "text/json": 415,
    "text/x+json": 415,
    "application/x-www-form-urlencoded": 415,
}


@pytest.mark.parametrize("media", MEDIA)
def test_media_types(door, media):
    one = door()
    answer = one.post(sender.event(), fields={"Content-Type": media})
    assert answer.status == MEDIA[media]
    one.counts("rejected_total", reason="wrong_media_type", is_now=int(MEDIA[media] == 415))


@pytest.mark.parametrize("coding", ["gzip", "GZIP", "br", "deflate, gzip", "zstd"])
def test_a_compressed_body_is_415_with_what_to_do_and_is_not_kept(door, coding):
    one = door()
    body = gzip.compress(json.dumps(sender.event()).encode())
    answer = exchange(one.port, sender.request(body, fields={"Content-Encoding": coding}))
    assert answer.status == 415 and answer.fields["accept-encoding"] == "identity"
    assert "without Content-Encoding" in json.loads(answer.body)["detail"]
    one.counts("rejected_total", reason="content_encoding", is_now=1)
    assert one.post(sender.event(), fields={"Content-Encoding": "identity"}).status == 202
    one.drained()
    assert one.metric("dead_letters") in (0, None)


# ---- What the log says ----


def line_with(one, words):
    wait_for(lambda: words in one.log, deadline=10, what=f"`{words}` in the log")
    return next(line for line in one.log.splitlines() if words in line)


def test_a_404_logs_its_path_cut_and_escaped_and_without_the_query(door):
    one = door()
    long = "/no/such/" + "x" * 300
    for target in ("/webhook?token=hidden", long, "/a%0Ab"):
        assert get(one.port, target).status == 404
    line = line_with(one, "path=/webhook ")
    assert "status=404" in line and "hidden" not in one.log
    assert "x" * 100 in one.log and "x" * 200 not in one.log
    assert line_with(one, "/a%0Ab")


def test_a_flood_of_404s_is_cut_short_in_the_log(door):
    one = door()
    for i in range(30):
        assert get(one.port, f"/none/{i}").status == 404
    assert one.log.count("unknown_path") <= 5


BAD = {
    b"GET /a b HTTP/1.1\r\nHost: a\r\n\r\n": "GET /a b",
    b"GET /\x01\x1b[31m HTTP/1.1\r\nHost: a\r\n\r\n": "GET /",
    b"GET nowhere HTTP/1.1\r\nHost: a\r\n\r\n": "GET nowhere",
    b"GET /w?secret=1 HTTP/9.9\r\nHost: a\r\n\r\n": "GET /w",
}


@pytest.mark.parametrize("request_bytes", BAD)
def test_a_request_that_is_no_http_logs_its_line_cut_and_escaped(door, request_bytes):
    one = door()
    answer = exchange(one.port, request_bytes)
    assert answer.status in (400, 505)
    line = line_with(one, "request refused")
    assert BAD[request_bytes] in line and "peer=127.0.0.1:" in line and "detail=" in line
    assert "\x1b" not in one.log and "\x01" not in one.log and "secret=1" not in one.log


@pytest.mark.parametrize("off, words", [(-1000, "off_by_s=100"), (5000, "off_by_s=-499")])
def test_a_401_for_its_time_says_by_how_much(door, off, words):
    one = door()
    assert one.post(sender.event(), timestamp=int(time.time()) + off).status == 401
    line = line_with(one, words)
    assert "status=401" in line
