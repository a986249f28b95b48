"""What /readyz, the log and the metrics say of whether events are accepted."""

import os
import signal
import time

import pytest

from support import http, sender
from support.wait import wait_for


def full(one):
    """Posts until the journal takes no more, however small."""
    for size in (200_000, 3000, 1):
        for _ in range(400):
            if one.post(sender.event("order.created", pad="x" * size)).status == 503:
                break
        else:
            raise AssertionError("the journal never was full")


def test_ready_is_logged_only_when_events_are_accepted(hookstream, redis_server, unique):
    """With a journal that is full: at run time, at the next start, and when there is room again."""
    redis = redis_server()
    redis.end()
    parts = {
        "sinks": {"redis": {"type": "redis", "url": redis.url}},
        "routes": [{"name": "all", "match": "**", "to": [{"sink": "redis", "stream": unique}]}],
        "source": {"catalogue": "none"}, "journal": {"max_size": "16MiB"},
    }
    one = hookstream(**parts)
    assert "msg=ready " in one.log
    full(one)
    wait_for(lambda: 'msg="not accepting events; ' in one.log, what="the line")
    assert http.get(one.admin_port, "/readyz").status == 503
    one.kill9()
    before = len(one.log)
    one.start(ready=False)
    wait_for(lambda: 'msg="started, not accepting events"' in one.log[before:], what="the line")
    assert "msg=ready" not in one.log[before:] and "reason=" in one.log[before:]
    assert one.post(sender.event("order.created")).status == 503
    redis.start()
    wait_for(lambda: 'msg="ready: events are accepted again"' in one.log[before:], deadline=60)
    assert one.post(sender.event("order.created")).status == 202
    assert http.get(one.admin_port, "/readyz").status == 200


@pytest.mark.threads
def test_a_hung_sink_leaves_it_ready(hookstream, redis_server, unique):
    """Events are accepted, so /readyz is 200; a line names the sink."""
    redis = redis_server()
    one = hookstream(
        sinks={"redis": {"type": "redis", "url": redis.url}},
        routes=[{"name": "all", "match": "**", "to": [{"sink": "redis", "stream": unique}]}],
        source={"catalogue": "none"},
    )
    redis.end()
    assert one.post(sender.event("order.created")).status == 202
    wait_for(lambda: "sink redis is connecting" in one.readiness, deadline=60)
    assert http.get(one.admin_port, "/readyz").status == 200


def test_a_cursor_that_cannot_be_saved_is_counted_and_shown(hookstream, tmp_path):
    one = hookstream(
        sinks={"files": {"type": "file", "path": str(tmp_path / "out")}},
        routes=[{"name": "all", "match": "**", "to": [{"sink": "files", "file": "all.jsonl"}]}],
        source={"catalogue": "none"},
    )
    cursors = one.folder / "journal" / "cursors"
    kept = cursors.with_name("cursors.kept")
    os.rename(cursors, kept)
    assert one.post(sender.event("order.created")).status == 202
    wait_for(lambda: one.metric("cursor_save_errors_total", sink="files") > 0, what="the count")
    assert "sink files: its position cannot be saved" in one.readiness
    assert http.get(one.admin_port, "/readyz").status == 200
    os.rename(kept, cursors)
    wait_for(lambda: "cannot be saved" not in one.readiness, what="the line to go")


def test_the_oldest_id_keeps_its_age_over_a_restart(hookstream, tmp_path):
    """After a restart in good order, and after one from a file of ids."""
    began = time.time()
    one = hookstream(
        sinks={"files": {"type": "file", "path": str(tmp_path / "out")}},
        routes=[{"name": "all", "match": "**", "to": [{"sink": "files", "file": "all.jsonl"}]}],
        source={"catalogue": "none"},
    )
    assert one.metric("dedupe_oldest_seconds") == 0
    assert one.post(sender.event("order.created")).status == 202
    accepted = time.time()
    for _ in range(3):
        one.stop()
        one.start()
        before = time.time()
        age = one.metric("dedupe_oldest_seconds")
        assert before - accepted <= age <= time.time() - began
        assert one.metric("dedupe_ids") == 1


