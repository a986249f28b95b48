"""`hookstream explain` and `hookstream test`: what would happen to an event, without brokers."""

import json
import xml.etree.ElementTree as ElementTree

import pytest

from support import program

pytestmark = pytest.mark.single_threaded

CONFIG = """\
server: {listen: 127.0.0.1:8080}
journal: {path: journal}
sources:
  fanfare:
    path: /webhooks/fanfare
    verify: {scheme: fanfare, secrets: ["${SECRET_OF_THE_TEST}"]}
sinks:
  kafka: {type: kafka, brokers: ["${BROKERS_OF_THE_TEST}"]}
routes:
  - {name: won, match: order, when: data.amount == '1.00', to: [{sink: kafka, topic: one}]}
  - name: orders
    match: order
    transform: [{remove: [data.items]}]
    to: [{sink: kafka, topic: orders, key: "{data.orderId}"}]
  - {name: queue, match: queue, to: [{sink: kafka, topic: "{data.missing}"}]}
default: drop
"""
CASES = """\
cases:
  - name: an order
    event: {sample: order.created, set: {data.orderId: order_1}}
    expect:
      answer: 202
      messages: [{topic: orders, key: order_1, absent: [data.items]}]
"""
EVENT = {"id": "whk_1", "type": "order.created", "timestamp": "2026-01-01T00:00:00Z",
         "organizationId": "org_1",
         "data": {"orderId": "order_1", "items": [1], "accessToken": "a-bearer-credential"}}


def files(tmp_path, cases=CASES):
    (tmp_path / "config.yaml").write_text(CONFIG)
    (tmp_path / "cases.yaml").write_text(cases)
    return tmp_path / "config.yaml", tmp_path / "cases.yaml"


def explain(config, *words, event=EVENT):
    return program.command("explain", "-c", config, *words, "-", input=json.dumps(event))


def run(config, *words):
    return program.command("test", "-c", config, *words)


def test_explain_says_route_edits_and_message(tmp_path):
    config, _ = files(tmp_path)
    done = explain(config, "--partitions", 6)
    assert done.returncode == 0, done
    assert "not taken: `when` is false" in done.stdout
    assert "- data.items[0]: 1" in done.stdout
    assert "topic orders" in done.stdout and "of 6" in done.stdout
    assert "\033" not in done.stdout
    assert "SECRET_OF_THE_TEST" in done.stderr


def test_explain_masks_credentials_unless_told_to_show(tmp_path):
    config, _ = files(tmp_path)
    assert "a-bearer-credential" not in explain(config).stdout
    assert "a-bearer-credential" not in explain(config, "--json").stdout
    assert "a-bearer-credential" in explain(config, "--show-values").stdout


def cloudevents(tmp_path, mode):
    config, cases = files(tmp_path, """\
cases:
  - name: an order
    event: {sample: order.created, set: {data.orderId: order_1, id: whk_7}}
    expect:
      messages:
        - topic: orders
          headers: {ce_specversion: "1.0", ce_id: whk_7, ce_subject: order_1}
""")
    config.write_text(CONFIG.replace("remove: [data.items]", """\
cloudevent: {mode: %s, subject: "{data.orderId}"}""" % mode))
    return config, cases


def test_headers_that_a_transformation_gives_are_shown(tmp_path):
    config, cases = cloudevents(tmp_path, "binary")
    done = explain(config)
    assert done.returncode == 0, done
    step, message = done.stdout.split("Messages")
    assert "+ header ce_subject: order_1" in step and "nothing changed" not in step
    assert "header    ce_subject: order_1" in message
    assert run(config, cases).returncode == 0


def test_a_case_fails_on_headers_that_are_not_there(tmp_path):
    config, cases = cloudevents(tmp_path, "structured")
    assert "+ header content-type: application/cloudevents+json" in explain(config).stdout
    done = run(config, cases)
    assert done.returncode == 1, done
    assert "ce_id" in done.stdout + done.stderr


def test_explain_ends_with_1_for_what_is_not_delivered(tmp_path):
    config, _ = files(tmp_path)
    for words, event, end in [
        (["--json"], {**EVENT, "type": "queue.x"}, "dead_letter"),
        (["--json"], {**EVENT, "type": "comet.x"}, "dropped"),
        (["--json"], {"id": "whk_1"}, "dead_letter"),
        (["--json", "--unsigned"], EVENT, "refused"),
    ]:
        done = explain(config, *words, event=event)
        assert done.returncode == 1, done
        assert json.loads(done.stdout)["end"] == end
    assert program.command("explain", "-c", config).returncode == 2


def test_cases_that_hold_and_cases_that_do_not(tmp_path):
    config, cases = files(tmp_path)
    done = run(config, cases)
    assert done.returncode == 0, done
    assert done.stdout.splitlines()[0] == "TAP version 13"
    assert done.stdout.splitlines()[-1] == "1..1"
    assert "\nok 1 - an order\n" in done.stdout
    wrong = CASES.replace("key: order_1", "key: order_2").replace("data.items", "data.orderId")
    cases.write_text(wrong.replace("an order", "an <order> & more"))
    report = tmp_path / "report.xml"
    done = run(config, cases, "--junit", report)
    assert done.returncode == 1, done
    assert "not ok 1" in done.stdout
    assert "# key: expected `order_2`, got `order_1`" in done.stdout
    assert "# data.orderId: expected to be absent, but it is present" in done.stdout
    suite = ElementTree.parse(report).getroot()[0]
    assert (suite.get("tests"), suite.get("failures")) == ("1", "1")
    assert suite[0].get("name") == "an <order> & more" and "order_2" in suite[0][0].text


def test_update_writes_the_recorded_outcome_that_later_runs_are_held_against(tmp_path):
    config, cases = files(tmp_path, """\
cases:
  - {name: recorded, event: {sample: order.created}, expect: {file: order.json}}
""")
    assert run(config, cases).returncode == 1
    assert run(config, "--update", cases).returncode == 0
    assert run(config, cases).returncode == 0
    recorded = json.loads((tmp_path / "order.json").read_text())
    recorded["messages"][0]["body"]["data"]["amount"] = "another"
    (tmp_path / "order.json").write_text(json.dumps(recorded))
    done = run(config, cases)
    assert done.returncode == 1
    assert 'messages[0].body.data.amount: expected "another"' in done.stdout


def test_a_wrong_key_in_a_file_of_cases_is_told_with_its_place(tmp_path):
    config, cases = files(tmp_path, CASES.replace("answer:", "anwser:"))
    done = run(config, cases)
    assert done.returncode == 2
    assert "cases.yaml:5:7: error" in done.stderr and "answer" in done.stderr


def test_the_cases_of_the_quickstart_hold():
    folder = program.ROOT / "config"
    done = run(folder / "quickstart.yaml", folder / "tests" / "quickstart.yaml")
    assert done.returncode == 0, done
