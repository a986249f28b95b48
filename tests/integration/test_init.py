"""`hookstream init`: a first configuration that `check` finds nothing in and that delivers."""

import itertools
import json

import pytest

from support import program
from support.ports import free_port

pytestmark = pytest.mark.single_threaded

FAMILIES = ["queue", "draw", "auction", "order", "consumer", "distribution"]
SINKS = ["kafka", "redis", "file", "http"]
SECRET = "a-secret-of-the-test"
ENVIRONMENT = {"FANFARE_SECRET": SECRET}


def some_of(names, *sizes):
    return [",".join(some) for n in sizes for some in itertools.combinations(names, n)]


def init(*words):
    return program.command("init", *words)


@pytest.mark.parametrize("sinks", some_of(SINKS, 1, 2, len(SINKS)))
def test_each_family_any_two_and_all_are_good_without_a_warning(tmp_path, sinks):
    for families in some_of(FAMILIES, 1, 2, len(FAMILIES)):
        file = tmp_path / f"{families}.yaml"
        assert init("--families", families, "--sinks", sinks, "-o", file).returncode == 0
        done = program.command("check", "--strict", "-c", file,
                               env={**program.os.environ, **ENVIRONMENT}, cwd=tmp_path)
        assert done.returncode == 0, done.stdout + file.read_text()


def test_what_it_writes_delivers_a_sample_with_nothing_personal(hookstream, tmp_path):
    text = init("--families", "queue,consumer", "--sinks", "file", "--source", "shop").stdout
    port, admin = free_port(), free_port()
    text = text.replace("127.0.0.1:8080", f"127.0.0.1:{port}")
    text = text.replace("127.0.0.1:9464", f"127.0.0.1:{admin}")
    server = hookstream(text, start=False, environment=ENVIRONMENT)
    server.port, server.admin_port = port, admin
    server.start()
    sent = program.command("send", "-c", server.file, "-t", "consumer.created", "-t",
                           "queue.consumer.admitted", env=server.environment)
    assert sent.returncode == 0, sent.stdout + sent.stderr
    server.drained()
    consumer = json.loads((tmp_path / "data" / "consumer.jsonl").read_text().splitlines()[0])
    assert consumer["data"]["email"] == "[redacted]"
    assert consumer["data"]["fullName"] == "[redacted]"
    queue = json.loads((tmp_path / "data" / "queue.jsonl").read_text().splitlines()[0])
    assert "queueId" in queue["data"] and "admissionToken" not in queue["data"]


def test_a_file_that_is_there_stays(tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_text("mine")
    done = init("--families", "order", "--sinks", "file", "-o", file)
    assert done.returncode == 1 and "exists already" in done.stderr
    assert file.read_text() == "mine"


def test_what_was_written_is_told_with_what_comes_next(tmp_path):
    file = tmp_path / "mine.yaml"
    done = init("--families", "order", "--sinks", "file", "-o", file)
    assert done.stdout == "" and f"Wrote {file}" in done.stderr
    assert "FANFARE_SECRET" in done.stderr and f"hookstream check -c {file}" in done.stderr
    assert init("--families", "order", "--sinks", "file").stderr == ""


def test_its_head_says_what_to_set_and_which_topics_to_create():
    text = init("--families", "order,queue", "--sinks", "kafka,redis", "--source", "shop").stdout
    head = text.split("\nserver:")[0]
    for word in ("FANFARE_SECRET", "KAFKA_BROKERS", "REDIS_URL", "--topic shop.order\n",
                 "--topic shop.queue\n", "check --online -c FILE"):
        assert word in head
    assert all(line.startswith("#") for line in head.strip().splitlines())
    head = init("--families", "order", "--sinks", "file").stdout.split("\nserver:")[0]
    assert "KAFKA" not in head and "REDIS" not in head and "topic" not in head


@pytest.mark.parametrize("families, sinks, near, known", [
    ("orders", "file", "order", FAMILIES),
    ("order,Queue", "file", "queue", FAMILIES),
    ("order", "kafak", "kafka", SINKS),
    ("order", "rabbitmq", None, SINKS),
])
def test_a_wrong_name_is_told_with_the_nearest_and_all_there_are(families, sinks, near, known):
    done = init("--families", families, "--sinks", sinks)
    assert done.returncode == 2
    assert f"did you mean `{near}`?" in done.stderr or near is None, done.stderr
    assert f"Available: {', '.join(known)}" in done.stderr


@pytest.mark.parametrize("words", [
    [], ["--families", "order"], ["--sinks", "file"],
    ["--families", "ordr", "--sinks", "file"], ["--families", "order", "--sinks", "rabbit"],
    ["--families", "order", "--sinks", "file", "--source", "a b"],
])
def test_what_cannot_be_is_said(words):
    done = init(*words)
    assert done.returncode == 2 and done.stderr != "" and done.stdout == ""
