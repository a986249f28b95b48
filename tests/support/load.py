"""A load that keeps a ledger: every event sent, when its request began and ended, its answer.

The sender's side of the oracle (tests/fault/oracle.py). One thread runs an asyncio loop with a
few connections; each event has a key and that key's next number.
"""

import asyncio
import random
import threading
import time

from . import sender
from .wait import wait_for

NEVER = float("inf")
ANSWER_DEADLINE_S = 30  # the provider's own


DELIVERED, DEAD, REFUSED = "delivered", "dead", "refused"  # what is to become of an event
# Of a stage's routes none takes the one, and a field is missing that the other's needs.
DEAD_TYPES = ("queue.consumer.left", "auction.bid.placed")


class Sent:
    """One event. `ended` is when its 2xx was there; NEVER while there was none, for then it may
    have been taken at any time. `fate` is what is to become of it: REFUSED ones are signed with
    another secret, or with the last digit of the right signature changed."""

    __slots__ = ("id", "key", "number", "body", "fate", "begun", "ended", "status", "attempts")

    def __init__(self, key, number, fate=DELIVERED, pad=0):
        kind = DEAD_TYPES[number % len(DEAD_TYPES)] if fate == DEAD else "order.created"
        more = {"pad": "x" * pad} if pad else {}
        document = sender.event(kind, orderId=key, number=number, **more)
        self.id, self.key, self.number, self.fate = document["id"], key, number, fate
        self.body = sender.encode(document)
        self.begun, self.ended, self.status, self.attempts = None, NEVER, None, 0

    @property
    def taken(self):
        return self.status is not None and 200 <= self.status < 300

    def note(self, begun, status):
        """An attempt ended; None: without an answer."""
        self.attempts += 1
        self.begun = begun if self.begun is None else self.begun
        if status is not None and 200 <= status < 300 and not self.taken:
            self.ended = time.monotonic()
        if status is not None and not self.taken:
            self.status = status


class Ledger:
    """Every event of a scenario, over all its loads."""

    def __init__(self, keys=20, seed=0):
        self.random = random.Random(seed)
        self.events, self._numbers, self.keys = {}, {}, keys
        self.answers = 0  # of genuine events; grows while a load runs

    def make(self, fate=DELIVERED, pad=0):
        key = f"key{self.random.randrange(self.keys)}"
        self._numbers[key] = number = self._numbers.get(key, 0) + 1
        event = Sent(key, number, fate, pad)
        self.events[event.id] = event
        return event

    def genuine(self):
        return [event for event in list(self.events.values()) if event.fate != REFUSED]

    def taken(self):
        return [event for event in self.genuine() if event.taken]

    def untaken(self):
        """Genuine, sent, and never answered 2xx: a sender would try these again."""
        return [event for event in self.genuine() if event.begun is not None and not event.taken]


class Load:
    """Sends until stop(). Every `odd_every`-th event is in turn one to be refused and one to
    become a dead letter.

    statuses: how often each answer came, None for none; slowest: seconds to the slowest 2xx.
    """

    def __init__(self, port, ledger, rate=500, lanes=6, odd_every=20, pad=0):
        self.port, self.ledger, self.pad = port, ledger, pad
        self.pause, self.lanes, self.odd_every = lanes / rate, lanes, odd_every
        self.statuses, self.slowest = {}, 0.0
        self._made, self._failure = 0, None
        self._loop = self._stop = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._ready = threading.Event()

    def start(self):
        self._thread.start()
        self._ready.wait(10)
        return self

    def stop(self):
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(ANSWER_DEADLINE_S + 10)
        assert not self._thread.is_alive(), "a sender still waits for its answer"
        if self._failure:
            raise self._failure
        return self

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    def wait_for_answers(self, count, deadline=30):
        """Until so many more genuine events were answered 2xx."""
        wanted = self.ledger.answers + count
        wait_for(
            lambda: self._failure or self.ledger.answers >= wanted,
            deadline,
            f"{count} more answers of 2xx",
            pause=0.005,
        )

    def _run(self):
        try:
            asyncio.run(self._main())
        except Exception as error:  # pylint: disable=broad-except # told by stop()
            self._failure = error

    async def _main(self):
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        self._ready.set()
        await asyncio.gather(*(self._lane(number) for number in range(self.lanes)))

    async def _lane(self, number):
        link = Link(self.port)
        due = time.monotonic() + self.pause * number / self.lanes
        while not await self._stopped_within(due - time.monotonic()):
            due = max(due + self.pause, time.monotonic() - 0.5)
            event = self.ledger.make(self._next_fate(), self.pad)
            status = await link.attempt(event)
            self.statuses[status] = self.statuses.get(status, 0) + 1
            if event.taken:
                self.ledger.answers += 1
                self.slowest = max(self.slowest, event.ended - event.begun)
            if status is None:
                await self._stopped_within(0.02)
        link.close()

    def _next_fate(self):
        self._made += 1
        if not self.odd_every or self._made % self.odd_every:
            return DELIVERED
        return REFUSED if self._made // self.odd_every % 2 else DEAD

    async def _stopped_within(self, seconds):
        if seconds <= 0:
            await asyncio.sleep(0)
            return self._stop.is_set()
        try:
            await asyncio.wait_for(self._stop.wait(), seconds)
            return True
        except asyncio.TimeoutError:
            return False


class Link:
    """One kept-alive connection, made again when it has ended."""

    def __init__(self, port):
        self.port, self.reader, self.writer = port, None, None

    def close(self):
        if self.writer is not None:
            self.writer.close()
        self.reader = self.writer = None

    async def attempt(self, event):
        """Sends it; the status, None when there was no answer. The ledger has both."""
        begun = time.monotonic()
        try:
            status = await asyncio.wait_for(self._exchange(event), ANSWER_DEADLINE_S)
        except (OSError, EOFError, asyncio.IncompleteReadError, asyncio.TimeoutError):
            status = None
            self.close()
        event.note(begun, status)
        return status

    async def _exchange(self, event):
        if self.writer is None:
            self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port)
        self.writer.write(_request(event))
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower().split("\r\n")
        fields = dict(line.split(": ", 1) for line in head[1:] if line)
        await self.reader.readexactly(int(fields.get("content-length", "0")))
        if fields.get("connection") == "close":
            self.close()
        return int(head[0].split(" ")[1])


def _request(event):
    if event.fate != REFUSED:
        return sender.request(event.body)
    if event.number % 2:
        return sender.request(event.body, secret="not-the-secret")
    now = int(time.time())
    right = sender.signature(event.body, now)
    wrong = right[:-1] + ("0" if right[-1] != "0" else "1")
    return sender.request(event.body, timestamp=now, fields={"X-Fanfare-Signature": wrong})


def retry(port, events, deadline=30):
    """Sends these again, one after the other, each until it is answered 2xx."""

    async def main():
        link, end = Link(port), time.monotonic() + deadline
        for event in events:
            while not 200 <= (await link.attempt(event) or 0) < 300:
                assert time.monotonic() < end, f"{event.id} is still answered {event.status}"
                await asyncio.sleep(0.05)
        link.close()

    asyncio.run(main())
