"""docs/cookbook.md: every recipe is checked and tested as its reader would, and what it says of
commands is done by a running hookstream."""

import os
import re
import subprocess

import pytest
from support import program, sender
from support.ports import free_port
from support.wait import wait_for

SECRETS = {
    "FANFARE_SECRET": "cookbook-secret",
    "SHOP_SECRET": "another-secret",
    "PII_KEY": "a-key-for-pseudonyms",
}


def blocks(text, kind):
    return re.findall(rf"^```{kind}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def recipes():
    """Of each section its configuration, its cases, a catalogue and its commands."""
    page = (program.ROOT / "docs" / "cookbook.md").read_text()
    start, *sections = re.split(r"^## ", page, flags=re.MULTILINE)
    head = blocks(start, "yaml")[-1]
    for section in sections:
        title = section.splitlines()[0]
        texts = blocks(section, "yaml")
        cases = "".join(text for text in texts if text.startswith("cases:"))
        types = "".join(text for text in texts if text.startswith("types:"))
        config = "".join(text for text in texts if text not in (cases, types))
        whole = config.startswith("server:")
        commands = blocks(section, "sh")
        yield pytest.param(config if whole else head + config, cases, types, commands, id=title)


def recipe(title):
    return next(one.values for one in recipes() if one.id == title)


@pytest.mark.parametrize("config, cases, types, commands", recipes())
def test_a_recipe(tmp_path, monkeypatch, config, cases, types, commands):
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    (tmp_path / "recipe.yaml").write_text(config)
    (tmp_path / "cases.yaml").write_text(cases)
    (tmp_path / "shop-events.yaml").write_text(types)
    assert cases.count("- name:") >= 2
    done = program.command("check", "--strict", "-c", tmp_path / "recipe.yaml")
    assert done.returncode == 0, done.stdout
    done = program.command("test", "-c", tmp_path / "recipe.yaml", tmp_path / "cases.yaml")
    assert done.returncode == 0, done.stdout + done.stderr


def test_dead_letters_are_sorted_out_as_the_page_says(hookstream, tmp_path):
    config, _, _, (make, look, mend, again) = recipe("Dead letters, sorted out")
    for port in ("8080", "9464"):
        config = config.replace(f"127.0.0.1:{port}", f"127.0.0.1:{free_port()}")
    config = config.replace("${FANFARE_SECRET}", sender.SECRET)
    one = hookstream(config, start=False)
    one.port, one.admin_port = map(int, re.findall(r"127\.0\.0\.1:(\d+)", config))
    one.start()
    def shell(lines):
        environment = {
            **os.environ,
            "HOOKSTREAM_CONFIG": str(one.file),
            "PATH": f"{program.binary().parent}:{os.environ['PATH']}",
        }
        done = subprocess.run(["bash", "-euo", "pipefail", "-c", lines], cwd=tmp_path,
                              env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    assert "202: 1" in shell(make)
    comet = {**sender.event("order.created"), "type": "comet.sighted"}
    assert one.post(comet).status == 202
    wait_for(lambda: one.metric("hookstream_dead_letters") == 2, what="two letters")
    assert "more than 0 digits after the point" in shell(look)
    assert '"amountMinor":1500' in shell(mend)
    one.stop()
    one.start()
    shell(again)
    wait_for(lambda: (tmp_path / "data" / "orders.jsonl").exists(), what="the order")
    assert '"amountMinor":1500' in (tmp_path / "data" / "orders.jsonl").read_text()
