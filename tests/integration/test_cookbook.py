"""docs/cookbook.md: every recipe is checked and tested as its reader would, and what it says of
commands is done by a running hookstream."""

import re

import pytest
from support import program

SECRETS = {"FANFARE_SECRET": "cookbook-secret", "PII_KEY": "a-key-for-pseudonyms"}


def recipes():
    """Of each section its title, its configuration and its cases."""
    page = (program.ROOT / "docs" / "cookbook.md").read_text()
    start, *sections = re.split(r"^## ", page, flags=re.MULTILINE)
    head = blocks(start, "yaml")[-1]
    for section in sections:
        title = section.splitlines()[0]
        texts = blocks(section, "yaml")
        config = "".join(text for text in texts if not text.startswith("cases:"))
        cases = "".join(text for text in texts if text.startswith("cases:"))
        whole = config.startswith("server:")
        yield pytest.param(config if whole else head + config, cases, id=title)


def blocks(text, kind):
    return re.findall(rf"^```{kind}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("config, cases", recipes())
def test_a_recipe(tmp_path, monkeypatch, config, cases):
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    (tmp_path / "recipe.yaml").write_text(config)
    (tmp_path / "cases.yaml").write_text(cases)
    assert cases.count("- name:") >= 2
    done = program.command("check", "-c", tmp_path / "recipe.yaml")
    assert done.returncode == 0 and "0 warnings" in done.stdout, done.stdout
    done = program.command("test", "-c", tmp_path / "recipe.yaml", tmp_path / "cases.yaml")
    assert done.returncode == 0, done.stdout + done.stderr
