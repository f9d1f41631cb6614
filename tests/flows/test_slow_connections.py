"""A client has seconds for its headers, and connections are counted: slow clients cannot hold a process."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import replace

import httpx
import pytest
from starlette.applications import Starlette

from loyalty.settings import Settings
from mipoints.edge.config import EdgeLimits
from tests.support.fresh import Shared
from tests.support.patience import PATIENCE, eventually
from tests.support.served import served
from tests.support.stage import open_stage
from tests.support.streams import opened

HASTY = replace(EdgeLimits.of(Settings(database_url="")), head_seconds=0.2)
HALF_A_HEAD = b"GET /healthz HTTP/1.1\r\nHost: x\r\n"
WHOLE = HALF_A_HEAD + b"\r\n"


@asynccontextmanager
async def connected(
    url: str, own: str = "127.0.0.1"
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection("127.0.0.1", httpx.URL(url).port, local_addr=(own, 0))
    try:
        yield reader, writer
    finally:
        writer.transport.abort()


async def drip(writer: asyncio.StreamWriter) -> None:
    """One byte of an endless header after the other, as Slowloris sends them."""
    with suppress(ConnectionError):
        while True:
            writer.write(b"a")
            await writer.drain()
            await asyncio.sleep(0.02)


@pytest.mark.parametrize(
    ("begun", "status"),
    [(b"", b""), (b"\r\n", b""), (b"GE", b"408"), (HALF_A_HEAD, b"408"), (WHOLE + HALF_A_HEAD, b"408")],
)
async def test_half_a_head_ends_its_connection_however_steadily_it_grows(begun: bytes, status: bytes):
    async with served(Starlette(), limits=HASTY) as url, connected(url) as (reader, writer):
        writer.write(begun)
        dripping = asyncio.create_task(drip(writer)) if begun == HALF_A_HEAD else None
        async with asyncio.timeout(PATIENCE):
            answers = await reader.read()
        if dripping:
            dripping.cancel()
        assert answers.rpartition(b"HTTP/1.1 ")[2][:3] == status


async def answered(url: str, own: str = "127.0.0.1") -> bytes:
    """The status of a request over a connection of its own."""
    async with connected(url, own) as (reader, writer):
        writer.write(WHOLE)
        return (await reader.readline()).split(b" ")[1]


async def test_a_process_with_all_its_connections_answers_503_until_one_ends(database_url: str, shared: Shared):
    async with open_stage(shared, connections=3) as stage, AsyncExitStack() as held:
        url = str(stage.http.base_url)
        for _ in range(2):
            await held.enter_async_context(connected(url))
        async with opened(url) as socket:
            await socket.send("ping")
            assert await socket.receive() == {"type": "pong"}
            assert await answered(url) == b"503"

        async def is_served() -> bool:
            return await answered(url) == b"200"

        await eventually(is_served)


async def test_one_address_holds_some_connections_and_leaves_the_others_theirs(database_url: str, shared: Shared):
    async with open_stage(shared, connections_per_address=1) as stage:
        url = str(stage.http.base_url)
        async with connected(url):
            assert await answered(url) == b"503"
            assert await answered(url, "127.0.0.2") == b"200"


async def test_behind_a_proxy_addresses_have_no_limit_as_all_are_the_proxys(database_url: str, shared: Shared):
    async with open_stage(shared, connections_per_address=1, proxies=1) as stage:
        url = str(stage.http.base_url)
        async with connected(url):
            assert await answered(url) == b"200"
