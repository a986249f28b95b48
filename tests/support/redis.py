"""Redis from the outside: a client in a few lines, and a server of a test's own."""

import os
import pathlib
import signal
import socket
import subprocess

from .ports import free_port
from .wait import wait_for


class RedisError(Exception):
    pass


class Redis:
    def __init__(self, address):
        self.address = address
        self._connection = self._reader = None

    @property
    def url(self):
        return f"redis://{self.address}/0"

    def __call__(self, *words):
        """One command; bytes, integers, None and lists come back."""
        if self._connection is None:
            host, port = self.address.rsplit(":", 1)
            self._connection = socket.create_connection((host, int(port)), timeout=20)
            self._reader = self._connection.makefile("rb")
        data = [word if isinstance(word, bytes) else str(word).encode() for word in words]
        message = b"*%d\r\n" % len(data)
        message += b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in data)
        try:
            self._connection.sendall(message)
            return self._reply()
        except OSError:
            self.close()
            raise

    def close(self):
        if self._connection is not None:
            self._reader.close()
            self._connection.close()
        self._connection = self._reader = None

    def _reply(self):
        line = self._reader.readline()
        if not line:
            self.close()
            raise ConnectionError("Redis closed the connection")
        kind, rest = line[:1], line[1:-2]
        if kind == b"+":
            return rest
        if kind == b"-":
            raise RedisError(rest.decode())
        if kind == b":":
            return int(rest)
        if kind == b"$":
            return None if int(rest) < 0 else self._reader.read(int(rest) + 2)[:-2]
        if kind == b"*":
            return None if int(rest) < 0 else [self._reply() for _ in range(int(rest))]
        raise RedisError(f"unknown reply {line!r}")

    def stream(self, name):
        """The entries of a stream in order, each a mapping of field to bytes."""
        return [
            {field.decode(): value for field, value in zip(entry[1][::2], entry[1][1::2])}
            for entry in self("XRANGE", name, "-", "+")
        ]

    def length(self, name):
        return self("XLEN", name)


class RedisServer(Redis):
    """A redis-server that a test may kill and start again on the same port and data."""

    def __init__(self, folder, *options):
        self.folder, self.options = pathlib.Path(folder), options
        self.port = free_port()
        self.process = None
        os.makedirs(folder, exist_ok=True)
        super().__init__(f"127.0.0.1:{self.port}")

    def start(self):
        self.process = subprocess.Popen(
            ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", ""]
            + ["--dir", str(self.folder), "--appendonly", "yes", "--appendfsync", "always"]
            + ["--logfile", str(self.folder / "redis.log"), *self.options],
            stdin=subprocess.DEVNULL,
        )
        wait_for(self._answers, what="redis-server")
        self._mend_torn_file()
        return self

    def _mend_torn_file(self):
        """What docs/reliability.md advises: a transaction that was torn by the kill is cut off at
        this start, but Redis 7.0 executes it at the next one, unless the file is written again."""
        log = self.folder / "redis.log"
        if not log.exists() or "Truncating the AOF" not in log.read_text(errors="replace"):
            return
        wait_for(lambda: self._info("loading") == "0", what="redis-server to load")
        self("BGREWRITEAOF")
        wait_for(
            lambda: self._info("aof_rewrite_in_progress") == self._info("aof_rewrite_scheduled")
            == "0",
            what="the append-only file to be written again",
        )

    def _info(self, name):
        lines = self("INFO", "persistence").decode().splitlines()
        return dict(line.split(":", 1) for line in lines if ":" in line)[name]

    def _answers(self):
        try:
            return self("PING") == b"PONG"
        except (OSError, RedisError) as error:
            self.close()
            return isinstance(error, RedisError) and str(error).startswith("NOAUTH")

    def end(self, signal_number=signal.SIGKILL):
        self.close()
        if self.process is not None:
            self.process.send_signal(signal.SIGCONT)
            self.process.send_signal(signal_number)
            self.process.wait(20)
            self.process = None
