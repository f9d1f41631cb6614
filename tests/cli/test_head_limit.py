"""A real server accepts heads up to a limit, whatever else is sent."""

import asyncio
from collections.abc import Iterator
from itertools import chain, repeat
from urllib.parse import urlsplit

from tests.support.patience import PATIENCE
from tests.support.processes import Server, answering, environment, serving

START = b"POST /webhooks/native HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n"
ENDLESS = {
    "one long header": chain([START, b"X-Long: "], repeat(b"a" * 10_000, 5_000)),
    "many headers": chain([START], (b"X-%d: %s\r\n" % (n, b"a" * 900) for n in range(50_000))),
}


async def status(server: Server, pieces: Iterator[bytes]) -> tuple[int, int]:
    """Returns the status of the first answer, 0 if the connection was reset, and the number of bytes sent before."""
    reader, writer = await asyncio.open_connection("127.0.0.1", urlsplit(server.url).port)
    answer, sent = asyncio.create_task(reader.readline()), 0
    try:
        for piece in pieces:
            if answer.done():
                break
            writer.write(piece)
            sent += len(piece)
            await writer.drain()
            await asyncio.sleep(0)
        async with asyncio.timeout(PATIENCE):
            return int((await answer).split(b" ")[1]), sent
    except ConnectionError:
        return 0, sent
    finally:
        answer.cancel()
        writer.transport.abort()


NOWHERE = "postgresql://nobody@127.0.0.1:1/nothing"


async def test_an_endless_head_closes_its_connection_and_a_large_one_is_read():
    with serving(environment(NOWHERE)) as server:
        await answering(server, "/healthz")
        for pieces in ENDLESS.values():
            code, sent = await status(server, pieces)
            assert code in (431, 0)
            assert sent < 20_000_000
        large = chain([START], (b"X-%d: %s\r\n" % (n, b"a" * 500) for n in range(100)), [b"\r\n{}"])
        assert (await status(server, large))[0] == 401
        body = b"Content-Length: 1000000\r\n\r\n" + b"x" * 1_000_000
        assert (await status(server, iter([START.replace(b"Content-Length: 2\r\n", b"") + body])))[0] == 401
