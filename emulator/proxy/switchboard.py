"""A proxy that connects callers of HubSpot's hosts to the emulator, and nobody to anything else.

It reads one request, CONNECT, and then passes bytes on: TLS and HTTP are between the caller and the listener.
"""

from __future__ import annotations

import asyncio
import errno
import threading
from collections.abc import Mapping
from contextlib import suppress

from emulator.server import PortInUse

_LONGEST_HEAD = 16_384
_HEAD_S = 30
_PIECE = 65_536
_STOP_S = 1.0


class Refused(Exception):
    """What the caller is told instead of a connection."""

    def __init__(self, status: str, message: str) -> None:
        super().__init__(message)
        self.status = status


class Switchboard:
    """Listens in a thread of its own. `ports` says where on loopback each host is answered."""

    def __init__(self, host: str, port: int, ports: Mapping[str, int]) -> None:
        self._host = host
        self._ports = ports
        self.port = port
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="https-proxy", daemon=True)
        self._server: asyncio.Server | None = None
        # The loop itself holds its tasks weakly.
        self._calls: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        """Raises PortInUse."""
        self._thread.start()
        try:
            asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result()
        except OSError as failure:
            self.stop()
            if failure.errno != errno.EADDRINUSE:
                raise
            raise PortInUse(f"port {self.port} on {self._host} is in use: wanted for the HTTPS proxy") from None

    def stop(self) -> None:
        """Accept nothing more, and hang up."""
        with suppress(TimeoutError):
            asyncio.run_coroutine_threadsafe(self._hang_up(), self._loop).result(_STOP_S)
        # On a machine too busy to hang up in time, the rest ends with the process: no reason to speak of it.
        self._loop.set_exception_handler(lambda _loop, _context: None)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_STOP_S)
        if not self._thread.is_alive():
            self._loop.close()

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._serve, self._host, self.port, limit=_LONGEST_HEAD)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _hang_up(self) -> None:
        if self._server is not None:
            self._server.close()
        for call in self._calls:
            call.cancel()
        await asyncio.gather(*self._calls, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        call = asyncio.current_task()
        assert call is not None
        self._calls.add(call)
        call.add_done_callback(self._calls.discard)
        # A caller that goes away is no failure, and a proxy that ends hangs up on everybody.
        with suppress(OSError, EOFError, asyncio.CancelledError):
            try:
                await self._connect(reader, writer)
            except Refused as refused:
                await _refuse(writer, refused)
            finally:
                writer.close()

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        port = self._port_for(await _head(reader))
        try:
            inner, outer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            raise Refused("502 Bad Gateway", "The emulator does not answer.") from None
        try:
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            async with asyncio.TaskGroup() as both:
                both.create_task(_pass_on(reader, outer))
                both.create_task(_pass_on(inner, writer))
        except* OSError:
            # One side is gone: the other is to notice, not to wait.
            writer.transport.abort()
        finally:
            outer.close()

    def _port_for(self, head: bytes) -> int:
        """Raises Refused."""
        method, _, target = head.partition(b"\r\n")[0].decode("latin-1").partition(" ")
        target = target.partition(" ")[0]
        if method != "CONNECT":
            raise Refused(
                "405 Method Not Allowed",
                "This proxy is for HTTPS only: it answers CONNECT. Over plain HTTP, ask the emulator itself.",
            )
        host, _, port = target.rpartition(":")
        found = self._ports.get(host.lower().rstrip("."))
        if found is None or port != "443":
            raise Refused(
                "403 Forbidden",
                f"{target} is none of the emulator's, and nothing is passed on to the network. "
                f"It answers for port 443 of: {', '.join(self._ports)}.",
            )
        return found


async def _head(reader: asyncio.StreamReader) -> bytes:
    """Raises Refused for what is not the beginning of a request."""
    try:
        async with asyncio.timeout(_HEAD_S):
            return await reader.readuntil(b"\r\n\r\n")
    except asyncio.LimitOverrunError:
        raise Refused("431 Request Header Fields Too Large", "Too many headers for a CONNECT.") from None
    except TimeoutError:
        raise Refused("408 Request Timeout", "No request came.") from None


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Until this side has nothing more to say; the other may go on."""
    while piece := await reader.read(_PIECE):
        writer.write(piece)
        await writer.drain()
    if writer.can_write_eof():
        writer.write_eof()


async def _refuse(writer: asyncio.StreamWriter, refused: Refused) -> None:
    body = f"{refused}\n".encode()
    head = f"HTTP/1.1 {refused.status}\r\nContent-Type: text/plain;charset=utf-8\r\nContent-Length: {len(body)}\r\n"
    writer.write(head.encode() + b"Connection: close\r\n\r\n" + body)
    await writer.drain()
