"""Events that waited for a sink while the routes changed: none vanishes."""

import json

from support import program, sender
from support.letters import FILES, TO_ALL, await_letters, letters, lines, restart_with, run
from support.wait import wait_for


def test_events_that_wait_when_the_routes_change_do_not_vanish(hookstream, redis_server):
    """A sink is down and behind; meanwhile the routes move its events elsewhere."""
    server = redis_server()
    sinks = {"redis": {"type": "redis", "url": server.url}, **FILES}

    def to_redis(match):
        return {"name": f"r-{match}", "match": match, "to": [{"sink": "redis", "stream": "s"}]}

    def to_files(match):
        return {"name": f"f-{match}", "match": match, "to": TO_ALL}

    one = hookstream(sinks=sinks, routes=[to_redis("order"), to_redis("draw"), to_files("queue")])
    server.end()
    orders = [sender.event() for _ in range(4)]
    draws = [sender.event("draw.consumer.won") for _ in range(2)]
    for document in orders + draws + [sender.event("queue.consumer.left")]:
        assert one.post(document).status == 202
    one.drained("files")
    # Twice, since the sink may be behind for longer than one change.
    restart_with(one, [to_files("order"), to_redis("draw"), to_redis("queue")])
    moved = sender.event()
    assert one.post(moved).status == 202
    one.drained("files")
    restart_with(one, [to_files("order"), to_files("draw")])
    assert sorted(p.name for p in (one.folder / "journal" / "routing").iterdir()) == [
        "00000000000000000007", "00000000000000000008", "current"]
    server.start()
    one.drained()
    await_letters(one, 6)
    found = letters(one)
    assert {(letter["reason"], letter["sink"]) for letter in found} == {("rerouted", "redis")}
    assert [letter["id"] for letter in found] == [document["id"] for document in orders + draws]
    assert server("XLEN", "s") == 0 and len(lines(one)) == 2
    # They can be had where they belong today.
    done = run(one, "retry", "--reason", "rerouted")
    assert done.returncode == 1 and "no route takes them" in done.stderr
    done = run(one, "retry", "--reason", "rerouted", "--to", "files")
    assert done.returncode == 0, done
    one.drained()
    assert {json.loads(line)["id"] for line in lines(one)} >= {d["id"] for d in orders + draws}
    assert len(lines(one)) == 8
    one.stop()
    one.start()
    assert [p.name for p in (one.folder / "journal" / "routing").iterdir()] == ["current"]


def test_check_says_that_changed_routes_make_dead_letters_of_what_waits(hookstream, redis_server):
    def to(sink, match, **more):
        target = {"sink": sink, **({"stream": "s"} if sink == "redis" else {"file": "x.jsonl"})}
        return {"name": match, "match": match, "to": [{**target, **more}]}

    def told(*routes):
        config["routes"] = routes
        one.file.write_text(json.dumps(config))
        done = program.command("check", "--json", "-c", one.file)
        return [found["message"] for found in json.loads(done.stdout)["findings"]
                if found["code"] == "HS222"]

    server = redis_server()
    one = hookstream(sinks={"redis": {"type": "redis", "url": server.url}, **FILES},
                     routes=[to("redis", "order"), to("redis", "draw")])
    server.end()
    for kind in ("order.created", "draw.consumer.won"):
        assert one.post(sender.event(kind)).status == 202
    one.stop()
    config = json.loads(one.file.read_text())
    assert told(to("redis", "order"), to("redis", "draw"), to("files", "queue")) == []
    (lost,) = told(to("redis", "order"), to("files", "draw"))
    assert "2 events wait for the sink `redis`" in lost and "no longer gets them" in lost
    assert "draw.consumer.won" in lost and "order" not in lost
    (some,) = told(to("redis", "order", when="data.amount > 10"), to("redis", "draw"))
    assert "order.created" in some and "no longer gets all of them" in some
    server.start()
    config["routes"] = [to("redis", "order"), to("redis", "draw")]
    one.file.write_text(json.dumps(config))
    one.start()
    one.drained()
    one.stop()
    assert told(to("redis", "order"), to("files", "draw")) == [], "nothing waits any more"


def test_what_no_route_took_is_a_letter_though_a_route_came_before_it_was_looked_at(
    hookstream, redis_server
):
    """Killed before the dead letters' pump looked, started with a route for it: the sink is past
    the event already, so that nobody else would have it."""
    server = redis_server()
    redis = {"redis": {"type": "redis", "url": server.url}}
    routes = [
        {"name": match, "match": match, "to": [{"sink": "redis", "stream": match}]}
        for match in ("order", "draw")
    ]
    one = hookstream(sinks=redis, routes=routes[:1])
    draws = []
    for _ in range(4):
        draws += [sender.event("draw.consumer.won") for _ in range(3)]
        for document in draws[-3:] + [sender.event()]:
            assert one.post(document).status == 202
        one.drained("redis")
        one.kill9()
        config = json.loads(one.file.read_text())
        for now in (routes, routes[:1]):
            config["routes"] = now
            one.file.write_text(json.dumps(config))
            one.start()
            one.drained()
            one.stop()
        one.start()
    assert {document["id"] for document in draws} <= {letter["id"] for letter in letters(one)}


def test_more_changes_of_the_routes_than_are_told_apart_lose_nothing(hookstream, redis_server):
    server = redis_server()
    redis = {"redis": {"type": "redis", "url": server.url}}
    order = {"name": "order", "match": "order", "to": [{"sink": "redis", "stream": "orders"}]}
    one = hookstream(sinks=redis, routes=[order])
    server.end()
    config = json.loads(one.file.read_text())
    one.stop()
    draws = [sender.event("draw.consumer.won") for _ in range(67)]
    for number, document in enumerate(draws):
        target = {"sink": "redis", "stream": "draws"}
        draw = {"name": f"draw{number}", "match": "draw", "to": [target]}
        one.file.write_text(json.dumps({**config, "routes": [order, draw]}))
        one.start(ready=False)
        wait_for(lambda: is_taken(one, document), what="the event to be taken")
        one.stop()
    assert len(list((one.folder / "journal" / "routing").iterdir())) == 65
    one.file.write_text(json.dumps(config))
    server.start()
    one.start()
    await_letters(one, len(draws))
    assert [letter["id"] for letter in letters(one)] == [document["id"] for document in draws]
    assert "changed very often" in one.log


def is_taken(one, document):
    try:
        return one.post(document).status == 202
    except OSError:
        return False
