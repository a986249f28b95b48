"""Outcomes of the http sink, with real HTTP servers that refuse, redirect, stop and have TLS."""

import http.server
import json
import ssl
import subprocess
import threading

import pytest

from support import program, sender
from support.http import get
from support.ports import free_port
from support.wait import wait_for


class Server:
    """An HTTP server that keeps what it is given. `answer(request)`: a status and headers."""

    def __init__(self, port=None, certificate=None):
        self.port, self.certificate = port or free_port(), certificate
        self.taken, self.refused = [], []
        self.answer = lambda request: (200, {})
        self.lock, self.together, self.most = threading.Lock(), 0, 0
        self.hold = threading.Event()
        self.hold.set()
        self.server = None

    def start(self):
        owner = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                owner.count(1)
                owner.hold.wait(60)
                owner.count(-1)
                status, headers = owner.answer(self)
                note = owner.taken if status < 300 else owner.refused
                note.append((self.path, dict(self.headers), body))
                self.send_response(status)
                for name, value in {"content-length": "0", **headers}.items():
                    self.send_header(name, value)
                self.end_headers()

            def log_message(self, *words):
                pass

        class Threads(http.server.ThreadingHTTPServer):
            daemon_threads, allow_reuse_address = True, True

            def handle_error(self, request, client_address):
                pass

            def shutdown_all(self):
                self.shutdown()
                self.server_close()

        self.server = Threads(("127.0.0.1", self.port), Handler)
        if self.certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*self.certificate)
            self.server.socket = context.wrap_socket(
                self.server.socket, server_side=True, do_handshake_on_connect=False
            )
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def count(self, step):
        with self.lock:
            self.together += step
            self.most = max(self.most, self.together)

    def stop(self):
        if self.server:
            self.server.shutdown_all()
        self.server = None

    @property
    def ids(self):
        return [json.loads(body)["id"] for _, _, body in self.taken]

    @property
    def url(self):
        return f"http{'s' if self.certificate else ''}://127.0.0.1:{self.port}/hooks"


@pytest.fixture
def server():
    servers = []

    def make(**options):
        servers.append(Server(**options))
        return servers[-1].start()

    yield make
    for one in servers:
        one.hold.set()
        one.stop()


def http_to(url, target=None, **sink):
    return {
        "sinks": {"http": {"type": "http", "url": url, **sink}},
        "routes": [{"name": "all", "match": "**", "to": [{"sink": "http", **(target or {})}]}],
    }


def post(one, count=1, **options):
    documents = [sender.event(**options) for _ in range(count)]
    for document in documents:
        assert one.post(document).status == 202
    return [document["id"] for document in documents]


def is_blocked(one, reason):
    wait_for(lambda: one.sink("http")["reason"] == reason, what=f"the reason {reason}")
    assert one.sink("http")["state"] == "blocked"


def test_a_request_has_the_event_and_its_headers(hookstream, server):
    there = server()
    target = {"path": "/{family}/{data.orderId}", "headers": {"tenant": "{source}"}}
    sink = {"headers": {"Authorization": "Bearer a-long-token-of-ours"}}
    one = hookstream(**http_to(there.url, target, **sink))
    document = sender.event(orderId="a b/..c")
    assert one.post(document).status == 202
    one.drained()
    ((path, headers, body),) = there.taken
    assert path == "/hooks/order/a%20b/..c" and body == sender.encode(document)
    assert headers["webhook-id"] == document["id"] and headers["webhook-type"] == document["type"]
    assert headers["tenant"] == "fanfare" and headers["content-type"] == "application/json"
    assert headers["Authorization"] == "Bearer a-long-token-of-ours"
    assert one.sink("http")["state"] == "up"


