"""A Redis that no longer has hookstream's cursor: it is noticed, named, counted and logged, and by
`on_cursor_lost` its events are sent again or the command that does so is given. Every event that
was answered 202 is in Redis or reported as perhaps lost."""

import re
import shlex

import pytest
from support import program, sender
from support.proxy import Proxy
from support.redis import Redis
from support.wait import wait_for

EVICTED = ("--maxmemory-policy", "allkeys-lru")


def start(hookstream, server, **options):
    return hookstream(
        sinks={"redis": {"type": "redis", "url": server.url, **options.pop("sink", {})}},
        routes=[{"name": "all", "match": "**", "to": [{"sink": "redis", "stream": "s"}]}],
        **options,
    )


def post(one, count):
    events = [sender.event("order.created") for _ in range(count)]
    for event in events:
        assert one.post(event).status == 202
    return [event["id"] for event in events]


def ids(server, stream="s"):
    """How often each event is in the stream."""
    count = {}
    for entry in server.stream(stream) if server("EXISTS", stream) else []:
        found = re.search(rb'"id":"(\w+)"', entry["body"])[1].decode()
        count[found] = count.get(found, 0) + 1
    return count


def cursor_key(server):
    (key,) = server("KEYS", "hookstream:cursor:*")
    return key


def noticed(one, times=1):
    wait_for(lambda: one.metric("sink_cursor_lost_total", sink="redis") == times,
             what="the lost cursor to be counted")  # fmt: skip
    wait_for(lambda: "reason=cursor_missing" in one.log, what="the line in the log")
    assert "second hookstream" not in one.log


def reported(one, outcome):
    return one.metric("sink_cursor_lost_events_total", sink="redis", outcome=outcome)


def flush_all(server):
    server("FLUSHALL")


def flush_db(server):
    server("FLUSHDB")


def swap_db(server):
    server("SWAPDB", 0, 1)


def delete_key(server):
    server("DEL", cursor_key(server))


def expire_key(server):
    server("PEXPIRE", cursor_key(server), 1)


def empty_key(server):
    server("SET", cursor_key(server), "")


WAYS = [flush_all, flush_db, swap_db, delete_key, expire_key, empty_key]


@pytest.mark.parametrize("forget", WAYS)
@pytest.mark.parametrize("while_it", ["runs", "is stopped"])
def test_a_cursor_that_is_gone_is_noticed_and_its_events_sent_again(
        hookstream, redis_server, forget, while_it):  # fmt: skip
    server = redis_server()
    one = start(hookstream, server)
    before = post(one, 40)
    one.drained()
    if while_it == "is stopped":
        one.stop()
    forget(server)
    if while_it == "is stopped":
        one.start()
    noticed(one)  # without one more event
    after = post(one, 10)
    wait_for(lambda: set(ids(server)) >= {*before, *after}, what="every event in Redis")
    assert reported(one, "replayed") == 40
    assert (reported(one, "left"), reported(one, "gone")) == (0, 0)
    twice = 1 if forget not in (delete_key, expire_key, empty_key) else 2
    assert ids(server) == {**dict.fromkeys(before, twice), **dict.fromkeys(after, 1)}
    assert "up (cursor_missing)" not in one.readiness


def test_a_redis_that_restarts_empty_is_sent_what_is_missing(hookstream, redis_server):
    server = redis_server("--appendonly", "no")
    one = start(hookstream, server)
    before = post(one, 40)
    one.drained()
    server.end()
    meanwhile = post(one, 20)
    server.start()
    noticed(one)
    after = post(one, 10)
    wait_for(lambda: ids(server) == dict.fromkeys([*before, *meanwhile, *after], 1),
             what="every event once")  # fmt: skip
    order = list(ids(server))
    assert order == [*before, *meanwhile, *after]


