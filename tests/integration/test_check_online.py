"""`hookstream check --online`: what the real servers say of what a configuration names."""

import json
import socket

import pytest
from support import program
from support.advertised import Advertised
from support.ports import free_port


def check(tmp_path, sinks, to, *words, **rest):
    routes = [{"name": "all", "match": "**", "accept": ["HS205", "HS206"], "to": to}]
    config = program.configuration(tmp_path, sinks=sinks, routes=routes, **rest)
    file = tmp_path / "online.yaml"
    file.write_text(json.dumps(config, indent=1))
    return program.command("check", "-c", file, "--online", "--timeout", 3, *words)


def kafka_sink(address, **options):
    return {"kafka": {"type": "kafka", "brokers": [address], **options}}


def redis_sink(address, **options):
    return {"redis": {"type": "redis", "url": f"redis://{address}/0", **options}}


def topic(name):
    return [{"sink": "kafka", "topic": name, "key": "{id}"}]


def stream(name):
    return [{"sink": "redis", "stream": name}]


# ---- Kafka ----


def test_a_cluster_that_has_all_is_good(tmp_path, kafka, unique):
    kafka.create(unique, partitions=3)
    done = check(tmp_path, kafka_sink(kafka.address), topic(unique))
    assert done.returncode == 0, done.stdout
    assert f"kafka: topic {unique} is there, 3 partitions, 1 replica" in done.stdout
    assert "journal: " in done.stdout and "can be written and synced" in done.stdout


def test_a_topic_that_is_not_there_is_found_and_not_made(tmp_path, kafka, unique):
    for _ in range(2):
        done = check(tmp_path, kafka_sink(kafka.address), topic(unique))
        assert done.returncode == 1
        assert "HS302" in done.stdout
        assert f"topic `{unique}`: the topic does not exist" in done.stdout


@pytest.mark.parametrize(("host", "port"), [("127.0.0.1", 1), ("kafka.bad", 9092)])
def test_brokers_that_advertise_a_wrong_address(tmp_path, kafka, unique, host, port):
    kafka.create(unique, partitions=1)
    way = Advertised(kafka.address, host, port)
    done = check(tmp_path, kafka_sink(way.address), topic(unique))
    way.close()
    assert done.returncode == 1
    assert "HS300" in done.stdout and "advertised.listeners" in done.stdout
    assert f"not reached: {host}:{port}: " in done.stdout


def test_a_topic_for_smaller_messages(tmp_path, kafka, unique):
    kafka.create(unique, partitions=1, max_message_bytes=20000)
    done = check(tmp_path, kafka_sink(kafka.address), topic(unique))
    assert "HS305" in done.stdout and "max.message.bytes 20000" in done.stdout


def test_more_replicas_wanted_than_there_are(tmp_path, kafka, unique):
    kafka.create(unique, partitions=1, min_insync_replicas=2)
    done = check(tmp_path, kafka_sink(kafka.address), topic(unique))
    assert done.returncode == 0  # Kafka 4.2 takes every write
    assert "warning HS304" in done.stdout and "min.insync.replicas 2 and 1 replica:" in done.stdout


def test_a_compacted_topic_for_events_without_a_key(tmp_path, kafka, unique):
    kafka.create(unique, partitions=1, cleanup_policy="compact")
    good = check(tmp_path, kafka_sink(kafka.address), topic(unique))
    assert good.returncode == 0, good.stdout
    done = check(tmp_path, kafka_sink(kafka.address), [{"sink": "kafka", "topic": unique}])
    assert done.returncode == 1 and "HS307" in done.stdout


def test_cursors_that_would_expire(tmp_path, kafka, unique):
    kafka.create(unique, partitions=1)
    sinks = kafka_sink(kafka.address, exactly_once=True, cursor_topic=unique)
    done = check(tmp_path, sinks, topic(unique))
    assert done.returncode == 1
    assert "HS306" in done.stdout and "cleanup.policy delete" in done.stdout


def test_nothing_listens(tmp_path):
    done = check(tmp_path, kafka_sink(f"127.0.0.1:{free_port()}"), topic("orders"))
    assert done.returncode == 1
    assert "HS300" in done.stdout and "Kafka is not reached" in done.stdout


@pytest.mark.parametrize("sinks, to", [(kafka_sink, topic("a")), (redis_sink, stream("a"))])
def test_a_server_that_never_answers_costs_the_timeout(tmp_path, sinks, to):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        done = check(tmp_path, sinks(address), to)
    assert done.returncode == 1
    assert "HS300" in done.stdout and f"is not reached: {address}: " in done.stdout


# ---- Redis ----


