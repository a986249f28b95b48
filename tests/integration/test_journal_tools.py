"""`journal verify`, `journal dump` and `journal stat`, on a journal at rest and a live one."""

import base64
import datetime
import json
import re
import signal
import struct
import subprocess

import pytest

from support import program, sender
from support.journal import Journal
from support.wait import wait_for

FILES = {
    "sinks": {"files": {"type": "file", "path": "out"}},
    "routes": [{"name": "all", "match": "order", "to": [{"sink": "files", "file": "all.jsonl"}]}],
}
HEADER = 4096


def journal(one):
    return one.folder / "journal"


def segments(folder):
    """Those with events in them, oldest first."""
    paths = sorted((folder / "segments").glob("*.hsj"))
    return [path for path in paths if path.read_bytes()[HEADER : HEADER + 4].strip(b"\0")]


def records(path):
    """Offset, length and sequence of every record of a whole segment (docs/journal-format.md)."""
    data, at, found = path.read_bytes(), HEADER, []
    while at + 56 <= len(data):
        (length,) = struct.unpack_from("<I", data, at)
        if length == 0:
            break
        found.append((at, length, struct.unpack_from("<Q", data, at + 16)[0]))
        at += length
    return found


def flip(path, at):
    with path.open("r+b") as file:
        file.seek(at)
        byte = file.read(1)
        file.seek(at)
        file.write(bytes([byte[0] ^ 1]))


def verify(folder, *words):
    done = program.command("journal", "verify", "--path", folder, "--json", *words)
    assert done.returncode in (0, 1), done.stderr
    *findings, summary = map(json.loads, done.stdout.splitlines())
    assert summary["kind"] == "summary"
    assert (done.returncode == 0) == summary["good"]
    assert summary["damages"] == sum(finding["kind"] == "damage" for finding in findings)
    return findings, summary


def dump(folder, *words):
    done = program.command("journal", "dump", "--path", folder, *words)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture
def stopped(hookstream):
    """Five orders, a queue event that no route takes, and a body that is no JSON; stopped."""
    one = hookstream(**FILES)
    for number in range(5):
        assert one.post(sender.event(number=number)).status == 202
    assert one.post(sender.event("queue.consumer.entered", "whk_queue")).status == 202
    one.drained()
    wait_for(lambda: one.metric("dead_letters") == 1, what="the dead letter")
    one.stop()
    return one


def test_a_good_journal_is_good(stopped):
    findings, summary = verify(journal(stopped))
    assert findings == []
    assert summary["events"] == 7, "six, and the dead letter"
    done = program.command("journal", "verify", "-c", stopped.file)
    assert done.returncode == 0
    assert ": good: 0 damaged places" in done.stdout


def test_a_flipped_bit_is_found_with_its_place_and_event(stopped):
    (segment,) = segments(journal(stopped))
    at, length, sequence = records(segment)[2]
    flip(segment, at + length - 20)
    findings, summary = verify(journal(stopped))
    assert [(f["file"], f["offset"], f["bytes"], f["first"], f["last"]) for f in findings] == [
        (str(segment), at, length, sequence, sequence)
    ]
    assert summary["lost"] == 1
    text = program.command("journal", "verify", "--path", journal(stopped))
    assert text.returncode == 1
    assert f"damage: {segment}: offset {at}, {length} bytes, event {sequence}: " in text.stdout
    assert "to do: " in text.stdout and "sinks skip it and count it as lost" in text.stdout
    assert " 1 events and 0 dead letters lost, " in text.stdout