@pytest.mark.parametrize("while_it", ["runs", "is stopped"])
def test_who_continues_is_given_the_command_that_sends_them_again(
        hookstream, redis_server, while_it):  # fmt: skip
    server = redis_server()
    one = start(hookstream, server, sink={"on_cursor_lost": "continue"})
    before = post(one, 40)
    one.drained()
    if while_it == "is stopped":
        one.stop()
    flush_all(server)
    if while_it == "is stopped":
        one.start()
    noticed(one)
    assert "sink redis is up (cursor_missing): " in one.readiness
    after = post(one, 10)
    wait_for(lambda: ids(server) == dict.fromkeys(after, 1), what="the new events, once")
    wait_for(lambda: "cursor_missing" not in one.readiness, what="the note to go")
    one.counts("sink_cursor_lost_total", sink="redis", is_now=1)
    # Answered are those in Redis and those reported.
    assert len(ids(server)) + reported(one, "left") == 50
    command = re.search(r'command="(hookstream replay [^"]*)"', one.log)[1]
    assert command == "hookstream replay --from 1 --last 40 --to redis"
    done = program.command(*shlex.split(command)[1:], "-c", one.file)
    assert done.returncode == 0, done.stdout + done.stderr
    wait_for(lambda: ids(server) == dict.fromkeys([*after, *before], 1), what="all of them")


def test_another_redis_and_another_database_have_no_cursor(hookstream, redis_server):
    first, second = redis_server(), redis_server()
    one = start(hookstream, first)
    before = post(one, 20)
    one.drained()
    text = one.file.read_text()
    for times, url in enumerate([first.url[:-1] + "3", second.url]):
        one.stop()
        one.file.write_text(text.replace(first.url, url))
        one.start()
        noticed(one)
        one.drained()
    assert ids(second) == dict.fromkeys(before, 1)
    assert times == 1


def test_a_replica_that_never_had_it_is_sent_everything(hookstream, redis_server):
    old, new = redis_server(), redis_server()
    between = Proxy(old.address).start()
    try:
        one = start(hookstream, Redis(between.address))
        before = post(one, 20)
        one.drained()
        between.upstream = new.address
        between.cut()
        noticed(one)
        wait_for(lambda: ids(new) == dict.fromkeys(before, 1), what="every event at the new one")
        one.stop()
    finally:
        between.stop()


def post_large(one, count):
    """More events than a journal of 16 MiB keeps."""
    sent = []
    for at in range(count):
        event = sender.event("order.created")
        event["data"]["note"] = "x" * 100000
        assert one.post(event).status == 202
        sent.append(event["id"])
        if at % 40 == 39:
            one.drained()
    return sent


@pytest.mark.parametrize("while_it", ["runs", "is stopped"])
def test_a_replica_that_lags_past_the_journal_is_reported(hookstream, redis_server, while_it):
    """What the journal no longer keeps cannot be sent again, and is not reported as sent again."""
    old, lagging = redis_server("--appendonly", "no"), redis_server("--appendonly", "no")
    between = Proxy(old.address).start()
    try:
        one = start(hookstream, Redis(between.address),
                    journal={"max_size": "16MiB", "retain": "0s"})  # fmt: skip
        lagging("REPLICAOF", *old.address.split(":"))
        sent = post(one, 10)
        one.drained()
        wait_for(lambda: len(ids(lagging)) == 10, what="the replica to have them")
        lagging("REPLICAOF", "NO", "ONE")
        sent += post_large(one, 320)
        if while_it == "is stopped":
            one.stop()
        between.upstream = lagging.address
        between.cut()
        if while_it == "is stopped":
            one.start()
        sent += post(one, 10)
        wait_for(lambda: set(ids(lagging)) >= set(sent[-10:]), what="the new events")
        there = ids(lagging)
        assert set(there.values()) == {1}
        missing = len(set(sent) - set(there))
        assert missing > 0
        assert reported(one, "gone") == missing
        assert reported(one, "replayed") == 320 - missing
        assert one.metric("sink_cursor_lost_total", sink="redis") == 1
        assert f"not_in_journal={missing}" in one.log
        between.cut()  # once more in the middle is not another loss
        post(one, 1)
        one.drained()
        assert one.metric("sink_cursor_lost_total", sink="redis") == 1
        one.stop()
    finally:
        between.stop()


def touch_by_expiry(server):
    server("EXPIRE", cursor_key(server), 1000)


def touch_by_reload(server):
    server("DEBUG", "RELOAD")