@pytest.mark.threads
def test_each_event_arrives_though_the_server_is_stopped_again_and_again(hookstream, server):
    there = server()
    one = hookstream(**http_to(there.url))
    load = sender.Load(one.port, rate=300, connections=2).start()
    for _ in range(3):
        wanted = len(load.answered) + 100
        wait_for(lambda: len(load.answered) >= wanted, what="answers")
        there.stop()
        wanted = len(load.answered) + 50
        wait_for(lambda: len(load.answered) >= wanted, what="answers without the server")
        there.start()
    load.stop()
    one.drained()
    assert not load.others and not load.unanswered
    assert set(there.ids) == set(load.answered)


@pytest.mark.threads
def test_each_event_arrives_though_hookstream_is_killed(hookstream, server):
    there = server()
    one = hookstream(**http_to(there.url))
    answered = []
    for _ in range(3):
        load = sender.Load(one.port, rate=300, connections=2).start()
        wait_for(lambda: len(load.answered) > 100, what="answers")
        one.kill9()
        load.stop()
        answered += load.answered
        one.start()
    one.drained()
    assert not set(answered) - set(there.ids)


def test_one_in_flight_keeps_the_order_through_failures(hookstream, server):
    there = server()
    count = 0

    def answer(request):
        nonlocal count
        count += 1
        return (503 if count % 7 == 0 else 200), {}

    there.answer = answer
    one = hookstream(**http_to(there.url, in_flight=1))
    sent = post(one, 60)
    one.drained()
    assert there.ids == sent


def test_slow_answers_do_not_lose_and_do_not_pass_in_flight(hookstream, server):
    there = server()
    there.hold.clear()
    one = hookstream(**http_to(there.url, in_flight=4))
    sent = post(one, 20)
    wait_for(lambda: there.together == 4, what="the requests to wait")
    there.hold.set()
    one.drained()
    assert there.most == 4
    assert sorted(there.ids) == sorted(sent)


def test_credentials_that_are_corrected_on_the_server_let_it_continue(hookstream, server):
    there = server()
    there.answer = lambda request: (401, {})
    headers = {"Authorization": "Bearer a-long-token-of-ours"}
    one = hookstream(**http_to(there.url, headers=headers))
    sent = post(one, 3)
    is_blocked(one, "unauthorized")
    assert "set them in `headers`" in one.readiness
    there.answer = lambda request: (200, {})
    one.drained()
    assert sorted(there.ids) == sorted(sent)
    assert one.sink("http")["state"] == "up"
    assert "HS055" not in one.log, "the scheme is no part of the secret"
    for text in (one.log, json.dumps(one.status)):
        assert "a-long-token" not in text and f"{there.port}/hooks" not in text


def test_a_refused_event_is_a_dead_letter_and_the_next_goes_on(hookstream, server):
    there = server()
    there.answer = lambda request: (422 if request.path.endswith("bad") else 200, {})
    one = hookstream(**http_to(there.url, {"path": "/{data.orderId}"}))
    post(one, orderId="bad")
    (good,) = post(one, orderId="good")
    (outside,) = post(one, orderId="../../admin")
    one.drained()
    assert there.ids == [good] and len(there.refused) == 1
    one.counts("dead_letters_total", reason="unprocessable", is_now=1)
    one.counts("dead_letters_total", reason="destination", is_now=1)


def test_a_redirect_is_not_followed(hookstream, server):
    there, other = server(), server()
    there.answer = lambda request: (307, {"location": other.url})
    one = hookstream(**http_to(there.url))
    post(one)
    is_blocked(one, "redirect")
    assert other.taken == other.refused == [] and "set `url` to the new address" in one.readiness


def test_a_proxy_of_the_environment_is_not_asked(hookstream, server):
    there = server()
    proxy = f"http://127.0.0.1:{free_port()}"
    one = hookstream(**http_to(there.url), environment={"http_proxy": proxy, "all_proxy": proxy})
    sent = post(one)
    one.drained()
    assert there.ids == sent


