"""A client that writes bytes as it likes: for requests that no library would send."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from tests.support.patience import PATIENCE


@dataclass(frozen=True, slots=True)
class Ended:
    """What came of it: the first answer's status (0: the connection was reset before one came), its bytes, and the
    number of bytes that were sent before the server ended the connection."""

    status: int
    answer: bytes
    sent: int


async def sent_raw(url: str, pieces: Iterable[bytes]) -> Ended:
    """Sends pieces until the server ends the connection. Raises TimeoutError if it never does."""
    reader, writer = await asyncio.open_connection("127.0.0.1", urlsplit(url).port)
    answer, sent = asyncio.create_task(_all(reader)), 0
    try:
        for piece in pieces:
            if answer.done():
                break
            writer.write(piece)
            sent += len(piece)
            await writer.drain()
            await asyncio.sleep(0)
    except ConnectionError:
        pass
    try:
        async with asyncio.timeout(PATIENCE):
            text = await answer
        return Ended(int(text.split(b" ")[1]) if text else 0, text, sent)
    finally:
        answer.cancel()
        writer.transport.abort()


async def _all(reader: asyncio.StreamReader) -> bytes:
    """Everything that came until the end, also if the end is a reset."""
    received = b""
    try:
        while piece := await reader.read(65536):
            received += piece
    except ConnectionError:
        pass
    return received
