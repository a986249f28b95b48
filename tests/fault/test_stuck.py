"""Threads that are stuck are named by /livez; threads that wait, and processes that were stopped,
are not."""

import signal
import socket
import time

import pytest

from support import http, sender
from support.ports import free_port
from support.wait import wait_for

STUCK_S = 10  # HS_STUCK_LOOKS
TARGET = [{"sink": "files", "file": "all.jsonl"}]


def parts(tmp_path, **sinks):
    files = {"type": "file", "path": str(tmp_path / "out")}
    return {"sinks": {"files": files, **sinks}, "source": {"catalogue": "none"},
            "routes": [{"name": "all", "match": "order", "to": TARGET}],
            "server": {"workers": 1}}


@pytest.fixture
def stuck(tmp_path, preload):
    """(environment, block): block("hs-a", "hs-b") holds these threads at their next system call;
    block() lets them go."""
    trigger = tmp_path / "trigger.stuck"

    def block(*threads):
        new = tmp_path / "trigger.new"
        new.write_text("".join(f"{name}\n" for name in threads))
        new.rename(trigger)

    yield {**preload("stuck.c"), "FAULT_TRIGGER": str(tmp_path / "trigger")}, block
    trigger.unlink(missing_ok=True)


def live(one):
    answer = http.get(one.admin_port, "/livez")
    return answer.status, answer.body.decode()


def send_only(one, document):
    """Sends an event and does not wait for its answer."""
    connection = socket.create_connection(("127.0.0.1", one.port))
    connection.sendall(sender.request(sender.encode(document)))
    return connection


def names(one, *threads):
    """Whether /livez fails and names them all."""
    status, page = live(one)
    return status == 503 and all(f"thread {name} is stuck" in page for name in threads)


def test_a_stuck_thread_fails_livez_and_is_named(hookstream, tmp_path, stuck):
    """Each kind of thread in turn is blocked while it has work: /livez is 503 and names it, and so
    does the log. /livez is 200 again when the threads continue."""
    environment, block = stuck
    one = hookstream(environment=environment, **parts(tmp_path))
    assert live(one) == (200, "ok\n")
    held = ["hs-files", "hs-dead-letters"]
    block(*held)
    for kind in ("order.created", "auction.settled"):
        assert one.post(sender.event(kind)).status == 202
    wait_for(lambda: names(one, *held), deadline=60)
    assert http.get(one.admin_port, "/readyz").status == 200  # events are accepted
    block(*held, "hs-committer")
    waiting = [send_only(one, sender.event("order.created"))]
    wait_for(lambda: names(one, *held, "hs-committer"), deadline=60)
    assert "syncing a batch" in live(one)[1] or "writing a batch" in live(one)[1]
    assert http.get(one.admin_port, "/readyz").status == 503
    held += ["hs-committer", "hs-ingress-0"]
    block(*held)
    waiting.append(send_only(one, sender.event("order.created")))
    wait_for(lambda: names(one, "hs-ingress-0"), deadline=60)
    assert "thread hs-ingress-0 is stuck" in one.readiness
    assert one.metric("hookstream_thread_still_seconds", thread="hs-ingress-0") >= STUCK_S
    assert one.metric("hookstream_thread_still_seconds", thread="hs-keeper") == 0
    block()
    wait_for(lambda: live(one) == (200, "ok\n"), deadline=30)
    wait_for(lambda: http.get(one.admin_port, "/readyz").status == 200, deadline=30)
    assert one.post(sender.event("order.created")).status == 202
    one.drained("files")
    for name in held:
        assert f"thread={name} " in one.log, one.log
    for connection in waiting:
        connection.close()


def test_a_stuck_log_fails_livez(hookstream, tmp_path, stuck):
    """A write to stderr does not return, although its reader has space."""
    environment, block = stuck
    one = hookstream(environment=environment, **parts(tmp_path))
    block("hs-log")
    http.exchange(one.port, b"POST /nowhere HTTP/1.1\r\nHost: t\r\nContent-Length: 0\r\n\r\n")
    wait_for(lambda: names(one, "hs-log"), deadline=60)
    assert one.post(sender.event("order.created")).status == 202
    block()
    wait_for(lambda: live(one) == (200, "ok\n"), deadline=30)


def test_threads_that_wait_are_not_stuck(hookstream, tmp_path):
    """Idle, with unreachable brokers and one that never answers: /livez stays 200 for longer than
    a thread may be stuck."""
    silent = socket.create_server(("127.0.0.1", 0))
    one = hookstream(**parts(
        tmp_path,
        kafka={"type": "kafka", "brokers": [f"127.0.0.1:{free_port()}"]},
        redis={"type": "redis", "url": f"redis://127.0.0.1:{free_port()}"},
        deaf={"type": "redis", "url": f"redis://127.0.0.1:{silent.getsockname()[1]}"},
    ))
    assert one.post(sender.event("order.created")).status == 202
    end = time.monotonic() + STUCK_S + 4
    while time.monotonic() < end:
        assert live(one) == (200, "ok\n")
        assert max(value for _, value in one.metrics.find("thread_still_seconds")) < 5
        time.sleep(0.5)
    silent.close()


def test_a_process_that_was_stopped_is_not_blamed(hookstream, tmp_path):
    """SIGSTOP under load for longer than a thread may be stuck: /livez is 200 right after."""
    one = hookstream(**parts(tmp_path))
    waiting = [send_only(one, sender.event("order.created")) for _ in range(50)]
    one.process.send_signal(signal.SIGSTOP)
    waiting += [send_only(one, sender.event("order.created")) for _ in range(50)]
    time.sleep(STUCK_S + 3)  # the time itself is the fault
    one.process.send_signal(signal.SIGCONT)
    for _ in range(20):
        assert live(one) == (200, "ok\n")
    one.drained("files")
    for connection in waiting:
        connection.close()
