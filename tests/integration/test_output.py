"""What a command prints and cannot be written is an error of the command."""

import subprocess

import pytest
from support import program

COMMANDS = [
    ("--help",), ("help",), ("version",), ("--version",), ("manual", "configuration"),
    ("manual", "schema"), ("run", "--help"), ("catalogue", "list"),
    ("init", "--families", "order", "--sinks", "file"),
    ("check", "-c", "config/quickstart.yaml"),
    ("explain", "-c", "config/quickstart.yaml", "--type", "order.created"),
]  # fmt: skip


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_a_command_whose_output_cannot_be_written_fails(words):
    assert program.command(*words, cwd=program.ROOT).returncode == 0
    with open("/dev/full", "w") as full:
        done = program.command(*words, cwd=program.ROOT, capture_output=False, stdout=full,
                               stderr=subprocess.PIPE)  # fmt: skip
    assert done.returncode == 1
    assert "standard output cannot be written" in done.stderr
