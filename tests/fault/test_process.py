"""The process: stopped under load, beside another, its clients deaf, its routes and clock
changed."""

import json
import pathlib
import socket
import time

import pytest

from oracle import judge
from stage import redis_seen
from support import sender
from support.load import DELIVERED, retry
from support.ports import free_port
from support.wait import wait_for

DEAF = 300


def test_sigterm_at_load_with_slow_brokers(stage, proxy, kafka, redis):
    """SIGTERM under load with brokers too slow for the grace period: it exits 0 by itself. After
    the next start nothing is missing, and nothing is in Redis twice."""
    to_kafka, to_redis = proxy(kafka.address, kafka=True), proxy(redis.address)
    it = stage(kafka=kafka, redis=redis)
    it.start(
        kafka_address=to_kafka.address,
        redis_url=f"redis://{to_redis.address}/0",
        server={"shutdown_grace": "1s"},
    )
    for _ in range(3):
        to_kafka.rate = to_redis.rate = 16 << 10
        with it.load(rate=800) as load:
            load.wait_for_answers(300)
            it.stop()
        assert set(load.statuses) <= {202, 401, 503, None}, load.statuses
        to_kafka.rate = to_redis.rate = None
        it.one.start()
    it.settle()
    it.judge(stops=it.kills)


def test_a_second_process_on_one_journal(stage, redis):
    """It ends at once and says why; the first one is not affected."""
    it = stage(redis=redis)
    it.start()
    config = json.loads(it.one.file.read_text())
    for part in ("server", "admin"):
        config[part]["listen"] = f"127.0.0.1:{free_port()}"
    with it.load() as load:
        load.wait_for_answers(100)
        second = it.make(config, start=False)
        second.start(ready=False)
        assert second.process.wait(30) != 0
        assert f"is in use by process {it.one.process.pid}" in second.log, second.log
        load.wait_for_answers(100)
    assert set(load.statuses) <= {202, 401}, load.statuses
    it.judge()


