"""Documents that JSON libraries differ about, and what hookstream, jq and Python make of them.
tests/fidelity/run writes docs/fidelity.md of it, tests/integration/test_fidelity.py holds it."""

import json
import math
import pathlib
import platform
import subprocess
import unicodedata

from . import program

FOLDER = program.ROOT / "tests" / "fidelity"
RESULTS = FOLDER / "results.json"
PAGE = program.ROOT / "docs" / "fidelity.md"

BEFORE = b'{"id":"whk_1","type":"order.created","data":{"v":'
AFTER = b',"end":1}}'
LEVELS_ROUND = 2  # of BEFORE


def deep(levels):
    """A value with which the event is so many levels deep."""
    return b"[" * (levels - LEVELS_ROUND) + b"]" * (levels - LEVELS_ROUND)


# What it is; the value, or with `whole` the document; how it is shown, when not as it is.
VALUES = [
    ("integer beyond 2^53", b"9007199254740993"),
    ("integer beyond 64 bits", b"12345678901234567890"),
    ("integer of 100 digits", b"1234567890" * 10, "1234567890... (100 digits)"),
    ("zeros after the point", b"149.90"),
    ("whole number with a point", b"1.0"),
    ("more digits than a double has", b"3.14159265358979323846"),
    ("exponent", b"1E+2"),
    ("too large for a double", b"1e400"),
    ("too small for a double", b"1e-400"),
    ("minus zero", b"-0"),
    ("minus zero with a point", b"-0.0"),
    ("exponent of ten digits", b"1e1000000000"),
    ("zero in front", b"01"),
    ("plus in front", b"+1"),
    ("no digit before the point", b".5"),
    ("no digit after the point", b"1."),
    ("NaN", b"NaN"),
    ("Infinity", b"-Infinity"),
    ("hexadecimal", b"0x10"),
    ("letter as it is", '"é"'.encode(), '"é"'),
    ("letter escaped", b'"\\u00e9"'),
    ("slash escaped", b'"\\/"'),
    ("NUL escaped", b'"a\\u0000b"'),
    ("pair of surrogates escaped", b'"\\ud83d\\ude00"'),
    ("half a pair", b'"\\ud83d"'),
    ("halves the wrong way round", b'"\\ude00\\ud83d"'),
    ("half a pair as bytes", b'"\xed\xa0\xbd"', '"<ED A0 BD>"'),
    ("not UTF-8", b'"\xff"', '"<FF>"'),
    ("overlong UTF-8", b'"\xc0\x80"', '"<C0 80>"'),
    ("NUL as it is", b'"\x00"', '"<00>"'),
    ("tab as it is", b'"\t"', '"<09>"'),
    ("DEL as it is", b'"\x7f"', '"<7F>"'),
    ("U+2028 as it is", b'"\xe2\x80\xa8"', '"<E2 80 A8>"'),
    ("noncharacter U+FFFF", b'"\xef\xbf\xbf"', '"<EF BF BF>"'),
    ("byte order mark in a string", b'"\xef\xbb\xbf"', '"<EF BB BF>"'),
    ("escape that is none", b'"\\x41"'),
    ("string of 1 MiB", b'"' + b"x" * (1 << 20) + b'"', '"xxx..." (1 MiB)'),
    ("member twice", b'{"a":1,"a":2}'),
    ("member twice, once escaped", b'{"a":1,"\\u0061":2}'),
    ("order of members", b'{"b":1,"a":2}'),
    ("empty name", b'{"":1}'),
    ("name with a dot", b'{"a.b":1}'),
    ("name with half a pair", b'{"\\ud83d":1}'),
    ("empty containers", b'[{},[]]'),
    ("comma at the end", b"[1,]"),
    ("comment", b"1/* one */", "1/* one */"),
    ("single quotes", b"'a'"),
    ("no-break space between tokens", b"\xc2\xa01", "<C2 A0>1"),
    ("64 levels", deep(64), "[[[...]]]"),
    ("65 levels", deep(65), "[[[...]]]"),
    ("300 levels", deep(300), "[[[...]]]"),
    ("3,000 levels", deep(3000), "[[[...]]]"),
]
DOCUMENTS = [
    ("byte order mark in front", b"\xef\xbb\xbf" + BEFORE + b"1" + AFTER, "<EF BB BF>{...}"),
    ("another value after it", BEFORE + b"1" + AFTER + b" 2", "{...} 2"),
    ("a NUL after it", BEFORE + b"1" + AFTER + b"\0", "{...}<00>"),
    ("nothing", b"", "(empty)"),
    ("cut short", BEFORE + b"1" + AFTER[:-1], '{...,"end":1}'),
    ("UTF-16", (BEFORE + b"1" + AFTER).decode().encode("utf-16-le"), "{...} as UTF-16"),
]

