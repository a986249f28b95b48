"""What the journal lost: acknowledged is delivered and reported lost, in every way of losing; what
is reported can be sent again, and nothing else is taken twice."""

import json
import os
import shutil

import pytest
from support import program, sender
from support.http import Connection
from support.ports import free_port
from support.wait import wait_for

EVENTS = 1700
PAD = "x" * 1800
JOURNAL = {"max_size": "8MiB"}  # segments of 1 MiB


def config_of(folder, sink):
    target = {"stream": "s"} if sink["type"] == "redis" else {"file": "all.jsonl"}
    return program.configuration(
        folder,
        sinks={"out": sink},
        routes=[{"name": "all", "match": "**", "to": [{"sink": "out", **target}]}],
        journal=JOURNAL,
        server={"shutdown_grace": "1s", "limits": {"body_size": "64KiB"}},
    )


def away():
    """A sink that takes nothing."""
    return {"type": "redis", "url": f"redis://127.0.0.1:{free_port()}"}


def use(one, sink, target):
    """The sink of the next start."""
    config = json.loads(one.file.read_text())
    config["sinks"]["out"] = sink
    config["routes"][0]["to"] = [{"sink": "out", **target}]
    one.file.write_text(json.dumps(config))


def send_all(one, ids):
    """Which of them were answered 202; 100 at a time on one connection."""
    acked = []
    with Connection(one.port) as connection:
        for at in range(0, len(ids), 100):
            batch = ids[at : at + 100]
            bodies = [sender.encode(sender.event(event_id=name, pad=PAD)) for name in batch]
            connection.send(b"".join(map(sender.request, bodies)))
            acked += [name for name in batch if connection.read_answer().status == 202]
    return acked


def journal(one):
    return one.folder / "journal"


def segments(one):
    return sorted((journal(one) / "segments").glob("*.hsj"))


def delivered(one):
    """Ids in the order of the file, except a line that is being written."""
    path = one.folder / "out" / "all.jsonl"
    *lines, _ = path.read_bytes().split(b"\n") if path.exists() else [b""]
    return [json.loads(line)["id"] for line in lines]


@pytest.fixture(scope="module")
def undelivered(tmp_path_factory):
    """A stopped journal of some segments that no sink has had, and the ids answered 202."""
    folder = tmp_path_factory.mktemp("undelivered")
    one = program.Hookstream(folder, config_of(folder, away())).start()
    ids = send_all(one, [f"e{number:05d}" for number in range(EVENTS)])
    one.stop()
    assert len(segments(one)) >= 3
    return journal(one), ids


@pytest.fixture
def copied(undelivered, hookstream, tmp_path):
    """The same journal in a folder of the test's own, with a sink that takes events."""
    shutil.copytree(undelivered[0], tmp_path / "journal")
    one = hookstream(config_of(tmp_path, {"type": "file", "path": "out"}), start=False)
    return one, undelivered[1]


def overwrite(path, at, data):
    with path.open("r+b") as file:
        file.seek(at)
        file.write(data)


def lose_header(path):
    overwrite(path, 0, b"x" * 88)
    overwrite(path, 2048, b"x" * 88)


