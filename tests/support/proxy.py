"""A TCP proxy that a test makes slow, forgetful or short of breath.

One thread, an asyncio loop. What is set on it holds for every connection from the next piece
of data on:

  delay        seconds that every piece of a reply is held back
  rate         bytes a second, either way, of each connection; None: as fast as it goes
  swallow      True: replies are read and thrown away; a connection that lost a piece so gets
               no later one either, as TCP would have it
  cut_after    so many more bytes of replies, then that connection is cut; None: never

For Kafka (`kafka=True`) replies are made to name the proxy where they name the broker, or a
client would go past it: host and port stand side by side in every version of the protocol, so
the bytes of the one are put in the place of the other.
"""

import asyncio
import contextlib
import struct
import threading

from .ports import free_port


class Proxy:
    def __init__(self, upstream, kafka=False):
        self.upstream, self.port = upstream, free_port()
        self.delay, self.rate, self.swallow, self.cut_after = 0.0, None, False, None
        self.cuts, self.swallowed = 0, 0  # connections cut, bytes swallowed so far
        self._names = None
        if kafka:
            host, port = upstream.rsplit(":", 1)
            self._names = [host.encode() + struct.pack(">i", n) for n in (int(port), self.port)]
        self._writers, self._deaf = set(), set()
        self._loop, self._end, self._ready = None, None, threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._main()), daemon=True)

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def start(self):
        self._thread.start()
        assert self._ready.wait(10), "the proxy does not start"
        return self

    def stop(self):
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join(10)

    def cut(self):
        """Cuts every connection there is."""
        done = threading.Event()

        def cut_all():
            for writer in list(self._writers):
                self._cut(writer)
            done.set()

        self._loop.call_soon_threadsafe(cut_all)
        assert done.wait(10)

    def _cut(self, writer):
        self.cuts += 1
        writer.transport.abort()

    async def _main(self):
        self._loop, self._end = asyncio.get_running_loop(), asyncio.Event()
        server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self._ready.set()
        await self._end.wait()
        server.close()
        for writer in list(self._writers):
            writer.transport.abort()

    async def _serve(self, reader, writer):
        host, port = self.upstream.rsplit(":", 1)
        try:
            up_reader, up_writer = await asyncio.open_connection(host, int(port))
        except OSError:
            writer.transport.abort()
            return
        self._writers.add(writer)
        ways = [
            asyncio.ensure_future(self._carry(reader, up_writer, self._request)),
            asyncio.ensure_future(self._carry(up_reader, writer, self._reply)),
        ]
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        for way in ways:
            way.cancel()
        self._writers.discard(writer)
        self._deaf.discard(writer)
        up_writer.transport.abort()
        writer.close()

    async def _carry(self, reader, writer, treat):
        kept = b""
        with contextlib.suppress(OSError, asyncio.CancelledError):
            while data := await reader.read(max(1, int(self.rate / 8)) if self.rate else 65536):
                if self.rate:
                    await asyncio.sleep(len(data) / self.rate)
                data, kept = await treat(kept + data, writer)
                writer.write(data)
                await writer.drain()

    async def _request(self, data, _):
        return data, b""

    async def _reply(self, data, writer):
        """What goes on to the client, and what is kept until more has come."""
        if self.delay:
            await asyncio.sleep(self.delay)
        if self.swallow or writer in self._deaf:
            self._deaf.add(writer)
            self.swallowed += len(data)
            return b"", b""
        kept = b""
        if self._names:
            at = _whole_frames(data)
            data, kept = data[:at].replace(*self._names), data[at:]
        if self.cut_after is not None:
            data, self.cut_after = data[: self.cut_after], self.cut_after - len(data)
            if self.cut_after <= 0:
                self.cut_after = None
                self.cuts += 1
                writer.write(data)
                writer.close()  # what was written still goes out
                raise ConnectionAbortedError
        return data, kept


def _whole_frames(data):
    """How many bytes of Kafka's size-led replies are complete."""
    at = 0
    while at + 4 <= len(data):
        end = at + 4 + struct.unpack_from(">i", data, at)[0]
        if end > len(data):
            break
        at = end
    return at
