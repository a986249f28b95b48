"""The file sink in a folder that people use, too: it harms nothing of theirs, and an event whose
file it cannot write costs itself alone. Folders that overlap are refused before anything runs."""

import json
import os
import shutil

import pytest
from support import program, sender
from support.wait import wait_for

ROUTES = [{"name": "by-name", "match": "**", "to": [{"sink": "files", "file": "{data.name}"}]}]


def start(hookstream, **rest):
    return hookstream(sinks={"files": {"type": "file", "path": "out"}}, routes=ROUTES, **rest)


def post(one, name):
    assert one.post(sender.event("order.created", name=name)).status == 202


def lines(path):
    return len(path.read_text().splitlines()) if path.exists() else 0


def make_folder(out):
    (out / "x").mkdir()


def make_fifo(out):
    os.mkfifo(out / "x")


def make_link(out):
    precious = out.parent / "precious"
    precious.write_text("precious without a line feed")
    (out / "x").symlink_to(precious)


def make_notes(out):
    (out / "x").write_text("line one\nan unfinished line of someone else")


@pytest.mark.parametrize("make, reason", [
    (make_folder, "not_a_file"), (make_fifo, "not_a_file"), (make_link, "not_a_file"),
    (make_notes, "foreign_file"),
])  # fmt: skip
def test_a_name_of_something_else_costs_its_event_alone(hookstream, tmp_path, make, reason):
    one = start(hookstream)
    out = one.folder / "out"
    make(out)
    before = {path: path.read_bytes() for path in [out / "x", tmp_path / "precious"]
              if path.is_file()}  # fmt: skip
    for name in ["good.jsonl", "x", *["good.jsonl"] * 20]:
        post(one, name)
    one.drained()
    assert lines(out / "good.jsonl") == 21
    assert one.metric("dead_letters_total", reason=reason) == 1
    assert one.sink("files")["state"] == "up"
    one.stop()
    one.start()
    post(one, "good.jsonl")
    one.drained()
    assert lines(out / "good.jsonl") == 22
    assert {path: path.read_bytes() for path in before} == before


def test_a_folder_that_is_removed_while_in_use_is_made_again(hookstream):
    one = start(hookstream)
    out = one.folder / "out"
    post(one, "good.jsonl")
    one.drained()
    shutil.rmtree(out)
    post(one, "good.jsonl")
    one.drained()
    assert lines(out / "good.jsonl") == 1
    assert "was gone and is made again" in one.log and "folder=out" in one.log


def test_a_folder_that_cannot_be_made_again_blocks_the_sink_until_it_can(hookstream):
    one = hookstream(sinks={"files": {"type": "file", "path": "above/out"}}, routes=ROUTES,
                     start=False)  # fmt: skip
    above = one.folder / "above"
    one.start()
    post(one, "good.jsonl")
    one.drained()
    shutil.rmtree(above)
    above.write_text("in the way")
    post(one, "good.jsonl")
    wait_for(lambda: one.sink("files")["reason"] == "folder", what="the reason")
    assert one.sink("files")["state"] == "blocked" and "above/out" in one.readiness
    one.counts("sink_state", sink="files", state="blocked", is_now=1)
    above.unlink()
    one.drained(deadline=60)
    assert lines(above / "out" / "good.jsonl") == 1
    assert one.sink("files")["state"] == "up"


def test_a_letter_that_can_be_written_at_last_is_sent_again(hookstream):
    one = start(hookstream)
    out = one.folder / "out"
    make_notes(out)
    post(one, "x")
    one.drained()
    (out / "x").rename(out / "notes")
    done = program.command("dead-letters", "retry", "-c", one.file, "--reason", "foreign_file")
    assert done.returncode == 0, done.stdout + done.stderr
    wait_for(lambda: lines(out / "x") == 1, what="the event in its file")
    one.drained()