DIGITS = {"USD": 2, "EUR": 2, "JPY": 0, "KRW": 0, "KWD": 3, "BHD": 3, "TND": 3, "CLF": 4, "UYW": 4}
MONEY = [
    ('"149.99"', "USD"), ('"0.29"', "USD"), ('"4.35"', "EUR"), ("149.90", "USD"), ("1.15", "EUR"),
    ('"-149.99"', "USD"), ('"-0.00"', "EUR"), ('"0"', "USD"), ('"1500"', "JPY"), ('"-1"', "KRW"),
    ('"1.005"', "KWD"), ('"0.001"', "BHD"), ('"16.4"', "TND"), ('"1.0035"', "CLF"),
    ('"0.0001"', "UYW"), ('"90071992547409.93"', "USD"), ('"92233720368547758.07"', "USD"),
    ('"92233720368547758.08"', "USD"), ("1e400", "USD"), ("1.4999e2", "USD"), ('"1e2"', "USD"),
    ('"149.999"', "USD"), ('"1500.00"', "JPY"), ('"1.00035"', "CLF"), ('"1,499.99"', "USD"),
    ('"1.499,99"', "EUR"), ('"1 500"', "JPY"), ('"1_500"', "JPY"), ('"$149.99"', "USD"),
    ('"+1"', "USD"), ('".5"', "USD"), ('"5."', "USD"), ('" 5"', "USD"), ('"005"', "USD"),
    ('"0x10"', "USD"), ('"NaN"', "USD"), ('"Infinity"', "USD"), ('""', "USD"), ("true", "USD"),
    ('"5"', "usd"), ('"5"', "XAU"), ('"5"', "DEM"),
]

CONFIG = """\
server: {limits: {body_size: 2MiB}}
journal: {path: unused}
sources:
  fanfare: {path: /webhooks/fanfare, verify: {scheme: fanfare, secrets: [a-secret-for-the-tests]}}
sinks: {files: {type: file, path: unused}}
routes:
  - name: orders
    match: order
    transform:
      - set: {data.seen: true}
      - decimal: {field: data.amount, currency: data.currency, into: data.minor}
    to: [{sink: files, file: orders.jsonl}]
default: dead_letter
"""


def cases():
    """Name and document of every case of the table of values, in its order."""
    return [(row[0], BEFORE + row[1] + AFTER) for row in VALUES] + [row[:2] for row in DOCUMENTS]


def shown():
    """How each is shown."""
    rows = VALUES + DOCUMENTS
    return {row[0]: row[2] if len(row) > 2 else row[1].decode() for row in rows}


def money(amount, currency):
    digits = DIGITS.get(currency, 2)
    text = '{"id":"whk_1","type":"order.created","data":{"amount":%s,"currency":"%s","digits":%d}}'
    return (text % (amount, currency, digits)).encode()


def money_name(amount, currency):
    return f"{amount} {currency}"


def printed(value):
    """The value as a command prints it: characters that a terminal may obey are escaped."""
    text = value.decode(errors="surrogateescape")
    return "".join(
        f"\\u{ord(c):04x}" if unicodedata.category(c) in ("Cc", "Cf", "Cn", "Zl", "Zp") else c
        for c in text).encode(errors="surrogateescape")