def test_damage_among_the_dead_letters_the_cursors_and_the_ids_is_found(stopped):
    folder = journal(stopped)
    (letters,) = segments(folder / "dead-letters")
    flip(letters, records(letters)[0][0] + 60)
    cursor = folder / "cursors" / "files.cursor"
    flip(cursor, 9)
    ids = sorted((folder / "ids").glob("*.hsi"))
    assert ids, "the ids of the finished segment"
    flip(ids[0], 80)
    findings, summary = verify(folder)
    assert {finding["file"] for finding in findings} == {str(letters), str(cursor), str(ids[0])}
    assert summary["damages"] == 3
    assert all(finding["advice"] for finding in findings)
    (lost,) = [finding for finding in findings if finding["file"] == str(letters)]
    assert (lost["journal"], lost["first"], lost["last"]) == ("dead_letters", 1, 1)
    assert "hookstream_dead_letters_lost_total" in lost["advice"] and "sinks" not in lost["advice"]
    assert {f["journal"] for f in findings if f is not lost} == {"events"}
    assert (summary["lost"], summary["dead_letters_lost"]) == (1, 1)
    text = program.command("journal", "verify", "--path", folder).stdout
    assert ", dead letter 1: damaged record" in text and ", event 1:" not in text
    assert " 0 events and 1 dead letters lost, " in text


def test_a_sink_passes_damage_over_loudly_and_goes_on(hookstream):
    one = hookstream(**FILES)
    cursor = journal(one) / "cursors" / "files.cursor"
    at_the_start = cursor.read_bytes()
    for number in range(6):
        assert one.post(sender.event(number=number)).status == 202
    one.drained("files")
    one.stop()
    (segment,) = segments(journal(one))
    # As if the sink had not had them yet.
    cursor.write_bytes(at_the_start)
    (one.folder / "out" / "all.jsonl").unlink()
    flip(segment, records(segment)[1][0] + 100)
    with segment.open("r+b") as file:  # a sector of zeros looks like the end of the journal
        file.seek(records(segment)[3][0])
        file.write(bytes(64))
    one.start()
    wait_for(lambda: one.metric("sink_lost_total", sink="files") == 2, what="what is lost")
    assert one.post(sender.event("order.completed", "whk_after")).status == 202
    one.drained("files")
    out = (one.folder / "out" / "all.jsonl").read_bytes().splitlines()
    delivered = [json.loads(line) for line in out]
    assert [document["data"].get("number") for document in delivered[:-1]] == [0, 2, 4, 5]
    assert delivered[-1]["id"] == "whk_after"
    # Each place once, whoever reads it.
    one.counts("journal_damaged_total", is_now=2)
    assert one.log.count("cause=events_lost") >= 2
    one.stop()


def test_a_damaged_last_record_is_lost_and_its_number_not_used_again(hookstream):
    one = hookstream(**FILES)
    cursor = journal(one) / "cursors" / "files.cursor"
    at_the_start = cursor.read_bytes()
    for number in range(3):
        assert one.post(sender.event(number=number)).status == 202
    one.drained("files")
    one.stop()
    cursor.write_bytes(at_the_start)
    (segment,) = segments(journal(one))
    at, length, sequence = records(segment)[2]
    flip(segment, at + length - 100)
    findings, _ = verify(journal(one))
    assert [(f["offset"], f["first"], f["last"]) for f in findings] == [(at, sequence, sequence)]
    one.start()
    wait_for(lambda: one.metric("sink_lost_total", sink="files") == 1, what="what is lost")
    one.drained("files")  # nothing is left to wait for
    one.stop()
    one.start()
    assert one.post(sender.event("order.completed", "whk_after")).status == 202
    one.drained("files")
    one.stop()
    assert dump_damaged(journal(one)) == [1, 2, 4]
    findings, _ = verify(journal(one))
    assert [(f["first"], f["last"]) for f in findings] == [(sequence, sequence)]


def dump_damaged(folder):
    """The sequences; dump tells of the damage and exits with 1."""
    done = program.command("journal", "dump", "--path", folder)
    assert done.returncode == 1
    assert "journal verify" in done.stderr
    return [json.loads(line)["sequence"] for line in done.stdout.splitlines()]


