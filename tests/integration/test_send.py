"""`hookstream send --file`: an event of one's own, byte by byte or with ids of its own."""

import base64
import json

import pytest

from support import http, program
from support.ports import free_port
from support.wait import wait_for

OWN = b'{ "type": "comet.sighted",\n "data": {"id": "data_1", "amount": 1.10},\n "id": "own_1" }\n'


@pytest.fixture
def one(hookstream):
    """Everything is a dead letter, so that its bytes can be looked at."""
    return hookstream(sinks={"files": {"type": "file", "path": "out"}}, routes=[],
                      server={"limits": {"body_size": "1MiB"}})


def send(one, file, *words, **options):
    return program.command("send", "-q", "-c", one.file, "--file", file, *words, **options)


def bodies(one, count):
    def letters():
        page = http.get(one.admin_port, "/api/dead-letters?body=1").body
        return json.loads(page)["letters"]
    wait_for(lambda: len(letters()) == count, what=f"{count} letters")
    return [base64.b64decode(letter["body_base64"]) if "body_base64" in letter
            else letter["body"].encode() for letter in letters()]


@pytest.mark.parametrize("body", [OWN, b"not \x00 JSON \xff\xfe", b"", OWN + b" " * 900_000],
                         ids=["an event", "no JSON", "nothing", "large"])
def test_the_bytes_of_the_file_are_sent_as_they_are(one, tmp_path, body):
    file = tmp_path / "event.json"
    file.write_bytes(body)
    done = send(one, file, "--ledger", tmp_path / "ledger")
    assert done.returncode == 0 and "202: 1" in done.stdout, done
    assert bodies(one, 1) == [body]
    assert (tmp_path / "ledger").read_text().startswith("- 202 ")


def test_an_event_comes_from_standard_input_to_a_named_url(one):
    url = f"http://127.0.0.1:{one.port}/webhooks/fanfare"
    secret = json.loads(one.file.read_text())["sources"]["fanfare"]["verify"]["secrets"][0]
    done = program.command("send", "--url", url, "--secret", secret, "--file", "-",
                           input=OWN, text=False)
    assert done.returncode == 0, done
    assert bodies(one, 1) == [OWN]


def test_with_a_count_each_has_an_id_of_its_own_and_nothing_else_changes(one, tmp_path):
    file = tmp_path / "event.json"
    file.write_bytes(OWN)
    done = send(one, file, "--count", 5, "--connections", 2, "--ledger", tmp_path / "ledger")
    assert done.returncode == 0 and "202: 5" in done.stdout, done
    ids = [line.split()[0] for line in (tmp_path / "ledger").read_text().splitlines()]
    assert len(set(ids)) == 5
    want = [OWN.replace(b"own_1", name.encode()) for name in ids]
    assert sorted(bodies(one, 5)) == sorted(want)


def test_a_body_over_the_limit_is_told_by_its_status(one, tmp_path):
    file = tmp_path / "event.json"
    file.write_bytes(OWN + b" " * (8 << 20))
    done = send(one, file)
    assert done.returncode == 1 and "413: 1" in done.stdout, done


@pytest.mark.parametrize("body, words, told", [
    (b"no JSON", ["--count", "2"], "is not a JSON object with one `id`"),
    (b'{"id": 3}', ["--count", "2"], "is not a JSON object with one `id`"),
    (b'{"id": "a", "id": "b"}', ["--count", "2"], "is not a JSON object with one `id`"),
    (b'["id"]', ["--count", "2"], "is not a JSON object with one `id`"),
    (OWN, ["--type", "order.created"], "--type"),
    (OWN, ["--all"], "--all"),
    (None, [], "cannot open"),
])
def test_what_cannot_be_sent_is_refused_in_words(tmp_path, body, words, told):
    file = tmp_path / "event.json"
    if body is not None:
        file.write_bytes(body)
    done = program.command("send", "--url", "http://127.0.0.1:1/", "--secret", "abcdefgh",
                           "--file", file, *words)
    assert done.returncode == 2 and told in done.stderr, done


def test_a_sample_of_many_fields_is_sent(hookstream, tmp_path):
    row = f"{{type: text, sample: {'x' * 40}}}\n"
    rows = "".join(f"      data.field_{i}: {row}" for i in range(200))
    (tmp_path / "shop.yaml").write_text(
        "types:\n  shop.sold:\n    fields:\n      id: {type: id, sample: <id>}\n"
        "      type: {type: text, sample: <type>}\n      data: {type: object}\n" + rows)
    one = hookstream(sinks={"files": {"type": "file", "path": "out"}}, routes=[],
                     source={"catalogue": "shop.yaml"})
    done = program.command("send", "-c", one.file, "--type", "shop.sold")
    assert done.returncode == 0, done
    assert len(bodies(one, 1)[0]) > 10_000


def test_a_server_that_is_not_there_is_named_with_the_reason():
    port = free_port()
    done = program.command("send", "--url", f"http://127.0.0.1:{port}/w", "--secret", "x" * 16,
                           "--type", "order.created")
    assert done.returncode == 1
    assert f"no answer: 1 (cannot connect to 127.0.0.1:{port}: Connection refused)" in done.stdout
