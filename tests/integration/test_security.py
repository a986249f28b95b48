"""What docs/security.md says of the log and of the disk."""

import contextlib
import os
import stat

from support import http, program, sender
from support.http import exchange
from support.wait import wait_for

PAGE = (program.ROOT / "docs" / "security.md").read_text()
BADGE = "word-of-a-body-5c1"


def with_routes(hookstream, **rest):
    return hookstream(
        sinks={"files": {"type": "file", "path": "out"}},
        routes=[{
            "name": "orders", "match": "order", "when": 'data.orderId != "${A_SECRET}"',
            "transform": [{"remove": ["data.note"]}],
            "to": [{"sink": "files", "file": "all.jsonl"}]}],
        environment={"A_SECRET": "compared-with-this"},
        **rest,
    )


def test_the_log_has_what_the_page_says(hookstream):
    one = with_routes(hookstream, server={"limits": {"body_size": "16KiB", "header_size": "4KiB"}})
    taken = sender.event(note=BADGE)
    dead = sender.event("queue.consumer.entered", note=BADGE)
    for document in (taken, taken, dead):
        assert one.post(document).status == 202
    forged = one.post(sender.event(note=BADGE), secret="another-secret")
    assert forged.status == 401
    assert exchange(one.port, sender.request(b"x" * 20000)).status == 413
    large = sender.request(b"{}", fields={"X-Long": "y" * 5000})
    assert exchange(one.port, large).status == 431
    assert exchange(one.port, b"GARBAGE\r\n\r\n").status == 400
    one.drained()
    wait_for(lambda: dead["id"] in one.log, what="the line of the dead letter")
    causes = ("signature", "body_too_large", "head_too_large", "bad_request")
    for reason in causes:
        one.counts("rejected_total", reason=reason, is_now=1)
    refused = [line for line in one.log.splitlines() if "request refused" in line]
    assert len(refused) == len(causes), refused
    for line, cause in zip(refused, causes):
        assert "peer=127.0.0.1:" in line and f"cause={cause} " in line, line
    assert "source=fanfare" in refused[0] and "status=401" in refused[0], refused
    assert "type=queue.consumer.entered" in one.log and taken["id"] not in one.log
    for word in (BADGE, sender.SECRET, "sha256=", "compared-with-this"):
        assert word not in one.log, word


def files_below(folder):
    return [path for path in folder.rglob("*") if path.name != "hookstream.log"]


def test_the_disk_has_what_the_page_says(hookstream):
    mask = os.umask(0)
    try:
        one = with_routes(hookstream)
    finally:
        os.umask(mask)
    dead = sender.event("queue.consumer.entered", note=BADGE)
    assert one.post(sender.event(note=BADGE)).status == 202
    assert one.post(dead).status == 202
    one.drained()
    wait_for(lambda: one.metric("dead_letters") == 1, what="a letter")
    journal, out = one.folder / "journal", one.folder / "out"
    found = [journal, out, *files_below(journal), *files_below(out)]
    assert len(found) > 8
    for path in found:
        with contextlib.suppress(FileNotFoundError):  # the next segment gets its final name
            mode = stat.S_IMODE(path.stat().st_mode)
            assert mode == (0o700 if path.is_dir() else 0o600), (path, oct(mode))
    segments = b"".join(path.read_bytes() for path in (journal / "segments").iterdir())
    assert BADGE.encode() in segments, "as received, before `remove`"
    assert BADGE.encode() not in (out / "all.jsonl").read_bytes()
    assert "compared-with-this" in (journal / "routing" / "current").read_text()
    assert sender.SECRET.encode() not in b"".join(
        path.read_bytes() for path in files_below(journal) if path.is_file())
    assert BADGE.encode() in http.get(one.admin_port, "/api/dead-letters?body=1").body


def test_the_page_names_the_headers_that_are_kept():
    source = program.ROOT / "src" / "source"
    texts = [(source / "scheme.c").read_text().split("hs_kept_general[] = {")[1]]
    for scheme in sorted((source / "schemes").glob("*.c")):
        texts.append(scheme.read_text().split("kept[] = {")[1])
    names = [name for text in texts for name in text.split("};")[0].split('"')[1::2]]
    assert len(names) == 5
    for name in names:
        assert f"`{name}`" in PAGE or f"`{name.removeprefix('x-fanfare')}`" in PAGE, name
