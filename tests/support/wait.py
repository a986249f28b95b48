"""Waiting for something with a deadline, never for a fixed time."""

import time


def wait_for(condition, deadline=30.0, what=None, pause=0.02):
    """Calls `condition` until it returns something true, and returns that."""
    end = time.monotonic() + deadline
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > end:
            name = what or getattr(condition, "__name__", "the condition")
            raise AssertionError(f"waited {deadline:g} s in vain for {name}; last seen: {result!r}")
        time.sleep(pause)
