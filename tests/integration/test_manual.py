"""The reference page has help, and an example or a default, for every option; the README has
every command."""

import re

from support import program


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
