"""Dead letters: listed, shown, sent again, discarded, bounded; over the admin port and by the
command."""

import base64
import contextlib
import json
import os

import pytest

from support import http, program, sender
from support.letters import FILES, TO_ALL, await_letters, letters, lines, restart_with, run
from support.wait import wait_for

def no_route(hookstream, **rest):
    """Orders have a route, nothing else has."""
    return hookstream(
        sinks=FILES, routes=[{"name": "orders", "match": "order", "to": TO_ALL}], **rest
    )


def test_a_letter_keeps_the_bytes_and_says_why(hookstream):
    one = no_route(hookstream)
    document = sender.event("queue.consumer.entered")
    assert one.post(document, fields={"X-Fanfare-Delivery-Id": "d-1"}).status == 202
    body = b'{"id": 17, "not": "an envelope" '
    assert http.exchange(one.port, sender.request(body)).status == 202
    await_letters(one, 2)
    first, second = letters(one)
    assert (first["reason"], first["id"], first["type"]) == (
        "no_route", document["id"], "queue.consumer.entered")
    assert first["body"].encode() == sender.encode(document)
    assert first["headers"]["x-fanfare-delivery-id"] == "d-1"
    assert second["reason"] == "not_json"
    assert base64.b64decode(second["body_base64"]) == body
    shown = run(one, "show", first["number"]).stdout
    assert "no_route" in shown and document["id"] in shown and first["body"] in shown
    assert f"no route matches {document['type']}\n" in shown and "earlier attempts" not in shown
    listed = run(one, "list").stdout
    assert document["id"] in listed and len(listed.splitlines()) == 3
    exported = [json.loads(line) for line in run(one, "export").stdout.splitlines()]
    assert exported == letters(one)


def test_a_captured_request_without_an_id_counts_once(hookstream):
    """Copies of what is not an envelope are duplicates, also after a restart."""
    one = no_route(hookstream)
    bodies = {
        b"{nonsense": "at byte 1 (line 1 of 9 bytes)",
        b'{"type": "a.b", "data": {}}': "`id` is missing",
        b'{"id": 7, "type": "a.b"}': "`id` is a number, not a text (its value is at byte 7",
        b'{"id": "", "type": "a.b"}': "`id` is empty",
        b'{"id": "' + b"i" * 300 + b'", "type": "a.b"}': "`id` is longer than 256 bytes",
        b'{"id": "a", "type": "a.b", "id": "b"}': "`id` occurs more than once",
        b"[1]": "the body is an array",
    }
    captured = [sender.request(body) for body in bodies]
    for request in captured * 3:
        assert http.exchange(one.port, request).status == 202
    await_letters(one, len(bodies))
    one.stop()
    one.start()
    for request in captured:
        assert http.exchange(one.port, request).status == 202
    late = sender.event("queue.consumer.entered")
    assert one.post(late).status == 202
    await_letters(one, len(bodies) + 1)
    *kept, last = letters(one)
    assert last["id"] == late["id"]
    for letter, words in zip(kept, bodies.values()):
        assert words in letter["detail"], letter["detail"]
        assert letter["id"].startswith("sha256:") and len(letter["id"]) == 39
    assert len({letter["id"] for letter in kept}) == len(bodies)


def test_nothing_is_listed_of_a_hookstream_that_does_not_run(hookstream):
    one = no_route(hookstream)
    one.stop()
    done = run(one, "list")
    assert (done.returncode, done.stdout) == (1, "") and done.stderr != ""


