"""Dead letters of a running hookstream, for its tests."""

import json

from support import http, program
from support.wait import wait_for

FILES = {"files": {"type": "file", "path": "out"}}
TO_ALL = [{"sink": "files", "file": "all.jsonl"}]


def lines(one, name="all.jsonl"):
    path = one.folder / "out" / name
    return path.read_bytes().splitlines() if path.exists() else []


def letters(one, query="body=1"):
    answer = http.get(one.admin_port, f"/api/dead-letters?{query}")
    assert answer.status == 200, answer.body
    return json.loads(answer.body)["letters"]


def run(one, *words):
    return program.command("dead-letters", *words, "-c", one.file, cwd=one.folder)


def await_letters(one, count):
    one.drained()
    wait_for(lambda: len(letters(one, "")) == count, what=f"{count} letters")


def restart_with(one, routes):
    config = json.loads(one.file.read_text())
    one.stop()
    config["routes"] = routes
    one.file.write_text(json.dumps(config))
    one.start()
