"""Promise of the README: start it, send one signed event, see it in a file."""

import json

from support import program
from support.ports import free_port


def quickstart_on_free_ports():
    """config/quickstart.yaml as it is, but for its ports, which may be taken here."""
    text = (program.ROOT / "config" / "quickstart.yaml").read_text()
    ports = {"127.0.0.1:8080": free_port(), "127.0.0.1:9464": free_port()}
    for address, port in ports.items():
        assert text.count(address) == 1, f"{address} is not in the quickstart once"
        text = text.replace(address, f"127.0.0.1:{port}")
    return text, *ports.values()


def start_quickstart(hookstream):
    text, port, admin_port = quickstart_on_free_ports()
    one = hookstream(text, start=False)
    one.port, one.admin_port = port, admin_port
    return one.start()


def test_first_event_is_answered_and_in_its_file(hookstream):
    one = start_quickstart(hookstream)
    done = program.command("send", "-c", one.file, "--type", "order.created", cwd=one.folder)
    assert done.returncode == 0, done
    assert "202: 1" in done.stdout, done
    one.drained()
    lines = (one.folder / "data" / "events" / "order.jsonl").read_text().splitlines()
    assert [json.loads(line)["type"] for line in lines] == ["order.created"]


def test_every_type_lands_in_the_file_of_its_family(hookstream):
    one = start_quickstart(hookstream)
    ledger = one.folder / "ledger"
    done = program.command("send", "-c", one.file, "--all", "--ledger", ledger, cwd=one.folder)
    assert done.returncode == 0, done
    one.drained()
    sent = {line.split()[0] for line in ledger.read_text().splitlines()}
    assert len(sent) == 21
    found = set()
    for file in (one.folder / "data" / "events").glob("*.jsonl"):
        for line in file.read_text().splitlines():
            event = json.loads(line)
            assert event["type"].split(".")[0] == file.stem
            found.add(event["id"])
    assert found == sent


def test_health_command_follows_the_process(hookstream):
    one = start_quickstart(hookstream)
    assert program.command("health", "-c", one.file).returncode == 0
    assert program.command("health", "-c", one.file, "--ready").returncode == 0
    one.stop()
    assert program.command("health", "-c", one.file).returncode == 1