def test_a_redis_that_has_all_is_good(tmp_path, redis_server, unique):
    server = redis_server("--appendonly", "yes")
    done = check(tmp_path, redis_sink(server.address), stream(unique), "--strict")
    assert done.returncode == 0, done.stdout
    assert f"redis: stream {unique}: its key is free" in done.stdout


def test_a_redis_that_would_lose_events(tmp_path, redis_server, unique):
    server = redis_server("--appendonly", "no", "--maxmemory", "100mb", "--maxmemory-policy",
                          "allkeys-lru")
    done = check(tmp_path, redis_sink(server.address), stream(unique))
    assert done.returncode == 1
    assert "error HS311" in done.stdout and "allkeys-lru" in done.stdout
    assert "warning HS312" in done.stdout


def test_a_key_of_another_kind(tmp_path, redis, unique):
    redis("SET", unique, "a text")
    done = check(tmp_path, redis_sink(redis.address), stream(unique))
    assert done.returncode == 1
    assert "HS313" in done.stdout and f"the key `{unique}` is a string and no stream" in done.stdout


def test_a_user_with_too_few_rights(tmp_path, redis_server, unique):
    server = redis_server()
    server("ACL", "SETUSER", "reader", "on", ">the-password-of-it", "~*", "+@read", "+acl",
                   "+info")
    sinks = redis_sink(server.address, username="reader", password="the-password-of-it")
    done = check(tmp_path, sinks, stream(unique))
    assert done.returncode == 1
    assert "HS314" in done.stdout and f"may not XADD {unique}" in done.stdout
    assert "the-password-of-it" not in done.stdout + done.stderr


def test_a_wrong_password_is_not_told(tmp_path, redis_server, unique):
    server = redis_server("--requirepass", "the-right-one")
    sinks = redis_sink(server.address, password="the-wrong-one")
    done = check(tmp_path, sinks, stream(unique))
    assert done.returncode == 1
    assert "it does not let us in: Redis refuses the user or the password" in done.stdout
    assert "HS301" in done.stdout and "refuses us" not in done.stdout
    assert "the-wrong-one" not in done.stdout + done.stderr


def test_a_replica_takes_no_writes(tmp_path, redis, redis_server, unique):
    host, port = redis.address.split(":")
    server = redis_server("--replicaof", host, port)
    done = check(tmp_path, redis_sink(server.address), stream(unique))
    assert done.returncode == 1
    assert "HS310" in done.stdout and "name its master" in done.stdout


def test_the_redis_of_the_dedupe_is_asked_too(tmp_path, redis, unique):
    dedupe = {"store": "redis", "url": f"redis://127.0.0.1:{free_port()}/0"}
    done = check(tmp_path, redis_sink(redis.address), stream(unique), dedupe=dedupe)
    assert done.returncode == 1
    place = dedupe["url"].removeprefix("redis://").removesuffix("/0")
    assert "HS300" in done.stdout
    assert f"`dedupe`: Redis is not reached: {place}: Connection refused" in done.stdout


# ---- Folders ----


def test_a_disk_must_have_room_for_the_dead_letters_too(tmp_path):
    sinks, to = {"files": {"type": "file", "path": str(tmp_path / "out")}}, [{"sink": "files"}]
    small = {"journal": {"max_size": "32MiB"}, "dead_letters": {"max_size": "16MiB"}}
    assert "HS321" not in check(tmp_path, sinks, to, **small).stdout
    done = check(tmp_path, sinks, to, **{**small, "dead_letters": {"max_size": "1TiB"}})
    assert "HS321" in done.stdout and "1048632 MiB more" in done.stdout, done.stdout


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "taken").write_text("a file")
    sinks = {"files": {"type": "file", "path": str(tmp_path / "taken" / "out")}}
    done = check(tmp_path, sinks, [{"sink": "files", "file": "all.jsonl"}])
    assert done.returncode == 1
    assert "HS320" in done.stdout and "taken" in done.stdout


def test_a_configuration_with_errors_asks_nobody(tmp_path):
    done = check(tmp_path, kafka_sink(f"127.0.0.1:{free_port()}"), [{"sink": "nobody"}])
    assert done.returncode == 1
    assert "HS300" not in done.stdout


def test_a_redis_that_wants_a_password(tmp_path, redis_server, unique):
    server = redis_server("--requirepass", "of-the-server")
    done = check(tmp_path, redis_sink(server.address), stream(unique))
    assert done.returncode == 1 and "HS301" in done.stdout and "NOAUTH" in done.stdout


def test_a_cluster_whose_keys_are_in_several_slots(tmp_path, redis_server, unique):
    server = redis_server("--cluster-enabled", "yes")
    server("CLUSTER", "ADDSLOTSRANGE", 0, 16383)
    done = check(tmp_path, redis_sink(server.address), stream(unique))
    assert done.returncode == 1 and "HS315" in done.stdout
