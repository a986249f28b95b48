"""One running hookstream: its configuration, its ports, its end."""

import json
import os
import pathlib
import signal
import subprocess
import time

from . import http, sender
from .metrics import Metrics
from .ports import free_port
from .wait import wait_for

ROOT = pathlib.Path(__file__).resolve().parents[2]
LOG_LOOKS_MOST, LOG_PAUSE_S = 10, 0.03
SANITIZER_WORDS = ("ERROR: AddressSanitizer", "ERROR: LeakSanitizer", "runtime error:",
                   "WARNING: ThreadSanitizer")


def binary():
    named = os.environ.get("HOOKSTREAM_BIN")
    return pathlib.Path(named).resolve() if named else ROOT / "build" / "dev" / "hookstream"


def command(*words, **options):
    """Runs a command of hookstream to its end."""
    options = {"capture_output": True, "text": True, "timeout": 120, "check": False, **options}
    return subprocess.run([str(binary()), *map(str, words)], **options)


def configuration(folder, *, sinks, routes, default="dead_letter", source=None, **rest):
    """A whole configuration with ports of its own; `source` and `rest` are laid over it."""
    plain = {
        "server": {"listen": f"127.0.0.1:{free_port()}", "workers": 2, "shutdown_grace": "5s"},
        "admin": {"listen": f"127.0.0.1:{free_port()}"},
        "journal": {"path": str(folder / "journal"), "max_size": "256MiB"},
        "sources": {
            "fanfare": {
                "path": sender.PATH,
                "verify": {"scheme": "fanfare", "secrets": [sender.SECRET]},
                **(source or {}),
            }
        },
        "sinks": sinks,
        "routes": routes,
        "default": default,
    }
    for name, table in rest.items():
        plain[name] = {**plain[name], **table} if isinstance(plain.get(name), dict) else table
    return plain


def _port(address):
    return int(address.rsplit(":", 1)[1])


class Hookstream:
    """start(), stop() by SIGTERM with its exit status checked, kill9(), and start() again."""

    def __init__(self, folder, config, name="hookstream", environment=None, cwd=None):
        self.folder = pathlib.Path(folder)
        self.file = self.folder / f"{name}.yaml"
        self.log_file = self.folder / f"{name}.log"
        # JSON is YAML, so there is nothing to quote by hand.
        self.file.write_text(config if isinstance(config, str) else json.dumps(config, indent=2))
        self.environment = {**os.environ, **(environment or {})}
        self.cwd = cwd or self.folder
        self.process = None
        if not isinstance(config, str):
            self.port = _port(config["server"]["listen"])
            self.admin_port = _port(config["admin"]["listen"])

    def start(self, ready=True, prefix=()):
        with open(self.log_file, "ab") as log:
            self.process = subprocess.Popen(
                [*prefix, str(binary()), "run", "-c", str(self.file)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self.environment,
                cwd=self.cwd,
            )
        if ready:
            wait_for(self.is_ready, deadline=60, what="hookstream to be ready")
        return self

    def is_ready(self):
        assert self.process.poll() is None, f"it ended with {self.process.returncode}:\n{self.log}"
        try:
            answer = http.get(self.admin_port, "/readyz")
        except OSError:
            return False
        return answer is not None and answer.status == 200

    @property
    def running(self):
        return self.process is not None and self.process.poll() is None

    def stop(self, deadline=60):
        """SIGTERM; it must end by itself and well."""
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(deadline)
        assert code == 0, f"it ended with {code} after SIGTERM:\n{self.log[-6000:]}"

    def kill9(self):
        self.process.kill()
        self.process.wait(20)

    @property
    def log(self):
        """What is in the log. A thread of its own writes it, so what grows is read again."""
        if not self.log_file.exists():
            return ""
        text = self.log_file.read_text(errors="replace")
        for _ in range(LOG_LOOKS_MOST if self.running else 0):
            time.sleep(LOG_PAUSE_S)
            before, text = text, self.log_file.read_text(errors="replace")
            if text == before:
                break
        return text

    def sanitizer_reports(self):
        return [word for word in SANITIZER_WORDS if word in self.log]

    @property
    def metrics(self):
        answer = http.get(self.admin_port, "/metrics")
        assert answer.status == 200, answer
        return Metrics(answer.body.decode())

    def metric(self, name, **labels):
        return self.metrics.value(name, **labels)

    def counts(self, name, is_now, **labels):
        """A request is counted when its answer has left, so the page may be a moment behind."""
        wait_for(
            lambda: self.metric(name, **labels) == is_now,
            deadline=10,
            what=f"{name} {labels} to be {is_now} (is {self.metric(name, **labels)})",
        )

    @property
    def readiness(self):
        """The words of /readyz."""
        return http.get(self.admin_port, "/readyz").body.decode()

    @property
    def status(self):
        return json.loads(http.get(self.admin_port, "/api/status").body)

    def sink(self, name):
        return next(sink for sink in self.status["sinks"] if sink["name"] == name)

    def post(self, document, **options):
        return sender.post(self.port, document, **options)

    def drained(self, *sinks, deadline=60):
        """Waits until these sinks (else all) have confirmed everything accepted so far."""
        wait_for(
            lambda: all(
                sink["lag_events"] == 0
                for sink in self.status["sinks"]
                if not sinks or sink["name"] in sinks
            ),
            deadline=deadline,
            what=f"the journal to be drained to {', '.join(sinks) or 'every sink'}",
            pause=0.05,
        )
