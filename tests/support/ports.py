"""Free ports on loopback, below the range that the system hands out by itself."""

import random
import socket

_given = set()


def free_port():
    for _ in range(500):
        port = random.randrange(12000, 20000)
        if port in _given:
            continue
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        _given.add(port)
        return port
    raise RuntimeError("no free port found")
