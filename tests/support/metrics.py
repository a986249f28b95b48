"""The metrics page as numbers."""

import re

_sample = re.compile(r"^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$")
_label = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"')


class Metrics:
    """`metrics.value("rejected_total", reason="stale")` sums what matches the labels given."""

    def __init__(self, text):
        self.text = text
        self.samples = []
        for line in text.splitlines():
            if not line or line.startswith("#"):
                continue
            match = _sample.match(line)
            if not match:
                raise AssertionError(f"not a line of metrics: {line!r}")
            name, labels, value = match.groups()
            self.samples.append((name, dict(_label.findall(labels or "")), float(value)))

    def find(self, name, **labels):
        name = name if name.startswith("hookstream_") else f"hookstream_{name}"
        return [
            (found, value)
            for sample, found, value in self.samples
            if sample == name and labels.items() <= found.items()
        ]

    def value(self, name, **labels):
        return sum(value for _, value in self.find(name, **labels))