def _memory_mib(process):
    for line in pathlib.Path(f"/proc/{process.pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) >> 10
    raise AssertionError("no VmRSS")


def _shout(connection, data, most):
    """Sends until the other side takes no more; reads nothing."""
    sent = 0
    connection.setblocking(False)
    while sent < most:
        try:
            sent += connection.send(data)
        except BlockingIOError:
            return sent
        except OSError:  # it may be closed on us, which is an answer, too
            return sent
    return sent


def test_clients_that_send_and_do_not_read(stage, redis):
    """300 connections send events, then requests without end, and never read a response. Others
    are served, memory stays bounded, and the events of the 300 are there at most once."""
    it = stage(redis=redis)
    it.start()
    before, deaf = _memory_mib(it.one.process), []
    noise = b"GET /not-there HTTP/1.1\r\nHost: test\r\n\r\n" * 200
    try:
        with it.load() as load:
            for _ in range(DEAF):
                connection = socket.socket()
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                connection.connect(("127.0.0.1", it.one.port))
                deaf.append(connection)
                event = it.ledger.make()
                begun = time.monotonic()
                connection.sendall(sender.request(event.body))
                event.note(begun, None)
                _shout(connection, noise, 256 << 10)
            load.wait_for_answers(200)
            grown = _memory_mib(it.one.process) - before
    finally:
        for connection in deaf:
            connection.close()
    assert set(load.statuses) <= {202, 401}, load.statuses
    assert load.slowest < 10, "others had to wait"
    assert grown < 128, f"{grown} MiB more with {DEAF} clients that do not read"
    it.settle()
    it.judge(memory_grown_mib=grown)


def test_a_start_with_other_routes(stage, redis_server):
    """Stopped with work left, and started with another stream in the route. Delivered events stay
    where they are, the others go where the new route says, each once, in order."""
    server = redis_server()
    it = stage(redis=server)
    it.start()
    with it.load() as load:
        load.wait_for_answers(200)
        server.end()
        load.wait_for_answers(200)
        it.stop()
    config = json.loads(it.one.file.read_text())
    config["routes"][0]["to"][0]["stream"] = f"{it.name}-new"
    it.one.file.write_text(json.dumps(config))
    server.start()
    it.one.start()
    it.settle()
    it.one.drained()
    old, new = redis_seen(server, it.name), redis_seen(server, f"{it.name}-new")
    assert old and len(new) >= 200
    verdict = judge(it.ledger.events, old + new)
    it.report(
        sent=len(it.ledger.genuine()), answered=len(it.ledger.taken()), lost=len(verdict.missing),
        reordered=len(verdict.reordered), duplicated_redis=verdict.duplicates,
    )  # fmt: skip
    verdict.hold("both streams")


@pytest.fixture
def clock(tmp_path, preload):
    """(environment, step): step(-40) puts hookstream's wall clock 40 s behind the machine's."""
    file = tmp_path / "clock"

    def step(seconds):
        new = tmp_path / "clock.new"
        new.write_text(str(seconds))
        new.rename(file)

    step(0)
    return {**preload("clock.c"), "FAULT_CLOCK": str(file)}, step


def test_the_clock_is_stepped(stage, redis_server, clock):
    """The wall clock jumps. Within the limits of signatures nothing changes; beyond them senders
    get 401 and retry. A jump past `retain` removes nothing undelivered."""
    environment, step = clock
    server = redis_server()
    it = stage(redis=server)
    it.start(environment)
    with it.load() as load:
        load.wait_for_answers(100)
        for seconds in (200, -40, 0):
            step(seconds)
            load.wait_for_answers(100)
    assert not [event for event in it.ledger.untaken() if event.status is not None]
    server.end()
    with it.load(pad=48 << 10) as load:
        load.wait_for_answers(400)  # 20 MiB, segments of 8, none of them delivered
        step(25 * 3600)
        refused = load.statuses.get(401, 0)
        # For longer than the journal's housekeeping takes to come round, which is a second.
        wait_for(lambda: load.statuses.get(401, 0) > refused + 1000, what="401 by the clock")
        step(0)
        load.wait_for_answers(100)
    assert set(load.statuses) <= {202, 401}, load.statuses
    server.start()
    it.settle()
    it.judge(answered_401=load.statuses[401])



def _sides_of_the_clock(it, step, *sides):
    """Events taken at each of these times, and at each some that were taken before once more."""
    orders = {"source": "fanfare", "family": "order"}
    for seconds in sides:
        step(seconds)
        known = it.one.metric("events_duplicate_total", **orders)
        taken = [event for event in it.ledger.taken() if event.fate == DELIVERED]
        retry(it.one.port, it.ledger.random.sample(taken, 10) + taken[-10:])
        it.one.counts("events_duplicate_total", known + 20, **orders)
        with it.load(pad=6 << 10) as load:
            # Where all is past `retain`, for longer than the journal's housekeeping's second.
            load.wait_for_answers(700 if seconds > 0 else 200)
        assert set(load.statuses) <= {202, 401}, load.statuses


def test_the_clock_is_stepped_an_hour(stage, redis_server, clock):
    """The clock moves an hour forward and back, within the limits of signatures. Events are
    accepted and retries recognised on each side, also after a kill. Nothing undelivered is
    removed, although receipts are in the future and past `retain`. Each event is there once, in
    order."""
    environment, step = clock
    server = redis_server()
    it = stage(redis=server)
    verify = {"scheme": "fanfare", "secrets": [sender.SECRET]}
    verify.update(max_age="3h", max_future="3h")
    it.start(environment, source={"verify": verify}, journal={"retain": "10m"})
    with it.load() as load:
        load.wait_for_answers(100)
    server.end()
    _sides_of_the_clock(it, step, 3600, 0, -3600, 3600, -3600)
    it.kill()
    it.one.start()  # with receipts two hours ahead
    _sides_of_the_clock(it, step, -3600, 3600, 0)
    server.start()
    _sides_of_the_clock(it, step, -3600, 3600, 0)
    it.settle()
    it.judge(kills=it.kills)
