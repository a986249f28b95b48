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
    "FANFARE_SECRET": "cookbook-secret-1",
    "SHOP_SECRET": "cookbook-secret-2",
    "SERVICE_TOKEN": "cookbook-token-3",
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


@pytest.mark.single_threaded
@pytest.mark.parametrize("config, cases, types, commands", recipes())
def test_a_recipe(tmp_path, monkeypatch, config, cases, types, commands):
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    (tmp_path / "recipe.yaml").write_text(config)
    (tmp_path / "cases.yaml").write_text(cases)
    (tmp_path / "shop-events.yaml").write_text(types)
    assert cases.count("- name:") >= 2
    done = program.command("check", "--strict", "-c", "recipe.yaml", cwd=tmp_path)
    assert done.returncode == 0, done.stdout
    done = program.command("test", "-c", "recipe.yaml", "cases.yaml", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture
def running(hookstream, tmp_path):
    """running(configuration of a recipe): the hookstream that runs it, on ports of its own."""

    def make(config):
        for port in ("8080", "9464"):
            config = config.replace(f"127.0.0.1:{port}", f"127.0.0.1:{free_port()}")
        config = config.replace("${FANFARE_SECRET}", sender.SECRET)
        one = hookstream(config, start=False)
        one.port, one.admin_port = map(int, re.findall(r"127\.0\.0\.1:(\d+)", config))
        return one.start()

    return make


@pytest.fixture
def shell(tmp_path):
    """shell(lines of the page, NAME=value, ...): what they print."""

    def run(lines, **variables):
        path = f"{program.binary().parent}:{os.environ['PATH']}"
        done = subprocess.run(["bash", "-euo", "pipefail", "-c", lines], cwd=tmp_path,
                              env={**os.environ, "PATH": path, **variables},
                              capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run


@pytest.mark.plain_only
def test_recipes_find_kafka_and_redis_by_what_services_says(shell, kafka, redis):
    start = (program.ROOT / "docs" / "cookbook.md").read_text().split("\n## ")[0]
    lines, _ = blocks(start, "sh")
    found = shell(f"cd {program.ROOT}\n{lines}echo $KAFKA_BROKERS $REDIS_URL ${{PATH%%:*}}")
    assert found.split() == [kafka.address, redis.url, f"{program.ROOT}/build/release"]


def test_the_first_commands_of_the_page_work(running, shell, tmp_path):
    start = (program.ROOT / "docs" / "cookbook.md").read_text().split("\n## ")[0]
    _, lines = blocks(start, "sh")
    export, check, test, run, send = lines.splitlines()
    assert run == "hookstream run -c recipe.yaml"
    config, cases, *_ = recipe("Handling dead letters")
    one = running(config)
    (tmp_path / "recipe.yaml").write_text(one.file.read_text())
    (tmp_path / "cases.yaml").write_text(cases)
    assert "202: 100" in shell("\n".join([export, check, test, send]))
    types = shell("hookstream send --list").split("\n")[:-1]
    others = sum(not types[i % len(types)].startswith("order.") for i in range(100))
    one.counts("dead_letters_total", reason="no_route", is_now=others)
    shell("\n".join([export, "hookstream send --type order.created"]))
    one.drained()
    one.counts("dead_letters_total", reason="no_route", is_now=others)
    (tmp_path / "recipe.yaml").write_text(config)
    assert "0 errors, 0 warnings" in shell("\n".join([export, check]))


def test_dead_letters_are_sorted_out_as_the_page_says(running, shell, tmp_path):
    config, _, _, (make, look, mend, again, discard) = recipe("Handling dead letters")
    one = running(config)
    named = {"HOOKSTREAM_CONFIG": str(one.file)}
    assert "202: 1" in shell(make, **named)
    comet = {**sender.event("order.created"), "type": "comet.sighted"}
    assert one.post(comet).status == 202
    wait_for(lambda: one.metric("hookstream_dead_letters") == 2, what="two letters")
    listed = shell(look.splitlines()[0], **named).splitlines()[1:]
    shown = look.replace("NUMBER", listed[0].split()[0])
    assert "more than 0 decimal places" in shell(shown, **named)
    assert '"amountMinor":1500' in shell(mend, **named)
    one.stop()
    one.start()
    shell(again, **named)
    orders = tmp_path / "data" / "events" / "orders.jsonl"
    wait_for(lambda: orders.exists() and orders.read_text().endswith("\n"), what="the order")
    assert '"amountMinor":1500' in orders.read_text()
    assert "discarded 0 dead letters, 1 is left" in shell(discard, **named), "it came just now"