def test_filters_choose(hookstream):
    one = no_route(hookstream)
    for name in ("queue.consumer.entered", "draw.consumer.won", "queue.consumer.left"):
        assert one.post(sender.event(name)).status == 202
    await_letters(one, 3)

    def types(*words):
        done = run(one, "list", "--json", *words)
        assert done.returncode == 0, done.stderr
        return [json.loads(line)["type"] for line in done.stdout.splitlines()]

    assert types("--type", "queue") == ["queue.consumer.entered", "queue.consumer.left"]
    assert types("--type", "*.*.won") == ["draw.consumer.won"]
    assert types("--reason", "too_large") == []
    assert types("--since", "1h") == types("--until", "2499-01-01T00:00:00Z")[:3]
    assert types("--until", "1h") == []
    assert types("--limit", "2") == ["queue.consumer.entered", "draw.consumer.won"]
    assert types("--source", "fanfare") == types()


def two_routes(hookstream):
    """Orders fail on the sinks files and more, queue events on files; no draw has a route."""
    bad = {"file": "{data.missing}"}
    return hookstream(
        sinks={**FILES, "more": {"type": "file", "path": "more"}},
        routes=[{"name": "orders", "match": "order",
                 "to": [{"sink": "files", **bad}, {"sink": "more", **bad}]},
                {"name": "queues", "match": "queue", "to": [{"sink": "files", **bad}]}],
    )


def test_filters_choose_by_route_and_sink(hookstream):
    one = two_routes(hookstream)
    for name in ("order.created", "queue.consumer.entered", "draw.consumer.won"):
        assert one.post(sender.event(name)).status == 202
    await_letters(one, 4)

    def chosen(*words):
        done = run(one, "list", "--json", *words)
        assert done.returncode == 0, done.stderr
        found = [json.loads(line) for line in done.stdout.splitlines()]
        return sorted((letter["route"], letter["sink"]) for letter in found)

    assert chosen("--route", "orders") == [("orders", "files"), ("orders", "more")]
    assert chosen("--route", "queues") == [("queues", "files")]
    assert chosen("--sink", "more") == [("orders", "more")]
    assert chosen("--sink", "files") == [("orders", "files"), ("queues", "files")]
    assert chosen("--sink", "files", "--route", "orders") == [("orders", "files")]
    assert chosen("--route", "default") == []
    done = run(one, "discard", "--route", "orders", "--sink", "files")
    assert (done.returncode, done.stdout) == (0, "discarded 1 dead letter, 3 are left\n"), done
    assert chosen() == [("", ""), ("orders", "more"), ("queues", "files")]


def test_a_name_that_nothing_has_is_refused(hookstream):
    one = two_routes(hookstream)
    for name in ("order.created", "queue.consumer.entered"):
        assert one.post(sender.event(name)).status == 202
    await_letters(one, 3)
    for option, name, near in (("--route", "order", "orders"), ("--sink", "file", "files"),
                               ("--source", "fanfara", "fanfare"),
                               ("--reason", "templates", "template"), ("--sink", "nix", "")):
        for action in ("list", "show", "retry", "discard", "export"):
            done = run(one, action, option, name)
            assert (done.returncode, done.stdout) == (2, ""), done
            assert f"no {option[2:]} `{name}` is known" in done.stderr, done
            assert f"did you mean `{near}`" in done.stderr if near else "did" not in done.stderr
    assert len(letters(one)) == 3
    # What the configuration does not have any more, but a letter has, is known.
    config = json.loads(one.file.read_text())
    one.stop()
    del config["sinks"]["more"]
    config["routes"] = [{"name": "new", "match": "**", "to": TO_ALL}]
    one.file.write_text(json.dumps(config))
    one.start()
    assert len(run(one, "list", "--json", "--sink", "more").stdout.splitlines()) == 1
    assert len(run(one, "list", "--json", "--route", "orders").stdout.splitlines()) == 2
    done = run(one, "retry", "--sink", "more", "--to", "files")
    assert (done.returncode, done.stdout) == (0, "retried 1 dead letter, 2 are left\n"), done
    assert run(one, "list", "--sink", "more").returncode == 2
    # One that there is, without letters, is no mistake.
    done = run(one, "discard", "--route", "new")
    assert (done.returncode, done.stdout) == (0, "discarded 0 dead letters, 2 are left\n"), done
    assert done.stderr == "no dead letter matches the filters\n", done
    done = run(one, "retry", "--type", "draww.x")
    assert (done.returncode, done.stdout) == (0, "retried 0 dead letters, 2 are left\n"), done
    assert done.stderr == "no dead letter matches the filters\n", done
    number = letters(one)[0]["number"]
    for action in ("show", "retry", "discard"):
        done = run(one, action, number, "--reason", "no_route")
        assert done.returncode == 1 and done.stderr.endswith(
            f"there is no dead letter {number}, or the other filters exclude it\n"), done
        assert run(one, action, 99).stderr.endswith("there is no dead letter 99\n")
        told = run(one, action, "whk_99").stderr
        assert told.endswith("no dead letter belongs to event whk_99\n")
        assert "exclude it" in run(one, action, "whk_99", "--type", "draw").stderr
    assert len(letters(one)) == 2