def of_value(document, written, alike=lambda value: value):
    """What a case's value has become in a document that was written again: its bytes, how it
    compares when they are many."""
    text = written.strip()
    if not document.startswith(BEFORE) or not document.endswith(AFTER):
        return "taken"
    begin, end = text.find(b'"v":') + 4, text.rfind(b',"end":1')
    got, was = text[begin:end], document[len(BEFORE) : -len(AFTER)]
    if got == alike(was):
        return "same"
    return got.decode(errors="backslashreplace")


# ---- hookstream ----


class Hookstream:
    def __init__(self, folder):
        self.config = pathlib.Path(folder) / "fidelity.yaml"
        self.config.write_text(CONFIG)

    def explain(self, document):
        done = program.command("explain", "-c", self.config, "--json", "-", input=document,
                               text=False)
        assert done.returncode in (0, 1), done
        return done.returncode == 0, done.stdout

    def value(self, document):
        taken, said = self.explain(document)
        if not taken:
            return "refused: " + json.loads(said)["detail"].split(" at byte")[0]
        return of_value(document, said, printed)

    def money(self, amount, currency):
        taken, said = self.explain(money(amount, currency))
        if not taken:
            return "refused: " + json.loads(said)["detail"].removeprefix("decimal data.amount: ")
        return said.split(b'"minor":')[1].split(b"}")[0].decode()


# ---- jq ----


def jq_version():
    done = subprocess.run(["jq", "--version"], capture_output=True, text=True, check=True)
    return done.stdout.strip().removeprefix("jq-").split("-")[0]


def _jq(program_text, document):
    done = subprocess.run(["jq", "-c", program_text], input=document, capture_output=True,
                          check=False)
    if done.returncode != 0:
        said = done.stderr.decode().splitlines()[0].split(": ", 1)[1]
        return None, "refused: " + said.split(" at line")[0].split("<stdin>:0): ")[-1]
    return done.stdout, None


def jq_value(document):
    out, refused = _jq(".", document)
    return refused or (of_value(document, out) if out else "taken as nothing")


def jq_money(amount, currency):
    out, refused = _jq("(.data.amount | tonumber) * pow(10; .data.digits)", money(amount, currency))
    return refused or out.decode().strip()


# ---- Python ----


def python_version():
    return platform.python_version()


def python_value(document):
    try:
        out = json.dumps(json.loads(document), separators=(",", ":"))
    except (ValueError, RecursionError) as error:
        return "refused: " + str(error).split(":")[0]
    return of_value(document, out.encode())


def python_money(amount, currency):
    try:
        number = float(json.loads(amount))
        minor = number * 10 ** DIGITS.get(currency, 2)
    except ValueError as error:
        return "refused: " + str(error).split(":")[0]
    return repr(int(minor)) if math.isfinite(minor) and minor == int(minor) else repr(minor)


# ---- The page ----

COLUMNS = ("hookstream", "jq", "python", "jackson")


def load():
    return json.loads(RESULTS.read_text())


def _cell(text):
    """As code in a table of Markdown."""
    plain = text.startswith(("refused", "taken")) or text == "same"
    printable = "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in text)
    printable = printable if len(printable) <= 120 else printable[:100] + "..."
    printable = printable.replace("|", "\\|")
    return printable if plain else f"`{printable}`"


def _table(results, kind, first):
    versions = results["versions"]
    heads = ["hookstream"] + [f"{name} {versions[word]}" for name, word in
                              (("jq", "jq"), ("Python", "python"), ("Jackson", "jackson"))]
    lines = ["| " + " | ".join(first + heads) + " |", "| --- " * (len(first) + 4) + "|"]
    for name, row in results[kind].items():
        if kind == "values":
            begin = [name, _cell(shown()[name]) if shown()[name] != "(empty)" else ""]
        else:
            begin = [_cell(name)]
        lines.append("| " + " | ".join(begin + [_cell(row[word]) for word in COLUMNS]) + " |")
    return "\n".join(lines) + "\n"


def page(text, results):
    """The page with its tables made anew."""
    for kind, first in (("values", ["case", "written"]), ("money", ["amount"])):
        begin, end = f"<!-- {kind} -->\n", f"<!-- end of {kind} -->"
        head, rest = text.split(begin)
        text = head + begin + _table(results, kind, first) + end + rest.split(end)[1]
    return text