def test_a_pause_that_the_server_asks_for(hookstream, server):
    there = server()
    seen = []

    def answer(request):
        seen.append(request.path)
        return (429, {"retry-after": "2"}) if len(seen) == 1 else (200, {})

    there.answer = answer
    one = hookstream(**http_to(there.url, in_flight=1))
    sent = post(one, 5)
    one.drained()
    assert there.ids == sent and len(seen) == 6, "no request in the pause"


def make_certificate(folder, name, host):
    files = folder / f"{name}.pem", folder / f"{name}.key"
    words = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={name}"]
    words += ["-addext", f"subjectAltName={host}", "-out", files[0], "-keyout", files[1]]
    subprocess.run(words, check=True, capture_output=True)
    return files


def test_a_certificate_is_trusted_by_ca_file_alone(hookstream, server, tmp_path):
    certificate = make_certificate(tmp_path, "server", "IP:127.0.0.1")
    there = server(certificate=certificate)
    trusted = tmp_path / "trusted.pem"
    one = hookstream(**http_to(there.url, ca_file=str(trusted)))
    sent = post(one)
    is_blocked(one, "ca_file")
    done = program.command("check", "-c", one.file)
    assert done.returncode == 1 and "HS066" in done.stdout
    other = make_certificate(tmp_path, "other", "IP:127.0.0.1")[0]
    trusted.write_bytes(other.read_bytes())
    is_blocked(one, "certificate")
    done = program.command("check", "--online", "-c", one.file)
    assert done.returncode == 1 and "HS301" in done.stdout and "not trusted" in done.stdout
    trusted.write_bytes(certificate[0].read_bytes())
    one.drained()
    assert there.ids == sent and one.sink("http")["state"] == "up"
    done = program.command("check", "--online", "-c", one.file)
    assert "its certificate is trusted" in done.stdout + done.stderr and "HS30" not in done.stdout


def test_a_certificate_of_another_host_is_refused(hookstream, server, tmp_path):
    certificate = make_certificate(tmp_path, "server", "DNS:example.com")
    there = server(certificate=certificate)
    one = hookstream(**http_to(there.url, ca_file=str(certificate[0])))
    post(one)
    is_blocked(one, "certificate")
    assert there.taken == []


def test_check_finds_headers_that_cannot_be(tmp_path):
    target = {"headers": {"Content-Length": "{id}"}}
    sink = {"headers": {"Authorization": "Bearer changeme"}}
    config = program.configuration(tmp_path, **http_to("http://127.0.0.1:1/", target, **sink))
    (tmp_path / "c.yaml").write_text(json.dumps(config))
    done = program.command("check", "-c", "c.yaml", "--json", cwd=tmp_path)
    found = {one["code"]: one["message"] for one in json.loads(done.stdout)["findings"]}
    assert "`content-length` belongs to the connection" in found["HS125"]
    assert "HS023" in found and "changeme`" not in found["HS023"].split("form")[0]


def test_check_online_reaches_without_a_request(hookstream, server):
    there = server()
    one = hookstream(**http_to(there.url), start=False)
    done = program.command("check", "--online", "-c", one.file)
    assert f"http://127.0.0.1:{there.port} is reached" in done.stdout + done.stderr
    assert there.taken == there.refused == []
    there.stop()
    done = program.command("check", "--online", "-c", one.file)
    assert done.returncode == 1 and "HS300" in done.stdout


def test_dead_letters_are_forwarded_to_it(hookstream, server):
    there = server()
    one = hookstream(
        sinks={
            "files": {"type": "file", "path": "out"},
            "http": {"type": "http", "url": there.url},
        },
        routes=[{"name": "draws", "match": "draw", "to": [{"sink": "files"}]}],
        dead_letters={"forward": {"sink": "http", "path": "/dead/{family}"}},
    )
    sent = post(one)
    one.counts("dead_letters_forwarded_total", is_now=1)
    ((path, headers, _),) = there.taken
    assert path == "/hooks/dead/order" and headers["dead-letter-reason"] == "no_route"
    assert there.ids == sent
    assert get(one.admin_port, "/readyz").status == 200
