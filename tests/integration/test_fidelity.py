"""Proves: what edits do not touch stays as it was, with Python's json as the judge; and
docs/fidelity.md is true of this hookstream, and of jq and Python where they are the page's."""

import json
import random
import re

import pytest

from support import fidelity, sender
from support.http import Connection

DOCUMENTS = 3000
SEED = 20261126

# ---- Documents ----

NAMES = ['"a"', '"b"', '"c"', '"n"', '"l"', '"s"', '"\\u0061"', '"x.y"', '""', '"é"', '"\\ud83d"']
NUMBERS = ["0", "-0", "1.50", "1E+2", "1e400", "1e-400", "9" * 100, "-12345678901234567890", "0e-9"]
STRINGS = ['""', '"a"', '"\\u0000"', '"\\ud83d"', '"\\ud83d\\ude00"', '"\\/"', '"é\u2028\ufeff"',
           '"{\\"a\\":1}, "', '"\x7f"']


def space(draw):
    return "".join(draw.choice(" \t\r\n") for _ in range(draw.choice([0, 0, 1, 3])))


def value(draw, levels):
    kind = draw.random() if levels else 0
    if kind < 0.6:
        return draw.choice(draw.choice([NUMBERS, STRINGS, ["null", "true", "false"]]))
    items = range(draw.randrange(4))
    if kind < 0.8:
        return bracket(draw, "[]", [value(draw, levels - 1) for _ in items])
    return bracket(draw, "{}", [member(draw, draw.choice(NAMES), levels - 1) for _ in items])


def member(draw, name, levels):
    return name + space(draw) + ":" + space(draw) + value(draw, levels)


def bracket(draw, pair, items):
    inside = ",".join(space(draw) + item + space(draw) for item in items)
    return pair[0] + (inside or space(draw)) + pair[1]


def event(draw, kind, number):
    data = [member(draw, draw.choice(NAMES), 4) for _ in range(draw.randrange(1, 8))]
    members = [f'"id":"whk_{kind}_{number}"', f'"type":{space(draw)}"{kind}.made"',
               '"data"' + space(draw) + ":" + bracket(draw, "{}", data),
               '"version":' + draw.choice(NUMBERS)]
    return (space(draw) + bracket(draw, "{}", members)).encode()


# ---- What is to come of them ----


class Number(str):
    """As it was written."""


class Members(list):
    """Pairs of an object, in their order, repeated ones too."""


def read(text):
    return json.loads(text, object_pairs_hook=Members, parse_float=Number, parse_int=Number)


def compact(text):
    """Without the white space outside strings, token by token."""
    return re.sub(rb'("(?:[^"\\]|\\.)*")|[ \t\r\n]+', rb"\1", text)


def without(members, name):
    return Members(pair for pair in members if pair[0] != name)


def changed(members, name, change):
    return Members((key, change(old) if key == name else old) for key, old in members)


def given(members, name, new):
    """The last of the name is given it and the others go; else it comes last."""
    places = [place for place, (key, _) in enumerate(members) if key == name]
    if not places:
        return Members(members + [(name, new)])
    return Members((key, new if place == places[-1] else old)
                   for place, (key, old) in enumerate(members)
                   if key != name or place == places[-1])


def redacted(old):
    return None if old is None else "-"


def cast(old):
    if isinstance(old, Number):
        return str(old)
    return {True: "true", False: "false"}[old] if isinstance(old, bool) else old


def thinned(old):
    if isinstance(old, Members) or not isinstance(old, list):
        return old
    return [without(item, "a") if isinstance(item, Members) else item for item in old]


def edited(data):
    """What EDITS does, by another hand."""
    data = changed(without(data, "a"), "l", thinned)
    data = changed(data, "b", redacted)
    data = changed(data, "n", cast)
    if any(key == "c" for key, _ in data):
        last = [place for place, (key, _) in enumerate(data) if key == "c"][-1]
        data = Members(("z" if place == last else key, old)
                       for place, (key, old) in enumerate(data) if key != "c" or place == last)
    return given(data, "s", Number("1.50"))


EDITS = [
    {"remove": ["data.a", "data.l[*].a"]},
    {"redact": {"fields": ["data.b"], "with": "-"}},
    {"cast": {"fields": ["data.n"], "to": "string"}, "on_error": "skip"},
    {"rename": {"data.c": "z"}},
    {"set": {"data.s": "VALUE"}},
]


def same(left, right):
    """Equal, kinds and order included."""
    if type(left) is not type(right):
        return False
    if isinstance(left, (list, tuple)):
        return len(left) == len(right) and all(map(same, left, right))
    return left == right


def test_thousands_of_documents_by_the_judgement_of_python(hookstream):
    # 1.50 without quotes, which JSON's numbers would not keep on their way into a file.
    one = hookstream(
        sinks={"files": {"type": "file", "path": "out"}},
        routes=[
            {"name": "same", "match": "same", "to": [{"sink": "files", "file": "same.jsonl"}]},
            {"name": "edited", "match": "edited", "transform": EDITS,
             "to": [{"sink": "files", "file": "edited.jsonl"}]},
        ],
        start=False,
    )
    one.file.write_text(one.file.read_text().replace('"VALUE"', "1.50"))
    one.start()
    draw = random.Random(SEED)
    sent = {kind: [event(draw, kind, number) for number in range(DOCUMENTS // 2)]
            for kind in ("same", "edited")}
    with Connection(one.port) as connection:
        for body in sent["same"] + sent["edited"]:
            connection.send(sender.request(body))
            assert connection.read_answer().status == 202, body
    one.drained()
    lines = {kind: (one.folder / "out" / f"{kind}.jsonl").read_bytes().split(b"\n")[:-1]
             for kind in sent}
    assert lines["same"] == [compact(body) for body in sent["same"]]
    assert len(lines["edited"]) == len(sent["edited"])
    for body, line in zip(sent["edited"], lines["edited"]):
        want = changed(read(body), "data", edited)
        assert same(read(line), want), (SEED, body, line)


# ---- The page ----


@pytest.fixture
def results():
    return fidelity.load()


def test_the_tables_say_what_hookstream_does(results, tmp_path):
    one = fidelity.Hookstream(tmp_path)
    got = {name: one.value(document) for name, document in fidelity.cases()}
    assert got == {name: row["hookstream"] for name, row in results["values"].items()}
    got = {fidelity.money_name(*row): one.money(*row) for row in fidelity.MONEY}
    assert got == {name: row["hookstream"] for name, row in results["money"].items()}


@pytest.mark.plain_only
@pytest.mark.parametrize("word", ["jq", "python"])
def test_the_tables_say_what_the_others_do(results, word):
    version = getattr(fidelity, f"{word}_version")()
    if version != results["versions"][word]:
        pytest.skip(f"this is {word} {version}; the page is of {results['versions'][word]}")
    value_of, money_of = getattr(fidelity, f"{word}_value"), getattr(fidelity, f"{word}_money")
    got = {name: value_of(document) for name, document in fidelity.cases()}
    assert got == {name: row[word] for name, row in results["values"].items()}
    got = {fidelity.money_name(*row): money_of(*row) for row in fidelity.MONEY}
    assert got == {name: row[word] for name, row in results["money"].items()}


def test_the_page_has_these_tables(results):
    text = fidelity.PAGE.read_text()
    assert fidelity.page(text, results) == text, "stale: tests/fidelity/run writes it anew"