def test_a_retry_goes_by_the_routes_of_today_and_the_letter_is_gone(hookstream):
    one = no_route(hookstream)
    documents = [sender.event("queue.consumer.entered") for _ in range(7)]
    for document in documents:
        assert one.post(document).status == 202
    await_letters(one, 7)
    done = run(one, "retry", "--all")
    assert done.returncode == 1 and "no route" in done.stderr, done
    assert len(letters(one)) == 7
    restart_with(one, [{"name": "all", "match": "**", "to": TO_ALL}])
    done = run(one, "retry", "--id", documents[3]["id"])
    assert (done.returncode, done.stdout) == (0, "retried 1 dead letter, 6 are left\n")
    assert "return as new letters" in done.stderr
    done = run(one, "retry", "--all")
    assert (done.returncode, done.stdout) == (0, "retried 6 dead letters, 0 are left\n"), done
    one.drained()
    wait_for(lambda: len(lines(one)) == 7, what="the retried events")
    assert {json.loads(line)["id"] for line in lines(one)} == {d["id"] for d in documents}
    assert one.metric("resent_total", kind="dead-letter") == 7
    one.stop()
    one.start()
    assert letters(one) == []
    assert len(lines(one)) == 7
    one.counts("dead_letters", is_now=0)


def test_a_retry_goes_only_to_the_sink_that_did_not_take_it(hookstream, redis, unique):
    routes = [{"name": "all", "match": "**", "to": TO_ALL + [{"sink": "redis",
                                                              "stream": "{data.missing}"}]}]
    one = hookstream(sinks={**FILES, "redis": {"type": "redis", "url": redis.url}}, routes=routes)
    document = sender.event()
    assert one.post(document).status == 202
    await_letters(one, 1)
    assert letters(one)[0]["sink"] == "redis" and letters(one)[0]["reason"] == "template"
    # As things are it fails again, and becomes a letter that tells of both attempts.
    assert run(one, "retry", "--all").returncode == 0
    wait_for(lambda: [l["number"] for l in letters(one)] not in ([], [1]), what="the new letter")
    (again,) = letters(one)
    assert "earlier attempts:\n" in run(one, "show", again["number"]).stdout
    assert "template" in again["history"] and again["headers"]["hookstream-sink"] == "redis"
    routes[0]["to"][1]["stream"] = unique
    restart_with(one, routes)
    assert run(one, "retry", again["number"]).returncode == 0
    one.drained()
    wait_for(lambda: redis("XLEN", unique) == 1, what="the entry")
    fields = redis("XRANGE", unique, "-", "+")[0][1]
    assert fields[fields.index(b"hookstream-resend") + 1] == b"dead-letter"
    assert len(lines(one)) == 1, "the file had it already"
    assert letters(one) == []


