#!/usr/bin/python3
"""Puts the figures of the newest run of each scenario (build/fault-report.jsonl) into the table
of docs/reliability.md; where there are runs with --rounds, which are longer, of those the newest,
and else the page keeps what it has of one.
Refuses when the newest of one failed, so that the page never shows less than was promised as if
it were kept."""

import json
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
REPORT = ROOT / "build" / "fault-report.jsonl"
PAGE = ROOT / "docs" / "reliability.md"
BEGIN, END = "<!-- scenarios: tests/fault/report.py -->", "<!-- end of scenarios -->"
FIGURES = {"sent", "answered", "lost", "reordered", "duplicated_kafka", "duplicated_redis"}
KNOWN = FIGURES | {"scenario", "promise", "passed", "seconds", "seed", "options", "at"}


def by_hand(row):
    return "--rounds" in row["options"]


def newest(lines):
    """In the order in which the scenarios are written, however many ran side by side."""
    ran = [json.loads(line) for line in lines]
    rows = {row["scenario"]: row for row in ran}
    failed = [name for name, row in rows.items() if not row["passed"]]
    if failed:
        sys.exit(f"report: these failed in their newest run: {', '.join(failed)}")
    rows.update({row["scenario"]: row for row in ran if by_hand(row) and row["passed"]})
    written = "".join(file.read_text() for file in sorted(HERE.glob("test_*.py")))
    names = re.findall(r"^def (test_\w+)", written, re.MULTILINE)
    # Those of one name with several parameters by the parameter; gone ones are left out, and those
    # that count nothing: what they show stands in the test alone.
    return sorted(
        (row for row in rows.values() if _name(row) in names and "sent" in row),
        key=lambda row: (names.index(_name(row)), row["scenario"]),
    )


def _name(row):
    return row["scenario"].partition("[")[0]


def _copies(row):
    parts = []
    for broker in ("kafka", "redis"):
        if f"duplicated_{broker}" in row:
            parts.append(f"{broker.capitalize()} {row[f'duplicated_{broker}']}")
    return ", ".join(parts)


def _others(row):
    names = sorted(row.keys() - KNOWN)
    return ", ".join(f"{name.replace('_', ' ')} {row[name]}" for name in names)


def _line(row):
    name, _, parameter = row["scenario"].rstrip("]").partition("[")
    # With its test_, or it would stand for those that have it in their names, too.
    chosen = f"{name} and {parameter}" if parameter else name
    again = f"scripts/test fault -- -k '{chosen}' {row['options']}".rstrip()
    title = name.removeprefix("test_").replace("_", " ")
    cells = [
        title + (f", {parameter}" if parameter else ""),
        row["promise"].rstrip("."),
        str(row["sent"]),
        str(row["lost"]),
        _copies(row),
        str(row["reordered"]),
        _others(row),
        f"`{again}`",
    ]
    return "| " + " | ".join(cells) + " |"


def lines_by_hand(text):
    """Of the page: scenario to its line."""
    lines = [line for line in text.splitlines() if line.startswith("| ") and "--rounds" in line]
    return {line.split(" | ")[0]: line for line in lines}


def table(rows, kept):
    """Its lines, one a row."""
    lines = [(row, _line(row)) for row in rows]
    return [line if by_hand(row) else kept.get(line.split(" | ")[0], line) for row, line in lines]


def head():
    cells = ["scenario", "expected", "sent", "lost", "copies", "reordered", "besides"]
    cells.append("again")
    return ["| " + " | ".join(cells) + " |", "| --- " * len(cells) + "|"]


def main():
    rows = newest(REPORT.read_text().splitlines())
    text = PAGE.read_text()
    before, rest = text.split(BEGIN)
    old, after = rest.split(END)
    lines = table(rows, lines_by_hand(old))
    sent = sum(int(line.split(" | ")[2]) for line in lines)
    told = f"Measured {max(row['at'] for row in rows)}, {len(rows)} scenarios, {sent} events."
    table_text = "\n".join(head() + lines)
    PAGE.write_text(f"{before}{BEGIN}\n\n{told}\n\n{table_text}\n\n{END}{after}")
    print(told)


if __name__ == "__main__":
    main()