def test_a_segment_that_cannot_be_prepared_is_counted_and_shown(hookstream, tmp_path):
    """A directory stands where the next segment is made. The current one takes events."""
    one = hookstream(
        sinks={"files": {"type": "file", "path": str(tmp_path / "out")}},
        routes=[{"name": "all", "match": "**", "to": [{"sink": "files", "file": "all.jsonl"}]}],
        source={"catalogue": "none"}, journal={"max_size": "16MiB"},
    )

    def failures():
        return one.metric("journal_errors_total", journal="events", operation="prepare")

    segments = one.folder / "journal" / "segments"
    wait_for(lambda: (segments / "next").exists(), what="a prepared segment")
    assert failures() == 0 and "prepared" not in one.readiness
    obstacle = segments / "preparing"
    obstacle.mkdir()
    for _ in range(40):
        assert one.post(sender.event("order.created", pad="x" * 100_000)).status == 202
        if not (segments / "next").exists():
            break
    wait_for(lambda: failures() > 0, what="the count")
    assert "journal: the next segment cannot be prepared (" in one.readiness
    assert "preparing" in one.readiness
    assert http.get(one.admin_port, "/readyz").status == 200
    assert one.post(sender.event("order.created")).status == 202
    obstacle.rmdir()
    wait_for(lambda: "cannot be prepared" not in one.readiness, deadline=60)
    assert (segments / "next").exists()


def test_dead_letters_that_cannot_be_written_are_shown(hookstream, tmp_path):
    """Their folder is moved away. Events are accepted; one that becomes a dead letter waits."""
    one = hookstream(
        sinks={"files": {"type": "file", "path": str(tmp_path / "out")}},
        routes=[{"name": "all", "match": "order.*", "to": [{"sink": "files", "file": "a.jsonl"}]}],
        source={"catalogue": "none"},
    )
    assert one.metric("dead_letters_writable") == 1 and "dead letters" not in one.readiness
    segments = one.folder / "journal" / "dead-letters" / "segments"
    segments.rename(tmp_path / "away")
    wait_for(lambda: "dead letters cannot be written" in one.readiness, what="the line in /readyz")
    assert "segments was moved or removed while in use" in one.readiness
    assert http.get(one.admin_port, "/readyz").status == 200
    assert one.metric("dead_letters_writable") == 0
    assert one.metric("journal_writable") == 1
    assert one.post(sender.event("queue.consumer.admitted")).status == 202
    (tmp_path / "away").rename(segments)
    wait_for(lambda: one.metric("dead_letters_writable") == 1, what="them to be written again")
    wait_for(lambda: one.metric("dead_letters") == 1, what="the one that waited")
    wait_for(lambda: "dead letters" not in one.readiness, what="the line in /readyz to go")


def test_dead_letters_whose_next_segment_cannot_be_prepared_are_shown(hookstream, tmp_path):
    one = hookstream(
        sinks={"files": {"type": "file", "path": str(tmp_path / "out")}},
        routes=[{"name": "all", "match": "order.*", "to": [{"sink": "files", "file": "a.jsonl"}]}],
        source={"catalogue": "none"},
    )
    one.stop()
    segments = one.folder / "journal" / "dead-letters" / "segments"
    (segments / "next").unlink(missing_ok=True)
    one.start()  # takes what it makes for its first segment, and prepares another
    wait_for(lambda: (segments / "next").exists(), what="a prepared segment")
    obstacle = segments / "preparing"
    obstacle.mkdir()
    for _ in range(60):
        assert one.post(sender.event("queue.consumer.admitted", pad="x" * 100_000)).status == 202
        if not (segments / "next").exists():
            break
    wait_for(lambda: "dead letters: the next segment cannot be prepared (" in one.readiness)
    assert one.metric("journal_errors_total", journal="dead_letters", operation="prepare") > 0
    assert one.metric("dead_letters_writable") == 1
    obstacle.rmdir()
    wait_for(lambda: "cannot be prepared" not in one.readiness, deadline=60)


def test_a_sink_that_confirms_nothing_leaves_it_ready(hookstream, redis_server, unique):
    """Redis is connected, and stopped: events are accepted, and /readyz names the sink."""
    redis = redis_server()
    one = hookstream(
        sinks={"redis": {"type": "redis", "url": redis.url}},
        routes=[{"name": "all", "match": "**", "to": [{"sink": "redis", "stream": unique}]}],
        source={"catalogue": "none"},
    )
    assert one.post(sender.event("order.created")).status == 202
    one.drained()
    redis.process.send_signal(signal.SIGSTOP)
    try:
        for _ in range(20):
            assert one.post(sender.event("order.created")).status == 202
        wait_for(lambda: "sink redis is " in one.readiness, deadline=60)
        assert http.get(one.admin_port, "/readyz").status == 200
        assert one.post(sender.event("order.created")).status == 202
    finally:
        redis.process.send_signal(signal.SIGCONT)
    one.drained()
    wait_for(lambda: "sink redis" not in one.readiness, what="the line to go")
    assert redis.length(unique) == 22