def touch_by_swaps(server):
    server("SWAPDB", 0, 1)
    server("SWAPDB", 0, 1)


def touch_by_restore(server):
    key = cursor_key(server)
    server("RESTORE", key, 0, server("DUMP", key), "REPLACE")


@pytest.mark.parametrize(
    "touch", [touch_by_expiry, touch_by_reload, touch_by_swaps, touch_by_restore]
)
def test_a_cursor_that_is_touched_blames_no_second_hookstream(hookstream, redis_server, touch):
    server = redis_server("--enable-debug-command", "yes")
    one = start(hookstream, server)
    sent = post(one, 10)
    one.drained()
    touch(server)
    sent += post(one, 10)
    one.drained()
    assert ids(server) == dict.fromkeys(sent, 1)
    assert "still has its value" in one.log
    assert "second hookstream" not in one.log
    assert one.metric("sink_cursor_lost_total", sink="redis") == 0


def test_a_second_one_that_touches_it_again_and_again_is_named(hookstream, redis_server):
    server = redis_server()
    one = start(hookstream, server)
    sent = post(one, 5)
    one.drained()
    for _ in range(4):
        server("APPEND", cursor_key(server), "")  # as its greeting does
        sent += post(one, 5)
        one.drained()
    assert ids(server) == dict.fromkeys(sent, 1)
    assert "is a second hookstream using a copy of this journal?" in one.log


def test_a_key_that_is_evicted_is_noticed(hookstream, redis_server):
    server = redis_server(*EVICTED)
    one = start(hookstream, server)
    before = post(one, 20)
    one.drained()
    server("SET", "other", "x" * 100000)
    server("CONFIG", "SET", "maxmemory", "1")  # everything goes
    wait_for(lambda: server("DBSIZE") == 0, what="Redis to evict its keys")
    server("CONFIG", "SET", "maxmemory", "0")
    wait_for(lambda: one.metric("sink_cursor_lost_total", sink="redis") >= 1, what="the notice")
    wait_for(lambda: "reason=cursor_missing" in one.log, what="the line in the log")
    wait_for(lambda: set(ids(server)) == set(before), what="every event in Redis")


def test_a_sink_that_is_new_has_lost_nothing(hookstream, redis_server):
    server = redis_server()
    server.end()  # the first run ends before Redis ever answered
    one = start(hookstream, server)
    events = post(one, 10)
    one.stop()
    server.start()
    one.start()
    one.drained()
    assert ids(server) == dict.fromkeys(events, 1)
    one.stop()
    one.start()
    assert one.metric("sink_cursor_lost_total") == 0
    assert "cursor_missing" not in one.log


def test_a_cursor_of_another_type_is_held_while_it_runs_too(hookstream, redis_server):
    server = redis_server()
    one = start(hookstream, server)
    post(one, 5)
    one.drained()
    key = cursor_key(server)
    server("DEL", key)
    server("LPUSH", key, "x")
    wait_for(lambda: one.sink("redis")["reason"] == "cursor_damaged", what="the sink to be blocked")
    assert key.decode() in one.sink("redis")["detail"]
    server("DEL", key)
    noticed(one)


@pytest.mark.threads
def test_it_is_flushed_again_and_again_under_load(hookstream, redis_server):
    """Every event is in Redis after the last flush, or came before it and is sent again."""
    server = redis_server()
    one = start(hookstream, server)
    sent = []
    for _ in range(5):
        sent += post(one, 30)
        flush_all(server)
    sent += post(one, 30)
    one.drained()
    wait_for(lambda: set(ids(server)) == set(sent), what="every event in Redis")
    assert "second hookstream" not in one.log


def test_what_the_journal_no_longer_keeps_is_reported_as_gone(hookstream, redis_server):
    server = redis_server()
    one = start(hookstream, server, journal={"store": "memory", "max_size": "256MiB"})
    post(one, 30)
    one.drained()
    flush_all(server)
    noticed(one)
    after = post(one, 5)
    wait_for(lambda: set(ids(server)) >= set(after), what="the new events")
    in_redis = len(ids(server)) - len(after)
    assert in_redis + reported(one, "gone") >= 30