def test_those_that_stay_are_told_by_their_cause(hookstream):
    one = hookstream(sinks={**FILES, "more": {"type": "file", "path": "more"}},
                     routes=[{"name": "orders", "match": "order", "to": TO_ALL}])
    for _ in range(3):
        assert one.post(sender.event("draw.consumer.won")).status == 202
    assert http.exchange(one.port, sender.request(b'{"id": 17, ')).status == 202
    assert http.exchange(one.port, sender.request(b"{}")).status == 202
    await_letters(one, 5)

    def told(*words):
        done = run(one, "retry", *words)
        assert (done.returncode, done.stdout) == (1, "retried 0 dead letters, 5 are left\n"), done
        return [line.split(": ", 1)[1] for line in done.stderr.splitlines()]

    (no_route, invalid) = told("--all")
    assert no_route.startswith("3 stay: no route takes them to the sink that did"), no_route
    assert invalid.startswith("2 stay: invalid as before;"), invalid
    assert told("--type", "draw", "--to", "more") == [
        "3 stay: no route takes them to the sink more"]
    assert told("1", "--to", "more") == ["1 stays: no route takes it to the sink more"]
    (invalid,) = told("--reason", "not_envelope", "--to", "more")
    assert invalid.startswith("1 stays: invalid as before;"), invalid
    status, answer = ask(one, "retry?all=1")
    assert (status, answer["retried"], answer["unrouted"], answer["invalid"]) == (200, 0, 3, 2)


def test_an_events_id_names_its_letters(hookstream):
    """Two targets of one route fail, so that the event has two letters."""
    bad = [{"sink": "files", "file": "{data.missing}"}, {"sink": "more", "file": "{data.missing}"}]
    one = hookstream(sinks={**FILES, "more": {"type": "file", "path": "more"}},
                     routes=[{"name": "all", "match": "**", "to": bad}])
    documents = [sender.event() for _ in range(3)]
    for document in documents:
        assert one.post(document).status == 202
    await_letters(one, 6)
    ids = [document["id"] for document in documents]
    shown = run(one, "show", ids[1])
    assert shown.returncode == 0 and "2 dead letters" in shown.stderr, shown
    assert shown.stdout.count(f"id         {ids[1]}\n") == 2 and ids[0] not in shown.stdout
    assert "\nsink       files\n" in shown.stdout and "\nsink       more\n" in shown.stdout
    assert run(one, "show", "--id", ids[1]).stdout == shown.stdout
    of_one = run(one, "show", ids[1], "--sink", "more", "--json")
    assert [json.loads(line)["sink"] for line in of_one.stdout.splitlines()] == ["more"]
    assert len(run(one, "show", "--reason", "template", "--json").stdout.splitlines()) == 6
    done = run(one, "discard", ids[0])
    assert (done.returncode, done.stdout) == (0, "discarded 2 dead letters, 4 are left\n"), done
    done = run(one, "retry", "--sink", "more", ids[2])
    assert done.returncode == 0 and done.stdout.startswith("retried 1 dead letter, "), done
    # A number that no letter has is none, and not all of them.
    assert http.exchange(one.admin_port, b"POST /api/dead-letters/discard?number=0 HTTP/1.1\r\n"
                         b"Host: localhost\r\nContent-Length: 0\r\n\r\n").status == 400
    assert {letter["id"] for letter in letters(one)} == set(ids[1:])


def test_discarded_letters_do_not_come_back(hookstream):
    one = no_route(hookstream)
    for _ in range(5):
        assert one.post(sender.event("draw.consumer.won")).status == 202
    await_letters(one, 5)
    numbers = [letter["number"] for letter in letters(one)]
    for words, left in (((str(numbers[1]),), 4), (("--type", "draw", "--limit", "1"), 3)):
        done = run(one, "discard", *words)
        assert done.returncode == 0 and done.stdout.endswith(f"{left} are left\n"), done
    one.kill9()
    one.start()
    assert [letter["number"] for letter in letters(one)] == numbers[2:]
    assert run(one, "discard", numbers[0]).returncode == 1
    assert run(one, "discard", "--all").returncode == 0
    one.kill9()
    one.start()
    assert letters(one) == []
    assert one.post(sender.event("draw.consumer.won")).status == 202
    await_letters(one, 1)


