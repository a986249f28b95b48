"""Reads a journal's folder as docs/journal-format.md describes it, with none of hookstream's
code: which events it holds, how far each sink is, and the dead letters with their reasons."""

import ctypes
import ctypes.util
import pathlib
import struct

HEADER_SIZE = 4096
RECORD_HEAD = 56

_library = ctypes.CDLL(ctypes.util.find_library("xxhash") or "libxxhash.so.0")
_library.XXH3_64bits_withSeed.restype = ctypes.c_uint64
_library.XXH3_64bits_withSeed.argtypes = [ctypes.c_char_p, ctypes.c_size_t, ctypes.c_uint64]


def _checksum(data, seed=0):
    return _library.XXH3_64bits_withSeed(data, len(data), seed)


class Record:
    def __init__(self, data):
        self.sequence, self.received_ns, self.durable = struct.unpack_from("<QQQ", data, 16)
        source, identity, kind, count, self.flaw = struct.unpack_from("<HHHBB", data, 40)
        headers, body = struct.unpack_from("<II", data, 48)
        at = RECORD_HEAD
        texts = []
        for size in (source, identity, kind):
            texts.append(data[at : at + size].decode())
            at += size
        self.source, self.id, self.type = texts
        self.headers, place = {}, at
        for _ in range(count):
            name, value = struct.unpack_from("<HH", data, place)
            start = place + 4
            self.headers[data[start : start + name].decode()] = data[
                start + name : start + name + value
            ].decode(errors="replace")
            place = start + name + value
        self.body = data[at + headers : at + headers + body]


class Segment:
    def __init__(self, path):
        data = path.read_bytes()
        assert data[:7] == b"HSJRNL\0" and data[7] == 1, f"{path}: not a segment of format 1"
        self.first, self.previous_last, _, seed, own = struct.unpack_from("<QQQQQ", data, 48)
        assert own == _checksum(data[:80]), f"{path}: its header's checksum is wrong"
        self.records = list(self._walk(data, seed))

    @staticmethod
    def _walk(data, seed):
        at = HEADER_SIZE
        while at + RECORD_HEAD <= len(data):
            size, magic, checksum = struct.unpack_from("<I4sQ", data, at)
            record = data[at : at + size]
            if size < RECORD_HEAD or magic != b"REC1" or _checksum(record[16:], seed) != checksum:
                return
            yield Record(record)
            at += size


class Journal:
    def __init__(self, path):
        self.path = pathlib.Path(path)

    def records(self, after=0):
        """Every valid record behind that sequence, in order. Of a process that is writing:
        those seen so far."""
        names = sorted((self.path / "segments").glob("*.hsj"))
        while len(names) > 1 and int(names[1].stem) <= after + 1:
            names.pop(0)
        segments = [Segment(name) for name in names]
        records = []
        for number, segment in enumerate(segments):
            last = segments[number + 1].previous_last if number + 1 < len(segments) else None
            records += [r for r in segment.records if last is None or r.sequence <= last]
        return [record for record in records if record.sequence > after]

    def rot(self, sequence):
        """Flips a bit in the body of that event; of a journal at rest, with nothing rotten before
        it in the segment."""
        path = max(
            (p for p in (self.path / "segments").glob("*.hsj") if int(p.stem) <= sequence),
            key=lambda p: int(p.stem),
        )
        data, at = bytearray(path.read_bytes()), HEADER_SIZE
        while struct.unpack_from("<Q", data, at + 16)[0] != sequence:
            at += struct.unpack_from("<I", data, at)[0]
        data[at + struct.unpack_from("<I", data, at)[0] - 20] ^= 1
        path.write_bytes(data)

    def cursor(self, sink):
        """The last sequence that the sink was done with when the cursor was saved; 0: none."""
        path = self.path / "cursors" / f"{sink}.cursor"
        if not path.exists():
            return 0
        data = path.read_bytes()
        magic, position, _given, name, checksum = struct.unpack("<8sQQ72sQ", data)
        assert magic == b"HSCURS\0\3" and checksum == _checksum(data[:96]), f"{path}: damaged"
        assert name.rstrip(b"\0").decode() == path.name, f"{path}: a copy"
        return position

    def dead_letters(self):
        """(reason, record) of each, in order."""
        records = Journal(self.path / "dead-letters").records()
        return [(record.headers["x-dead-reason"], record) for record in records]
