"""The hook for commit messages, and its installation by scripts/setup."""

import shutil
import subprocess

import pytest

from support import program

HOOK = program.ROOT / "scripts" / "hooks" / "commit-msg"
WHY = "\n\nThe reason, and how it was shown.\n"

pytestmark = [
    pytest.mark.single_threaded,
    pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed"),
]


def judge(tmp_path, message):
    file = tmp_path / "message"
    file.write_text(message)
    return subprocess.run([HOOK, file], capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.parametrize(
    "message",
    [
        "journal: read the tail once" + WHY,
        "docs, tests: name the invariants",
        "journal dump: one event per line" + WHY,
        "a: " + "x" * 57,
        "http: é" + "é" * 53,  # characters, not bytes
        "# a comment\n\nsink: wait\n# a long comment " + "x " * 80 + WHY,
        "sink: wait\n\nhttps://example.org/" + "x" * 200,
        "sink: wait\n\nwhy\n# ------------------------ >8 ------------------------\n" + "x " * 99,
        "Merge branch 'other' into a branch whose name is very long, as the names of branches are",
        'Revert "journal: read the tail once"',
        "fixup! journal: read the tail once",
        "",
    ],
)
def test_a_good_message_passes(tmp_path, message):
    done = judge(tmp_path, message)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "message, fault",
    [
        ("read the tail once" + WHY, "is not `area: what`"),
        ("Journal: read the tail once" + WHY, "is not `area: what`"),
        ("journal,docs: read it" + WHY, "is not `area: what`"),
        ("journal:read it" + WHY, "is not `area: what`"),
        ("journal:  read it" + WHY, "is not `area: what`"),
        (": read it" + WHY, "is not `area: what`"),
        ("a: " + "x" * 58 + WHY, "the subject has 61 characters, at most 60"),
        ("journal: read the tail once." + WHY, "ends in a full stop"),
        ("journal: read the tail\nonce" + WHY, "the second line is not blank"),
        ("journal: read it\n\nwhy\n" + "why " * 26, "line 4 has 103 characters, at most 100"),
    ],
)
def test_a_bad_message_is_refused_with_its_fault(tmp_path, message, fault):
    done = judge(tmp_path, message)
    assert done.returncode == 1
    assert fault in done.stderr and message.strip().splitlines()[0] in done.stderr


def git(folder, *arguments):
    identity = ("-c", "user.name=t", "-c", "user.email=t@example.org")
    return subprocess.run(
        ["git", *identity, *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.fixture
def checkout(tmp_path):
    """A copy of scripts/ in a folder of its own."""
    folder = tmp_path / "checkout"
    shutil.copytree(program.ROOT / "scripts", folder / "scripts")
    return folder


def set_up(folder):
    done = subprocess.run(
        ["scripts/setup", "--hooks"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_setup_installs_the_hook_for_every_worktree(checkout):
    git(checkout, "init", "-q")
    set_up(checkout)
    git(checkout, "add", ".")
    assert git(checkout, "commit", "-qm", "No area").returncode == 1
    assert git(checkout, "commit", "-qm", "all: a start").returncode == 0
    tree = checkout.parent / "tree"
    assert git(checkout, "worktree", "add", "-q", tree).returncode == 0
    refused = git(tree, "commit", "--allow-empty", "-qm", "No area")
    assert refused.returncode == 1 and "commit-msg: " in refused.stderr


def test_setup_leaves_hooks_that_are_there(checkout):
    git(checkout, "init", "-q")
    hook = checkout / ".git" / "hooks" / "pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\n")
    set_up(checkout)
    assert git(checkout, "config", "core.hooksPath").stdout == ""
    hook.unlink()
    git(checkout, "config", "core.hooksPath", "mine")
    set_up(checkout)
    assert git(checkout, "config", "core.hooksPath").stdout == "mine\n"


def test_setup_leaves_a_repository_around_a_plain_copy(checkout):
    git(checkout.parent, "init", "-q")
    set_up(checkout)
    assert git(checkout.parent, "config", "core.hooksPath").stdout == ""
