"""What the build and the start do so that secrets stay in the process."""

import json
import os
import pathlib
import platform
import shutil
import socket
import subprocess
import tempfile

import pytest

from support import program

NOBODY = 65534
BINARY = program.binary().read_bytes()
plain_build = pytest.mark.skipif(
    b"__asan_init" in BINARY or b"__tsan_init" in BINARY,
    reason="a sanitizer reads the memory of its process")


@pytest.fixture
def open_folder():
    """One that every user may read, with a copy of the program."""
    with tempfile.TemporaryDirectory(prefix="hookstream-") as name:
        folder = pathlib.Path(name)
        folder.chmod(0o755)
        shutil.copy(program.binary(), folder / "hookstream")
        (folder / "hookstream").chmod(0o755)
        yield folder


@plain_build
@pytest.mark.parametrize("environment, allowed", [
    ({}, False),
    ({"HOOKSTREAM_CORE_DUMPS": "1"}, True),
])
def test_other_processes_of_its_user_cannot_read_its_memory(open_folder, environment, allowed):
    """The kernel gives /proc/PID/mem of a process that is not dumpable to root. It also writes no
    core file then, and refuses ptrace."""
    user = os.getuid() or NOBODY
    with socket.create_server(("127.0.0.1", 0)) as silent:
        config = program.configuration(
            open_folder, sinks={"files": {"type": "file", "path": "out"}},
            routes=[{"name": "all", "match": "**", "to": [{"sink": "files", "file": "a"}]}],
            admin={"listen": f"127.0.0.1:{silent.getsockname()[1]}"})
        file = open_folder / "hookstream.yaml"
        file.write_text(json.dumps(config))
        file.chmod(0o644)
        plain = {name: value for name, value in os.environ.items()
                 if name != "HOOKSTREAM_CORE_DUMPS"}
        process = subprocess.Popen(
            [open_folder / "hookstream", "health", "-c", file, "--timeout", "60"],
            env={**plain, **environment}, cwd=open_folder,
            user=None if user == os.getuid() else user)
        try:
            silent.settimeout(60)
            peer, _ = silent.accept()  # so it has started, and now waits for an answer
            with peer:
                owner = os.stat(f"/proc/{process.pid}/mem").st_uid
        finally:
            process.kill()
            process.wait(20)
    assert owner == (user if allowed else 0)


@plain_build
@pytest.mark.skipif(platform.machine() != "x86_64" or shutil.which("objdump") is None,
                    reason="CET is of x86-64, and objdump shows it")
def test_functions_are_marked_for_cet():
    """The note of the whole binary also depends on the C library's start files."""
    done = subprocess.run(["objdump", "-d", "--disassemble=main", program.binary()],
                          capture_output=True, text=True, check=True)
    if "<main>:" not in done.stdout:
        pytest.skip("the binary has no symbols")
    assert "endbr64" in done.stdout
