"""Conditions as docs/conditions.md tells of them, asked by a running hookstream."""

import json
import re

from support import program

SINKS = {"files": {"type": "file", "path": "out"}}
TO = [{"sink": "files", "file": "out.jsonl"}]


def sections():
    """Of docs/conditions.md: the event of each section and its table of conditions."""
    page = (program.ROOT / "docs" / "conditions.md").read_text()
    found = []
    for section in page.split("\n## ")[1:]:
        event = re.search(r"^```json\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)
        rows = re.findall(r"^\| `(.+)` \| (yes|no|error) \|$", section, re.MULTILINE)
        if event:
            assert rows, section
            found.append((section.split("\n")[0], json.loads(event[1]), rows))
    assert len(found) == 6
    return found


def envelope(number, event):
    whole = event if "id" in event else {"type": "x.y", "data": event}
    body = {"timestamp": "2026-11-23T09:15:00Z", **whole, "id": f"whk_{number}"}
    return json.dumps(body, ensure_ascii=False).encode()


def test_the_examples_of_the_manual_are_true(hookstream):
    asked, items, posts = [], [], []
    for number, (title, event, rows) in enumerate(sections()):
        headers = event.pop("headers", {})
        posts.append((envelope(number, event), headers))
        for condition, holds in rows:
            if holds == "error":
                continue
            name = f"n{len(items)}"
            asked.append((number, name, condition, holds))
            items.append({"set": {f"data.{name}": True}, "when": condition})
    parts = [items[i : i + 60] for i in range(0, len(items), 60)]
    one = hookstream(
        sinks=SINKS,
        transformations={f"part{i}": part for i, part in enumerate(parts)},
        routes=[
            {
                "name": "all",
                "match": "**",
                "transform": [{"use": f"part{i}"} for i in range(len(parts))],
                "to": TO,
            }
        ],
    )
    for body, headers in posts:
        assert one.post(body, fields=headers).status == 202
    one.drained()
    lines = (one.folder / "out" / "out.jsonl").read_text().splitlines()
    made = {json.loads(line)["id"]: json.loads(line)["data"] for line in lines}
    for number, name, condition, holds in asked:
        assert (name in made[f"whk_{number}"]) == (holds == "yes"), condition


def test_what_the_manual_calls_an_error_is_one(tmp_path):
    count = 0
    for _, _, rows in sections():
        for condition, holds in rows:
            if holds != "error":
                continue
            count += 1
            config = program.configuration(
                tmp_path,
                sinks=SINKS,
                routes=[{"name": "r", "match": "x", "when": condition, "to": TO}],
            )
            file = tmp_path / "config.yaml"
            file.write_text(json.dumps(config, indent=1))
            done = program.command("check", "-c", file)
            assert done.returncode == 1, condition
            assert "error HS1" in done.stdout, done.stdout
    assert count == 3
