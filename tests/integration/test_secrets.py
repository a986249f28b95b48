"""Secrets as people really give them: unexpanded templates, short ones, values with line breaks,
quotes or a byte order mark around them. `check` and `run` go through the same rule."""

import base64
import json
import os
import uuid

import pytest

from support import program, sender

pytestmark = pytest.mark.single_threaded

GOOD = """\
server: {listen: "127.0.0.1:1"}
admin: {listen: "127.0.0.1:2", token: "ADMIN"}
journal: {path: journal}
dedupe: {store: redis, url: "redis://:DEDUPE@redis:6379", password: ""}
sources:
  fanfare:
    path: /webhooks/fanfare
    verify: {scheme: fanfare, secrets: ["SECRET"]}
sinks:
  redis: {type: redis, url: "redis://me:URL@redis:6379/0"}
  other: {type: redis, url: "redis://redis:6379/1", password: "REDIS"}
  kafka:
    type: kafka
    brokers: ["kafka:9092"]
    properties:
      sasl.password: "SASL"
      ssl.key.password: "KEYPASS"
      sasl.oauthbearer.client.secret: "OAUTH"
routes:
  - name: consumers
    match: consumer
    transform:
      - hash: {fields: [data.email, data.phone, data.fullName], key: "HASH"}
    to: [{sink: kafka, topic: t, key: "{data.consumerId}"}]
default: dead_letter
"""
PLACES = ["ADMIN", "DEDUPE", "SECRET", "URL", "REDIS", "SASL", "KEYPASS", "OAUTH", "HASH"]
OURS = ["ADMIN", "SECRET", "HASH"]


def written(**values):
    """The configuration with a sound secret in every place but those that are given."""
    text = GOOD
    for number, name in enumerate(PLACES):
        value = values.get(name, f"sound-text-{number}-k9Jq2mZx7LpW")
        text = text.replace(f'"{name}"', f'"{value}"').replace(f":{name}@", f":{value}@")
    return text


def findings(tmp_path, text, env=None):
    file = tmp_path / "hookstream.yaml"
    file.write_text(text)
    done = program.command("check", "--json", "-c", file, cwd=tmp_path,
                           env={**os.environ, **(env or {})})
    return [(one["severity"], one["code"]) for one in json.loads(done.stdout)["findings"]
            if one["code"] not in ("HS200", "HS084", "HS205")], done.stdout


def test_sound_secrets_everywhere_are_good(tmp_path):
    _, words = findings(tmp_path, written())
    assert not [code for code in ("HS023", "HS051", "HS055", "HS056") if code in words], words


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("value", ["$NAME", "$(NAME)", "%NAME%", "{{ .Values.x }}", "<your-secret>",
                                   "changeme", "__NAME__", "xxx", "TODO", "YOUR_SECRET_HERE",
                                   "`cat /run/secrets/name`", "whsec_xxxxxxxxxxxxxxxx",
                                   "whsec_your_secret_here", "abc-placeholder-123", "var.name",
                                   "@/run/secrets/name", "secretsmanager:name", "!Ref Name",
                                   "\ufeff$NAME", "\u200b<your-secret>", "ab-redacted-12"])
def test_a_placeholder_is_an_error_in_every_option_that_holds_a_secret(tmp_path, place, value):
    found, words = findings(tmp_path, written(**{place: value}))
    assert ("error", "HS023") in found, words


@pytest.mark.parametrize("place", OURS)
@pytest.mark.parametrize("value", ["1234567890123456", "0123456789abcdef",
                                   "abcdefghijklmnopqrstuvwxyz",
                                   "aabbccddeeffgghh", "9876543210987654"])
def test_a_row_of_characters_is_weak(tmp_path, place, value):
    found, words = findings(tmp_path, written(**{place: value}))
    assert ("warning", "HS051") in found, words


def test_a_variable_that_nothing_closes_and_an_object_of_a_secret_store(tmp_path):
    found, words = findings(tmp_path, written(SECRET="${GIVEN}"), {"GIVEN": "${FANFARE_SECRET"})
    assert ("error", "HS023") in found, words
    stored = json.dumps({"fanfare": "k9Jq2mZx7LpW4vT1"})
    found, words = findings(tmp_path, written(SECRET="${GIVEN}"), {"GIVEN": stored})
    assert ("warning", "HS055") in found, words


@pytest.mark.plain_only
def test_what_random_sources_make_is_sound(tmp_path):
    for _ in range(12):
        raw = os.urandom(24)
        for value in (raw.hex(), "whsec_" + base64.b64encode(raw).decode(), str(uuid.uuid4()),
                      base64.urlsafe_b64encode(raw).decode(), raw[:16].hex(),
                      "a-secret-for-the-tests",
                      "correct-horse-battery-staple"):
            found, words = findings(tmp_path, written(SECRET="${GIVEN}"), {"GIVEN": value})
            assert not {"HS023", "HS051", "HS055"} & {code for _, code in found}, (value, words)


@pytest.mark.parametrize("place", PLACES)
def test_a_placeholder_out_of_the_environment_is_one_too(tmp_path, place):
    found, words = findings(tmp_path, written(**{place: "${GIVEN}"}), {"GIVEN": "$FANFARE_SECRET"})
    assert ("error", "HS023") in found, words
    assert "the environment variable GIVEN" in words