WAYS = {
    "deleted": os.unlink,
    "header": lose_header,
    "sector": lambda path: overwrite(path, 200_000, b"\0" * 20_000),
    "half": lambda path: os.truncate(path, path.stat().st_size // 2),
    "emptied": lambda path: os.truncate(path, 4096),
    "cut to nothing": lambda path: os.truncate(path, 0),
}
PLACES = {"first": 0, "middle": 1, "newest": -1}


def lost(one):
    return one.metric("sink_lost_total", sink="out")


def settle(one, ids):
    """Waits until every event is delivered or reported lost; gives those that are missing."""
    wait_for(
        lambda: len(set(delivered(one))) + lost(one) >= len(ids),
        what="every event to be delivered or reported lost",
    )
    return sorted(set(ids) - set(delivered(one)))


def send_missing_again(one, ids, missing, copies=0):
    """They are new and are delivered; of the others a sample is known. `copies` came before."""
    before = one.metric("events_duplicate_total")
    assert send_all(one, missing) == missing
    wait_for(lambda: set(delivered(one)) == set(ids), what="what was sent again to be delivered")
    assert one.metric("events_duplicate_total") == before
    there = sorted(set(ids) - set(missing))[::50]
    assert send_all(one, there) == there
    one.counts("events_duplicate_total", before + len(there))
    one.drained()
    assert len(delivered(one)) == len(ids) + copies, "an event was delivered twice"


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("way", WAYS)
def test_what_is_lost_is_reported_and_can_be_sent_again(copied, way, place):
    one, ids = copied
    WAYS[way](segments(one)[PLACES[place]])
    one.start()
    missing = settle(one, ids)
    assert missing and lost(one) == len(missing), "acknowledged is not delivered and reported"
    if (way, place) != ("deleted", "first"):  # a file that is gone from the front is not damage
        assert one.metric("journal_damaged_total", journal="events") >= 1
    send_missing_again(one, ids, missing)
    one.stop()
    one.start()
    assert lost(one) == 0
    again = missing[::20]
    assert send_all(one, again) == again
    one.counts("events_duplicate_total", len(again))
    one.stop()


@pytest.mark.parametrize("way", ["fifo", "folder", "link"])
def test_a_refused_start_forgets_nothing_of_what_is_missing(copied, way):
    """It read a part of the journal, and must not note that part as all there was."""
    one, ids = copied
    path = segments(one)[-1]
    path.rename(one.folder / "elsewhere")
    {
        "fifo": lambda: os.mkfifo(path),
        "folder": path.mkdir,
        "link": lambda: path.symlink_to(one.folder / "elsewhere"),
    }[way]()
    one.start(ready=False)
    assert one.process.wait(30) == 1 and "move it away" in one.log
    path.rename(one.folder / "moved-away")
    shutil.rmtree(journal(one) / "ids")  # nothing but the mark knows then
    (journal(one) / "cursors/.dead-letters.cursor").unlink()
    one.start()
    missing = settle(one, ids)
    assert missing and lost(one) == len(missing)
    send_missing_again(one, ids, missing)


@pytest.mark.parametrize("ids_gone", [False, True])
def test_two_segments_side_by_side_are_lost(copied, ids_gone):
    """What the first costs says nothing about the ids of the second."""
    one, ids = copied
    for path in segments(one)[:2]:
        overwrite(path, 4096, b"\0" * (path.stat().st_size - 4096))
    if ids_gone:
        sorted((journal(one) / "ids").glob("*.hsi"))[0].unlink()
    one.start()
    missing = settle(one, ids)
    assert lost(one) == len(missing)
    send_missing_again(one, ids, missing)


@pytest.mark.parametrize("way", ["sector", "half"])
def test_the_file_of_ids_is_damaged_with_its_segment(copied, way):
    one, ids = copied
    overwrite(sorted((journal(one) / "ids").glob("*.hsi"))[1], 24, b"x")  # its blocks are whole
    WAYS[way](segments(one)[1])
    one.start()
    missing = settle(one, ids)
    assert lost(one) == len(missing)
    send_missing_again(one, ids, missing)


def test_every_segment_is_deleted(copied):
    one, ids = copied
    for path in segments(one):
        path.unlink()
    one.start()
    assert settle(one, ids) == sorted(ids)
    assert lost(one) == len(ids)
    one.drained()  # nothing waits, though no event came since
    one.stop()
    one.start()
    assert lost(one) == 0, "reported at every start"
    send_missing_again(one, ids, sorted(ids))


def test_verify_reports_a_missing_end(copied):
    one, ids = copied
    segments(one)[-1].unlink()
    done = program.command("journal", "verify", "--path", journal(one), "--json")
    *findings, summary = map(json.loads, done.stdout.splitlines())
    assert done.returncode == 1 and not summary["good"]
    missing = [finding for finding in findings if "mark" in finding["file"]]
    assert len(missing) == 1 and missing[0]["last"] == len(ids)
    one.start()
    assert lost(one) in (0, summary["lost"])  # it may not have come by yet
    settle(one, ids)
    assert lost(one) == summary["lost"]


@pytest.mark.parametrize("way", ["deleted", "emptied", "zeros"])
def test_a_lost_mark_is_reported(copied, way):
    one, ids = copied
    path = journal(one) / "mark"
    size = path.stat().st_size
    if way == "deleted":
        path.unlink()
    else:
        path.write_bytes(b"" if way == "emptied" else bytes(size))
    done = program.command("journal", "verify", "--path", journal(one))
    assert done.returncode == 1 and "/mark" in done.stdout
    one.start()
    assert "record of how far the journal goes is damaged or gone" in one.log
    assert one.metric("journal_damaged_total", journal="events") == 1
    assert settle(one, ids) == [] and lost(one) == 0
    one.stop()
    assert program.command("journal", "verify", "--path", journal(one)).returncode == 0
    one.start()
    assert one.metric("journal_damaged_total", journal="events") == 0


def test_a_kill_after_the_report_and_before_the_retry(copied):
    """The ids were forgotten on disk before anything was reported."""
    one, ids = copied
    WAYS["half"](segments(one)[1])
    one.start()
    missing = settle(one, ids)
    one.kill9()
    one.start()
    one.drained()
    assert lost(one) in (0, len(missing)), "reported once, or once more if no cursor was saved"
    copies = len(delivered(one)) - len(set(delivered(one)))  # given again after the kill
    send_missing_again(one, ids, missing, copies)


def ids_lost(one, ids):
    """Those that `journal verify` misses in a stopped journal; event e00000 has sequence 1."""
    done = program.command("journal", "verify", "--path", journal(one), "--json")
    *findings, _ = map(json.loads, done.stdout.splitlines())
    damage = [finding for finding in findings if finding["first"] <= finding["last"]]
    sequences = {
        sequence
        for finding in damage
        for sequence in range(finding["first"], finding["last"] + 1)
    }
    return [ids[sequence - 1] for sequence in sorted(sequences)]


@pytest.mark.parametrize("place", [0, 1])
@pytest.mark.parametrize("way", ["sector", "half", "cut to nothing"])
def test_a_retry_comes_before_any_sink_has_read(copied, way, place):
    """The start itself met the damage, so the retry is new though the sink is away."""
    one, ids = copied
    WAYS[way](segments(one)[place])
    missing = ids_lost(one, ids)
    assert missing
    use(one, away(), {"stream": "s"})
    one.start()
    assert send_all(one, missing) == missing
    there = sorted(set(ids) - set(missing))[::50]
    assert send_all(one, there) == there
    one.counts("events_duplicate_total", len(there))
    reported = lost(one)  # what is missing at the beginning
    deliver_to_a_file(one)
    wait_for(lambda: set(delivered(one)) == set(ids), what="every event to be delivered")
    assert reported + lost(one) == len(missing)
    one.drained()
    assert len(delivered(one)) == len(ids), "an event was delivered twice"


# ---- While it runs ----


def says(one, words):
    wait_for(lambda: words in one.readiness, what=f"/readyz to say `{words}`")


def refused(one):
    return one.post(sender.event()).status == 503


@pytest.fixture
def live(hookstream, tmp_path):
    """A hookstream with events in several segments that its sink, a Redis, has not had."""

    def make(server_url):
        one = hookstream(config_of(tmp_path, {"type": "redis", "url": server_url}))
        return one, send_all(one, [f"e{number:05d}" for number in range(EVENTS)])

    return make


def deliver_to_a_file(one):
    """Stops it and starts it again with a sink that takes events."""
    if one.running:
        one.stop()
    use(one, {"type": "file", "path": "out"}, {"file": "all.jsonl"})
    one.start()


@pytest.mark.parametrize("ending", ["stop", "kill"])
def test_the_segment_in_use_is_deleted(live, ending):
    """What it held is written again; nothing that was acknowledged is lost."""
    one, ids = live(f"redis://127.0.0.1:{free_port()}")
    segments(one)[-1].unlink()
    ids += send_all(one, [f"f{number:05d}" for number in range(50)])  # some before it is noticed
    wait_for(lambda: one.metric("journal_errors_total", operation="place"), what="it to be noticed")
    wait_for(lambda: one.post(sender.event(event_id="later")).status == 202, what="a 202 again")
    ids.append("later")
    if ending == "kill":
        one.kill9()
    deliver_to_a_file(one)
    assert settle(one, ids) == [] and lost(one) == 0
    assert send_all(one, ids[-60:]) == ids[-60:]
    one.counts("events_duplicate_total", 60)


@pytest.mark.parametrize("what", ["segments", "journal"])
@pytest.mark.parametrize("replaced", [False, True])
def test_the_folder_is_moved_and_put_back(live, what, replaced):
    one, ids = live(f"redis://127.0.0.1:{free_port()}")
    folder = journal(one) / "segments" if what == "segments" else journal(one)
    away = one.folder / "away"
    folder.rename(away)
    if replaced:
        (journal(one) / "segments").mkdir(parents=True)
    # Before an event comes: a segment that is full would notice it, too, after many.
    says(one, "journal: another folder is where" if replaced else "journal: the folder")
    assert refused(one)
    assert one.metric("journal_writable") == 0
    if replaced:
        shutil.rmtree(folder)
    away.rename(folder)
    wait_for(lambda: one.post(sender.event(event_id="later")).status == 202, what="a 202 again")
    says(one, "ready")
    deliver_to_a_file(one)
    got = settle(one, [*ids, "later"])
    assert got == [] and lost(one) == 0


def test_another_file_takes_the_name_of_the_segment_in_use(live):
    one, ids = live(f"redis://127.0.0.1:{free_port()}")
    path = segments(one)[-1]
    path.rename(path.with_suffix(".away"))
    path.write_bytes(b"another's")
    says(one, "another file has the name")
    assert refused(one)
    path.with_suffix(".away").replace(path)
    wait_for(lambda: not refused(one), what="a 202 again")
    deliver_to_a_file(one)
    assert settle(one, ids) == [] and lost(one) == 0


def test_a_finished_segment_is_deleted(live, redis_server):
    """A sink that has not had its events reports them; they can be sent again."""
    server = redis_server()
    server.end()
    one, ids = live(server.url)
    segments(one)[1].unlink()
    wait_for(lambda: one.metric("journal_errors_total", operation="place"), what="it to be noticed")
    server.start()

    def got():
        return [json.loads(entry["body"])["id"] for entry in server.stream("s")]

    one.drained()
    missing = sorted(set(ids) - set(got()))
    assert missing and lost(one) == len(missing)
    assert send_all(one, missing) == missing
    one.drained()
    assert sorted(got()) == sorted(ids)
    assert not refused(one)


def replace(path, data):
    path.with_suffix(".fresh").write_bytes(data)
    path.with_suffix(".fresh").replace(path)


TOUCHES = {
    "deleted": os.unlink,
    "replaced": lambda path: replace(path, b"another's"),
    "replaced by an older one": lambda path: replace(path, path.read_bytes()[:300_000]),
    "cut": lambda path: os.truncate(path, 300_000),
    "written to": lambda path: overwrite(path, 300_000, bytes(20_000)),
}


@pytest.mark.threads
@pytest.mark.parametrize("way", TOUCHES)
def test_a_finished_segment_is_touched_while_no_sink_reads(live, way):
    """It is noticed within seconds, and the retry of what it lost is new."""
    one, ids = live(f"redis://127.0.0.1:{free_port()}")
    TOUCHES[way](segments(one)[1])
    wait_for(
        lambda: one.metric("journal_damaged_total", journal="events") > 0,
        what="the lost events to be met",
    )
    places = one.metric("journal_errors_total", journal="events", operation="place")
    assert places == (way != "written to")
    wait_for(lambda: "ids of lost events are forgotten" in one.log, what="forgotten ids")
    before = one.metric("events_duplicate_total")
    assert send_all(one, ids) == ids
    retaken = len(ids) - int(one.metric("events_duplicate_total") - before)
    assert 0 < retaken < len(ids)
    assert not refused(one)
    deliver_to_a_file(one)
    wait_for(lambda: set(delivered(one)) >= set(ids), what="every event to be delivered")
    one.drained()
    assert len(delivered(one)) == len(ids) + 1 and lost(one) == retaken


def test_a_finished_segment_is_replaced_by_its_copy(live):
    """Nothing is lost by it, and nothing counts as lost."""
    one, ids = live(f"redis://127.0.0.1:{free_port()}")
    path = segments(one)[1]
    replace(path, path.read_bytes())
    wait_for(lambda: one.metric("journal_errors_total", operation="place"), what="it to be noticed")
    os.utime(segments(one)[2])
    deliver_to_a_file(one)
    assert settle(one, ids) == [] and lost(one) == 0
    assert one.log.count("was replaced by another file") == 1


def test_the_newest_segment_is_deleted_after_a_kill(live):
    """Not only what was known a second before the kill is missed: every event is."""
    one, ids = live(f"redis://127.0.0.1:{free_port()}")
    one.kill9()
    segments(one)[-1].unlink()
    done = program.command("journal", "verify", "--path", journal(one), "--json")
    *_, summary = map(json.loads, done.stdout.splitlines())
    deliver_to_a_file(one)
    missing = settle(one, ids)
    assert missing == ids[-len(missing) :]
    assert missing and lost(one) == len(missing) == summary["lost"]
    send_missing_again(one, ids, missing)


# ---- Cursors ----



def swap(folder):
    """With a cursor that is further: the sink would skip what it never got."""
    one, other = folder / "cursors/out.cursor", folder / "cursors/.dead-letters.cursor"
    data = one.read_bytes()
    one.write_bytes(other.read_bytes())
    other.write_bytes(data)


CURSORS = {
    "deleted": lambda folder: (folder / "cursors/out.cursor").unlink(),
    "deleted with all of the sink": lambda folder: [
        path.unlink() for path in (folder / "cursors").glob("out.*")
    ],
    "emptied": lambda folder: os.truncate(folder / "cursors/out.cursor", 0),
    "garbage": lambda folder: (folder / "cursors/out.cursor").write_bytes(os.urandom(32)),
    "copied": lambda folder: shutil.copy(
        folder / "cursors/.dead-letters.cursor", folder / "cursors/out.cursor"
    ),
    "swapped": swap,
    "folder deleted": lambda folder: shutil.rmtree(folder / "cursors"),
    "folder emptied": lambda folder: [path.unlink() for path in (folder / "cursors").iterdir()],
}


@pytest.mark.parametrize("way", CURSORS)
def test_a_sink_whose_cursor_is_gone_gets_all_that_is_kept(copied, way):
    one, ids = copied
    CURSORS[way](journal(one))
    if way not in ("garbage", "emptied", "copied", "swapped"):
        done = program.command("check", "-c", one.file)
        assert "HS090" in done.stdout and "HS084" not in done.stdout
    done = program.command("journal", "verify", "--path", journal(one), "--json")
    *findings, summary = map(json.loads, done.stdout.splitlines())
    assert done.returncode == 1 and not summary["good"]
    assert [finding for finding in findings if finding["file"].endswith("/out.cursor")]
    one.start()
    assert settle(one, ids) == [] and lost(one) == 0
    assert one.metric("journal_damaged_total", journal="events") >= 1
    wait_for(lambda: f"events={len(ids)}" in one.log, what="the number in the log")
    assert "gets every event that is kept" in one.log
    one.stop()
    one.start()
    assert one.metric("journal_damaged_total", journal="events") == 0


@pytest.mark.parametrize("way", ["deleted", "garbage", "copied"])
@pytest.mark.parametrize("count", [1, 2, None])
def test_the_oldest_segments_and_the_cursor_are_gone(copied, way, count):
    """No file says any more that the sink was to get these events, except the mark."""
    one, ids = copied
    CURSORS[way](journal(one))
    for path in segments(one)[:count]:
        path.unlink()
    done = program.command("journal", "verify", "--path", journal(one), "--json")
    *_, summary = map(json.loads, done.stdout.splitlines())
    one.start()
    missing = settle(one, ids)
    assert missing == ids[: len(missing)], "more is missing than the beginning"
    assert missing and lost(one) == len(missing) == summary["lost"]
    assert one.metric("journal_damaged_total", journal="events") == 2  # the segments, the cursor
    send_missing_again(one, ids, missing)
    one.stop()
    one.start()
    assert lost(one) == 0 and one.metric("journal_damaged_total", journal="events") == 0


@pytest.mark.parametrize("had", ["all", "some"])
def test_the_server_of_a_sink_had_the_oldest_segments(live, redis_server, had):
    """Its own position counts, so only what it has not had is lost."""
    server = redis_server()
    one, ids = live(server.url)
    one.drained()
    ids += send_all(one, ["alone"])  # its transaction has the position of all before it
    one.drained()
    if had == "some":
        server.end()
        more = send_all(one, [f"f{number:05d}" for number in range(EVENTS)])
        one.stop()
    else:
        more = []
        one.stop()
    CURSORS["deleted"](journal(one))
    for path in segments(one)[: -1 if more else 2]:
        path.unlink()
    if more:
        server.start()
    one.start()
    one.drained()
    got = [json.loads(entry["body"])["id"] for entry in server.stream("s")]
    missing = sorted(set(ids + more) - set(got))
    assert len(missing) <= lost(one) <= len(missing) + 1 and bool(missing) == bool(more)
    assert not set(missing) & set(ids) and len(got) == len(set(got))
    assert send_all(one, missing) == missing
    one.drained()
    got = [json.loads(entry["body"])["id"] for entry in server.stream("s")]
    assert sorted(got) == sorted(ids + more)


def test_what_retention_removed_is_not_lost_with_the_cursor(copied):
    one, ids = copied
    config = json.loads(one.file.read_text())
    config["journal"]["retain"] = "1s"
    one.file.write_text(json.dumps(config))
    one.start()
    assert settle(one, ids) == []
    wait_for(lambda: len(segments(one)) == 1, what="the segments to be removed")
    one.stop()
    CURSORS["deleted"](journal(one))
    one.start()
    one.drained()
    assert lost(one) == 0
    assert one.metric("journal_damaged_total", journal="events") == 1  # the cursor
    assert send_all(one, ids[::50]) == ids[::50]
    one.counts("events_duplicate_total", len(ids[::50]))


def test_a_sink_that_is_really_new_begins_with_the_next_event(copied):
    one, ids = copied
    config = json.loads(one.file.read_text())
    config["sinks"]["fresh"] = {"type": "file", "path": "fresh"}
    one.file.write_text(json.dumps(config))
    assert "HS084" in program.command("check", "-c", one.file).stdout
    one.start()
    settle(one, ids)
    assert one.sink("fresh")["lag_events"] == 0
    assert one.metric("journal_damaged_total", journal="events") == 0
