"""Configurations with one mistake each, as people make them: the program refuses each with the
code of that mistake, at its place, in words that say what to do."""

import pytest

from support import program

pytestmark = pytest.mark.single_threaded

GOOD = """\
server:
  listen: 127.0.0.1:8080
  deadline: 5s
journal: {path: journal}
sources:
  fanfare:
    path: /webhooks/fanfare
    verify:
      scheme: fanfare
      secrets: ["a-secret-of-the-test"]
sinks:
  kafka: {type: kafka, brokers: ["kafka:9092"]}
  redis: {type: redis, url: "redis://redis:6379/0"}
routes:
  - name: orders
    match: order
    when: "data.currencyCode == 'USD'"
    transform:
      - remove: [data.consumerId]
    to:
      - {sink: kafka, topic: orders, key: "{data.orderId}"}
  - {name: openings, match: distribution, to: [{sink: redis, stream: openings}]}
default: dead_letter
"""

# One line: what is replaced, by what, the code, where the finding stands (the beginning of this
# text in the broken file), and words of the message.
BROKEN = {
    # The file, and YAML.
    "a tab": ("  listen:", "\tlisten:", 5, "\tlisten", ["tab", "spaces"]),
    "a line too far in": ("  deadline:", "    deadline:", 6, ": 5s", ["indentation"]),
    "a line too far out": ("      secrets:", "     secrets:", 6, "secrets:", ["indentation"]),
    "a bracket that is not closed": (
        'brokers: ["kafka:9092"]}', 'brokers: ["kafka:9092"}', 8, '["kafka', ["]"]),
    "a quote that is not closed": (
        '"{data.orderId}"}', '"{data.orderId}}', 7, '"{data.orderId}}', ["quote"]),
    "a pattern with * without quotes": (
        "match: order", "match: *.created", 7, "*.created", ["quote a text"]),
    "a template without quotes": (
        "topic: orders,", "topic: {data.state},", 32, "{data.state}", ["quote a text"]),
    "a variable in brackets without quotes": (
        '["a-secret-of-the-test"]', "[${FANFARE_SECRET}]", 7, "{FANFARE",
        ["quote a text", "${NAME}"]),
    "a key that stands twice": (
        "default: dead_letter", "default: drop\ndefault: dead_letter", 9,
        "default: dead_letter", ["default", "duplicate"]),
    "an alias of nothing": (
        'to:\n      - {sink: kafka, topic: orders, key: "{data.orderId}"}',
        "to: *both", 10, "*both", ["anchor (&)", "quote a text"]),
    "a second document": ("default:", "---\ndefault:", 11, "---", ["---"]),
    "a text with a control character": ("name: orders", "name: or\x01ders", 4, "\x01", ["U+0001"]),
    # ${...}.
    "a variable that is not set": (
        "a-secret-of-the-test", "${NOT_SET_ANYWHERE}", 20, "${NOT_SET", ["NOT_SET_ANYWHERE"]),
    "a variable's name with a dash": (
        "kafka:9092", "${KAFKA-BROKERS}", 21, "${KAFKA", ["${NAME:-default}"]),
    "a secret's file that is not there": (
        "a-secret-of-the-test", "${file:/nowhere/secret}", 22, "${file", ["/nowhere/secret"]),
    # Keys and values.
    "a misspelt key": ("brokers:", "brokrs:", 30, "brokrs", ["did you mean `brokers`?"]),
    "a key under the wrong one": (
        "  deadline: 5s\n", "  deadline: 5s\n  body_size: 1MiB\n", 30, "body_size", ["body_size"]),
    "a key that is missing": (
        ', brokers: ["kafka:9092"]', "", 31, "{type: kafka}", ["brokers"]),
    "a duration without a unit": ("deadline: 5s", "deadline: 5", 37, "5\n", ["5s"]),
    "a unit of time that is none": ("deadline: 5s", "deadline: 5sec", 37, "5sec", ["5s"]),
    "a size in k": (
        "  deadline: 5s", "  limits: {body_size: 64k}", 36, "64k", ["64KiB"]),
    "a number in words": ("  deadline: 5s", "  workers: four", 35, "four", ["digits"]),
    "a thousand workers": ("  deadline: 5s", "  workers: 1000", 33, "1000", ["1000"]),
    "yes where true belongs": (
        "{type: kafka,", "{type: kafka, exactly_once: yes,", 34, "yes", ["true"]),
    "a port alone": ("127.0.0.1:8080", "8080", 38, "8080", ["0.0.0.0:8080"]),
    "a sink's type that is none": ("type: kafka", "type: kafak", 34, "kafak", ["`kafka`"]),
    "a name with a space": ("  redis: {", "  my redis: {", 40, "my redis", ["my redis"]),
    # Sources and sinks.
    "a short secret": (
        "a-secret-of-the-test", "short", 51, '"short"', ["16 characters", "openssl rand"]),
    "a whole URL for a path": (
        "/webhooks/fanfare", "https://example.com/hooks", 52, "https:",
        ["slash", "/webhooks/fanfare"]),
    "two sources on one path": (
        "sinks:", "  other: {path: '/webhooks/fanfare', verify: {scheme: fanfare,"
        " secrets: [another-secret-of-the-test]}}\nsinks:", 53, "'/webhooks",
        ["source `fanfare`", "its own"]),
    "a broker with a path": (
        "kafka:9092", "kafka:9092/events", 60, '"kafka:9092/', ["host:port"]),
    "a property that is none": (
        'brokers: ["kafka:9092"]', 'brokers: ["kafka:9092"], properties: {linger.msec: 5}', 61,
        "linger.msec", ["linger.ms"]),
    "a Redis without redis://": (
        "redis://redis:6379/0", "redis:6379", 62, '"redis:6379', ["redis://redis:6379"]),
    # Routes and targets.
    "no default": ("default: dead_letter\n", "", 106, "server", ["default: dead_letter"]),
    "a route without a target": (
        '    to:\n      - {sink: kafka, topic: orders, key: "{data.orderId}"}\n', "", 31,
        "name: orders", ["`to`", "`match: order`"]),
    "a default that is none": (
        "dead_letter", "ignore", 107, "ignore", ["dead_letter", "drop"]),
    "two routes that tie": (
        "default:", "  - {name: again, match: order, when: \"data.currencyCode == 'USD'\","
        " to: [{sink: kafka, topic: t, key: a}]}\ndefault:", 105,
        "order, when: \"data.currencyCode == 'USD'\", to", ["`orders`", "`again`", "`when`"]),
    "an unknown sink": ("sink: kafka", "sink: kafak", 121, "kafak", ["did you mean `kafka`?"]),
    "a target that is only a name": (
        '{sink: kafka, topic: orders, key: "{data.orderId}"}', "kafka", 122, "kafka\n  - {name",
        ["{sink: kafka"]),
    "one target without its dash": (
        '      - {sink: kafka, topic: orders, key: "{data.orderId}"}',
        "      {sink: kafka, topic: orders}", 122, "{sink: kafka", ["list", "\"- \""]),
    "a topic with a slash": ("topic: orders", "topic: shop/orders", 123, "shop/", ["/"]),
    "a target without a topic": (
        "topic: orders, ", "", 31, "{sink: kafka", ['For example `topic: "fanfare.{family}"`']),
    "a match that can match nothing": ("match: order", "match: ordre", 202, "ordre", ["`order`"]),
    # Templates, conditions, transformations.
    "a brace that is not closed": (
        "{data.orderId}", "{data.orderId", 140, "{data.orderId", ["}"]),
    "a field without data": ("{data.orderId}", "{orderId}", 142, "orderId}", ["data.orderId"]),
    "a field that no event has": (
        "{data.orderId}", "{data.orderID}", 200, '"{data.orderID', ["`data.orderId`"]),
    "one = in a condition": ("== 'USD'", "= 'USD'", 150, "= 'USD'", ["`==`"]),
    "a condition that compares with an unquoted text": (
        "== 'USD'", "== USD", 150, "USD", ["quotes", "'"]),
    "&& in a condition": (
        "== 'USD'", "== 'USD' && data.b == 1", 150, "&& data", ["`and`"]),
    "a list of conditions": (
        '''"data.currencyCode == 'USD'"''', "[data.a == 1]", 151, "[data.a", ["and"]),
    "an unknown transformation": (
        "remove:", "delete:", 163, "delete", ["did you mean `remove`"]),
    "a misspelt transformation": ("remove:", "remvoe:", 163, "remvoe", ["`remove`"]),
    "transformations without a dash": (
        "      - remove:", "        remove:", 160, "remove", ["- "]),
    "a field in braces": (
        "[data.consumerId]", '["{data.consumerId}"]', 143, '"{data.consumerId', ["braces"]),
    "a path for a new name": (
        "remove: [data.consumerId]", "rename: {data.consumerId: data.mail}", 167,
        "data.mail", ["copy"]),
    "a hash without a key": (
        "remove: [data.consumerId]", 'hash: {fields: [data.consumerId], key: ""}', 170,
        '""', ["key"]),
    "a list of transformations that is not there": (
        "remove: [data.consumerId]", "use: personal", 172, "personal", ["personal"]),
}


# A sender may have types that the catalogue does not know yet: refused with --strict.

def place(text, word):
    """line:column of a word in a file."""
    before = text[: text.index(word)]
    return f"{before.count(chr(10)) + 1}:{len(before) - before.rfind(chr(10))}"


def check(tmp_path, text, *arguments, **options):
    file = tmp_path / "config.yaml"
    file.write_text(text)
    return program.command("check", "-c", file, *arguments, **options)


def test_the_configuration_without_a_mistake_is_good(tmp_path):
    done = check(tmp_path, GOOD)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("name", BROKEN)
def test_it_is_refused_at_its_place_in_words_that_help(tmp_path, name):
    before, after, code, at, words = BROKEN[name]
    assert before in GOOD
    text = GOOD.replace(before, after, 1)
    done = check(tmp_path, text, "--strict")
    assert done.returncode == 1, done.stdout
    start = f"{tmp_path}/config.yaml:{place(text, at)}: error HS{code:03}: "
    line = next((one for one in done.stdout.splitlines() if one.startswith(start)), None)
    assert line is not None, (start, done.stdout)
    for word in words:
        assert word in line, (word, done.stdout)
    assert "a-secret-of-the-test" not in done.stdout + done.stderr
