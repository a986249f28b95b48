"""Things in the journal's folder that do not belong there: no start blocks or follows a link, the
error names the file, and `journal verify` finds whatever makes a start refuse."""

import os
import shutil
import subprocess

import pytest

from support import program, sender
from support.wait import wait_for

SEGMENT = "segments/00000000000000999999.hsj"
NAMES = [
    "LOCK", "meta", "mark", "spare", "segments/next", "segments/preparing", "segments/fresh",
    SEGMENT, "cursors/files.cursor", "cursors/files.cursor.new", "cursors/files.place",
    "ids/00000000000000000001-00000000000000000010.hsi", "routing/current",
    "routing/00000000000000000005", "dead-letters/LOCK", "dead-letters/meta",
    "dead-letters/" + SEGMENT,
]


def _remove(path):
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _fifo(path, victim):
    os.mkfifo(path)


def _folder(path, victim):
    path.mkdir()


def _link(path, victim):
    path.symlink_to(victim)


def _dangling(path, victim):
    path.symlink_to("/nonexistent/file")


def _garbage(path, victim):
    path.write_bytes(b"\xff\0{ garbage")


@pytest.fixture
def stopped(hookstream):
    """A journal with an event that its sink has not, stopped."""
    one = hookstream(
        sinks={"files": {"type": "file", "path": "out"}},
        routes=[{"name": "all", "match": "**", "to": [{"sink": "files", "file": "all.jsonl"}]}],
    )
    assert one.post(sender.event()).status == 202
    one.drained()
    one.stop()
    return one


@pytest.mark.parametrize("make", [_fifo, _folder, _link, _dangling, _garbage])
def test_nothing_in_the_folder_blocks_a_start_or_is_followed(stopped, make, tmp_path):
    """Each name in turn: the start is ready, or ends with an error that names the file and that
    `journal verify` reported before."""
    victim = tmp_path / "victim"
    victim.write_text("precious\n" * 10)
    folder, kept = stopped.folder / "journal", stopped.folder / "kept"
    shutil.copytree(folder, kept)
    for name in NAMES:
        shutil.rmtree(folder)
        shutil.copytree(kept, folder)
        path = folder / name
        _remove(path)
        path.parent.mkdir(exist_ok=True)
        make(path, victim)
        verified = program.command("journal", "verify", "--path", folder, timeout=60)
        stopped.log_file.unlink(missing_ok=True)
        stopped.start(ready=False)
        wait_for(
            lambda: not stopped.running or stopped.is_ready(), deadline=60, what=f"{name} to start"
        )
        if stopped.running:
            stopped.stop()
        else:
            assert path.name.removesuffix(".new") in stopped.log, (name, stopped.log)
            assert verified.returncode != 0, (name, make, verified, stopped.log)
        assert victim.read_text() == "precious\n" * 10, name


@pytest.mark.parametrize("gone", ["meta", "other"])
def test_verify_finds_what_is_of_another_journal(stopped, gone):
    """Segments without their meta, or with that of another journal: neither starts."""
    folder = stopped.folder / "journal"
    if gone == "meta":
        (folder / "meta").unlink()
    else:
        other = stopped.folder / "other"
        other.mkdir()
        shutil.copy(folder / "meta", other / "meta")
        shutil.copy(folder / "dead-letters" / "meta", folder / "meta")
    verified = program.command("journal", "verify", "--path", folder)
    assert verified.returncode == 1, verified
    stopped.start(ready=False)
    wait_for(lambda: not stopped.running, what="the start to end")
    assert "meta is missing" in stopped.log or "another journal" in stopped.log, stopped.log


def test_a_limit_of_file_sizes_is_named(hookstream):
    """RLIMIT_FSIZE: the error names the file, the limit and what to do; events are answered 503."""
    one = hookstream(
        start=False,
        sinks={"files": {"type": "file", "path": "out"}},
        routes=[{"name": "all", "match": "**", "to": [{"sink": "files", "file": "all.jsonl"}]}],
    )
    with open(one.log_file, "ab") as log:
        one.process = subprocess.Popen(
            ["sh", "-c", 'ulimit -f 64; exec "$@"', "sh", program.binary(), "run", "-c", one.file],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=one.cwd,
        )
    wait_for(lambda: not one.running or "LimitFSIZE" in one.log, what="the error")
    assert "may not write files larger than" in one.log and "segments/" in one.log, one.log