def test_a_segment_that_is_gone_is_missed_by_the_sink_that_needs_it(hookstream):
    one = hookstream(**FILES)
    cursor = journal(one) / "cursors" / "files.cursor"
    at_the_start = cursor.read_bytes()
    for run in range(2):
        for number in range(3):
            assert one.post(sender.event(number=3 * run + number)).status == 202
        one.drained("files")
        one.stop()
        if run == 0:
            one.start()
    (one.folder / "out" / "all.jsonl").unlink()
    cursor.write_bytes(at_the_start)
    segments(journal(one))[0].unlink()
    findings, summary = verify(journal(one))
    assert not summary["good"] and summary["lost"] == 3
    assert [(f["kind"], f["first"], f["last"]) for f in findings] == [
        ("note", 1, 3),  # the cursor
        ("damage", 1, 3),
    ]
    one.start()
    one.drained("files")
    assert one.metric("sink_lost_total", sink="files") == 3
    out = (one.folder / "out" / "all.jsonl").read_bytes().splitlines()
    assert [json.loads(line)["data"]["number"] for line in out] == [3, 4, 5]
    one.stop()


def test_dump_gives_each_event_as_it_was_received(hookstream):
    one = hookstream(**FILES)
    first = sender.event("order.created", "whk_1", price="1.10")
    assert one.post(first).status == 202
    pretty = json.dumps(sender.event("order.completed", "whk_2"), indent=2).encode()
    odd = b"\xff\xfe no JSON"
    for body in (pretty, odd):
        assert one.post(body).status == 202
    one.stop()
    events = dump(journal(one))
    assert [event["sequence"] for event in events] == [1, 2, 3]
    assert [event["id"] for event in events][:2] == ["whk_1", "whk_2"]
    assert events[2]["id"].startswith("sha256:"), "of what was signed: it has no id of its own"
    assert [event["flaw"] for event in events] == [None, None, "not_json"]
    assert {event["source"] for event in events} == {"fanfare"}
    assert events[0]["body"] == first
    assert events[1]["body"] == json.loads(pretty)
    assert "body" not in events[2]
    assert base64.b64decode(events[2]["body_base64"]) == odd
    # Byte for byte.
    line = program.command("journal", "dump", "--path", journal(one), "--id", "whk_1").stdout
    assert '"body":' + sender.encode(first).decode() in line
    raw = dump(journal(one), "--body", "raw")
    assert base64.b64decode(raw[1]["body_base64"]) == pretty
    for event in dump(journal(one), "--body", "none"):
        assert "body" not in event and "body_base64" not in event


def test_dump_takes_those_that_are_asked_for(stopped):
    folder = journal(stopped)
    everything = dump(folder)
    assert len(everything) == 6
    assert [event["id"] for event in dump(folder, "--match", "queue")] == ["whk_queue"]
    assert len(dump(folder, "--match", "order.**")) == 5
    assert len(dump(folder, "--match", "*.created", "--limit", "2")) == 2
    assert [event["sequence"] for event in dump(folder, "--from", "2", "--last", "3")] == [2, 3]
    assert [event["sequence"] for event in dump(folder, "--from", "2", "--to", "3")] == [2, 3]
    assert len(dump(folder, "--source", "fanfare")) == 6
    assert dump(folder, "--source", "other") == []
    assert len(dump(folder, "--since", "2h")) == 6
    assert dump(folder, "--until", "2h") == []
    assert dump(folder, "--limit", "0") == []
    moment = everything[3]["received"]
    assert everything[3] in dump(folder, "--since", moment)
    seconds, rest = divmod(Journal(folder).records()[3].received_ns, 10**9)
    moment = f"{datetime.datetime.utcfromtimestamp(seconds).isoformat()}.{rest:09}Z"
    assert everything[3] in dump(folder, "--until", moment)
    assert everything[4] not in dump(folder, "--until", moment)
    assert dump(folder, "--since", moment, "--until", moment) == [everything[3]]
    assert len(dump(folder, "--since", "1970-01-01T01:00:00+01:00")) == 6
    # Where the newest one ends is a good place to go on from; beyond it is a slip.
    newest = everything[-1]["sequence"]
    assert dump(folder, "--from", str(newest + 1)) == []
    assert dump(folder, "--from", str(newest + 2), "--limit", "0") == []
    for words in ((), ("--last", "5001"), ("--since", "1h")):
        done = program.command("journal", "dump", "--path", folder, "--from", "5000", *words)
        assert (done.returncode, done.stdout) == (2, ""), done
        assert f"no event from sequence 5000 on: the newest one is {newest}" in done.stderr, done


