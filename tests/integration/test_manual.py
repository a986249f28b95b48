"""The reference page has help, and an example or a default, for every option; the README has
every command."""

import re

import pytest

from support import program

pytestmark = pytest.mark.single_threaded


def rows():
    page = program.command("manual", "configuration").stdout.split("\n## Templates")[0]
    for line in page.splitlines():
        cells = re.split(r" (?<!\\)\| ", line.strip("| "))
        if line.startswith("| `") and len(cells) >= 3 and "see below" not in cells[1]:
            yield line


def test_every_option_has_help_and_an_example_or_a_default():
    options = [line for line in rows() if len(re.findall(r"(?<!\\)\|", line)) == 5]
    assert len(options) > 60
    for line in options:
        _, takes, fallback, words = [one.strip() for one in re.split(r"(?<!\\)\|", line)[1:5]]
        assert words and takes, line
        given = fallback not in ("", "required") or "Example: " in words
        assert given or takes.startswith("one of"), line


def test_the_readme_lists_every_command():
    helped = re.findall(r"^  ([a-z-]+) +\S", program.command("--help").stdout, re.M)
    readme = (program.ROOT / "README.md").read_text().split("\n## Commands\n")[1]
    listed = re.findall(r"^    hookstream ([a-z-]+)  +\S", readme.split("\nEach has")[0], re.M)
    assert len(helped) > 10 and sorted(listed) == sorted(helped)


def test_the_page_and_the_program_agree_on_what_a_file_must_have(tmp_path):
    sections = {
        "sources": "{fanfare: {path: /a, verify: {scheme: fanfare, secrets: [k9Jq2mZx7LpW4vT1]}}}",
        "sinks": "{files: {type: file, path: data}}",
        "routes": "[{name: orders, match: order, to: [{sink: files}]}]",
        "default": "drop",
    }
    page = program.command("manual", "configuration").stdout
    for name in sections:
        file = tmp_path / "config.yaml"
        rest = {key: text for key, text in sections.items() if key != name}
        if name == "sinks":
            rest["routes"] = "[]"
        file.write_text("".join(f"{key}: {text}\n" for key, text in rest.items()))
        good = program.command("check", "-c", file).returncode == 0
        row = re.search(rf"^\| `{name}` .*", page, re.M).group(0)
        assert good != ("| required |" in row), (name, row)