def test_many_letters_are_listed_and_retried_in_pages(hookstream):
    one = no_route(hookstream)
    load = sender.Load(one.port, connections=4, rate=2000, types=["queue.consumer.entered"]).start()
    wait_for(lambda: len(load.answered) > 1300, deadline=60, what="answers")
    load.stop()
    one.drained()
    count = len(set(load.answered))
    await_count = lambda: one.metric("dead_letters") == count
    wait_for(await_count, deadline=60, what="letters")
    listed = run(one, "list", "--json").stdout.splitlines()
    assert {json.loads(line)["id"] for line in listed} == set(load.answered)
    assert len(run(one, "list", "--json", "--limit", 700).stdout.splitlines()) == 700
    restart_with(one, [{"name": "all", "match": "**", "to": TO_ALL}])
    done = run(one, "retry", "--all")
    assert done.stdout == f"retried {count} dead letters, 0 are left\n", done
    one.drained()
    found = [json.loads(line)["id"] for line in lines(one)]
    assert sorted(found) == sorted(set(load.answered))


def test_wrong_use_is_told_what_to_do(hookstream):
    one = no_route(hookstream)
    for words, says in (
        (("retry",), "--all"),
        (("show",), "NUMBER"),
        (("show", "whk_1", "--id", "whk_2"), "contradict"),
        (("discard", "0"), "not the number of a letter"),
        (("discard", str(2**64 - 1)), "not the number of a letter"),
        (("discard", ""), "empty"),
        (("discard", "--id", ""), "empty"),
        (("frob",), "list, show, retry"),
        (("list", "--since", "yesterday"), "is not a time"),
        (("list", "--type", "a..b"), "is not a pattern"),
    ):
        done = run(one, *words)
        assert done.returncode == 2 and says in done.stderr, (words, done)
    for words, says in (
        (("show", "99"), "no dead letter 99"),
        (("show", "whk_none"), "event whk_none"),
        (("retry", "--id", "whk_none"), "event whk_none"),
        (("discard", "whk_none"), "event whk_none"),
        (("show", "--type", "draw"), "no dead letter"),
    ):
        done = run(one, *words)
        assert done.returncode == 1 and says in done.stderr, (words, done)
    one.stop()
    done = run(one, "list")
    assert done.returncode == 1 and "is hookstream running" in done.stderr


def ask(one, page):
    """A POST by hand, as of curl; the status and the words or the answer."""
    answer = http.exchange(one.admin_port, f"POST /api/dead-letters/{page} HTTP/1.1\r\n"
                           "Host: localhost\r\nContent-Length: 0\r\n\r\n".encode())
    document = json.loads(answer.body)
    return answer.status, document.get("detail", document)


def test_what_is_empty_chooses_nothing(hookstream):
    """As of a shell's variable that is not set: `--sink "$SINK"`."""
    one = no_route(hookstream)
    for _ in range(2):
        assert one.post(sender.event("draw.consumer.won")).status == 202
    await_letters(one, 2)
    for name in ("reason", "route", "sink", "source", "type", "since", "until"):
        for action in ("discard", "retry", "list"):
            done = run(one, action, f"--{name}", "")
            assert (done.returncode, done.stdout) == (2, ""), done
            assert f"--{name} is empty: give it a value" in done.stderr, done
    done = run(one, "retry", "--all", "--to", "")
    assert done.returncode == 2 and "--to is empty" in done.stderr, done
    for name in ("reason", "route", "sink", "source", "id", "type", "number", "to"):
        says = (400, f"{name} is empty: give it a value, or omit it")
        assert ask(one, f"discard?{name}=") == ask(one, f"retry?limit=1&{name}=") == says
    assert http.get(one.admin_port, "/api/dead-letters?sink=").status == 400
    assert len(letters(one)) == 2