def test_stat_has_the_receipt_of_the_newest_event(hookstream):
    def newest():
        done = program.command("journal", "stat", "--path", journal(one))
        assert done.returncode == 0, done.stderr
        return dict(line.split(maxsplit=1) for line in done.stdout.splitlines())["newest"]

    one = hookstream(**FILES)
    assert newest() == "-"
    for number in range(3):
        assert one.post(sender.event(number=number)).status == 202
    one.drained()
    received = dump(journal(one))[-1]["received"]
    assert newest() == received
    one.stop()
    one.start()  # begins a segment, which is empty
    assert newest() == received
    words = ("replay", "--from", "1", "--last", "2", "--rate", "0", "-c", one.file)
    assert program.command(*words, cwd=one.folder).returncode == 0
    wait_for(lambda: len(dump(journal(one))) == 5, what="the two, once more")
    assert newest() == received
    assert one.post(sender.event("order.completed", "whk_after")).status == 202
    assert newest() == dump(journal(one))[-1]["received"] > received


def test_dump_gives_dead_letters_with_their_reason(stopped):
    (letter,) = dump(journal(stopped), "--dead-letters")
    assert letter["id"] == "whk_queue"
    assert letter["headers"]["x-dead-reason"] == "no_route"


def test_dump_leaves_out_letters_that_were_taken_out(hookstream):
    one = hookstream(**FILES)
    for number in range(6):
        assert one.post(sender.event("queue.consumer.entered", f"whk_{number}")).status == 202
    one.drained()
    wait_for(lambda: one.metric("dead_letters") == 6, what="the dead letters")

    def ids(*words):
        return [letter["id"] for letter in dump(journal(one), "--dead-letters", *words)]

    def discard(number):
        words = ("dead-letters", "discard", number, "-c", one.file)
        assert program.command(*words, cwd=one.folder).returncode == 0

    every = [f"whk_{number}" for number in range(6)]
    assert ids() == every
    discard("4")  # named by a record
    assert ids() == every[:3] + every[4:]
    discard("1")  # the cursor is past it
    discard("6")
    for running in (True, False):
        if not running:
            one.stop()
        assert ids() == every[1:3] + every[4:5]
        assert ids("--limit", "2") == every[1:3]
        assert ids("--all-records") == every + ["", "", ""]
    own = dump(journal(one), "--dead-letters", "--all-records")[6:]
    assert all(record["headers"] == {"x-dead-gone": "1"} for record in own)


def test_help_says_that_last_is_no_count():
    done = program.command("journal", "dump", "--help")
    assert "With this sequence or a lower one; for a number" in " ".join(done.stdout.split())


