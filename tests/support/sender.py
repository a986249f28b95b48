"""The provider's side: signed events, one at a time or as a load."""

import hashlib
import hmac
import itertools
import json
import pathlib
import threading
import time
import uuid

from .http import Connection

SECRET = "a-secret-for-the-tests"
PATH = "/webhooks/fanfare"
FIXTURES = pathlib.Path(__file__).resolve().parent.parent / "fixtures" / "fanfare"

_count = itertools.count()


def all_types():
    return sorted(path.stem for path in FIXTURES.glob("*.json"))


def new_id():
    return f"whk_{uuid.uuid4().hex}{next(_count):06d}"


def event(type_name="order.created", event_id=None, **data):
    """The provider's example of a type with an id of its own, and fields of `data` changed."""
    document = json.loads((FIXTURES / f"{type_name}.json").read_bytes())
    document["id"] = event_id or new_id()
    document["data"].update(data)
    return document


def encode(document):
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def signature(body, timestamp, secret=SECRET):
    signed = f"{timestamp}.".encode() + body
    return "sha256=" + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()


def request(body, *, secret=SECRET, timestamp=None, path=PATH, method="POST", fields=None):
    """A whole request as bytes. `fields` adds lines, or leaves one out when it is None."""
    timestamp = int(time.time()) if timestamp is None else timestamp
    lines = {
        "Host": "test",
        "Content-Type": "application/json",
        "Content-Length": len(body),
        "X-Fanfare-Timestamp": timestamp,
        "X-Fanfare-Signature": signature(body, timestamp, secret),
        **(fields or {}),
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items() if value is not None)
    return f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + body


def post(port, document, **options):
    """Sends one event (a document or bytes) on a connection of its own; the answer."""
    body = document if isinstance(document, bytes) else encode(document)
    with Connection(port) as connection:
        connection.send(request(body, **options))
        return connection.read_answer()


class Load:
    """Sends events from several connections until stop(); keeps what was answered.

    `answered` has the ids answered 2xx in the order of their answers, `others` every other
    status, `unanswered` how many requests ended without any.
    """

    def __init__(self, port, rate=400, connections=4, types=("order.created",), number_field=None):
        self.port, self.types, self.number_field = port, types, number_field
        self.pause = connections / rate
        self.answered, self.others, self.unanswered, self.slowest = [], [], 0, 0.0
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._threads = [
            threading.Thread(target=self._run, args=(lane,), daemon=True)
            for lane in range(connections)
        ]

    def start(self):
        for thread in self._threads:
            thread.start()
        return self

    def stop(self):
        self._stop.set()
        for thread in self._threads:
            thread.join(60)
            assert not thread.is_alive(), "a sender still waits for its answer"
        return self

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    def _run(self, lane):
        connection = None
        due = time.monotonic()
        templates = [event(name) for name in self.types]
        for number in itertools.count():
            if self._stop.wait(max(0.0, due - time.monotonic())):
                break
            due = max(due + self.pause, time.monotonic() - 1.0)
            document = templates[number % len(templates)]
            document["id"] = new_id()
            if self.number_field:
                document["data"][self.number_field] = f"{lane}-{number}"
            begun = time.monotonic()
            try:
                connection = connection or Connection(self.port)
                connection.send(request(encode(document)))
                answer = connection.read_answer()
            except OSError:
                answer = None
            with self._lock:
                self._note(document["id"], answer, time.monotonic() - begun)
            if answer is None or answer.closed:
                if connection:
                    connection.close()
                connection = None
                if answer is None:
                    self._stop.wait(0.05)
        if connection:
            connection.close()

    def _note(self, event_id, answer, took):
        self.slowest = max(self.slowest, took)
        if answer is None:
            self.unanswered += 1
        elif 200 <= answer.status < 300:
            self.answered.append(event_id)
        else:
            self.others.append(answer.status)
