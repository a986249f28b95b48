"""Free ports on loopback, below the range that the system hands out by itself. Processes of
pytest that run side by side draw from a part of it each: a port is not taken yet when it is
given, and some tests close theirs for a while."""

import os
import random
import socket

_FIRST, _LAST = 12000, 20000
_parts = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
_part = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
_given = set()


def free_port():
    for _ in range(5000):
        port = random.randrange(_FIRST + _part, _LAST, _parts)
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