@pytest.mark.parametrize(
    "words, message",
    [
        (["dump", "--since", "yesterday"], "--since: `yesterday` is not a time"),
        (["dump", "--until", "yesterday"], "--until: `yesterday` is not a time"),
        (["dump", "--match", ""], "--match: the pattern is empty: write a prefix"),
        (["dump", "--since", "2026-13-01T00:00:00Z"], "is not a time"),
        (["dump", "--match", "a..b"], "--match: `a..b` is not a pattern"),
        (["dump", "--body", "xml"], "--body is json, raw or none"),
        (["dump", "--from", "one"], "--from takes a whole number"),
        (["dump", "--from", "5", "--last", "4"], "empty: last (4) is before from (5)"),
        (["dump", "--from", "5", "--to", "4"], "empty: last (4) is before from (5)"),
        (["dump", "--all-records"], "--all-records is for --dead-letters only"),
        (["dump", "--to", "2", "--last", "3"], "--to is the same option as --last: use --last"),
        (["dump", "--last", "0"], "empty: last (0) is before from (1)"),
        (["dump", "--since", "1h", "--until", "2h"], ") is before since ("),
        (["dump", "--since", "2100-01-01T00:00:00+01:00"], "since (2099-12-31T23:00:00"),
        (["dump", "--path", "/nowhere"], "/nowhere holds no journal"),
        (["verify", "--path", "/nowhere"], "/nowhere holds no journal"),
        (["verify", "--fast"], "unknown option"),
        (["verfy"], "did you mean verify"),
        ([], "give a command"),
    ],
)
def test_wrong_use_is_told_and_exits_2(words, message):
    done = program.command("journal", *words)
    assert done.returncode == 2
    assert message in done.stderr
    assert done.stdout == ""


def test_a_reader_that_goes_away_ends_dump_quietly(stopped):
    with subprocess.Popen(
        [str(program.binary()), "journal", "dump", "--path", str(journal(stopped))],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGPIPE, signal.SIG_IGN),
    ) as process:
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(30) == 0


@pytest.mark.parametrize("word", ["dump", "verify"])
def test_output_that_cannot_be_written_is_told(stopped, word):
    with open("/dev/full", "w", encoding="ascii") as full:
        done = program.command(
            "journal", word, "--path", journal(stopped),
            capture_output=False, stdout=full, stderr=subprocess.PIPE,
        )  # fmt: skip
    assert done.returncode == 2
    assert "cannot write to stdout" in done.stderr


def holes(sequences):
    """The first one of each run that is missing between two others."""
    return [one + 1 for one, next_one in zip(sequences, sequences[1:]) if next_one != one + 1]


@pytest.mark.threads
def test_verify_and_dump_beside_a_running_hookstream_find_nothing_wrong(hookstream):
    one = hookstream(**FILES, journal={"max_size": "16MiB", "retain": "1s"})
    types = ("order.created", "queue.consumer.entered")
    load = sender.Load(one.port, rate=1500, connections=6, types=types).start()
    try:
        wait_for(lambda: len(load.answered) > 50, what="answers")
        rounds, sequences = 0, [1]
        while rounds < 8 or sequences[0] == 1:  # until segments were removed, too
            findings, summary = verify(journal(one))
            assert [f for f in findings if f["kind"] == "damage"] == [], findings
            assert summary["good"]
            before = len(load.answered)
            known = set(load.answered[-40:])
            durable = one.metric("journal_sequence", point="durable")
            done = program.command("journal", "dump", "--path", journal(one), "--body", "none")
            assert done.returncode == 0, done.stderr
            events = [json.loads(line) for line in done.stdout.splitlines()]
            sequences = [event["sequence"] for event in events]
            # What is delivered goes after a second, at times before a slow dump has come to it:
            # from the oldest on, or the dump says what is missing.
            told = re.findall("removed while .*: sequences (?:from )?([0-9]+)", done.stderr)
            assert holes(sequences) == [int(first) for first in told]
            assert len(done.stderr.splitlines()) == len(told), done.stderr
            assert sequences[-1] >= durable, "what was durable is there"
            if sequences[0] == 1 and not told:
                assert known <= {event["id"] for event in events}, "what was answered is there"
            stat = program.command("journal", "stat", "--path", journal(one))
            assert stat.returncode == 0, stat.stderr
            wait_for(lambda: len(load.answered) > before, what="more answers")
            rounds += 1
            assert rounds < 200
    finally:
        load.stop()
    one.drained()
    one.stop()
    assert verify(journal(one))[1]["good"]