def test_files_may_be_moved_cut_and_removed_while_it_runs(hookstream):
    one = start(hookstream)
    out = one.folder / "out"

    def more():
        for _ in range(10):
            post(one, "a.jsonl")
        one.drained()

    more()
    (out / "a.jsonl").rename(out / "a.jsonl.moved")
    more()
    shutil.copy(out / "a.jsonl", out / "a.jsonl.copied")
    os.truncate(out / "a.jsonl", 0)
    more()
    total = sum(lines(out / name) for name in ("a.jsonl.moved", "a.jsonl.copied", "a.jsonl"))
    assert total == 30
    assert b"\0" not in (out / "a.jsonl").read_bytes()
    (out / "a.jsonl").unlink()
    more()
    assert lines(out / "a.jsonl") == 10


def test_a_folder_that_is_moved_away_is_made_again_and_nothing_is_lost(hookstream):
    one = start(hookstream)
    out, away = one.folder / "out", one.folder / "away"
    post(one, "a.jsonl")
    one.drained()
    out.rename(away)
    post(one, "a.jsonl")
    one.drained()
    assert (lines(away / "a.jsonl"), lines(out / "a.jsonl")) == (1, 1)


def test_a_folder_that_cannot_be_made_does_not_keep_the_door_shut(hookstream, tmp_path):
    (tmp_path / "taken").write_text("a file")
    paths = {"files": "taken/out", "more": "out"}
    sinks = {name: {"type": "file", "path": path} for name, path in paths.items()}
    both = [{"name": "a", "match": "**", "to": [{"sink": "files"}, {"sink": "more"}]}]
    one = hookstream(sinks=sinks, routes=both)
    assert one.post(sender.event("order.created")).status == 202
    one.drained("more")
    assert one.sink("files")["reason"] == "folder"
    assert "sink files is blocked (folder)" in one.readiness
    (tmp_path / "taken").unlink()
    one.drained()
    assert lines(tmp_path / "taken" / "out" / "order.jsonl") == 1


# ---- Folders that overlap ----

OVERLAPS = {
    "the same": ("journal", "journal", None),
    "the same with a slash": ("journal", "journal/", None),
    "the same through a dot": ("journal", "./journal", None),
    "the same through ..": ("journal", "other/../journal", None),
    "inside the journal": ("journal", "journal/cursors", None),
    "around the journal": ("data/journal", "data", None),
    "a link to the journal": ("journal", "link", ("link", "journal")),
    "a link above": ("real/journal", "link/journal/x", ("link", "real")),
    "the root": ("journal", "/", None),
    "through a link that exists": ("link/journal", "real/journal", ("link", "real")),
}
GOOD = {
    "beside each other": ("data/journal", "data/events", None),
    "a name that begins alike": ("journal", "journal-files", None),
    "one sink in another": ("journal", "out", None),
}


def check(tmp_path, journal, path, link):
    if link is not None:
        (tmp_path / link[1]).mkdir(parents=True)
        (tmp_path / link[0]).symlink_to(link[1])
    sinks = {"files": {"type": "file", "path": path}, "more": {"type": "file", "path": "out/more"}}
    config = program.configuration(
        tmp_path, sinks=sinks, routes=[], default="drop", journal={"path": journal}
    )
    (tmp_path / "c.yaml").write_text(json.dumps(config))
    return program.command("check", "-c", tmp_path / "c.yaml", "--json", cwd=tmp_path)


@pytest.mark.single_threaded
@pytest.mark.parametrize("name", OVERLAPS)
def test_folders_that_overlap_are_an_error(tmp_path, name):
    done = check(tmp_path, *OVERLAPS[name])
    codes = [one["code"] for one in json.loads(done.stdout)["findings"]
             if one["severity"] == "error"]  # fmt: skip
    assert codes == ["HS065"], done.stdout


@pytest.mark.single_threaded
@pytest.mark.parametrize("name", GOOD)
def test_folders_of_their_own_are_good(tmp_path, name):
    done = check(tmp_path, *GOOD[name])
    assert "HS065" not in done.stdout, done.stdout


@pytest.mark.single_threaded
def test_two_sinks_with_one_folder_are_an_error(tmp_path):
    done = check(tmp_path, "journal", "out/./more", None)
    assert "HS065" in done.stdout and "sink `files` and sink `more`" in done.stdout