def test_all_letters_are_acted_on_by_that_word_only(hookstream):
    one = no_route(hookstream)
    for _ in range(5):
        assert one.post(sender.event("draw.consumer.won")).status == 202
    await_letters(one, 5)
    for action in ("discard", "retry"):
        for page in ("", "?", "?limit=1", "?after=1", "?all=0", "?to=files&body=1"):
            status, says = ask(one, action + page)
            assert status == 400, (page, says)
            assert says.startswith("say which letters (number, id, "), says
            assert says.endswith("or all=1"), says
        assert ask(one, action + "?all=1&type=draw") == (400, "all=1 contradicts a filter")
    assert len(letters(one)) == 5
    # Long before any letter: it chooses none, and not all.
    status, answer = ask(one, "discard?until=1970-01-01T00:00:00Z")
    assert (status, answer["discarded"]) == (200, 0), answer
    # A page after the other.
    status, answer = ask(one, "discard?all=1&limit=2")
    assert (status, answer["discarded"], answer["more"], answer["kept"]) == (200, 2, True, 3)
    status, answer = ask(one, f"discard?all=1&limit=2&after={answer['last']}")
    assert (status, answer["discarded"], answer["more"], answer["kept"]) == (200, 2, True, 1)
    status, answer = ask(one, f"discard?type=draw&after={answer['last']}")
    assert (status, answer["discarded"], answer["more"], answer["kept"]) == (200, 1, False, 0)


def test_a_web_page_may_not_act(hookstream):
    one = no_route(hookstream)
    answer = http.exchange(
        one.admin_port,
        b"POST /api/dead-letters/discard HTTP/1.1\r\nHost: localhost\r\n"
        b"Origin: http://evil.example\r\nContent-Length: 0\r\n\r\n",
    )
    assert answer.status == 403 and b"web pages may not" in answer.body
    assert http.get(one.admin_port, "/api/dead-letters/retry").status == 405
    assert http.get(one.admin_port, "/api/dead-letters?%zz=1").status == 400
    assert http.get(one.admin_port, "/api/dead-letters?frob=1").status == 400


def flip(one, text):
    """Damages the record among the letters that has the text."""
    for path in (one.folder / "journal" / "dead-letters" / "segments").glob("*.hsj"):
        data = bytearray(path.read_bytes())
        at = data.find(text.encode())
        if at >= 0:
            data[at] ^= 1
            path.write_bytes(data)
            return path
    raise AssertionError(f"no record has {text}")


def test_a_damaged_letter_is_told_and_counted(hookstream):
    one = no_route(hookstream)
    documents = [sender.event("queue.consumer.entered") for _ in range(4)]
    for document in documents:
        assert one.post(document).status == 202
    await_letters(one, 4)
    one.counts("dead_letters_lost_total", is_now=0)
    one.stop()
    path = flip(one, documents[1]["id"])
    one.start()
    ids = [document["id"] for document in documents]
    assert [letter["id"] for letter in letters(one)] == [ids[0], ids[2], ids[3]]
    one.counts("dead_letters", is_now=3)
    one.counts("dead_letters_lost_total", is_now=1)
    one.counts("journal_damaged_total", is_now=1, journal="dead_letters")
    one.counts("journal_damaged_total", is_now=0, journal="events")
    told = [line for line in one.log.splitlines() if "cause=letters_lost" in line]
    assert len(told) == 1 and "level=error" in told[0], told
    assert "hookstream replay --id ID" in told[0], told
    assert "letters=1" in told[0] and f"file={path}" in told[0].replace('"', ""), told
    assert any("cause=journal_damaged" in line and str(path) in line
               for line in one.log.splitlines())
    # While it runs: the first who reads it tells.
    flip(one, ids[2])
    assert [letter["id"] for letter in letters(one)] == [ids[0], ids[3]]
    one.counts("dead_letters", is_now=2)
    one.counts("dead_letters_lost_total", is_now=2)
    for action in ("show", "retry", "discard"):
        for number in ("2", "3"):
            done = run(one, action, number)
            assert (done.returncode, done.stdout) == (1, ""), done
            assert f"dead letter {number} is damaged on disk and lost; see" in done.stderr, done
            assert "hookstream replay --id ID" in done.stderr, done
        assert "there is no dead letter 5" in run(one, action, "5").stderr
    done = run(one, "discard", "--all")
    assert (done.returncode, done.stdout) == (0, "discarded 2 dead letters, 0 are left\n"), done


