"""Kafka and Redis stand still, end and come back, refuse and are replaced."""

import re
import signal

from oracle import judge
from stage import redis_seen, wait_for_state
from support.ports import free_port
from support.redis import RedisError
from support.wait import wait_for


# ---- Standing still ----


def test_hookstream_stands_still(stage, kafka, redis):
    """hookstream is paused by SIGSTOP under load and resumed: waiting requests are answered,
    nothing is lost, and nothing is delivered twice."""
    it = stage(kafka=kafka, redis=redis)
    it.start()
    with it.load() as load:
        for _ in range(5):
            load.wait_for_answers(100)
            it.one.process.send_signal(signal.SIGSTOP)
            _let_lanes_block(load)
            it.one.process.send_signal(signal.SIGCONT)
    assert set(load.statuses) <= {202, 401}, load.statuses
    it.judge(exact=True)


def _let_lanes_block(load):
    """Until no lane gets answers any more."""
    last = None

    def still():
        nonlocal last
        before, last = last, sum(load.statuses.values())
        return before == last

    wait_for(still, what="every lane to wait", pause=0.1)


def test_kafka_stands_still(stage, kafka, redis, services):
    """Kafka is paused by SIGSTOP: senders get 2xx and Redis continues. Kafka then gets each event
    once, in order."""
    it = stage(kafka=kafka, redis=redis)
    it.start()
    with it.load() as load:
        load.wait_for_answers(100)
        services("pause", "kafka")
        load.wait_for_answers(500)
        at = len(it.ledger.taken())
        wait_for(lambda: redis.length(it.name) >= at * 9 // 10, what="Redis to go on")
        services("resume", "kafka")
        load.wait_for_answers(100)
    assert set(load.statuses) <= {202, 401}, load.statuses
    it.judge(exact=True)


def test_redis_stands_still(stage, kafka, redis_server):
    """Redis is paused by SIGSTOP: senders get 2xx and Kafka continues. Redis then gets each event
    once, in order."""
    server = redis_server()
    it = stage(kafka=kafka, redis=server)
    it.start()
    with it.load() as load:
        load.wait_for_answers(100)
        server.process.send_signal(signal.SIGSTOP)
        load.wait_for_answers(500)
        wait_for(lambda: it.one.sink("kafka")["lag_events"] < 200, what="Kafka to go on")
        server.process.send_signal(signal.SIGCONT)
        load.wait_for_answers(100)
    assert set(load.statuses) <= {202, 401}, load.statuses
    it.judge(exact=True)


# ---- Ending and coming back ----


def _kafka_goes_and_comes(it, services, how):
    it.start()
    with it.load() as load:
        load.wait_for_answers(200)
        services(how, "kafka")
        load.wait_for_answers(400)
        services("start", "kafka")
        wait_for_state(it.one, "kafka", "up", deadline=60)
        load.wait_for_answers(100)
    assert set(load.statuses) <= {202, 401}, load.statuses
    it.judge()


def test_kafka_is_stopped_and_started(stage, kafka, redis, services):
    """Kafka shuts down cleanly and restarts: senders always get 2xx. Each event is in Kafka, in
    order, twice only if the producer had to be rebuilt."""
    _kafka_goes_and_comes(stage(kafka=kafka, redis=redis), services, "stop")


def test_kafka_is_killed_and_started(stage, kafka, redis, services):
    """Kafka is killed (kill -9) and restarts: as before."""
    _kafka_goes_and_comes(stage(kafka=kafka, redis=redis), services, "kill")


def test_redis_is_killed_and_keeps_its_data(stage, redis_server):
    """Redis with appendfsync always is killed and restarted repeatedly: each event is there once,
    in order."""
    server = redis_server()
    it = stage(redis=server)
    it.start()
    with it.load() as load:
        for _ in range(5):
            load.wait_for_answers(100)
            server.end()
            load.wait_for_answers(50)
            server.start()
    assert set(load.statuses) <= {202, 401}, load.statuses
    it.judge(kills_of_redis=5)


def test_redis_is_killed_among_dead_letters(stage, redis_server):
    """The same, while every fourth event becomes a dead letter: an event left out does not confirm
    earlier events that still wait."""
    server = redis_server()
    it = stage(redis=server)
    it.start()
    with it.load(rate=1000, odd_every=2) as load:
        for _ in range(10):
            load.wait_for_answers(60)
            server.end()
            load.wait_for_answers(30)
            server.start()
    assert set(load.statuses) <= {202, 401}, load.statuses
    it.judge(kills_of_redis=10)


def test_redis_comes_back_empty(stage, redis_server):
    """Redis without persistence loses everything, including its cursor. All of it is redelivered
    from the journal, with the unconfirmed events, each once."""
    server = redis_server("--appendonly", "no")
    it = stage(redis=server)
    it.start()
    with it.load() as load:
        load.wait_for_answers(300)
    it.one.drained()
    confirmed = {one.id for one in redis_seen(server, it.name)}
    assert confirmed
    server.end()
    it.post(50)
    server.start()
    assert server.length(it.name) < 100, "Redis kept its data, so nothing was shown"
    it.post(50)
    it.one.drained()
    it.one.counts("sink_cursor_lost_total", 1)
    replayed = it.one.metric("sink_cursor_lost_events_total", outcome="replayed")
    assert replayed >= len(confirmed)
    verdict = judge(it.ledger.events, redis_seen(server, it.name))
    it.report(
        sent=len(it.ledger.genuine()), answered=len(it.ledger.taken()), lost=len(verdict.missing),
        reordered=len(verdict.reordered), duplicated_redis=verdict.duplicates,
        lost_by_redis=len(confirmed),
    )  # fmt: skip
    verdict.hold("Redis")


# ---- Redis in ill humour ----


def test_redis_ends_every_connection_again_and_again(stage, redis_server):
    """CLIENT KILL in a loop: each event is there once, in order."""
    server = redis_server()
    it = stage(redis=server)
    it.start()
    killed = rounds = 0
    with it.load() as load:
        # Senders may be faster than what connects again, so the kills are counted, too.
        while rounds < 30 or (killed < 10 and rounds < 1000):
            load.wait_for_answers(10)
            killed += server("CLIENT", "KILL", "TYPE", "normal")
            rounds += 1
    assert killed >= 10, "nothing was cut, so nothing was shown"
    assert set(load.statuses) <= {202, 401}, load.statuses
    it.judge(connections_ended=killed)


def test_redis_pauses_its_clients(stage, redis_server):
    """CLIENT PAUSE: senders get 2xx, and each event is there once, in order, when Redis
    continues."""
    server = redis_server()
    it = stage(redis=server)
    it.start()
    with it.load() as load:
        load.wait_for_answers(100)
        server("CLIENT", "PAUSE", 1500)
        load.wait_for_answers(400)
    assert set(load.statuses) <= {202, 401}, load.statuses
    it.judge()


def test_redis_sleeps(stage, redis_server):
    """DEBUG SLEEP: as with a pause, although Redis does not even read."""
    server = redis_server("--enable-debug-command", "yes")
    it = stage(redis=server)
    it.start()
    with it.load() as load:
        load.wait_for_answers(100)
        server("DEBUG", "SLEEP", "1.5")
        load.wait_for_answers(100)
    assert set(load.statuses) <= {202, 401}, load.statuses
    it.judge()


def test_redis_is_out_of_memory_and_is_given_more(stage, kafka, redis_server):
    """maxmemory is reached under load: the sink is blocked (`oom`), Kafka continues, and senders
    get 2xx. With more memory each event is there once, in order."""
    server = redis_server()
    it = stage(kafka=kafka, redis=server)
    it.start()
    with it.load() as load:
        load.wait_for_answers(200)
        server("CONFIG", "SET", "maxmemory", "1")
        wait_for_state(it.one, "redis", "blocked")
        assert it.one.sink("redis")["reason"] == "oom"
        load.wait_for_answers(200)
        server("CONFIG", "SET", "maxmemory", "0")
        wait_for_state(it.one, "redis", "up", deadline=60)
    assert set(load.statuses) <= {202, 401}, load.statuses
    it.judge(exact=True)


def test_redis_becomes_a_replica_and_is_promoted_again(stage, kafka, redis_server):
    """REPLICAOF under load, as after a failover: the sink is blocked (`read_only`), Kafka
    continues, and senders get 2xx. After promotion it continues by itself, and each event is there
    once, in order."""
    server = redis_server()
    it = stage(kafka=kafka, redis=server)
    it.start()
    with it.load() as load:
        for _ in range(2):
            load.wait_for_answers(150)
            server("REPLICAOF", "127.0.0.1", free_port())  # of nobody, so it keeps what it has
            wait_for(lambda: it.one.sink("redis")["reason"] == "read_only", what="the reason")
            assert it.one.sink("redis")["state"] != "up"
            assert re.search(r"sink redis .*\(read_only\)", it.one.readiness), it.one.readiness
            counted, had = _counted(it.one), server.length(it.name)
            load.wait_for_answers(300)
            wait_for(lambda: it.one.sink("kafka")["lag_events"] < 200, what="Kafka to go on")
            assert _counted(it.one) == counted
            assert server.length(it.name) == had
            server("REPLICAOF", "NO", "ONE")
            wait_for_state(it.one, "redis", "up")
    assert "read_only" in it.one.log
    assert set(load.statuses) <= {202, 401}, load.statuses
    it.judge(exact=True)


def test_a_replica_is_promoted(stage, redis_server, proxy):
    """The master is lost, and a replica without its last events replaces it. Its cursor is behind
    the journal's record; this is detected, and the missing events are redelivered."""
    master, replica = redis_server(), redis_server()
    replica("REPLICAOF", "127.0.0.1", master.port)
    wait_for(lambda: b"master_link_status:up" in replica("INFO", "replication"), what="a replica")
    middle = proxy(master.address)
    it = stage(redis=master)
    it.start(redis_url=f"redis://{middle.address}/0")
    with it.load() as load:
        load.wait_for_answers(200)
        wait_for(lambda: _length(replica, it.name) > 100, what="the replica to follow")
        replica("REPLICAOF", "NO", "ONE")
        load.wait_for_answers(200)
        wait_for(lambda: master.length(it.name) > replica.length(it.name) + 50, what="a gap")
        had = replica.length(it.name)
        middle.upstream = replica.address
        middle.cut()
        master.end()
        load.wait_for_answers(100)
    it.redis = replica
    it.judge(on_the_replica_before=had)
    assert replica.length(it.name) > had


# ---- Replicas that are waited for ----

WAIT = {"wait": {"replicas": 1, "timeout": "1s"}}


def _follow(replica, port):
    """Makes it a replica of what listens there, and waits until it is in step."""
    replica("REPLICAOF", "127.0.0.1", port)
    wait_for(lambda: b"master_link_status:up" in replica("INFO", "replication"), what="a replica")


def test_a_replica_stands_still_and_is_waited_for(stage, kafka, redis_server):
    """`wait: {replicas: 1}` with the replica paused: the sink is blocked (`replicas`), nothing
    more counts as delivered, Kafka continues, and senders get 2xx. When the replica continues,
    each event is on both, once, in order."""
    master, replica = redis_server("--repl-diskless-sync-delay", "0"), redis_server()
    _follow(replica, master.port)
    it = stage(kafka=kafka, redis=master)
    it.start(redis=WAIT)
    with it.load() as load:
        wait_for(lambda: master.length(it.name) > 100, what="Redis to have some")
        replica.process.send_signal(signal.SIGSTOP)
        wait_for_state(it.one, "redis", "blocked")
        assert it.one.sink("redis")["reason"] == "replicas"
        assert "sink redis is blocked (replicas)" in it.one.readiness
        at = it.one.sink("redis")["position"]
        load.wait_for_answers(200)
        master("CLIENT", "KILL", "TYPE", "normal")
        load.wait_for_answers(100)
        assert it.one.sink("redis")["position"] == at, "what the replica lacks counted"
        replica.process.send_signal(signal.SIGCONT)
        wait_for_state(it.one, "redis", "up")
    assert set(load.statuses) <= {202, 401}, load.statuses
    it.judge(exact=True)
    assert replica.length(it.name) == master.length(it.name)


def _counted(one):
    """Events that count as delivered to Redis; dead letters do not."""
    return one.metric("sink_delivered_total", sink="redis", route="orders")


def test_a_replica_that_was_waited_for_is_promoted(stage, redis_server, proxy):
    """`wait: {replicas: 1}`, the replica is cut off, then the master is lost: everything that
    counted as delivered is on the replica. The rest is sent to it, each event once, in order."""
    master, replica = redis_server("--repl-diskless-sync-delay", "0"), redis_server()
    middle, between = proxy(master.address), proxy(master.address)
    _follow(replica, between.port)
    it = stage(redis=master)
    it.start(redis_url=f"redis://{middle.address}/0", redis=WAIT)
    with it.load() as load:
        wait_for(lambda: _counted(it.one) > 100, what="Redis to have some")
        between.delay = 3600
        wait_for_state(it.one, "redis", "blocked")
        load.wait_for_answers(200)
        counted = _counted(it.one)
        replica("REPLICAOF", "NO", "ONE")
        had = replica.length(it.name)
        assert counted <= had, "what counted is not on the replica"
        middle.upstream = replica.address
        middle.cut()
        master.end()
        third = redis_server()
        _follow(third, replica.port)
        wait_for_state(it.one, "redis", "up", deadline=60)
        load.wait_for_answers(100)
    it.redis = replica
    it.judge(on_the_replica_before=had)
    assert "lost events that it had confirmed" not in it.one.log
    assert third.length(it.name) == replica.length(it.name)


def _length(server, stream):
    try:
        return server.length(stream)
    except RedisError:
        return 0
