"""The page of answers and the alerts know every reason that the program has."""

import re
import shutil
import subprocess

import pytest

from support import program

pytestmark = [pytest.mark.single_threaded, pytest.mark.plain_only]

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


# A fault that lasts from minute 11 to minute 40.
COUNTS = "0x10 1+1x29 30x120"
BEGINS = "_x11 5x149"  # counted before the first look at the metrics


def gauge(well, ill):
    return f"{well}x10 {ill}x29 {well}x120"


FAULTS = [
    ("HookstreamDown", {'up{job="hookstream"}': gauge(1, 0)}),
    ("HookstreamJournalNotWritable", {"hookstream_journal_writable": gauge(1, 0)}),
    ("HookstreamSinkBlocked", {'hookstream_sink_state{sink="redis",state="blocked"}': gauge(0, 1)}),
    ("HookstreamSinkCursorLost", {'hookstream_sink_cursor_lost_total{sink="redis"}': COUNTS}),
    ("HookstreamSinkLate", {'hookstream_sink_lag_seconds{sink="redis"}': gauge(0, 301)}),
    ("HookstreamDeadLettersNearLimit", {
        "hookstream_dead_letters": gauge(0, 5),
        "hookstream_dead_letters_bytes": gauge(0, 900),
        "hookstream_dead_letters_max_bytes": gauge(1000, 1000)}),
    ("HookstreamDeadLettersNearLimit", {
        "hookstream_dead_letters": gauge(0, 5),
        "hookstream_dead_letters_oldest_seconds": gauge(0, 950),
        "hookstream_dead_letters_retain_seconds": gauge(1000, 1000)}),
    ("HookstreamDeadLettersNotWritable", {"hookstream_dead_letters_writable": gauge(1, 0)}),
    ("HookstreamDeadLettersDropped",
     {'hookstream_dead_letters_dropped_total{limit="max_size"}': COUNTS}),
    ("HookstreamDiskSlow", {
        'hookstream_journal_sync_seconds_bucket{le="0.1"}': "0x160",
        'hookstream_journal_sync_seconds_bucket{le="1"}': "0x10 60+60x29 1800x120",
        'hookstream_journal_sync_seconds_bucket{le="+Inf"}': "0x10 60+60x29 1800x120"}),
    *(("HookstreamJournalDamaged", {series: values}) for series, values in (
        ('hookstream_journal_damaged_total{journal="events"}', COUNTS),
        ('hookstream_journal_damaged_total{journal="events"}', BEGINS),
        ('hookstream_journal_errors_total{journal="events",operation="write"}', COUNTS),
        ('hookstream_journal_errors_total{journal="events",operation="sync"}', COUNTS),
        ('hookstream_journal_errors_total{journal="events",operation="place"}', COUNTS),
        ('hookstream_sink_lost_total{sink="redis"}', COUNTS),
        ('hookstream_sink_lost_total{sink="redis"}', BEGINS),
        ("hookstream_dead_letters_lost_total", COUNTS),
        ("hookstream_dead_letters_lost_total", BEGINS))),
    ("HookstreamSegmentNotPrepared",
     {'hookstream_journal_errors_total{journal="events",operation="prepare"}': COUNTS}),
    ("HookstreamCursorNotSaved", {'hookstream_cursor_save_errors_total{sink="redis"}': COUNTS}),
    ("HookstreamThreadStuck",
     {'hookstream_thread_still_seconds{thread="committer"}': "0x10 10+60x29 0x120"}),
    ("HookstreamLogDropped", {"hookstream_log_dropped_total": COUNTS}),
]


@needs_promtool
@pytest.mark.parametrize("alert, series", FAULTS)
def test_an_alert_comes_with_its_fault_and_goes(tmp_path, alert, series):
    """And no other alert comes with it."""
    inputs = "".join(
        f"\n      - {{series: '{name}', values: '{values}'}}" for name, values in series.items())
    checks = "".join(f"""
      - expr: group by (alertname) (ALERTS{{alertstate="firing"}})
        eval_time: {minute}m
        exp_samples: {samples}""" for minute, samples in (
            (9, "[]"),
            (30, f"""[{{labels: '{{alertname="{alert}"}}', value: 1}}]"""),
            (155, "[]")))
    file = tmp_path / "test.yml"
    file.write_text(f"""
rule_files: [{RULES}]
tests:
  - interval: 1m
    input_series:{inputs}
    promql_expr_test:{checks}
""")
    done = subprocess.run(["promtool", "test", "rules", file], capture_output=True, text=True,
                          check=False)
    assert done.returncode == 0, done


def test_every_alert_has_a_test():
    elsewhere = {"HookstreamRefusesGenuineEvents", "HookstreamSignaturesFail",
                 "HookstreamDeadLetters"}
    names = set(re.findall(r"alert: (\w+)", RULES.read_text()))
    assert names == elsewhere | {alert for alert, _ in FAULTS}


def test_every_metric_of_the_alerts_exists():
    table = (program.ROOT / "include" / "hookstream" / "metrics.def").read_text()
    known = set(re.findall(r"^HS_(?:COUNTER|GAUGE|HISTOGRAM)\((\w+),", table, re.M))
    used = set(re.findall(r"\bhookstream_(\w+?)(?:_bucket)?\b[{\[ ]", "".join(
        re.findall(r"expr:.*?for:|expr:.*?labels:", RULES.read_text(), re.S))))
    assert "journal_errors_total" in used
    assert used <= known


def reasons_in(text):
    return set(re.findall(r'"(\w+)"', re.search(r"reasons\[\] = \{(.*?)\};", text, re.S)[1]))


def test_every_reason_of_a_dead_letter_is_known_to_the_filters():
    text = (program.ROOT / "src/app/control_names.c").read_text()
    known = reasons_in(text)
    for row in (program.ROOT / "src/sink").glob("*/row.c"):
        permanent = set()
        for file in row.parent.glob("*.c"):
            permanent.update(re.findall(r'HS_PERMANENT,\s*"(\w+)"', file.read_text()))
        assert permanent == reasons_in(row.read_text()), row
    found = {"not_json", "not_envelope"}
    for folder in ("route", "delivery"):
        for file in (program.ROOT / "src" / folder).rglob("*.c"):
            text = file.read_text()
            found.update(re.findall(r'HS_PERMANENT,\s*"(\w+)"', text))
            found.update(re.findall(r'ret_reason = "(\w+)"', text))
            found.update(re.findall(r'hs_pump_bury\([^;"]*"(\w+)"', text))
            found.update(re.findall(r'reason : "(\w+)"', text))
    dead_pump = (program.ROOT / "src/delivery/dead_pump.c").read_text()
    found.update(re.findall(r'return (?:\w+ \? )?"(\w+)"', dead_pump))
    assert {"template", "no_route", "rerouted", "unknown"} <= found
    assert found == known
