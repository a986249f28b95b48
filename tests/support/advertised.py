"""A way to a real broker on which the cluster names another address for it than its own."""

import socket
import struct
import threading


def _relay(source, target, change=lambda data: data):
    try:
        while data := source.recv(65536):
            target.sendall(change(data))
    except OSError:
        pass
    for end in (source, target):
        try:
            end.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


class Advertised:
    """`host` has as many bytes as 127.0.0.1, so that it can be replaced within an answer."""

    def __init__(self, broker, host, port):
        self.broker = broker.split(":")[0], int(broker.split(":")[1])
        self.own = self._bytes(*self.broker)
        self.named = self._bytes(host, port)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    @staticmethod
    def _bytes(host, port):
        assert len(host) == len("127.0.0.1")
        return host.encode() + struct.pack(">i", port)

    def name_itself(self):
        """From now on the cluster names the address at which the broker is."""
        self.named = self.own

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            server = socket.create_connection(self.broker)
            for words in ((client, server), (server, client, self._change)):
                threading.Thread(target=_relay, args=words, daemon=True).start()

    def _change(self, data):
        return data.replace(self.own, self.named)

    def close(self):
        self.listener.close()