@pytest.mark.threads
def test_more_poison_than_there_is_room_for_ends_nothing(hookstream):
    """Every event fails at once and no letter fits: the oldest are dropped, and it goes on."""
    one = hookstream(
        sinks=FILES,
        routes=[{"name": "bad", "match": "order", "to": [{"sink": "files",
                                                         "file": "{data.missing}"}]},
                {"name": "good", "match": "queue", "to": TO_ALL}],
        server={"limits": {"body_size": "1MiB"}},
        dead_letters={"max_size": "16MiB"},
    )
    for _ in range(50):
        assert one.post(sender.event(padding="x" * 1_000_000)).status == 202
    last = sender.event("queue.consumer.left")
    assert one.post(last).status == 202
    one.drained(deadline=90)
    assert [json.loads(line)["id"] for line in lines(one)] == [last["id"]]
    def dropped():
        return one.metric("dead_letters_dropped_total", limit="max_size")

    # Letters are dropped after they were written, by another thread.
    wait_for(lambda: dropped() + one.metric("dead_letters") == 50, what="all 50 to be counted")
    assert dropped() > 0
    assert "dead letters were dropped" in one.log


def test_the_largest_event_can_be_a_letter(hookstream):
    one = no_route(hookstream, server={"limits": {"body_size": "8MiB"}})
    document = sender.event("queue.consumer.left", padding="x" * 5_000_000)
    assert one.post(document).status == 202
    await_letters(one, 1)
    assert letters(one)[0]["body"].encode() == sender.encode(document)


def test_what_a_condition_cannot_be_asked_of_is_a_letter(hookstream):
    one = hookstream(
        sinks=FILES,
        routes=[{"name": "some", "match": "order", "when": "data.amount == \"1\"", "to": TO_ALL}],
        default="drop",
        server={"limits": {"body_size": "16MiB"}},
    )
    body = sender.encode(sender.event())[:-2] + b',"n":[' + b"1," * 4_400_000 + b"1]}}"
    json.loads(body)
    assert http.exchange(one.port, sender.request(body)).status == 202
    await_letters(one, 1)
    assert letters(one, "")[0]["reason"] == "not_matched"


def test_a_flood_does_not_outrun_the_room_that_is_made(hookstream):
    """Room is made letter by letter, and not when the flood is over."""
    one = no_route(hookstream, dead_letters={"max_size": "16MiB"})
    folder, largest = one.folder / "journal" / "dead-letters" / "segments", 0

    def look():
        nonlocal largest
        with contextlib.suppress(FileNotFoundError):  # one goes while they are counted
            largest = max(largest, sum(entry.stat().st_size for entry in os.scandir(folder)))

    flood = [sender.event("queue.consumer.admitted", note="n" * 100_000) for _ in range(50)]
    for number in range(600):
        document = {**flood[number % 50], "id": f"flood-{number}"}
        assert one.post(document).status == 202
        look()
    dropped = {"limit": "max_size"}
    wait_for(lambda: look() or one.metric("dead_letters_dropped_total", **dropped) > 400,
             deadline=60, what="room to be made")  # fmt: skip
    assert largest <= 28 << 20
