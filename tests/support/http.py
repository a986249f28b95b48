"""HTTP by hand: exact bytes out, and an answer read just as strictly."""

import socket


class Answer:
    def __init__(self, status, fields, body, closed):
        self.status, self.fields, self.body, self.closed = status, fields, body, closed

    def __repr__(self):
        return f"<Answer {self.status} {self.fields} {self.body[:200]!r} closed={self.closed}>"


class Connection:
    def __init__(self, port, timeout=40.0):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def _more(self):
        data = self.socket.recv(65536)
        self.buffer += data
        return bool(data)

    def read_answer(self):
        """The next answer; None when the connection ends before one."""
        while b"\r\n\r\n" not in self.buffer:
            try:
                if not self._more():
                    assert not self.buffer, f"half an answer: {self.buffer!r}"
                    return None
            except ConnectionResetError:
                return None
        head, self.buffer = self.buffer.split(b"\r\n\r\n", 1)
        lines = head.decode("latin-1").split("\r\n")
        version, status = lines[0].split(" ", 2)[:2]
        assert version == "HTTP/1.1", lines[0]
        fields = {}
        for line in lines[1:]:
            name, value = line.split(":", 1)
            fields[name.lower()] = value.strip()
        if int(status) == 100:
            return Answer(100, fields, b"", False)
        size = int(fields.get("content-length", "0"))
        while len(self.buffer) < size:
            assert self._more(), "the body is cut off"
        body, self.buffer = self.buffer[:size], self.buffer[size:]
        return Answer(int(status), fields, body, fields.get("connection", "").lower() == "close")

    def at_end(self):
        """True when the other side closes without another byte."""
        try:
            return not self.buffer and not self._more()
        except ConnectionResetError:
            return True


def exchange(port, data, timeout=40.0):
    """Sends exact bytes on a connection of their own and reads one answer."""
    with Connection(port, timeout) as connection:
        connection.send(data)
        return connection.read_answer()


def get(port, path, host="localhost", fields=""):
    return exchange(
        port,
        f"GET {path} HTTP/1.1\r\nHost: {host}\r\n{fields}Connection: close\r\n\r\n".encode(),
    )
