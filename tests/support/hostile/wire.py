"""Sends requests over plain sockets, byte for byte: an HTTP library would correct odd ones."""

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field

Headers = tuple[tuple[bytes, bytes], ...]

SECONDS = 15.0
_OPEN_ENDED = (b"HEAD", b"CONNECT")


@dataclass(frozen=True, slots=True)
class Request:
    """A request. `how` names the changes that were made to it; `raw` replaces all of its bytes.

    After a `broken` request the server may wait for more of it, so its connection is not used again.
    """

    method: bytes
    target: bytes
    headers: Headers
    body: bytes
    how: tuple[str, ...] = ()
    version: bytes = b"HTTP/1.1"
    is_chunked: bool = False
    is_broken: bool = False
    raw: bytes | None = None

    def written(self) -> bytes:
        """Returns the bytes. A content-length is added unless a header gives a length already."""
        if self.raw is not None:
            return self.raw
        lines = [b"%s %s %s" % (self.method, self.target, self.version)]
        lines += [b"%s: %s" % header for header in (*self._framing(), *self.headers)]
        body = chunked(self.body) if self.is_chunked else self.body
        return b"\r\n".join(lines) + b"\r\n\r\n" + body

    def _framing(self) -> Headers:
        names = {name.strip().lower() for name, _ in self.headers}
        host = () if b"host" in names else ((b"Host", b"localhost"),)
        if self.is_chunked:
            return (*host, (b"Transfer-Encoding", b"chunked"))
        return host if b"content-length" in names else (*host, (b"Content-Length", b"%d" % len(self.body)))


@dataclass(frozen=True, slots=True)
class Answer:
    """The status of an answer, 0 for no answer, and the seconds until it arrived."""

    status: int
    seconds: float
    body: bytes = b""


@dataclass(slots=True)
class Wire:
    """One connection to a server at a time. A new one is opened if the last one cannot be used any more."""

    port: int
    _streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = field(default=None)

    async def send(self, request: Request) -> Answer:
        """Sends one request and reads its answer. If the server has closed a reused connection, it sends once more."""
        was_open = self._streams is not None
        answer = await self._send(request)
        return await self._send(request) if answer.status == 0 and was_open else answer

    async def close(self) -> None:
        """Closes the connection, if there is one."""
        if self._streams is not None:
            streams, self._streams = self._streams, None
            streams[1].close()
            with suppress(OSError):
                await streams[1].wait_closed()

    async def _send(self, request: Request) -> Answer:
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self.port)
        reader, writer = self._streams
        started = time.perf_counter()
        try:
            async with asyncio.timeout(SECONDS):
                writer.write(request.written())
                if request.is_broken:
                    writer.write_eof()
                status, body, is_last = await _read_answer(reader, has_body=request.method not in _OPEN_ENDED)
        except (OSError, EOFError, TimeoutError, ValueError, asyncio.LimitOverrunError):
            status, body, is_last = 0, b"", True
        answer = Answer(status, time.perf_counter() - started, body)
        if is_last or request.is_broken:
            await self.close()
        return answer


async def _read_answer(reader: asyncio.StreamReader, *, has_body: bool) -> tuple[int, bytes, bool]:
    """Returns status, body, and whether the server closes the connection. `100 Continue` does not count as an
    answer."""
    status = 100
    while status < 200:
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        status = int(head.split(b" ", 2)[1])
    headers = dict(line.split(b": ", 1) for line in head.split(b"\r\n")[1:-2])
    length = int(headers.get(b"content-length", b"0")) if has_body else 0
    return (
        status,
        await reader.readexactly(length),
        headers.get(b"connection") == b"close" or b"content-length" not in headers,
    )


def chunked(body: bytes, size: int = 1000) -> bytes:
    """Returns a body in chunks, for `Transfer-Encoding: chunked`."""
    parts: Sequence[bytes] = [body[at : at + size] for at in range(0, len(body), size)]
    return b"".join(b"%x;odd=1\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"