@pytest.mark.parametrize("place", PLACES)
def test_a_short_secret_is_an_error_where_it_is_ours(tmp_path, place):
    found, words = findings(tmp_path, written(**{place: "k9-Jq2"}))
    assert (("error", "HS051") in found) == (place in OURS), words


def test_run_refuses_what_check_refuses(tmp_path):
    file = tmp_path / "hookstream.yaml"
    for value, code in (("$FANFARE_SECRET", "HS023"), ("short", "HS051")):
        file.write_text(written(SECRET=value))
        done = program.command("run", "-c", file, cwd=tmp_path)
        assert done.returncode == 1 and code in done.stderr
        assert not (tmp_path / "journal").exists()


def test_a_test_can_allow_weak_secrets(hookstream):
    one = hookstream(
        sinks={"files": {"type": "file", "path": "files"}},
        routes=[{"name": "all", "match": "**", "to": [{"sink": "files"}]}],
        source={"verify": {"scheme": "fanfare", "secrets": ["weak"]}},
        allow_weak_secrets=True,
    )
    assert one.post(sender.event(), secret="weak").status == 202
    assert "warning HS051" in one.log


AROUND = {
    "a line break": "%s\n", "a carriage return": "%s\r", "a space": "%s ", "a tab": "\t%s",
    "double quotes": '"%s"', "single quotes": "'%s'", "a byte order mark": "\ufeff%s",
    "a no-break space": "%s\u00a0", "a zero-width space": "\u200b%s", "a literal \\n": "%s\\n",
    "its name": "FANFARE_SECRET=%s",
}


@pytest.mark.parametrize("around", AROUND)
def test_what_is_around_a_secret_is_said_with_the_option_and_the_variable(hookstream, around):
    """docker --env-file keeps quotes and spaces; `check` and the start say so."""
    value = AROUND[around] % sender.SECRET
    one = hookstream(
        sinks={"files": {"type": "file", "path": "files"}},
        routes=[{"name": "all", "match": "**", "to": [{"sink": "files"}]}],
        source={"verify": {"scheme": "fanfare", "secrets": ["${GIVEN}"]}},
        environment={"GIVEN": value},
    )
    done = program.command("check", "-c", one.file, cwd=one.folder, env=one.environment)
    for words in (one.log, done.stdout):
        assert "warning HS055: sources.fanfare.verify.secrets[0] " in words, words
        assert "the environment variable GIVEN" in words and sender.SECRET not in words
    assert one.post(sender.event()).status == 401


FILES = {
    "LF": (b"%s\n", None), "CR LF": (b"%s\r\n", None), "nothing": (b"%s", None),
    "two line breaks": (b"%s\n\n", 401), "a blank before": (b" %s\n", 401),
    "a byte order mark": (b"\xef\xbb\xbf%s\r\n", 202),
}


@pytest.mark.parametrize("name", FILES)
def test_a_secret_out_of_a_file(hookstream, tmp_path, name):
    """One line ending is left out, and so is a byte order mark; anything else is a warning."""
    contents, told = FILES[name]
    secret = tmp_path / "the-file"
    secret.write_bytes(contents % sender.SECRET.encode())
    one = hookstream(
        sinks={"files": {"type": "file", "path": "files"}},
        routes=[{"name": "all", "match": "**", "to": [{"sink": "files"}]}],
        source={"verify": {"scheme": "fanfare", "secrets": [f"${{file:{secret}}}"]}},
    )
    assert one.post(sender.event()).status == (told or 202)
    assert ("HS055" in one.log) == (told is not None), one.log
    assert told is None or f"the file {secret}" in one.log


def test_a_file_of_utf16_is_refused(tmp_path):
    (tmp_path / "secret").write_bytes("\ufeffa-secret-of-the-test".encode("utf-16-le"))
    found, words = findings(tmp_path, written(SECRET=f"${{file:{tmp_path}/secret}}"))
    assert ("error", "HS022") in found and "UTF-16: save it as UTF-8" in words


def test_placeholders_in_other_texts_are_warned_of_with_the_mend(tmp_path):
    text = (written().replace("path: journal", 'path: "$JOURNAL_DIR/j"')
            .replace('"kafka:9092"', '"$(KAFKA_HOST):9092", "{{ .Values.kafka }}:9092"'))
    found, words = findings(tmp_path, text)
    assert ("warning", "HS024") in found
    assert "write ${JOURNAL_DIR}" in words and "write ${KAFKA_HOST}" in words
    assert "{{ ... }}" in words


def test_two_sources_that_share_a_secret_are_warned_of(tmp_path):
    text = written(SECRET="${ONE}").replace("sinks:", """\
  shop:
    path: /webhooks/shop
    verify: {scheme: fanfare, secrets: ["${ONE}"]}
sinks:""", 1)
    found, words = findings(tmp_path, text, {"ONE": "one-text-k9Jq2mZx7LpW"})
    assert found.count(("warning", "HS056")) == 1
    assert "sources.shop.verify.secrets[0] is the same secret as sources.fanfare" in words
