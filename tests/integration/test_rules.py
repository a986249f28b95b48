"""The page of answers and the alerts know every reason that the program has."""

import re
import shutil
import subprocess

import pytest

from support import program

pytestmark = pytest.mark.single_threaded

RULES = program.ROOT / "deploy" / "prometheus" / "rules.yml"
needs_promtool = pytest.mark.skipif(
    shutil.which("promtool") is None, reason="promtool is not installed")


def reasons():
    """Label -> status, of the program's own tables."""
    found = {}
    for file in ("src/http/refusals.c", "src/ingress/answers.c"):
        text = (program.ROOT / file).read_text()
        if file.endswith("refusals.c"):
            rows = re.findall(r'\] = \{"(\w+)", (\d+), \d', text)
        else:
            rows = [(label, status) for status, label in
                    re.findall(r'\] = \{(\d+), "(\w+)", \d', text)]
        assert rows, file
        found.update({label: int(status) for label, status in rows if int(status) != 0})
    verdicts = (program.ROOT / "src/source/verdicts.c").read_text()
    labels = re.findall(r'\] = \{"(\w+)",', verdicts)
    assert "stale" in labels
    found.update(dict.fromkeys(labels, 401))
    found.pop("genuine", None)
    found.pop("invalid")  # told as not_json or not_envelope
    return found


def page():
    """Label -> status, of docs/answers.md."""
    found = {}
    for line in (program.ROOT / "docs" / "answers.md").read_text().splitlines():
        row = re.match(r"\| .* \| (\d{3})[^|]* \| (`.*`) \|$", line)
        if row:
            found.update(dict.fromkeys(re.findall(r"`(\w+)`", row[2]), int(row[1])))
    return found


def test_the_page_has_every_reason_and_no_other():
    told = page()
    assert {told.pop("not_json"), told.pop("not_envelope")} == {202}
    assert told == reasons()


def told_by(alert):
    rule = RULES.read_text().split(f"alert: {alert}\n")[1]
    return set(re.search(r'reason=~"([\w|]+)"', rule)[1].split("|"))


def test_an_alert_tells_of_every_reason_that_refuses_what_is_genuine():
    waits = {label for label, status in reasons().items() if status in (503, 429)}
    passing = {"draining", "dedupe_held", "crowded_out"}  # the last: slow or half sent
    assert told_by("HookstreamRefusesGenuineEvents") == (waits - passing) | {"too_large"}


def test_an_alert_tells_of_every_reason_that_is_not_verified():
    unverified = {label for label, status in reasons().items() if status == 401}
    assert told_by("HookstreamSignaturesFail") == unverified


@needs_promtool
def test_the_rules_pass_promtool():
    done = subprocess.run(["promtool", "check", "rules", RULES], capture_output=True, text=True,
                          check=False)
    assert done.returncode == 0, done


@needs_promtool
@pytest.mark.parametrize("reason, alert", [
    ("signature_missing", "HookstreamSignaturesFail"),
    ("timestamp_malformed", "HookstreamSignaturesFail"),
    ("dedupe_away", "HookstreamRefusesGenuineEvents"),
    ("not_safe", "HookstreamRefusesGenuineEvents"),
])
def test_an_alert_comes(tmp_path, reason, alert):
    """By promtool: one request in ten is refused so for half an hour."""
    labels = f'{{source="fanfare",reason="{reason}"}}'
    file = tmp_path / "test.yml"
    file.write_text(f"""
rule_files: [{RULES}]
tests:
  - interval: 1m
    input_series:
      - {{series: 'hookstream_rejected_total{labels}', values: '0+6x40'}}
      - {{series: 'hookstream_requests_total{{source="fanfare",code="202"}}', values: '0+60x40'}}
    promql_expr_test:
      - expr: count(ALERTS{{alertname="{alert}",alertstate="firing"}})
        eval_time: 30m
        exp_samples: [{{labels: '{{}}', value: 1}}]
""")
    done = subprocess.run(["promtool", "test", "rules", file], capture_output=True, text=True,
                          check=False)
    assert done.returncode == 0, done


@needs_promtool
def test_an_alert_comes_for_the_first_dead_letters(tmp_path):
    """Their series begins with them."""
    series = '\'hookstream_dead_letters_total{route="",reason="no_route"}\''
    file = tmp_path / "test.yml"
    file.write_text(f"""
rule_files: [{RULES}]
tests:
  - interval: 1m
    input_series:
      - {{series: {series}, values: '_x20 5x90'}}
    alert_rule_test:
      - {{eval_time: 15m, alertname: HookstreamDeadLetters}}
      - eval_time: 25m
        alertname: HookstreamDeadLetters
        exp_alerts:
          - exp_labels: {{severity: warning, reason: no_route}}
            exp_annotations:
              summary: events were set aside, no_route
              action: Each is kept with its reason. See hookstream dead-letters list; retry them
                when the cause is mended.
      - {{eval_time: 90m, alertname: HookstreamDeadLetters}}
""")
    done = subprocess.run(["promtool", "test", "rules", file], capture_output=True, text=True,
                          check=False)
    assert done.returncode == 0, done


def test_every_reason_of_a_dead_letter_is_known_to_the_filters():
    text = (program.ROOT / "src/app/control_names.c").read_text()
    known = set(re.findall(r'"(\w+)"', re.search(r"reasons\[\] = \{(.*?)\};", text, re.S)[1]))
    found = {"not_json", "not_envelope"}
    for folder in ("sink", "route", "delivery"):
        for file in (program.ROOT / "src" / folder).glob("*.c"):
            text = file.read_text()
            found.update(re.findall(r'HS_PERMANENT,\s*"(\w+)"', text))
            found.update(re.findall(r'ret_reason = "(\w+)"', text))
            found.update(re.findall(r'hs_pump_bury\([^;"]*"(\w+)"', text))
            found.update(re.findall(r'reason : "(\w+)"', text))
    dead_pump = (program.ROOT / "src/delivery/dead_pump.c").read_text()
    found.update(re.findall(r'return (?:\w+ \? )?"(\w+)"', dead_pump))
    assert {"template", "too_large", "no_route", "rerouted", "unknown"} <= found
    assert found == known
